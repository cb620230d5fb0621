"""The phrases of a sentence that could name what it complains about, as the customer wrote them.

Whole clauses first; then parts of them between words such as "and" or "because"; then runs that begin and end
where a word of meaning stands beside one without, so that no noun loses its verb's object half way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise

from peachdash.insights.words import WORD, is_content, terms

MOST_WORDS, MOST_CHARACTERS = 9, 60

_CLAUSE_END = re.compile(r"[.,;:!?()\"“”\[\]\n…]+(?=\s|$|[\"”)])|\s[-–—]+\s|—|[\"“”()]")
_LINKS = frozenset(
    """and but that because which so when while then who where if as since although though until after before
    or than""".split()  # noqa: SIM905
)
_LEADING = _LINKS | frozenset(
    """i it we you they he she just the a an my our your their his her is was are were be to of it's i'd i've
    i'll i'm that's""".split()  # noqa: SIM905
)
_TRAILING = _LINKS | frozenset(
    """a an the my our your their his her its of to with for at in from by is was were are be as
    it's""".split()  # noqa: SIM905
)
RUN, PART, CLAUSE = range(3)
"""How whole a phrase is."""

Words = list[re.Match[str]]


@dataclass(frozen=True)
class Phrase:
    """A piece of a sentence, and whether it is a `RUN` of words, a `PART` of a clause or a `CLAUSE`."""

    text: str
    wholeness: int


def find_phrases(sentence: str) -> list[Phrase]:
    """The distinct phrases of a sentence that hold a word of meaning, in no particular order.

    None is longer than `MOST_WORDS` and `MOST_CHARACTERS`; a sentence may have none.
    """
    found: dict[str, int] = {}
    for words, wholeness in _pieces(sentence):
        text = _cut(sentence, words)
        if text and len(text) <= MOST_CHARACTERS and terms(text):
            found[text] = max(wholeness, found.get(text, RUN))
    return [Phrase(text, wholeness) for text, wholeness in found.items()]


def _pieces(sentence: str) -> Iterator[tuple[Words, int]]:
    clauses = _clauses(sentence)
    for words in clauses:
        yield words, CLAUSE
        yield from ((part, PART) for part in _parts(words))
        yield from ((run, RUN) for run in _runs(words))
    for first, second in pairwise(clauses):
        yield [*first, *second], CLAUSE


def _clauses(sentence: str) -> list[Words]:
    ends = [*_CLAUSE_END.finditer(sentence)]
    starts = [0, *(end.end() for end in ends)]
    stops = [*(end.start() for end in ends), len(sentence)]
    found = [list(WORD.finditer(sentence, *span)) for span in zip(starts, stops, strict=True)]
    return [words for words in found if words]


def _parts(words: Words) -> Iterator[Words]:
    links = [place for place, word in enumerate(words) if place and word[0].lower() in _LINKS]
    for start, stop in combinations([0, *links, len(words)], 2):
        yield words[start:stop]


def _runs(words: Words) -> Iterator[Words]:
    telling = [is_content(word[0]) for word in words]
    for start, tells in enumerate(telling):
        if tells and not (start and telling[start - 1]):
            for stop in range(start + 2, min(start + MOST_WORDS, len(words)) + 1):
                if telling[stop - 1] and not (stop < len(words) and telling[stop]):
                    yield words[start:stop]


def _cut(sentence: str, words: Words) -> str:
    """The words as they stand in the sentence, without what leads in and out; empty where too many."""
    kept = [place for place, word in enumerate(words) if word[0].lower() not in _LEADING]
    last = [place for place, word in enumerate(words) if word[0].lower() not in _TRAILING]
    words = words[kept[0] : last[-1] + 1] if kept and last else []
    if not 1 <= len(words) <= MOST_WORDS:
        return ""
    start, end = words[0].start(), words[-1].end()
    start -= start > 0 and sentence[start - 1] in "$£€#"
    end += end < len(sentence) and sentence[end] == "%"
    text = sentence[start:end]
    return text if text.count('"') % 2 == 0 and text.count("“") == text.count("”") else ""
