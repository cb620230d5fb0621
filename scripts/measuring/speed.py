"""How long grouping takes, and how long the page waits for its figures."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

import numpy as np
import pandas as pd

from peachdash.config import Settings
from peachdash.insights.aspects import load_head
from peachdash.insights.issue_building import FoundIssues, Material, build_issues
from peachdash.insights.naming import Embed
from peachdash.insights.sentences import split_texts
from peachdash.jobs.grouping import new_issue_id
from peachdash.records import ActiveModels, Scope
from peachdash.sentiment.corpus import load_reviews
from peachdash.sentiment.embedding import Embedder
from peachdash.sentiment.text import scored_texts, text_sha256s
from peachdash.workflows.issue_building import MOST_AT_ONCE

HOUSE = Scope.everything("measure")
MODELS = ActiveModels("champion", "generic")
BUSINESSES, PAGE_REVIEWS = 20, 10_000
LATEST = dt.date(2026, 10, 31)


def corpus_sentences(settings: Settings) -> pd.DataFrame:
    """All sentences of the demo's reviews: sentence, text (of the whole review)."""
    texts = [
        text
        for split in ("train", "validation", "test", "unlabelled")
        for text in load_reviews(settings.data, split)["text"]
    ]
    scored = scored_texts(None, texts)
    by_key = dict(zip(text_sha256s(scored), scored, strict=True))
    found = split_texts(by_key.items())
    return found.assign(text=found["text_sha256"].map(by_key))[["sentence", "text"]]


def measure_grouping(settings: Settings, count: int) -> dict[str, Any]:
    """Seconds for embedding, and for grouping and naming, `count` sentences of twenty businesses.

    The demo has 24,000 sentences; they are repeated with a little noise on their vectors until there are
    enough, since sentences that are exactly alike would be found too easily.
    """
    head, sentences = load_head(settings.models), corpus_sentences(settings)
    embedder = Embedder(settings.encoders, settings.device)
    started = time.perf_counter()
    vectors = embedder.embed(list(sentences["sentence"]))
    embedding = time.perf_counter() - started
    rows = np.arange(count) % len(sentences)
    noise = np.random.default_rng(0).normal(scale=0.02, size=(count, vectors.shape[1])).astype(np.float32)
    centred = head.centre(vectors[rows] + noise)
    new = sentences.iloc[rows].assign(
        business_id=[f"business-{number % BUSINESSES}" for number in range(count)],
        text_sha256=[f"text-{number}" for number in range(count)],
        position=0,
        vector=list(centred),
    )
    started = time.perf_counter()
    found = _in_runs(new, head, lambda texts: head.centre(embedder.embed(texts)))
    return {
        "sentences": count,
        "precision": embedder.precision,
        "embedding, seconds": round(embedding * count / len(sentences), 1),
        "embedding, sentences a second": round(len(sentences) / embedding),
        "grouping and naming, seconds": round(time.perf_counter() - started, 1),
        "issues": found,
    }


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
