"""Train the aspect head on the corpus's aspect labels: `python -m scripts.build_aspects`.

It learns, for each aspect apart, whether a text speaks of it:

1. From plain phrases (`data/aspect_phrases.json`: praise, blame and neither, and such as speak of no aspect),
   alone and joined by twos and threes, a first head.
2. From the labelled negative reviews of the train split, whole, with the aspect that annotators gave. Of the
   sentences of each the one in which the first head finds that aspect most is taken to speak of it; the
   others count as something else, with little weight.

From which probability on an aspect counts as spoken of is chosen on phrases that it did not learn from
("held out" in the same file), the weights on these and on the aspects of the validation reviews. It writes
`models/complaints/head.safetensors`. The annotators' reason words are not read.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from peachdash.config import load_settings
from peachdash.errors import ModelUnavailable
from peachdash.insights.aspects import AspectHead, load_head, save_head
from peachdash.records import ASPECTS
from peachdash.sentiment.embedding import Embedder, encoder_id
from scripts.aspect_examples import (
    cut_reviews,
    join_phrases,
    load_held_out,
    load_negative,
    load_phrases,
    spoken_of,
)

STRENGTH = 1.0
PHRASE, JOINED, REVIEW, SENTENCE = 20.0, 4.0, 3.0, 1.0
"""Weights of an example; the sentences of a review that are about something else share one `SENTENCE`."""

JOINED_FIRST = 0.2
THRESHOLDS = np.arange(0.2, 0.61, 0.05)


def train_head(data: Path, embedder: Embedder, mean: np.ndarray | None = None) -> AspectHead:
    """A head of the corpus and the phrases of a folder of data.

    Args:
        data: the folder.
        embedder: gives the vectors.
        mean: what the shipped head centres vectors by; it is kept, since vectors that are stored under it
            could not be compared with others. None takes the mean of the corpus's sentences.
    """
    examples, mean = gather_examples(data, embedder, mean)
    blank = _head(mean, np.zeros((7, len(mean))), np.zeros(7), {})
    head = fit_head(blank, np.stack(list(examples["vector"])), examples)
    held_out, validation = load_held_out(data), load_negative(data, "validation")
    read = head.probabilities(head.centre(embedder.embed(list(held_out["text"]))))
    threshold, score = choose_threshold(read, spoken_of(held_out["aspects"]))
    found = np.array(head.aspects(head.centre(embedder.embed(list(validation["text"])))))
    about = {
        "aspects": list(ASPECTS), "encoder": encoder_id(), "examples": len(examples),
        "strength": STRENGTH, "threshold": threshold, "held_out_micro_f1": round(score, 4),
        "validation_accuracy": round(float((found == validation["aspect"].to_numpy()).mean()), 4),
        "command": "python -m scripts.build_aspects",
    }  # fmt: skip
    return _head(head.mean, head.weights, head.bias, about)


def gather_examples(
    data: Path, embedder: Embedder, mean: np.ndarray | None = None
) -> tuple[pd.DataFrame, np.ndarray]:
    """All examples (text, aspects, weight, vector) and what their vectors are centred by."""
    reviews, phrases = load_negative(data, "train"), load_phrases(data)
    joined, sentences = join_phrases(phrases), cut_reviews(reviews)
    raw = embedder.embed(list(sentences["text"]))
    kept = raw.mean(axis=0) if mean is None else mean
    blank = _head(kept, np.zeros((7, len(kept))), np.zeros(7), {})
    first = pd.concat([phrases.assign(weight=PHRASE), joined.assign(weight=JOINED)], ignore_index=True)
    vectors = blank.centre(embedder.embed(list(first["text"])))
    weighed = first.assign(weight=first["weight"].map({PHRASE: 1.0, JOINED: JOINED_FIRST}))
    told = tell_sentences(sentences, fit_head(blank, vectors, weighed).probabilities(blank.centre(raw)))
    whole = reviews.assign(aspects=reviews["aspect"].map(lambda aspect: [aspect]), weight=REVIEW)
    every = [vectors, blank.centre(embedder.embed(list(reviews["text"]))), blank.centre(raw)]
    examples = pd.concat([first, whole, told], ignore_index=True)[["text", "aspects", "weight"]]
    return examples.assign(vector=list(np.concatenate(every))), kept


def tell_sentences(sentences: pd.DataFrame, read: np.ndarray) -> pd.DataFrame:
    """The sentences of reviews with aspects and weight: one of each review speaks of the review's aspect.

    Args:
        sentences: of `cut_reviews`.
        read: (N, 7) probabilities of a first head.
    """
    columns = [ASPECTS.index(aspect) for aspect in sentences["aspect"]]
    nearness = pd.Series(read[np.arange(len(read)), columns], index=sentences.index)
    best = sentences.index.isin(nearness.groupby(sentences["review"]).idxmax())
    others = sentences.groupby("review")["text"].transform("size") - 1
    aspects = [
        [aspect] if tells else ["other"] for aspect, tells in zip(sentences["aspect"], best, strict=True)
    ]
    return sentences.assign(aspects=aspects, weight=np.where(best, SENTENCE, SENTENCE / others.clip(lower=1)))


def fit_head(blank: AspectHead, vectors: np.ndarray, examples: pd.DataFrame) -> AspectHead:
    """One logistic regression for each aspect over centred vectors (N, D)."""
    gold, weights = spoken_of(examples["aspects"]), examples["weight"].to_numpy()
    models = [
        LogisticRegression(C=STRENGTH, max_iter=3000).fit(vectors, column, sample_weight=weights)
        for column in gold.T
    ]
    coefficients = np.concatenate([model.coef_ for model in models])
    return _head(blank.mean, coefficients, np.concatenate([model.intercept_ for model in models]), {})


def choose_threshold(read: np.ndarray, gold: np.ndarray) -> tuple[float, float]:
    """From which probability on an aspect is spoken of, and the micro-F1 of all but "other" (the last)."""
    scores = [f1_score(gold[:, :-1], read[:, :-1] >= value, average="micro") for value in THRESHOLDS]
    best = int(np.argmax(scores))
    return round(float(THRESHOLDS[best]), 2), float(scores[best])


def _head(mean: np.ndarray, weights: np.ndarray, bias: np.ndarray, about: dict[str, object]) -> AspectHead:
    return AspectHead(mean, weights.astype(np.float32), bias.astype(np.float32), encoder_id(), about)


def _shipped_mean(models: Path) -> np.ndarray | None:
    try:
        shipped = load_head(models)
    except ModelUnavailable:
        return None
    return shipped.mean if shipped.encoder == encoder_id() else None


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    settings = load_settings()
    embedder = Embedder(settings.encoders, settings.device, "fp32")
    head = train_head(settings.data, embedder, _shipped_mean(settings.models))
    path = save_head(head, settings.models)
    load_head(settings.models)
    print(f"{path}: {json.dumps(head.about)}")


if __name__ == "__main__":
    main()
