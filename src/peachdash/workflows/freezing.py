"""Freezing the labels of the moment into a numbered data set version that never changes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import sqlalchemy as sa

from peachdash.data_sets.assembling import Assembled, SplitShares, assemble
from peachdash.data_sets.balance import summarise_data_set
from peachdash.data_sets.changes import DataSetChanges, compare_data_sets
from peachdash.errors import BadInput, NotFound
from peachdash.queries.catalogue import fetch_businesses
from peachdash.queries.data_sets import fetch_data_set_reviews, fetch_data_sets
from peachdash.queries.label_candidates import (
    fetch_earlier_splits,
    fetch_excluded_reviews,
    fetch_gold_reviews,
    fetch_single_decisions,
)
from peachdash.queries.settled_labels import fetch_settled_labels
from peachdash.records import LabelOrigin, Scope
from peachdash.sentiment.text import scored_texts
from peachdash.storage.audit import append_audit
from peachdash.storage.data_sets import append_data_set, load_data_set_number
from peachdash.storage.database import Database

EXCLUDED = "decided to be spam, a duplicate or not about the business"


@dataclass(frozen=True)
class FreezePreview:
    """What a freeze would hold now.

    Attributes:
        assembled: its rows, and what is left out.
        summary: counts and warnings, see `balance.summarise_data_set`.
        same_as: number of the version with this very content, or None.
        last: number of the newest version, or None.
        changes: since that version; None where there is none.
    """

    assembled: Assembled
    summary: dict[str, Any]
    same_as: int | None
    last: int | None
    changes: DataSetChanges | None


def preview_freeze(database: Database, scope: Scope, shares: SplitShares | None = None) -> FreezePreview:
    """What a data set frozen now would hold; nothing is stored.

    Raises:
        NotFound: the viewer may not label, or sees some businesses only.
    """
    _require_house(scope)
    with database.read() as connection:
        return _preview(connection, scope, shares or SplitShares())


def freeze_data_set(
    database: Database, scope: Scope, note: str = "", shares: SplitShares | None = None
) -> tuple[str, int]:
    """Freeze the labels of the moment as the next version; its id and number.

    Raises:
        NotFound: the viewer may not label, or sees some businesses only.
        BadInput: there is no label, or nothing changed since a version.
    """
    _require_house(scope)
    with database.write() as connection:
        found = _preview(connection, scope, shares or SplitShares())
        if found.assembled.rows.empty:
            raise BadInput("There is no label to freeze: label reviews, or load the shipped ones by setup.")
        if found.same_as is not None:
            raise BadInput(
                f"Data set {found.same_as} holds exactly these reviews and labels: nothing was frozen."
            )
        data_set_id, number = append_data_set(
            connection,
            found.assembled.rows,
            found.assembled.content_sha256,
            found.summary,
            note.strip(),
            scope.viewer,
        )
        details = {"number": number, "reviews": found.summary["n"], **found.summary["splits"]}
        append_audit(connection, scope.viewer, "freeze", "data_set", data_set_id, details)
    return data_set_id, number


def _preview(connection: sa.Connection, scope: Scope, shares: SplitShares) -> FreezePreview:
    candidates, excluded = _gather(connection, scope)
    assembled = assemble(candidates, fetch_earlier_splits(connection, scope), shares)
    if excluded:
        assembled = replace(assembled, left_out={**assembled.left_out, EXCLUDED: excluded})
    names = fetch_businesses(connection, scope).set_index("business_id")["business"].to_dict()
    summary = summarise_data_set(assembled, names)
    versions = fetch_data_sets(connection, scope)
    if versions.empty:
        return FreezePreview(assembled, summary, None, None, None)
    before = fetch_data_set_reviews(connection, scope, versions["data_set_id"].iloc[0])
    return FreezePreview(
        assembled,
        summary,
        load_data_set_number(connection, assembled.content_sha256),
        int(versions["number"].iloc[0]),
        compare_data_sets(before, assembled.rows),
    )


def _gather(connection: sa.Connection, scope: Scope) -> tuple[pd.DataFrame, int]:
    """Every labelled review once, shipped labels first, and how many were taken out by a decision."""
    shipped, settled = fetch_gold_reviews(connection, scope), fetch_settled_labels(connection, scope)
    origins = [_origin(adjudicated).value for adjudicated in shipped["adjudicated"]]
    parts = [
        _looked_at_again(shipped.assign(label_origin=origins), settled),
        settled.sort_values("settled_utc", ascending=False),
        fetch_single_decisions(connection, scope).sort_values("decided_utc", ascending=False),
    ]
    frames = [_as_candidates(part) for part in parts]
    rows = pd.concat([frame for frame in frames if len(frame)] or frames[:1], ignore_index=True)
    rows = rows.drop_duplicates("review_id", ignore_index=True)
    out = rows["review_id"].isin(fetch_excluded_reviews(connection, scope))
    return rows[~out].reset_index(drop=True), int(out.sum())


def _looked_at_again(shipped: pd.DataFrame, settled: pd.DataFrame) -> pd.DataFrame:
    """The shipped labels, as a second look settled them where there was one; key and split stay."""
    again = settled.set_index("review_id").to_dict("index")
    rows = [{**row, **_verdict(again.get(row["review_id"], {}))} for row in shipped.to_dict("records")]
    return pd.DataFrame(rows, columns=shipped.columns)


def _verdict(settled: dict[Any, Any]) -> dict[Any, Any]:
    return {name: settled[name] for name in ("label", "slices", "label_origin") if name in settled}


def _origin(adjudicated: bool) -> LabelOrigin:
    return LabelOrigin.ADJUDICATED if adjudicated else LabelOrigin.AGREED


def _as_candidates(part: pd.DataFrame) -> pd.DataFrame:
    """What `assemble` takes: the scored text, and key, split and slices where the part has none."""
    blank = pd.Series([None] * len(part), index=part.index, dtype=object)
    keys = part["review_key"] if "review_key" in part else part["review_id"].astype(str)
    slices = part["slices"] if "slices" in part else pd.Series([[] for _ in range(len(part))], part.index)
    return pd.DataFrame(
        {
            "review_key": keys,
            "review_id": part["review_id"],
            "business_id": part["business_id"],
            "source": part["source"],
            "text_sha256": part["text_sha256"],
            "text": scored_texts(list(part["title"]), list(part["text"])),
            "label": part["label"],
            "slices": slices,
            "label_origin": part["label_origin"],
            "split": part.get("split", blank).astype(object),
        }
    )


def _require_house(scope: Scope) -> None:
    if not scope.may_label or scope.business_ids is not None:
        raise NotFound("Data sets are for analysts, who see every business.")
