"""What the aspect head learns from and what it is chosen on: texts, and what they speak of."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

from peachdash.insights.sentences import split_texts
from peachdash.records import ASPECTS
from peachdash.sentiment.corpus import gold_file, load_reviews
from peachdash.sentiment.text import scored_texts, text_sha256s
from peachdash.workflows.setup import load_gold

HELD_OUT = "held out"
JOINED, SEED = 3000, 0
THREE_IN = 0.2
"""Share of the joined texts that hold three phrases instead of two."""

_LINKS = (" and ", " but ", ", ", "; ", ". ", ", and ", ", but ", " although ")


def load_negative(data: Path, split: str) -> pd.DataFrame:
    """Labelled negative reviews of a split: text, aspect. The annotators' reason words are not read."""
    reviews = load_reviews(data, split).set_index("review_id")
    gold = load_gold(gold_file(data))[["review_id", "split", "label", "aspect"]]
    gold = gold[(gold["split"] == split) & (gold["label"] == "negative") & gold["aspect"].notna()]
    rows = reviews.loc[gold["review_id"]]
    return pd.DataFrame(
        {"text": scored_texts(list(rows["title"]), list(rows["text"])), "aspect": list(gold["aspect"])}
    )


def load_phrases(data: Path) -> pd.DataFrame:
    """Plain phrases, praise, blame and neither: text, aspects (of one each)."""
    phrases = json.loads((data / "aspect_phrases.json").read_text(encoding="utf-8"))
    rows = [(text, [aspect]) for aspect in ASPECTS for text in phrases[aspect]]
    return pd.DataFrame(rows, columns=["text", "aspects"])


def load_held_out(data: Path) -> pd.DataFrame:
    """Phrases that no head learns from: text, aspects (one to three each)."""
    phrases = json.loads((data / "aspect_phrases.json").read_text(encoding="utf-8"))[HELD_OUT]
    return pd.DataFrame([(row["text"], row["aspects"]) for row in phrases], columns=["text", "aspects"])


def join_phrases(phrases: pd.DataFrame, count: int = JOINED, seed: int = SEED) -> pd.DataFrame:
    """Texts of two or three phrases drawn by chance, which speak of what their parts do: text, aspects."""
    generator = np.random.default_rng(seed)
    first = phrases["aspects"].str[0]
    drawn = {aspect: list(rows) for aspect, rows in phrases["text"].groupby(first)}
    rows = []
    for _ in range(count):
        size = 3 if generator.random() < THREE_IN else 2
        aspects = [str(aspect) for aspect in generator.choice(first, size=size)]
        parts = [drawn[aspect][generator.integers(len(drawn[aspect]))] for aspect in aspects]
        rows.append((_joined(parts, generator), sorted(set(aspects))))
    return pd.DataFrame(rows, columns=["text", "aspects"])


def _joined(parts: list[str], generator: np.random.Generator) -> str:
    text = parts[0].rstrip(".!")
    for part in parts[1:]:
        link = _LINKS[generator.integers(len(_LINKS))]
        begins_lower = link != ". " and not part.startswith("I ")
        part = part[0].lower() + part[1:] if begins_lower else part
        text += link + part.rstrip(".!")
    return f"{text}."


def cut_reviews(reviews: pd.DataFrame) -> pd.DataFrame:
    """The sentences of reviews: text, aspect (of the review), review (its number)."""
    keys = text_sha256s(reviews["text"])
    numbers = {key: number for number, key in enumerate(keys)}
    found = split_texts(zip(keys, reviews["text"], strict=True))
    review = found["text_sha256"].map(numbers)
    return pd.DataFrame(
        {"text": found["sentence"], "aspect": reviews["aspect"].to_numpy()[review], "review": review}
    )


def spoken_of(aspects: pd.Series) -> np.ndarray:
    """Lists of aspects as (N, 7) booleans, in the order of `ASPECTS`."""
    return np.array([[aspect in own for aspect in ASPECTS] for own in aspects], dtype=bool)
