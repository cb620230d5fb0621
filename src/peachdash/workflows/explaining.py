"""Why a model says so: what has to be computed, what is kept, and the labelled reviews most like it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
import sqlalchemy as sa

from peachdash.errors import BadInput
from peachdash.insights.similar import nearest_by_vector, nearest_by_words
from peachdash.queries.labelled_reviews import fetch_labelled_reviews
from peachdash.queries.reviews import fetch_review
from peachdash.records import ActiveModels, Scope
from peachdash.sentiment.text import scored_text, scored_texts
from peachdash.storage.database import Database
from peachdash.storage.explanations import (
    append_explanation,
    append_vectors,
    load_explanation,
    load_vectors,
)


@dataclass(frozen=True)
class ExplanationWork:
    """What a run is to explain.

    Attributes:
        text_sha256, revision: which reading.
        texts: text_sha256 and text of it, and of labelled reviews whose vectors are not known.
    """

    text_sha256: str
    revision: str
    texts: pd.DataFrame


@dataclass(frozen=True)
class ExplainedReading:
    """Why a model says so.

    Attributes:
        text: the scored text that the places are in.
        label: index of the label in `LABELS` that the weights are for.
        words: (start, end, weight in logits).
        error: what the weights leave unexplained.
        similar: up to three labelled reviews within the viewer's scope, the most alike first: columns of
            `fetch_labelled_reviews`.
    """

    text: str
    label: int
    words: list[tuple[int, int, float]]
    error: float
    similar: pd.DataFrame


def find_explanation(
    database: Database, scope: Scope, models: ActiveModels, review_id: int, space: str
) -> ExplainedReading | ExplanationWork:
    """The explanation of what the champion reads in a review, or what has to be computed for it.

    Raises:
        NotFound: the viewer has no such review.
        BadInput: the champion has not read it.
    """
    with database.read() as connection:
        review = fetch_review(connection, scope, models, review_id)
        if not isinstance(review["champion_label"], str):
            raise BadInput("The model has not read this review.")
        key, text = str(review["text_sha256"]), scored_text(review["title"], review["text"])
        candidates = _candidates(connection, scope, key, text)
        vectors = load_vectors(connection, [key, *candidates["text_sha256"]], space)
        known = load_explanation(connection, key, models.champion)
    missing = candidates[~candidates["text_sha256"].isin(vectors)]
    if known is None or key not in vectors or len(missing):
        others = missing[["text_sha256", "scored"]].rename(columns={"scored": "text"})
        own = pd.DataFrame({"text_sha256": [key], "text": [text]})
        return ExplanationWork(key, models.champion, pd.concat([own, others], ignore_index=True))
    nearest = nearest_by_vector(key, list(candidates["text_sha256"]), vectors)
    similar = candidates.set_index("text_sha256").loc[nearest].reset_index()
    told = known.words
    words = [(int(start), int(end), float(weight)) for start, end, weight in told["words"]]
    return ExplainedReading(text, int(told["label"]), words, float(known.error), similar)


def _candidates(connection: sa.Connection, scope: Scope, key: str, text: str) -> pd.DataFrame:
    """The labelled reviews in scope that share most words with a text, without itself."""
    labelled = fetch_labelled_reviews(connection, scope)
    labelled = labelled[labelled["text_sha256"] != key].reset_index(drop=True)
    scored = scored_texts(list(labelled["title"]), list(labelled["text"]))
    rows = nearest_by_words(text, scored)
    return labelled.assign(scored=scored).iloc[rows].reset_index(drop=True)


def store_explanation(
    database: Database,
    scope: Scope,
    text_sha256: str,
    revision: str,
    told: dict[str, Any],
    vectors: pd.DataFrame,
    space: str,
) -> bool:
    """Keep what a run found, once; whether it was kept. A narrower scope than everything keeps nothing.

    Args:
        database: the open database.
        scope: who stores.
        text_sha256: of the explained text.
        revision: of the model.
        told: label, words and error of `Explanation`.
        vectors: text_sha256 and vector of whole texts.
        space: in which the vectors lie.
    """
    if not scope.may_see_all_texts:
        return False
    words = {"label": told["label"], "words": told["words"]}
    with database.write() as connection:
        append_explanation(connection, text_sha256, revision, words, float(told["error"]))
        append_vectors(connection, vectors, space)
    return True
