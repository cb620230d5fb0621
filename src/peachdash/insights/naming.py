"""Short names for issues, in the customers' own words.

Every phrase of an issue's sentences could be its name. Of those that hold the most weight by class-based
TF-IDF (Grootendorst 2022: all sentences of an issue are one document, and a word weighs by how often it is in
this issue and how rare in the others of the business) the one, or the two together, whose vector is nearest
to what the issue means is its name (`phrase_choice`). A short sentence that is an issue of its own is its own
name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from peachdash.insights.phrase_choice import WordVectors, choose_phrase
from peachdash.insights.phrases import CLAUSE, MOST_CHARACTERS, MOST_WORDS, Phrase, find_phrases
from peachdash.insights.words import terms

MOST_KEYWORDS, PHRASES_TRIED = 6, 60
NO_WORDS = "no words"
LIGHT_WORDS = frozenset({"never", "nothing", "no", "not", "without", "down", "off", "back", "side", "top"})


@dataclass(frozen=True)
class Name:
    """What an issue is called, and the words that set it apart, the weightiest first."""

    name: str
    keywords: list[str]


def name_issues(
    sentences: Mapping[str, Sequence[str]],
    wanted: Iterable[str],
    meanings: Mapping[str, np.ndarray],
    vectors: WordVectors,
) -> dict[str, Name]:
    """Names of some issues of one business.

    Args:
        sentences: the sentences of every issue of the business, by issue, the most central first; what is
            rare in them is weighty.
        wanted: which issues to name; each must be in `sentences`.
        meanings: a centred vector (D,) for each wanted issue, which its name should be near to.
        vectors: of the words of phrases.

    Returns:
        A name for each wanted issue. Sentences without a single word give the name "no words".
    """
    wanted = list(wanted)
    weights = _weigh(sentences, wanted)
    phrases = {issue: _candidates(sentences[issue], weights[issue]) for issue in wanted}
    chosen = _choose(phrases, meanings, vectors)
    return {
        issue: Name(
            _finish(chosen.get(issue) or sentences[issue][0]), _keywords(sentences[issue], weights[issue])
        )
        for issue in wanted
    }


def names_itself(sentences: Sequence[str]) -> bool:
    """Whether an issue is one sentence that is short enough to be its name."""
    first = sentences[0]
    return len(sentences) == 1 and len(first) <= MOST_CHARACTERS and len(first.split()) <= MOST_WORDS


def _weigh(sentences: Mapping[str, Sequence[str]], wanted: Sequence[str]) -> dict[str, dict[str, float]]:
    """The weight of each word of the wanted issues."""
    counts = {issue: _count_terms(texts) for issue, texts in sentences.items()}
    everywhere: Counter[str] = Counter()
    for count in counts.values():
        everywhere.update(count)
    average = sum(everywhere.values()) / max(len(counts), 1)
    return {
        issue: {
            word: n
            / max(len(sentences[issue]), 1)
            * float(np.log1p(average / everywhere[word]))
            * (0.4 if word in LIGHT_WORDS else 1)
            for word, n in counts[issue].items()
        }
        for issue in wanted
    }


def _count_terms(texts: Sequence[str]) -> Counter[str]:
    """In how many sentences a word is, so that one that repeats itself does not name the issue."""
    counter: Counter[str] = Counter()
    for text in texts:
        counter.update(set(terms(text)))
    return counter


def _keywords(texts: Sequence[str], weights: Mapping[str, float]) -> list[str]:
    """The weightiest words; of three sentences or more those that two share."""
    counts = _count_terms(texts)
    shared = [word for word in weights if len(texts) < 3 or counts[word] > 1]
    return sorted(shared, key=lambda word: (-weights[word], word))[:MOST_KEYWORDS]


def _candidates(texts: Sequence[str], weights: Mapping[str, float]) -> dict[Phrase, int]:
    """The phrases that are worth trying, each with the number of the first sentence that holds it.

    They are the only one of a short sentence, else the weightiest.
    """
    if names_itself(texts):
        return {Phrase(texts[0], CLAUSE): 0}
    sources: dict[str, tuple[Phrase, int]] = {}
    for number, text in enumerate(texts):
        for phrase in find_phrases(text):
            sources.setdefault(phrase.text, (phrase, number))

    def weight(found: tuple[Phrase, int]) -> float:
        total = sum(weights.get(word, 0.0) for word in set(terms(found[0].text)))
        return total / (1 + 0.1 * len(found[0].text.split())) + 0.1 * (found[0].wholeness == CLAUSE)

    def place(found: tuple[Phrase, int]) -> tuple[int, int]:
        return found[1], texts[found[1]].find(found[0].text)

    return dict(sorted(sorted(sources.values(), key=weight)[-PHRASES_TRIED:], key=place))


def _choose(
    phrases: Mapping[str, Mapping[Phrase, int]], meanings: Mapping[str, np.ndarray], vectors: WordVectors
) -> dict[str, str]:
    """The best phrase of each issue; issues without phrases are left out."""
    alone = {issue: next(iter(own)).text for issue, own in phrases.items() if len(own) == 1}
    open_ones = {issue: own for issue, own in phrases.items() if len(own) > 1}
    vectors.read(phrase.text for own in open_ones.values() for phrase in own)
    return alone | {
        issue: choose_phrase(list(own), list(own.values()), meanings[issue], vectors)
        for issue, own in open_ones.items()
    }


def _finish(words: str) -> str:
    words = words.strip(" .!…,;:–—-\n") or NO_WORDS
    words = words if any(char.islower() for char in words) else words.lower()
    words = words[:1].upper() + words[1:]
    return words if len(words) <= MOST_CHARACTERS else words[: MOST_CHARACTERS - 1].rstrip() + "…"
