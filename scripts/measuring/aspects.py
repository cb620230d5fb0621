"""The aspect head on sentences of others, and a bag of words beside it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.pipeline import Pipeline, make_pipeline

from peachdash.config import Settings
from peachdash.insights.aspects import load_head
from peachdash.insights.sentences import split_sentences
from peachdash.records import ASPECTS
from peachdash.sentiment.embedding import Embedder
from peachdash.sentiment.text import clean_text
from scripts.build_aspects import load_negative, load_phrases

LEAST = 0.4
"""An aspect is said to be in a sentence from this probability on; the most probable one always is."""

SEMEVAL = {
    "food": ["food or product"],
    "service": ["service", "waiting", "order or booking"],
    "price": ["price"],
    "ambience": ["place"],
}
KINDS = {
    "RudeService": "service", "SlowService": "waiting", "OrderProblem": "order or booking",
    "BadFood": "food or product", "Filthy": "place", "MissingFood": "order or booking", "Cost": "price",
    "ScaryMcDs": "place",
}  # fmt: skip


def measure(settings: Settings, real_sets: Path) -> dict[str, Any]:
    """Both measures for the shipped head and for the bag of words."""
    head, embedder = load_head(settings.models), Embedder(settings.encoders, settings.device)
    train = pd.concat([load_negative(settings.data, "train"), load_phrases(settings.data)])
    bag = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2),
        LogisticRegression(C=10, max_iter=3000),
    ).fit(train["text"], train["aspect"])
    order = [list(bag.classes_).index(aspect) for aspect in ASPECTS]
    readers = {
        "head": lambda texts: head.probabilities(head.centre(embedder.embed(texts))),
        "bag of words": lambda texts: _bag(bag, texts, order),
    }
    sentences, gold = load_semeval(real_sets)
    reviews, kinds = load_kinds(real_sets)
    return {
        "corpus test, accuracy": {name: _accuracy(read, settings) for name, read in readers.items()},
        "semeval 2014": {
            name: score_semeval(read(sentences), gold) | {"n": len(sentences)}
            for name, read in readers.items()
        },
        "mcdonalds_yelp": {
            name: score_kinds(read, reviews, kinds) | {"n": len(reviews)} for name, read in readers.items()
        },
    }


def _bag(bag: Pipeline, texts: list[str], order: list[int]) -> np.ndarray:
    return np.asarray(bag.predict_proba(texts)[:, order])


def _accuracy(read: Any, settings: Settings) -> float:
    test = load_negative(settings.data, "test")
    found = np.array(ASPECTS)[read(list(test["text"])).argmax(axis=1)]
    return round(float((found == test["aspect"].to_numpy()).mean()), 3)


def load_semeval(folder: Path) -> tuple[list[str], np.ndarray]:
    """Sentences with at least one category, and which of food, service, price, ambience they are about."""
    categories: dict[str, set[str]] = {}
    for row in _lines(folder / "semeval2014_aspects_train.jsonl.gz"):
        if row["category"]:
            categories.setdefault(row["text"], set()).add(row["category"])
    texts = list(categories)
    return texts, np.array([[name in categories[text] for name in SEMEVAL] for text in texts])


def score_semeval(probabilities: np.ndarray, gold: np.ndarray) -> dict[str, float]:
    """Micro-F1 over the four categories, for all sentences (over a third are about none of them) and for
    those that are about one, and the F1 of each.
    """
    frame = pd.DataFrame(probabilities, columns=list(ASPECTS))
    summed = np.stack([frame[names].sum(axis=1) for names in SEMEVAL.values()], axis=1)
    found = summed >= LEAST
    best = summed.argmax(axis=1)
    rows = np.flatnonzero(summed.max(axis=1) > frame["other"])
    found[rows, best[rows]] = True
    each = f1_score(gold, found, average=None)
    scores = {name: round(float(value), 3) for name, value in zip(SEMEVAL, each, strict=True)}
    about = gold.any(axis=1)
    return {
        "micro-F1, all sentences": round(float(f1_score(gold, found, average="micro")), 3),
        "micro-F1, sentences about one of the four": round(
            float(f1_score(gold[about], found[about], average="micro")), 3
        ),
        "sentences about one of the four": int(about.sum()),
        **scores,
    }


def load_kinds(folder: Path) -> tuple[list[list[str]], np.ndarray]:
    """The sentences of each review, and which aspects its complaint kinds mean."""
    sentences, gold = [], []
    for row in _lines(folder / "mcdonalds_yelp.jsonl.gz"):
        kinds = (
            row["complaints"]["complaints"] if isinstance(row["complaints"], Mapping) else row["complaints"]
        )
        sentences.append([part.text for part in split_sentences(clean_text(row["text"]))] or [""])
        gold.append([aspect in {KINDS.get(kind) for kind in kinds} for aspect in ASPECTS])
    return sentences, np.array(gold)


def score_kinds(read: Any, reviews: list[list[str]], gold: np.ndarray) -> dict[str, float]:
    """Macro-F1 over the six aspects that complaint kinds mean (`na` is none): a review is about those that a
    sentence of it is most probably about.
    """
    flat = [sentence for sentences in reviews for sentence in sentences]
    owner = np.repeat(np.arange(len(reviews)), [len(sentences) for sentences in reviews])
    best = np.array(ASPECTS)[read(flat).argmax(axis=1)]
    found = np.zeros_like(gold)
    for column, aspect in enumerate(ASPECTS):
        counts = np.bincount(owner[best == aspect], minlength=len(reviews))
        found[:, column] = counts >= 1
    each = f1_score(gold[:, :-1], found[:, :-1], average=None)
    scores = {name: round(float(value), 3) for name, value in zip(ASPECTS, each, strict=False)}
    return {"macro-F1": round(float(each.mean()), 3), **scores}


def _lines(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]
