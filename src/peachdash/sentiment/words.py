"""Tokenizing by words: each distinct word goes through the tokenizers package once, then it is looked up.

A BERT tokenizer cuts a text at white space and at ASCII punctuation before anything else, and what it makes
of the stretch between two cuts depends on that stretch alone. So the ids of a text are those of its
stretches, one after the other, and reviews repeat their words: looking them up is several times faster than
tokenizing anew, and gives the same ids (`tests/unit/test_sentiment_words.py`). Texts that spell a special
token such as `[SEP]`, and tokenizers of other kinds, take the package's own way.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

WORDS_KEPT = 200_000
PIECES_KEPT = 2_000_000
_BREAK = "\x00"
_PUNCTUATION = r"!-/:-@\[-`{-~"
_STRETCH = re.compile(rf"[^ \n\t\r{_BREAK}{_PUNCTUATION}]+|[{_BREAK}{_PUNCTUATION}]")


def splits_into_words(tokenizer: Any) -> bool:
    """Whether a `tokenizers.Tokenizer` is a BERT one with one special token at each end."""
    parts = json.loads(tokenizer.to_str())
    kinds = [(parts.get(name) or {}).get("type") for name in ("normalizer", "pre_tokenizer", "model")]
    return kinds == ["BertNormalizer", "BertPreTokenizer", "WordPiece"] and len(tokenizer.encode("").ids) == 2


class _Numbers(dict[str, int]):
    """Numbers of words in the order of their first appearance; `new` holds those nobody has encoded yet."""

    def __init__(self) -> None:
        super().__init__({_BREAK: 0})
        self.new: list[str] = []

    def __missing__(self, word: str) -> int:
        number = self[word] = len(self)
        self.new.append(word)
        return number


class WordTokenizer:
    """Encodes texts with a memory of words; not to be shared by threads.

    Args:
        tokenizer: `tokenizers.Tokenizer` without truncation and padding, for which `splits_into_words` holds.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._first, self._last = tokenizer.encode("").ids
        special = (token.content for token in tokenizer.get_added_tokens_decoder().values())
        self._special = re.compile("|".join(re.escape(content) for content in special) or r"(?!)", re.I)
        self._numbers = _Numbers()
        self._pieces = np.array([self._last, self._first], dtype=np.int32)
        self._starts, self._counts = np.array([0]), np.array([2])

    def encode(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Ids of the texts with their special tokens, one after the other, and where each begins.

        Returns:
            ids (total,) int32 and offsets (len(texts) + 1,) int64.
        """
        if len(self._numbers) > WORDS_KEPT or len(self._pieces) > PIECES_KEPT:
            self.__init__(self._tokenizer)  # type: ignore[misc]  # forget all words
        odd = [number for number, text in enumerate(texts) if self._is_odd(text)]
        plain = list(texts)
        for number in odd:
            plain[number] = ""
        ids, offsets = self._look_up(plain)
        return self._put_in(ids, offsets, odd, texts) if odd else (ids, offsets)

    def _is_odd(self, text: str) -> bool:
        if _BREAK in text:
            return True
        return ("[" in text or "<" in text) and self._special.search(text) is not None

    def _look_up(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """A break between two texts stands for the last token of one and the first of the next."""
        if not texts:
            return np.zeros(0, dtype=np.int32), np.zeros(1, dtype=np.int64)
        words = _STRETCH.findall(_BREAK + _BREAK.join(texts) + _BREAK)
        numbers = np.fromiter(map(self._numbers.__getitem__, words), dtype=np.int64, count=len(words))
        self._learn()
        counts = self._counts[numbers]
        ends = np.cumsum(counts)
        shift = np.repeat(self._starts[numbers] - (ends - counts), counts)
        ids = self._pieces[shift + np.arange(len(shift))]
        return ids[1:-1], ends[numbers == 0] - 2

    def _learn(self) -> None:
        new, self._numbers.new = self._numbers.new, []
        if not new:
            return
        pieces = [item.ids for item in self._tokenizer.encode_batch_fast(new, add_special_tokens=False)]
        counts = np.fromiter(map(len, pieces), dtype=np.int64, count=len(pieces))
        flat = np.fromiter((i for ids in pieces for i in ids), dtype=np.int32, count=int(counts.sum()))
        starts = len(self._pieces) + np.cumsum(counts) - counts
        self._pieces = np.concatenate([self._pieces, flat])
        self._counts = np.concatenate([self._counts, counts])
        self._starts = np.concatenate([self._starts, starts])

    def _put_in(
        self, ids: np.ndarray, offsets: np.ndarray, odd: list[int], texts: Sequence[str]
    ) -> tuple[np.ndarray, np.ndarray]:
        rows = np.split(ids, offsets[1:-1])
        encodings = self._tokenizer.encode_batch_fast([texts[number] for number in odd])
        for number, encoding in zip(odd, encodings, strict=True):
            rows[number] = np.asarray(encoding.ids, dtype=np.int32)
        lengths = [len(row) for row in rows]
        return np.concatenate(rows), np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
