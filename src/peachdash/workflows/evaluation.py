"""Measuring models on held-out labelled reviews: computed once for each revision, stored, shown again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from peachdash.errors import BadInput
from peachdash.evaluation import (
    Comparison,
    ModelEvaluation,
    compare_models,
    evaluate_model,
    natural_shares_of,
)
from peachdash.queries.held_out import count_labelled, fetch_evaluation, fetch_labelled
from peachdash.records import Scope
from peachdash.sentiment.corpus import load_natural_slices
from peachdash.sentiment.text import scored_texts
from peachdash.storage.database import Database
from peachdash.storage.models import append_evaluation

DATA_SET = "peach"


@dataclass(frozen=True)
class HeldOutResult:
    """One model on the held-out reviews.

    Attributes:
        name, revision: the model.
        evaluation: the figures.
        readings: the reviews with gold label and reading; see `fetch_labelled`.
        was_stored: whether the figures were on record already.
    """

    name: str
    revision: str
    evaluation: ModelEvaluation
    readings: pd.DataFrame
    was_stored: bool


def evaluate_revision(
    database: Database,
    scope: Scope,
    revision: str,
    name: str,
    split: str = "test",
    *,
    data: Path | None = None,
) -> HeldOutResult:
    """The figures of a revision on a labelled split; computed and recorded at the first asking.

    With the folder `data`, accuracy and macro-F1 are also given for the natural shares of the slices, which
    `data/labels/natural_slices.jsonl` holds.

    Evaluations are aggregates over all clients, so they are computed with the scope of the house;
    `readings` holds only what the viewer may see.

    Raises:
        BadInput: no labelled reviews are stored, or the revision has not read them all yet.
    """
    with database.read() as connection:
        everything = fetch_labelled(connection, Scope.everything(), revision, split)
        expected = count_labelled(connection, scope, split)
    if not expected:
        raise BadInput("There are no labelled reviews. `peachdash setup` loads the shipped ones.")
    if len(everything) < expected:
        raise BadInput(
            f"{name} has read {len(everything):,} of {expected:,} labelled reviews so far. "
            "`peachdash score` reads the rest."
        )
    return record_evaluation(database, scope, everything, revision, name, DATA_SET, split, data)


def record_evaluation(
    database: Database,
    scope: Scope,
    everything: pd.DataFrame,
    revision: str,
    name: str,
    data_set: str,
    split: str,
    data: Path | None,
    reason: str = "",
) -> HeldOutResult:
    """The figures of readings that are complete; shown again where they are on record.

    Args:
        everything: the readings of the whole house; columns of `fetch_labelled`.
        data_set: what the evaluation is filed under.
        data: as for `evaluate_revision`.
        reason: why figures that are on record are computed again; without one they are not.
    """
    visible = everything[[scope.allows(business) for business in everything["business_id"]]]
    shares = natural_shares_of(load_natural_slices(data)) if data is not None else {}
    data_sha256 = hash_labelled(everything, shares)
    with database.write() as connection:
        stored = fetch_evaluation(connection, scope, revision, data_sha256)
        if stored is not None and not reason:
            figures = ModelEvaluation.from_dict(stored["result"])
            return HeldOutResult(name, revision, figures, visible, True)
        evaluation = evaluate_model(everything, natural_shares=shares or None)
        append_evaluation(
            connection,
            {
                "revision": revision,
                "name": name,
                "data_set": data_set,
                "data_sha256": data_sha256,
                "split": split,
                "result": evaluation.to_dict(),
                "reason": "" if stored is None else reason,
                "computed_by": scope.viewer,
            },
        )
    return HeldOutResult(name, revision, evaluation, visible, False)


def find_evaluation(
    database: Database,
    scope: Scope,
    everything: pd.DataFrame,
    revision: str,
    name: str,
    data: Path | None,
) -> HeldOutResult | None:
    """The figures of complete readings as they are on record; None where they are not. Computes nothing."""
    shares = natural_shares_of(load_natural_slices(data)) if data is not None else {}
    with database.read() as connection:
        stored = fetch_evaluation(connection, scope, revision, hash_labelled(everything, shares))
    if stored is None:
        return None
    visible = everything[[scope.allows(business) for business in everything["business_id"]]]
    return HeldOutResult(name, revision, ModelEvaluation.from_dict(stored["result"]), visible, True)


def compare_revisions(
    database: Database, scope: Scope, first: str, second: str, split: str = "test"
) -> Comparison:
    """The second revision against the first, on all labelled reviews that both have read.

    The figures are those of the house; the reviews on which the two differ are only those that the
    viewer may see.

    Raises:
        BadInput: there is no review that both have read.
    """
    house = Scope.everything()
    with database.read() as connection:
        a = fetch_labelled(connection, house, first, split)
        b = fetch_labelled(connection, house, second, split)
    comparison = compare_models(a, b)
    visible = tuple(item for item in comparison.disagreements if scope.allows(item.business_id))
    return replace(comparison, disagreements=visible)


def hash_labelled(frame: pd.DataFrame, shares: Mapping[str, float] | None = None) -> str:
    """SHA-256 over review keys, scored texts, gold labels, slices and natural shares of a labelled split."""
    texts = scored_texts(list(frame["title"]), list(frame["text"]))
    lines = [
        f"{key}\t{text}\t{gold}\t{','.join(sorted(slices))}"
        for key, text, gold, slices in zip(
            frame["review_id"], texts, frame["gold"], frame["slices"], strict=True
        )
    ]
    if shares:
        lines.append(json.dumps(shares, sort_keys=True))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
