"""The words of a sentence: which carry meaning, in which form they are counted, and where they stand."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")
_EMPTY = frozenset(
    """peachy peachtree analytics survey really just very quite also even still got get gets getting went go
    come came said told say says ask asked like thing things one ones two us im ive dont didnt its thats
    y'all yall i'm i've i'd i'll you're we're they're he's she's it's that's there's don't didn't wasn't isn't
    can't
    couldn't won't wouldn't perhaps maybe suppose lord honey darling darlings review stars star""".split()  # noqa: SIM905
)
_TELLING = frozenset(
    """bill cry fire full empty system side top bottom front back call down off cold never nothing no not
    without""".split()  # noqa: SIM905
)
STOP_WORDS = frozenset(ENGLISH_STOP_WORDS) - _TELLING


def terms(text: str) -> list[str]:
    """The words of a sentence that carry meaning, lower case, plurals cut."""
    return [stem(word) for word in WORD.findall(text) if is_content(word)]


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """A word in lower case without the ending of its plural: "Cones" and "cone" are one word."""
    word = word.lower().replace("’", "'").removesuffix("'s")
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    return (
        word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word
    )


@lru_cache(maxsize=100_000)
def is_content(word: str) -> bool:
    """Whether a word carries meaning: longer than a letter, and in no list of words that all texts hold."""
    lower = word.lower().replace("’", "'")
    return len(lower) > 1 and lower not in STOP_WORDS and lower not in _EMPTY


def keyword_places(text: str, keywords: Iterable[str]) -> list[tuple[int, int]]:
    """Where the keywords stand in a sentence, in any form: (start, end) in order."""
    wanted = set(keywords)
    return [match.span() for match in WORD.finditer(text) if stem(match[0]) in wanted]
