"""How long it takes to make issues of 100,000 sentences."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pandas as pd

from peachdash.config import Settings
from peachdash.insights.aspects import load_head
from peachdash.insights.issue_building import FoundIssues, Material, build_issues
from peachdash.insights.phrase_choice import Embed
from peachdash.insights.sentences import split_texts
from peachdash.jobs.grouping import new_issue_id
from peachdash.sentiment.corpus import load_reviews
from peachdash.sentiment.embedding import Embedder
from peachdash.sentiment.text import scored_texts, text_sha256s
from peachdash.workflows.issue_building import MOST_AT_ONCE

BUSINESSES = 20


def corpus_sentences(settings: Settings) -> pd.DataFrame:
    """All sentences of the demo's reviews: sentence."""
    texts = [
        text
        for split in ("train", "validation", "test", "unlabelled")
        for text in load_reviews(settings.data, split)["text"]
    ]
    scored = scored_texts(None, texts)
    return split_texts(dict(zip(text_sha256s(scored), scored, strict=True)).items())[["sentence"]]


def measure_grouping(settings: Settings, count: int) -> dict[str, Any]:
    """Seconds, by the clock and of the processor, for embedding, grouping and naming `count` sentences.

    They are of twenty businesses. The demo has fewer; these are repeated with a little noise on their vectors
    until there are enough, since sentences that are exactly alike would be found too easily.
    """
    head, sentences = load_head(settings.models), corpus_sentences(settings)
    embedder = Embedder(settings.encoders, settings.device)
    started = _clocks()
    vectors = embedder.embed(list(sentences["sentence"]))
    embedding = (_clocks() - started) * count / len(sentences)
    rows = np.arange(count) % len(sentences)
    noise = np.random.default_rng(0).normal(scale=0.02, size=(count, vectors.shape[1])).astype(np.float32)
    centred = head.centre(vectors[rows] + noise)
    new = sentences.iloc[rows].assign(
        business_id=[f"business-{number % BUSINESSES}" for number in range(count)],
        text_sha256=[f"text-{number}" for number in range(count)],
        position=0,
        vector=list(centred),
    )
    started = _clocks()
    found = _in_runs(new, head, lambda texts: head.centre(embedder.embed(texts)))
    grouping = _clocks() - started
    return {
        "sentences": count,
        "precision": embedder.precision,
        "issues": found,
        "embedding": _told(embedding),
        "grouping and naming": _told(grouping),
        "together": _told(embedding + grouping),
    }


def _clocks() -> np.ndarray:
    return np.array([time.perf_counter(), time.process_time()])


def _told(clocks: np.ndarray) -> dict[str, float]:
    seconds, used = clocks
    return {"seconds": round(float(seconds), 1), "processor seconds": round(float(used), 1)}


def _in_runs(new: pd.DataFrame, head: Any, embed: Embed) -> int:
    """Group as `serve` does, in runs of `MOST_AT_ONCE`, each of which knows what those before it found."""
    parts: list[FoundIssues] = []
    for start in range(0, len(new), MOST_AT_ONCE):
        rows = new.iloc[start : start + MOST_AT_ONCE]
        parts.append(build_issues(_material(rows, parts, new), head, embed, new_issue_id))
    return sum(len(part.issues) for part in parts)


def _material(rows: pd.DataFrame, parts: list[FoundIssues], new: pd.DataFrame) -> Material:
    empty = pd.DataFrame(columns=["issue_id", "business_id", "vector"])
    prototypes = pd.concat([empty, *[part.issues for part in parts]], ignore_index=True)
    members = pd.concat([empty, *[part.sentences for part in parts]], ignore_index=True)
    if len(members):
        members = members.merge(new[["text_sha256", "sentence"]], on="text_sha256")
    names = pd.concat([part.names for part in parts] or [pd.DataFrame(columns=["issue_id", "sentences"])])
    names = names.drop_duplicates("issue_id", keep="last")[["issue_id", "sentences"]]
    columns = ["issue_id", "business_id", "sentence", "similarity", "vector"]
    return Material(rows, prototypes, members.reindex(columns=columns), names)
