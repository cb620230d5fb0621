"""Texts as token ids, by the fast path of the tokenizers package, with the middle of long texts cut out.

A closing "EDIT: all sorted" decides a review, so a text of more than `max_length` tokens keeps its first
`head` and last `tail` content tokens between the two special ones (128 + 126 + 2 = 256).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from peachdash.errors import ModelUnavailable

TOKENIZER_FILE = "tokenizer.json"
TEXTS_AT_ONCE = 8192


@dataclass(frozen=True)
class EncodedTexts:
    """Token ids of N texts, one after the other.

    Attributes:
        ids: (total,) int32.
        offsets: (N + 1,) int64; text i is `ids[offsets[i]:offsets[i + 1]]`.
        pad_id: id that fills up a batch.
    """

    ids: np.ndarray
    offsets: np.ndarray
    pad_id: int

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each text, (N,)."""
        return np.diff(self.offsets)

    def padded(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Ids and mask (1 for a token, 0 for padding) of some rows, both (len(rows), longest) int64."""
        lengths = self.lengths[rows]
        columns = np.arange(lengths.max(initial=0))
        mask = columns < lengths[:, None]
        batch = np.full(mask.shape, self.pad_id, dtype=np.int64)
        positions = self.offsets[rows][:, None] + columns
        batch[mask] = self.ids[positions[mask]]
        return batch, mask.astype(np.int64)


def load_tokenizer(encoder_path: Path) -> Any:
    """The `tokenizers.Tokenizer` of an encoder folder, with truncation and padding switched off.

    Raises:
        ModelUnavailable: the folder has no readable tokenizer.json.
    """
    from tokenizers import Tokenizer

    path = encoder_path / TOKENIZER_FILE
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the package raises bare Exception
        raise ModelUnavailable(f"{path} cannot be read: {error}.") from error
    return without_limits(tokenizer)


def without_limits(tokenizer: Any) -> Any:
    """The same tokenizer with truncation and padding switched off; both are done here."""
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def encode_texts(
    tokenizer: Any, texts: Sequence[str], pad_id: int, head: int = 128, tail: int = 126
) -> EncodedTexts:
    """Token ids of each text with its special tokens, cut to `head + tail + 2`.

    Args:
        tokenizer: from `load_tokenizer`; its template must put one special token at each end.
        texts: N scored texts.
    """
    rows = [_cut(encoding.ids, head, tail) for encoding in _encodings(tokenizer, texts)]
    offsets = np.zeros(len(rows) + 1, dtype=np.int64)
    np.cumsum([len(row) for row in rows], out=offsets[1:])
    ids = np.fromiter((token for row in rows for token in row), dtype=np.int32, count=int(offsets[-1]))
    return EncodedTexts(ids=ids, offsets=offsets, pad_id=pad_id)


def _encodings(tokenizer: Any, texts: Sequence[str]) -> Iterator[Any]:
    """Encodings in order, made in chunks, since each of them is far larger than its ids."""
    for start in range(0, len(texts), TEXTS_AT_ONCE):
        yield from tokenizer.encode_batch_fast(list(texts[start : start + TEXTS_AT_ONCE]))


def _cut(ids: list[int], head: int, tail: int) -> list[int]:
    """The first and last tokens of a long text, its two special tokens included."""
    return ids if len(ids) <= head + tail + 2 else [*ids[: head + 1], *ids[-(tail + 1) :]]


def cut_batches(lengths: np.ndarray, batch_tokens: int) -> list[np.ndarray]:
    """Rows in batches of similar length, longest first, each padded to at most `batch_tokens` tokens.

    A text longer than the budget makes a batch of its own. Ties keep the order of the rows, so the same
    texts give the same batches.

    Returns:
        Arrays of row numbers; each row is in exactly one.
    """
    order = np.argsort(-np.asarray(lengths), kind="stable")
    batches: list[np.ndarray] = []
    start = 0
    while start < len(order):
        size = max(1, batch_tokens // max(1, int(lengths[order[start]])))
        batches.append(order[start : start + size])
        start += size
    return batches
