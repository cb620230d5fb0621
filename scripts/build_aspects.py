"""Train the aspect head on the corpus's aspect labels: `python -m scripts.build_aspects`.

It learns from the labelled negative reviews of the train split, whole and by their sentences, and from a few
plain phrases for each aspect (`data/aspect_phrases.json`), without which it knows the corpus's way of writing
only. It writes `models/complaints/head.safetensors`. The annotators' reason words are not read.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from peachdash.config import load_settings
from peachdash.insights.aspects import AspectHead, load_head, save_head
from peachdash.insights.sentences import split_texts
from peachdash.records import ASPECTS
from peachdash.sentiment.corpus import gold_file, load_reviews
from peachdash.sentiment.embedding import Embedder, encoder_id
from peachdash.sentiment.text import scored_texts, text_sha256s
from peachdash.workflows.setup import load_gold

STRENGTH, PHRASE_WEIGHT = 1.0, 30.0


def load_negative(data: Path, split: str) -> pd.DataFrame:
    """Labelled negative reviews of a split: text, aspect."""
    reviews = load_reviews(data, split).set_index("review_id")
    gold = load_gold(gold_file(data))[["review_id", "split", "label", "aspect"]]
    gold = gold[(gold["split"] == split) & (gold["label"] == "negative") & gold["aspect"].notna()]
    rows = reviews.loc[gold["review_id"]]
    return pd.DataFrame(
        {"text": scored_texts(list(rows["title"]), list(rows["text"])), "aspect": list(gold["aspect"])}
    )


def load_phrases(data: Path) -> pd.DataFrame:
    """Plain phrases of each aspect: text, aspect."""
    phrases = json.loads((data / "aspect_phrases.json").read_text(encoding="utf-8"))
    rows = [(text, aspect) for aspect in ASPECTS for text in phrases[aspect]]
    return pd.DataFrame(rows, columns=["text", "aspect"])


def train_head(
    train: pd.DataFrame, validation: pd.DataFrame, phrases: pd.DataFrame, embedder: Embedder
) -> AspectHead:
    """A head trained on phrases, reviews and their sentences, each sentence with the aspect of its review."""
    sentences = split_texts(zip(text_sha256s(train["text"]), train["text"], strict=True))
    aspect = dict(zip(text_sha256s(train["text"]), train["aspect"], strict=True))
    by_sentence = embedder.embed(list(sentences["sentence"]))
    mean = by_sentence.mean(axis=0)
    whole, held_out, plain = (embedder.embed(list(frame["text"])) for frame in (train, validation, phrases))
    blank = AspectHead(mean, np.zeros((7, len(mean))), np.zeros(7), encoder_id(), {})
    x = blank.centre(np.concatenate([whole, by_sentence, plain]))
    y = [*train["aspect"], *sentences["text_sha256"].map(aspect), *phrases["aspect"]]
    shares = 1 / sentences.groupby("text_sha256")["position"].transform("size")
    weights = np.concatenate([np.ones(len(whole)), shares, np.full(len(plain), PHRASE_WEIGHT)])
    head = _fit(blank, x, y, weights, STRENGTH)
    right = np.array(head.aspects(head.centre(held_out))) == validation["aspect"].to_numpy()
    about = {
        "aspects": list(ASPECTS), "encoder": encoder_id(), "reviews": len(train), "sentences": len(sentences),
        "phrases": len(phrases),
        "strength": STRENGTH, "validation_accuracy": round(float(right.mean()), 4),
        "command": "python -m scripts.build_aspects",
    }  # fmt: skip
    return AspectHead(head.mean, head.weights, head.bias, head.encoder, about)


def _fit(blank: AspectHead, x: np.ndarray, y: list[str], weights: np.ndarray, strength: float) -> AspectHead:
    model = LogisticRegression(C=strength, max_iter=3000).fit(x, y, sample_weight=weights)
    order = [list(model.classes_).index(aspect) for aspect in ASPECTS]
    return AspectHead(
        blank.mean, model.coef_[order].astype(np.float32), model.intercept_[order].astype(np.float32),
        blank.encoder, {},
    )  # fmt: skip


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    settings = load_settings()
    train, validation = (load_negative(settings.data, split) for split in ("train", "validation"))
    phrases = load_phrases(settings.data)
    head = train_head(train, validation, phrases, Embedder(settings.encoders, settings.device))
    path = save_head(head, settings.models)
    load_head(settings.models)
    print(f"{path}: {json.dumps(head.about)}")


if __name__ == "__main__":
    main()
