"""Short names for issues, in the customers' own words.

Class-based TF-IDF (Grootendorst 2022): all sentences of an issue are one document, and a word weighs by how
often it is in this issue and how rare in the others of the business. The name is the run of two to five
words that stands somewhere in the issue's sentences and holds the most weight; of one or two sentences it has
up to eight words, and a short sentence is its own name.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

MOST_WORDS, MOST_WORDS_OF_FEW, MOST_KEYWORDS = 5, 8, 6
NAME_CHARACTERS = 60
NO_WORDS = "no words"
_TOKEN = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")
_EMPTY = frozenset(
    """peachy peachtree analytics survey really just very quite also even still got get gets going went go
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
LIGHT_WORDS = frozenset({"never", "nothing", "no", "not", "without", "down", "off", "back", "side", "top"})


@dataclass(frozen=True)
class Name:
    """What an issue is called, and the words that set it apart, the weightiest first."""

    name: str
    keywords: list[str]


def name_issues(
    sentences: Mapping[str, Sequence[str]], wanted: Iterable[str], most_central: Mapping[str, str]
) -> dict[str, Name]:
    """Names of some issues of one business.

    Args:
        sentences: the sentences of every issue of the business, by issue; what is rare in them is weighty.
        wanted: which issues to name; each must be in `sentences`.
        most_central: a sentence of each wanted issue that stands for it, which settles ties.

    Returns:
        A name for each wanted issue. Sentences without a single word give the name "no words".
    """
    counts = {issue: _count_terms(texts) for issue, texts in sentences.items()}
    everywhere: Counter[str] = Counter()
    for count in counts.values():
        everywhere.update(count)
    average = sum(everywhere.values()) / max(len(counts), 1)
    return {
        issue: _name(sentences[issue], counts[issue], everywhere, average, most_central.get(issue, ""))
        for issue in wanted
    }


def terms(text: str) -> list[str]:
    """The words of a sentence that carry meaning, lower case, plurals cut."""
    return [stem(word) for word in _words(text) if _is_content(word)]


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


def keyword_places(text: str, keywords: Iterable[str]) -> list[tuple[int, int]]:
    """Where the keywords stand in a sentence, in any form: (start, end) in order."""
    wanted = set(keywords)
    return [match.span() for match in _TOKEN.finditer(text) if stem(match[0]) in wanted]


def _count_terms(texts: Sequence[str]) -> Counter[str]:
    """In how many sentences a word is, so that one that repeats itself does not name the issue."""
    counter: Counter[str] = Counter()
    for text in texts:
        counter.update(set(terms(text)))
    return counter


def _name(
    texts: Sequence[str], count: Counter[str], everywhere: Counter[str], average: float, central: str
) -> Name:
    total, once = max(len(texts), 1), 0.0 if len(texts) < 3 else 0.8
    weights = {
        word: (n - once) / total * _rarity(everywhere[word], average) * (0.4 if word in LIGHT_WORDS else 1)
        for word, n in count.items()
    }
    shared = [word for word in weights if total < 3 or count[word] > 1]
    ranked = sorted(shared, key=lambda word: (-weights[word], word))
    most, price = (MOST_WORDS, 0.12) if total >= 3 else (MOST_WORDS_OF_FEW, 0.04)
    runs = _runs([central, *texts], most)
    best = max(runs, key=lambda run: _run_weight(run, weights, price), default=[])
    words = " ".join(best) or central[:NAME_CHARACTERS].strip() or NO_WORDS
    if total < 3 and shared and len(central) <= NAME_CHARACTERS:
        words = central.strip(" .!…") or words
    return Name(_shorten(words), ranked[:MOST_KEYWORDS])


def _rarity(everywhere: int, average: float) -> float:
    return float(np.log1p(average / everywhere))


def _runs(texts: Iterable[str], most: int) -> Iterator[list[str]]:
    """Runs of at most so many words of the sentences that begin and end with a word of meaning."""
    for text in dict.fromkeys(texts):
        for clause in re.split(r"[.,;:!?()\"“”\[\]\n]+|\s[-–—]+\s|[–—]", text):
            words = _words(clause)
            for start, first in enumerate(words):
                if not _is_content(first):
                    continue
                for end in range(start + 1, min(start + most, len(words)) + 1):
                    if _is_content(words[end - 1]):
                        yield words[start:end]


def _run_weight(run: Sequence[str], weights: Mapping[str, float], price: float) -> float:
    """The weight of a run's distinct words; each word has its price, and single words say little."""
    total = sum(weights.get(word, 0.0) for word in {stem(word) for word in run if _is_content(word)})
    return total / (1 + price * len(run)) * (0.75 if len(run) == 1 else 1.0)


def _words(text: str) -> list[str]:
    return [match[0] for match in _TOKEN.finditer(text)]


def _is_content(word: str) -> bool:
    lower = word.lower().replace("’", "'")
    return len(lower) > 1 and lower not in STOP_WORDS and lower not in _EMPTY


def _shorten(words: str) -> str:
    words = words if any(char.islower() for char in words) else words.lower()
    words = words[:1].upper() + words[1:]
    return words if len(words) <= NAME_CHARACTERS else words[: NAME_CHARACTERS - 1].rstrip() + "…"
