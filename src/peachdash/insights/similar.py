"""Texts that are like a text: first by words, then by the vectors of those few."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

CANDIDATES, SHOWN = 24, 3


def nearest_by_words(text: str, others: Sequence[str], most: int = CANDIDATES) -> list[int]:
    """Positions of the texts that share most of their words with a text, by TF-IDF; ties by position."""
    if not others:
        return []
    try:
        matrix = TfidfVectorizer(sublinear_tf=True, stop_words="english").fit_transform([text, *others])
    except ValueError:  # no text holds a word
        return list(range(min(most, len(others))))
    nearness = (matrix[1:] @ matrix[0].T).toarray().ravel()
    return [int(row) for row in np.argsort(-nearness, kind="stable")[:most]]


def nearest_by_vector(
    key: str, candidates: Sequence[str], vectors: Mapping[str, np.ndarray], most: int = SHOWN
) -> list[str]:
    """The candidates nearest to a text by cosine, nearest first; those without a vector are left out."""
    if key not in vectors:
        return []
    known = [name for name in candidates if name in vectors and name != key]
    return sorted(known, key=lambda name: -float(vectors[name] @ vectors[key]))[:most]
