"""Which phrase says what an issue means, without reading phrases: by the vectors of their words.

The vector of a phrase is the sum of those of its words, words of meaning in full and the others with a fifth.
Words come again and again, so each is read by the encoder once; and two phrases of one sentence can be tried
as one name ("Kosher dill jar, no ribbon") by adding their vectors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from peachdash.insights.grouping import unit
from peachdash.insights.phrases import CLAUSE, MOST_CHARACTERS, MOST_WORDS, PART, Phrase
from peachdash.insights.words import WORD, is_content, terms

LIGHT = 0.2
"""What a word without meaning weighs in the vector of a phrase; one with meaning weighs 1."""

WORTH_OF_CLAUSE, WORTH_OF_PART = 0.1, 0.05
WORTH_OF_TERM, MOST_TERMS = 0.05, 5
PRICE_OF_SURVEY, PRICE_OF_ONE_TERM, PRICE_OF_SHORT, FEW_WORDS = 0.1, 0.15, 0.1, 3
PRICE_OF_WORD, WORDS_FREE = 0.01, 8
"""In cosine: what a name gains by being whole and by each of its first words of meaning, and loses by telling
of the survey, by having one word of meaning only or few words at all, and by each word beyond some."""

PAIRED = 14
"""So many phrases, those nearest to the meaning, are tried in pairs."""

BETWEEN = ", "

Embed = Callable[[Sequence[str]], np.ndarray]
"""Texts to centred unit vectors (N, D)."""


class WordVectors:
    """The vectors of words, each read at its first use.

    Args:
        embed: reads texts.
    """

    def __init__(self, embed: Embed) -> None:
        self._embed = embed
        self._rows: dict[str, int] = {}
        self._vectors = np.zeros((0, 1), dtype=np.float32)

    def read(self, phrases: Iterable[str]) -> None:
        """Read the words of phrases that are not known yet, all at once."""
        words = {word.lower(): None for phrase in phrases for word in WORD.findall(phrase)}
        new = [word for word in words if word not in self._rows]
        if not new:
            return
        self._rows |= {word: len(self._rows) + number for number, word in enumerate(new)}
        found = np.asarray(self._embed(new), dtype=np.float32)
        self._vectors = np.concatenate([self._vectors, found]) if len(self._vectors) else found

    def sums(self, phrases: Sequence[str]) -> np.ndarray:
        """The weighted sum of the word vectors of each phrase, (N, D); their words must have been read."""
        words = [[word.lower() for word in WORD.findall(phrase)] for phrase in phrases]
        columns = {
            word: column for column, word in enumerate(dict.fromkeys(word for own in words for word in own))
        }
        weights = np.zeros((len(phrases), len(columns)), dtype=np.float32)
        for row, own in enumerate(words):
            for word in own:
                weights[row, columns[word]] += 1 if is_content(word) else LIGHT
        return np.asarray(weights @ self._vectors[[self._rows[word] for word in columns]])


def choose_phrase(
    phrases: Sequence[Phrase], sources: Sequence[int], meaning: np.ndarray, vectors: WordVectors
) -> str:
    """The phrase, or the two phrases, whose vector is nearest to a meaning; what is whole comes first.

    Args:
        phrases: what there is to choose from, at least one, those of a sentence in its order.
        sources: the number of the sentence that each is from.
        meaning: (D,) centred unit vector.
        vectors: knows the words of the phrases.
    """
    choice = _Choice(phrases, np.asarray(sources), vectors.sums([phrase.text for phrase in phrases]), meaning)
    best = int(choice.alone.argmax())
    pair = choice.best_pair()
    if pair is None or pair[0] <= choice.alone[best]:
        return phrases[best].text
    return BETWEEN.join(phrases[row].text for row in pair[1:])


class _Choice:
    """Phrases and what speaks for each: `sums` are their vectors (N, D), `alone` their scores (N,)."""

    def __init__(
        self, phrases: Sequence[Phrase], sources: np.ndarray, sums: np.ndarray, meaning: np.ndarray
    ) -> None:
        self.sources, self.sums, self.meaning = sources, sums, meaning
        self.told = [frozenset(terms(phrase.text)) for phrase in phrases]
        self.lengths = np.array([len(phrase.text) for phrase in phrases])
        self.words = np.array([len(phrase.text.split()) for phrase in phrases])
        self.telling = np.array([len(own) for own in self.told])
        self.survey = np.array(["peachy" in phrase.text.lower() for phrase in phrases])
        whole = {CLAUSE: WORTH_OF_CLAUSE, PART: WORTH_OF_PART}
        self.whole = np.array([whole.get(phrase.wholeness, 0.0) for phrase in phrases])
        self.nearness = unit(sums) @ meaning
        self.alone = self.nearness + _worth(self.whole, self.words, self.telling, self.survey)

    def best_pair(self) -> tuple[float, int, int] | None:
        """The score and rows of the best two parts of one sentence, short together, that say two things."""
        parts = np.flatnonzero((self.whole > 0) & (self.words > 1))
        rows = np.sort(parts[np.argsort(-self.nearness[parts])[:PAIRED]])
        first, second = (rows[side] for side in np.triu_indices(len(rows), 1))
        fits = self._fit(first, second)
        first, second = first[fits], second[fits]
        scores = unit(self.sums[first] + self.sums[second]) @ self.meaning + _worth(
            np.minimum(self.whole[first], self.whole[second]),
            self.words[first] + self.words[second],
            self.telling[first] + self.telling[second],
            self.survey[first] | self.survey[second],
        )
        for place in np.argsort(-scores):
            left, right = int(first[place]), int(second[place])
            if not self.told[left] & self.told[right]:
                return float(scores[place]), left, right
        return None

    def _fit(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Which pairs are of one sentence and short enough for a name."""
        short = self.words[first] + self.words[second] <= MOST_WORDS
        short &= self.lengths[first] + self.lengths[second] + len(BETWEEN) <= MOST_CHARACTERS
        return np.asarray(short & (self.sources[first] == self.sources[second]))


def _worth(whole: np.ndarray, words: np.ndarray, telling: np.ndarray, survey: np.ndarray) -> np.ndarray:
    """What speaks for a phrase whatever the issue means."""
    gained = whole + WORTH_OF_TERM * np.minimum(telling, MOST_TERMS)
    long = PRICE_OF_WORD * np.maximum(words - WORDS_FREE, 0)
    short = PRICE_OF_ONE_TERM * (telling < 2) + PRICE_OF_SHORT * (words < FEW_WORDS)
    return np.asarray(gained - long - short - PRICE_OF_SURVEY * survey)
