"""Train the aspect head on the corpus's aspect labels: `python -m scripts.build_aspects`.

It learns from the labelled negative reviews of the train split, whole and by their sentences, and writes
`models/complaints/head.safetensors`. The strength of regularisation is chosen on the validation split. The
annotators' reason words are not read.
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
from peachdash.sentiment.embedding import Embedder, encoder_id
from peachdash.sentiment.text import scored_texts, text_sha256s

STRENGTHS = (1.0, 3.0, 10.0, 30.0)


def load_negative(data: Path, split: str) -> pd.DataFrame:
    """Labelled negative reviews of a split: text, aspect."""
    reviews = _lines(data / "reviews" / f"{split}.jsonl").set_index("review_id")
    gold = _lines(data / "labels" / "gold.jsonl")[["review_id", "split", "label", "aspect"]]
    gold = gold[(gold["split"] == split) & (gold["label"] == "negative") & gold["aspect"].notna()]
    rows = reviews.loc[gold["review_id"]]
    return pd.DataFrame(
        {"text": scored_texts(list(rows["title"]), list(rows["text"])), "aspect": list(gold["aspect"])}
    )


def train_head(train: pd.DataFrame, validation: pd.DataFrame, embedder: Embedder) -> AspectHead:
    """A head trained on reviews and their sentences, each sentence with the aspect of its review."""
    sentences = split_texts(zip(text_sha256s(train["text"]), train["text"], strict=True))
    aspect = dict(zip(text_sha256s(train["text"]), train["aspect"], strict=True))
    by_sentence = embedder.embed(list(sentences["sentence"]))
    mean = by_sentence.mean(axis=0)
    whole, held_out = (embedder.embed(list(frame["text"])) for frame in (train, validation))
    blank = AspectHead(mean, np.zeros((7, len(mean))), np.zeros(7), encoder_id(), {})
    x = blank.centre(np.concatenate([whole, by_sentence]))
    y = [*train["aspect"], *sentences["text_sha256"].map(aspect)]
    weights = np.concatenate(
        [np.ones(len(whole)), 1 / sentences.groupby("text_sha256")["position"].transform("size")]
    )
    heads = {strength: _fit(blank, x, y, weights, strength) for strength in STRENGTHS}
    right = {
        strength: float(
            np.mean(np.array(head.aspects(head.centre(held_out))) == validation["aspect"].to_numpy())
        )
        for strength, head in heads.items()
    }
    best = max(right, key=lambda strength: right[strength])
    about = {
        "aspects": list(ASPECTS), "encoder": encoder_id(), "reviews": len(train), "sentences": len(sentences),
        "strength": best, "validation_accuracy": round(right[best], 4),
        "command": "python -m scripts.build_aspects",
    }  # fmt: skip
    head = heads[best]
    return AspectHead(head.mean, head.weights, head.bias, head.encoder, about)


def _fit(blank: AspectHead, x: np.ndarray, y: list[str], weights: np.ndarray, strength: float) -> AspectHead:
    model = LogisticRegression(C=strength, max_iter=3000).fit(x, y, sample_weight=weights)
    order = [list(model.classes_).index(aspect) for aspect in ASPECTS]
    return AspectHead(
        blank.mean, model.coef_[order].astype(np.float32), model.intercept_[order].astype(np.float32),
        blank.encoder, {},
    )  # fmt: skip


def _lines(path: Path) -> pd.DataFrame:
    return pd.DataFrame([json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()])


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    settings = load_settings()
    train, validation = (load_negative(settings.data, split) for split in ("train", "validation"))
    head = train_head(train, validation, Embedder(settings.encoders, settings.device))
    path = save_head(head, settings.models)
    load_head(settings.models)
    print(f"{path}: {json.dumps(head.about)}")


if __name__ == "__main__":
    main()
