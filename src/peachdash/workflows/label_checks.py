"""The search for likely label errors: what is to be read, and what was found."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from peachdash.errors import NotFound
from peachdash.labelling.label_errors import METHOD, LabelCheck, content_sha256, require_checkable
from peachdash.queries.label_checks import fetch_last_check, fetch_settled, fetch_suspects
from peachdash.records import Scope
from peachdash.sentiment.text import scored_texts
from peachdash.storage.database import Database
from peachdash.storage.explanations import append_vectors, load_vectors
from peachdash.storage.label_checks import append_check


@dataclass(frozen=True)
class CheckWork:
    """What a search reads.

    Attributes:
        content_sha256: of reviews, texts, labels and method.
        rows: review_id, text_sha256, text (the scored one), label, vector (bytes of float32, None where it
            is not stored).
    """

    content_sha256: str
    rows: pd.DataFrame


@dataclass(frozen=True)
class Suspects:
    """The likely label errors that wait for a second look.

    Attributes:
        rows: the likeliest first: columns of `fetch_settled`, p_negative, p_neutral, p_positive, quality
            and suggestion (the most probable reading).
        reviews: labels that were checked; 0 where no search has ended.
        found: likely errors of that search, looked at again since or not.
        agreement: share of the labels that the readings repeated, 0 to 1.
        is_current: whether no label changed since.
        settled: labels that could be checked now.
    """

    rows: pd.DataFrame
    reviews: int
    found: int
    agreement: float
    is_current: bool
    settled: int


def find_check_work(database: Database, scope: Scope, space: str) -> CheckWork:
    """All settled labels outside of the held-out splits, with the vectors of their texts that are stored.

    Args:
        database: the open database.
        scope: who asks.
        space: in which vectors can be compared; see `AspectHead.space`.

    Raises:
        NotFound: the viewer may not label.
        BadInput: there are too few labels.
    """
    with database.read() as connection:
        settled = fetch_settled(connection, scope)
        require_checkable(settled["label"])
        vectors = load_vectors(connection, list(settled["text_sha256"]), space)
    texts = scored_texts(list(settled["title"]), list(settled["text"]))
    packed = [vectors[key].tobytes() if key in vectors else None for key in settled["text_sha256"]]
    rows = settled[["review_id", "text_sha256", "label"]].assign(text=texts, vector=packed)
    return CheckWork(content_sha256(settled), rows)


def store_check(
    database: Database,
    scope: Scope,
    content_sha256: str,
    checked: pd.DataFrame,
    found: LabelCheck,
    vectors: pd.DataFrame,
    space: str,
) -> bool:
    """Keep what a search found; whether it was kept. A narrower scope than everything keeps nothing.

    Args:
        database: the open database.
        scope: who stores.
        content_sha256: see `CheckWork`; a search of the same content is kept once.
        checked: review_id and label, in the order of `found.rows`.
        found: the result.
        vectors: text_sha256 and vector of texts.
        space: in which they lie.
    """
    if not (scope.may_label and scope.may_see_all_texts):
        return False
    rows = pd.concat([checked.reset_index(drop=True), found.rows], axis=1)
    with database.write() as connection:
        append_vectors(connection, vectors, space)
        return append_check(connection, content_sha256, METHOD, rows, found.agreement)


def list_suspects(database: Database, scope: Scope) -> Suspects:
    """The likely label errors of the last search that still wait for a second look.

    Labels that changed since, or that somebody has looked at again, are not among them.

    Raises:
        NotFound: the viewer may not label.
    """
    if not scope.may_label:
        raise NotFound("Labels are for analysts.")
    with database.read() as connection:
        settled, last = fetch_settled(connection, scope), fetch_last_check(connection, scope)
        if last is None:
            return Suspects(settled.head(0), 0, 0, float("nan"), False, len(settled))
        suspects = fetch_suspects(connection, scope, last["check_id"])
    rows = suspects.merge(settled, on=["review_id", "label"])
    rows = rows[~rows["looked_again"].astype(bool)].reset_index(drop=True)
    likely = rows[["p_negative", "p_neutral", "p_positive"]].astype(float)
    suggestion = likely.idxmax(axis=1).str.removeprefix("p_") if len(rows) else pd.Series(dtype=object)
    is_current = last["content_sha256"] == content_sha256(settled)
    return Suspects(
        rows.assign(suggestion=suggestion), int(last["reviews"]), len(suspects), float(last["agreement"]),
        is_current, len(settled),
    )  # fmt: skip
