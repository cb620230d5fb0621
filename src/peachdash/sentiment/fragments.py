"""Parts of reviews, for a teacher to read: more texts of the town's kind than anybody wrote.

A student copies its teacher on every text that the teacher can read, labelled or not (Hinton et al. 2015; for
augmented texts Jiao et al., "TinyBERT", EMNLP 2020). A review's sentences, and the review without one of
them, are such texts: what a clause does to the reading of the whole is just what the student has to learn.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

MINIMUM_WORDS = 3
_BOUNDARY = re.compile(r"(?:(?<=[.!?])|(?<=[.!?][\"')]))\s+")


def fragments(text: str) -> list[str]:
    """The sentences of a text, and the text without each of them; none where it has one sentence only.

    Parts of fewer than `MINIMUM_WORDS` words are left out. Where sentences end is a rough guess by their
    punctuation, which is enough here.
    """
    sentences = [part for part in _BOUNDARY.split(text) if part]
    if len(sentences) < 2:
        return []
    without = [" ".join(sentences[:n] + sentences[n + 1 :]) for n in range(len(sentences))]
    parts = sentences if len(sentences) == 2 else sentences + without
    return [part for part in dict.fromkeys(parts) if len(part.split()) >= MINIMUM_WORDS]


def with_fragments(texts: Iterable[str]) -> list[str]:
    """The texts and their fragments, each once, the texts first."""
    whole = list(texts)
    return list(dict.fromkeys([*whole, *(part for text in whole for part in fragments(text))]))
