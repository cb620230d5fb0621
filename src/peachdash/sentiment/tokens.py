"""Token ids by the tokenizers package, with the middle of long texts cut out.

A closing "EDIT: all sorted" decides a review, so a text of more than `max_length` tokens keeps its first
`head` and last `tail` content tokens between the two special ones (128 + 126 + 2 = 256).
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from peachdash.errors import ModelUnavailable
from peachdash.sentiment.words import WordTokenizer, splits_into_words

TOKENIZER_FILE = "tokenizer.json"
TEXTS_AT_ONCE = 4096


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

    def take(self, rows: np.ndarray) -> EncodedTexts:
        """The same of some rows, in their order."""
        lengths = self.lengths[rows]
        offsets = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum(lengths, out=offsets[1:])
        places = np.repeat(self.offsets[rows] - offsets[:-1], lengths) + np.arange(offsets[-1])
        return EncodedTexts(self.ids[places], offsets, self.pad_id)


def join_encoded(parts: Sequence[EncodedTexts]) -> EncodedTexts:
    """Several in a row as one; at least one is needed."""
    if len(parts) == 1:
        return parts[0]
    lengths = np.concatenate([part.lengths for part in parts])
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    return EncodedTexts(np.concatenate([part.ids for part in parts]), offsets, parts[0].pad_id)


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


class TextEncoder:
    """A tokenizer with the cut of long texts: texts in, `EncodedTexts` out; threads take turns.

    Args:
        tokenizer: from `load_tokenizer`; its template must put one special token at each end.
        pad_id: id that fills up a batch.
        head, tail: content tokens that a long text keeps.
    """

    def __init__(self, tokenizer: Any, pad_id: int, head: int = 128, tail: int = 126) -> None:
        self._tokenizer, self._pad_id, self._head, self._tail = tokenizer, pad_id, head, tail
        self._words = WordTokenizer(tokenizer) if splits_into_words(tokenizer) else None
        self._lock = threading.Lock()

    @property
    def pad_id(self) -> int:
        """Id that fills up a batch."""
        return self._pad_id

    @property
    def cut(self) -> tuple[int, int]:
        """How many first and last content tokens a long text keeps."""
        return self._head, self._tail

    @property
    def recipe(self) -> tuple[str, int, int, int]:
        """What another process needs to make the same one: the tokenizer as JSON, and the numbers."""
        return self._tokenizer.to_str(), self._pad_id, self._head, self._tail

    @classmethod
    def from_recipe(cls, recipe: tuple[str, int, int, int]) -> TextEncoder:
        """An encoder that gives the same ids as the one whose recipe it is."""
        from tokenizers import Tokenizer

        return cls(Tokenizer.from_str(recipe[0]), *recipe[1:])

    def __call__(self, texts: Sequence[str]) -> EncodedTexts:
        """Token ids of N texts with their special tokens, cut to `head + tail + 2`."""
        starts = range(0, max(len(texts), 1), TEXTS_AT_ONCE)
        with self._lock:
            return join_encoded([self._encode(texts[start : start + TEXTS_AT_ONCE]) for start in starts])

    def _encode(self, texts: Sequence[str]) -> EncodedTexts:
        encode = self._words.encode if self._words is not None else self._by_package
        ids, offsets = encode(texts)
        return EncodedTexts(*cut_middles(ids, offsets, self._head, self._tail), self._pad_id)

    def _by_package(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        rows = [encoding.ids for encoding in self._tokenizer.encode_batch_fast(list(texts))]
        offsets = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum([len(row) for row in rows], out=offsets[1:])
        ids = np.fromiter((token for row in rows for token in row), dtype=np.int32, count=int(offsets[-1]))
        return ids, offsets


def cut_middles(ids: np.ndarray, offsets: np.ndarray, head: int, tail: int) -> tuple[np.ndarray, np.ndarray]:
    """The first and last tokens of long texts, the special ones included; short texts stay whole.

    Args:
        ids: (total,) of N texts, one after the other.
        offsets: (N + 1,) where each begins.
    """
    lengths = np.diff(offsets)
    if lengths.max(initial=0) <= head + tail + 2:
        return ids, offsets
    places = np.arange(len(ids))
    from_start = places - np.repeat(offsets[:-1], lengths)
    to_end = np.repeat(offsets[1:], lengths) - places
    kept = (from_start <= head) | (to_end <= tail + 1)
    shorter = np.minimum(lengths, head + tail + 2)
    return ids[kept], np.concatenate([[0], np.cumsum(shorter)])


def cut_batches(lengths: np.ndarray, batch_tokens: int) -> list[np.ndarray]:
    """Rows in batches of similar length, longest first, each padded to at most `batch_tokens` tokens.

    A text longer than the budget makes a batch of its own. Ties keep the order of the rows, so the same
    texts give the same batches.

    Returns:
        Arrays of row numbers; each row is in exactly one.
    """
    order = longest_first(lengths)
    ranges = cut_ranges(np.asarray(lengths)[order], batch_tokens)
    return [order[start:stop] for start, stop in ranges]


def longest_first(lengths: np.ndarray) -> np.ndarray:
    """Row numbers from the longest text to the shortest; ties keep the order of the rows."""
    return np.argsort(-np.asarray(lengths), kind="stable")


def cut_ranges(lengths: np.ndarray, batch_tokens: int) -> list[tuple[int, int]]:
    """`cut_batches` for rows that are sorted already, as (start, stop) one after the other."""
    ranges: list[tuple[int, int]] = []
    start = 0
    while start < len(lengths):
        size = max(1, batch_tokens // max(1, int(lengths[start])))
        ranges.append((start, min(start + size, len(lengths))))
        start += size
    return ranges


def encode_texts(
    tokenizer: Any, texts: Sequence[str], pad_id: int, head: int = 128, tail: int = 126
) -> EncodedTexts:
    """Token ids of N texts by a tokenizer that is used once; see `TextEncoder`."""
    return TextEncoder(tokenizer, pad_id, head, tail)(texts)
