"""The aspect head on sentences of others, and a bag of words beside it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from peachdash.config import Settings
from peachdash.insights.aspects import load_head, most_probable
from peachdash.insights.sentences import split_sentences
from peachdash.records import ASPECTS
from peachdash.sentiment.embedding import Embedder
from peachdash.sentiment.text import clean_text
from scripts.aspect_examples import load_held_out, load_negative, spoken_of
from scripts.build_aspects import choose_threshold, gather_examples

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
Reader = Callable[[list[str]], np.ndarray]
"""Texts to probabilities (N, 7) of the aspects."""


def measure(settings: Settings, real_sets: Path) -> dict[str, Any]:
    """All measures for the shipped head and for a bag of words that learned from the same examples.

    Of either an aspect counts from its own threshold on, chosen on the phrases that are held out.
    """
    head, embedder = load_head(settings.models), Embedder(settings.encoders, settings.device)
    examples, _ = gather_examples(settings.data, embedder, head.mean)
    bag, held_out = train_bag(examples), load_held_out(settings.data)
    for_bag, _ = choose_threshold(bag(list(held_out["text"])), spoken_of(held_out["aspects"]))
    readers: dict[str, tuple[Reader, Callable[[np.ndarray], np.ndarray]]] = {
        "head": (lambda texts: head.probabilities(head.centre(embedder.embed(texts))), head.speaks_of),
        "bag of words": (bag, lambda probabilities: probabilities >= for_bag),
    }
    test, semeval, kinds = (
        load_negative(settings.data, "test"),
        load_semeval(real_sets),
        load_kinds(real_sets),
    )
    found: dict[str, Any] = {}
    for name, (read, speaks_of) in readers.items():
        right = np.array(most_probable(read(list(test["text"])))) == test["aspect"].to_numpy()
        found[name] = {
            "corpus test, accuracy": round(float(right.mean()), 3),
            "held-out phrases, micro-F1": _micro(speaks_of(read(list(held_out["text"]))), held_out),
            "semeval 2014": score_semeval(speaks_of(read(semeval[0])), semeval[1]),
            "mcdonalds_yelp": score_kinds(_after(read, speaks_of), *kinds),
        }
    return found


def _after(read: Callable[[list[str]], np.ndarray], decide: Callable[[np.ndarray], np.ndarray]) -> Reader:
    return lambda texts: decide(read(texts))


def _micro(spoken: np.ndarray, held_out: pd.DataFrame) -> float:
    gold = spoken_of(held_out["aspects"])
    return round(float(f1_score(gold[:, :-1], spoken[:, :-1], average="micro")), 3)


def train_bag(examples: pd.DataFrame) -> Reader:
    """TF-IDF of words and pairs of words with a logistic regression for each aspect."""
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2)
    features, weights = vectorizer.fit_transform(examples["text"]), examples["weight"].to_numpy()
    models = [
        LogisticRegression(C=10, max_iter=3000).fit(features, column, sample_weight=weights)
        for column in spoken_of(examples["aspects"]).T
    ]

    def read(texts: list[str]) -> np.ndarray:
        rows = vectorizer.transform(texts)
        return np.stack([model.predict_proba(rows)[:, 1] for model in models], axis=1)

    return read


def load_semeval(folder: Path) -> tuple[list[str], np.ndarray]:
    """Sentences with at least one category, and which of food, service, price, ambience they are about."""
    categories: dict[str, set[str]] = {}
    for row in _lines(folder / "semeval2014_aspects_train.jsonl.gz"):
        if row["category"]:
            categories.setdefault(row["text"], set()).add(row["category"])
    texts = list(categories)
    return texts, np.array([[name in categories[text] for name in SEMEVAL] for text in texts])


def score_semeval(spoken: np.ndarray, gold: np.ndarray) -> dict[str, float]:
    """Micro-F1 over the decisions on the four categories, each for itself; and the F1 of each category.

    It is given for all sentences (a third are about none, an eighth about several) and for those that are
    about one or more.

    Args:
        spoken: (N, 7) which aspects are found.
        gold: (N, 4) which categories the sentences have.
    """
    columns = [[ASPECTS.index(aspect) for aspect in aspects] for aspects in SEMEVAL.values()]
    found = np.stack([spoken[:, own].any(axis=1) for own in columns], axis=1)
    each = f1_score(gold, found, average=None)
    about = gold.any(axis=1)
    return {
        "n": len(gold),
        "micro-F1, all sentences": round(float(f1_score(gold, found, average="micro")), 3),
        "micro-F1, sentences about one of the four": round(
            float(f1_score(gold[about], found[about], average="micro")), 3
        ),
        "sentences about one of the four": int(about.sum()),
        **{name: round(float(value), 3) for name, value in zip(SEMEVAL, each, strict=True)},
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


def score_kinds(find: Reader, reviews: list[list[str]], gold: np.ndarray) -> dict[str, float]:
    """Macro-F1 over the six aspects that complaint kinds mean (`na` is none): a review is about those that a
    sentence of it speaks of.
    """
    spoken = find([sentence for sentences in reviews for sentence in sentences])
    starts = np.cumsum([0, *(len(sentences) for sentences in reviews[:-1])])
    found = np.logical_or.reduceat(spoken, starts, axis=0)
    each = f1_score(gold[:, :-1], found[:, :-1], average=None)
    scores = {name: round(float(value), 3) for name, value in zip(ASPECTS, each, strict=False)}
    return {"n": len(reviews), "macro-F1": round(float(each.mean()), 3), **scores}


def _lines(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]
