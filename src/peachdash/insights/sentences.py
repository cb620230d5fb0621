"""Scored texts cut into sentences, by sentencex (Wikimedia), with their places in the text.

A sentence is evidence for an issue, so its place is kept: the words can be marked where they stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from peachdash.insights.words import terms

LANGUAGE = "en"
MOST_WORDS = 60
"""A run of words without a full stop is cut here, so that one endless sentence is not one complaint."""

MOST_CHARACTERS = 20_000
"""Sentences are cut from so much of a text; platforms take 5,000 characters or fewer. The models read the
whole as one text, within their own limits."""

_WORD = re.compile(r"[^\W\d_]{2,}")
_TOKEN = re.compile(r"\S+\s*")
SENTENCE_COLUMNS = ("text_sha256", "position", "start_char", "end_char", "content_words", "sentence")


@dataclass(frozen=True)
class Sentence:
    """A sentence and its place: `text[start:end]` of the scored text, white space at its ends left out."""

    start: int
    end: int
    text: str


def split_sentences(text: str) -> list[Sentence]:
    """The sentences of a scored text, in order; they do not overlap and leave out white space only.

    A piece with fewer than two words ("1.", "Ugh!") joins its neighbour, and a piece of more than
    `MOST_WORDS` words is cut. A blank text has none.
    """
    spans = [part for span in _joined(text, _pieces(text)) for part in _cut(text, *span)]
    trimmed = (_trim(text, start, end) for start, end in spans)
    return [Sentence(start, end, text[start:end]) for start, end in trimmed if start < end]


def split_texts(texts: Iterable[tuple[str, str]]) -> pd.DataFrame:
    """The sentences of many scored texts, of each from its first `MOST_CHARACTERS` characters.

    Args:
        texts: pairs of the text's sha256 and the scored text.

    Returns:
        One row a sentence: text_sha256, position (from 0), start_char, end_char, content_words (how many
        words carry meaning), sentence.
    """
    rows = [
        (sha256, position, sentence.start, sentence.end, len(terms(sentence.text)), sentence.text)
        for sha256, text in texts
        for position, sentence in enumerate(split_sentences(text[:MOST_CHARACTERS]))
    ]
    return pd.DataFrame(rows, columns=list(SENTENCE_COLUMNS))


def _pieces(text: str) -> list[tuple[int, int]]:
    """What the library gives, as places; it loses no character, and a title's line ends a sentence."""
    import sentencex

    spans, start = [], 0
    for line in text.splitlines(keepends=True):
        place = start
        for piece in sentencex.segment(LANGUAGE, line):
            found = text.find(piece, place)
            if found >= 0:
                spans.append((found, found + len(piece)))
                place = found + len(piece)
        start += len(line)
    return spans


def _joined(text: str, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        short = _is_short(text[start:end]) or (bool(joined) and _is_short(text[slice(*joined[-1])]))
        if joined and short:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _is_short(piece: str) -> bool:
    return len(_WORD.findall(piece)) < 2


def _cut(text: str, start: int, end: int) -> list[tuple[int, int]]:
    words = list(_TOKEN.finditer(text, start, end))
    if len(words) <= MOST_WORDS:
        return [(start, end)]
    groups = [words[number : number + MOST_WORDS] for number in range(0, len(words), MOST_WORDS)]
    return [(group[0].start(), group[-1].end()) for group in groups]


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())
