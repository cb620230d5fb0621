"""Taking the labels of a file in: matched to stored reviews, in pairs, rejected rows with their reasons."""

from __future__ import annotations

import secrets
from typing import Any

import pandas as pd
import sqlalchemy as sa

from peachdash.errors import NotFound
from peachdash.labelling.exchange import ADJUDICATOR, ANNOTATOR
from peachdash.labelling.label_csv import read_csv
from peachdash.labelling.label_studio import read_tasks
from peachdash.queries.label_pairs import fetch_pairs
from peachdash.records import LABELS, Scope
from peachdash.sentiment.text import scored_texts, text_sha256s
from peachdash.storage.annotators import load_emails, looks_like_user_id
from peachdash.storage.audit import append_audit
from peachdash.storage.database import Database
from peachdash.storage.label_imports import (
    load_reviews_by_number,
    load_reviews_by_text,
    load_shipped_texts,
    load_task_texts,
)
from peachdash.storage.labelling import IMPORTED, append_imported, append_task_state, insert_task
from peachdash.workflows.labelled_reports import settle_reports
from peachdash.workflows.labelling import NAME_LIMIT, NOT_FOR_YOU, REASON_LIMIT, WORDS_LIMIT

UNKNOWN_REVIEW = "no stored review has this number and text"
SHIPPED_LABEL = "the shipped corpus has labelled this text; a second look can change it"
ONE_LABEL = "one annotator only; a label counts once two have given theirs"
THIRD = "a third annotator; the first two are taken"
NO_RULING = "an adjudication without the labels of two annotators"
KNOWN = ""


def import_labels(
    database: Database, scope: Scope, content: bytes, file_name: str, name: str = ""
) -> dict[str, Any]:
    """Take the labels of a CSV file or of Label Studio's JSON in; all or, where it raises, none.

    Every pair of annotators in the file becomes a labelling task of its own, which is closed. Reviews are
    found by number and text. Rows that cannot be used are rejected, the others are taken.

    Args:
        database: the open database.
        scope: who imports.
        content: of the file.
        file_name: its ending, .json or another, says what it is.
        name: what the tasks are called; the name of the file where it is blank.

    Returns:
        accepted (reviews with two labels that are new), adjudicated (of those, with an adjudication), known
        (reviews whose very labels are stored already), rejected, rejects (row, from 1; reason) and tasks
        (ids of those that were made).

    Raises:
        NotFound: the viewer may not label.
        BadInput: the file cannot be read.
    """
    if not scope.may_label:
        raise NotFound(NOT_FOR_YOU)
    read = read_tasks if file_name.casefold().endswith(".json") else read_csv
    rows = read(content, file_name)
    called = (" ".join(name.split()) or file_name)[:NAME_LIMIT]
    with database.write() as connection:
        judged = _judge(connection, scope, rows)
        usable = judged[judged["reason_rejected"].isna()]
        tasks = _store(connection, scope, usable, called)
        told = {"rows": len(rows), "accepted": usable["review_id"].nunique(), "tasks": tasks}
        append_audit(connection, scope.viewer, "import_labels", "file", file_name[:200], told)
        settle_reports(connection, scope, {int(number) for number in usable["review_id"]})
    rejected = judged[judged["reason_rejected"].notna() & (judged["reason_rejected"] != KNOWN)]
    known = judged.loc[judged["reason_rejected"] == KNOWN, "review_id"].nunique()
    rulings = usable[usable["role"] == ADJUDICATOR]
    return {
        "accepted": int(usable["review_id"].nunique()),
        "adjudicated": int(rulings["review_id"].nunique()),
        "known": int(known),
        "rejected": len(rejected),
        "rejects": [
            {"row": int(place) + 1, "reason": str(reason)}
            for place, reason in rejected["reason_rejected"].items()
        ],
        "tasks": tasks,
    }


def _judge(connection: sa.Connection, scope: Scope, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with review_id (number), text_sha256 and reason_rejected: None where a row can be used,
    `KNOWN` where its labels are stored already.
    """
    rows = _find_reviews(connection, scope, rows).assign(reason_rejected=None)
    rows["reason_rejected"] = rows["reason_rejected"].astype(object)
    rows["annotator"] = rows["annotator"].fillna("").astype(str).str.strip()
    for reason, bad in _faults(connection, rows).items():
        rows.loc[bad & rows["reason_rejected"].isna(), "reason_rejected"] = reason
    _reject_labelled_here(connection, scope, rows)
    _reject_unpaired(rows)
    return rows


def _faults(connection: sa.Connection, rows: pd.DataFrame) -> dict[str, pd.Series]:
    ruling = rows["role"] == ADJUDICATOR
    return {
        f"label: expected one of {', '.join(LABELS)}": ~rows["label"].isin(LABELS),
        "annotator: missing": rows["annotator"] == "",
        f"annotator: a name has at most {NAME_LIMIT} characters": _flags(
            rows, [len(name) > NAME_LIMIT or looks_like_user_id(name) for name in rows["annotator"]]
        ),
        f"reason_words: at most {WORDS_LIMIT} characters": rows["reason_words"].str.len() > WORDS_LIMIT,
        "reason: an adjudication needs one": ruling & (rows["reason"].str.strip() == ""),
        f"reason: at most {REASON_LIMIT} characters": rows["reason"].str.len() > REASON_LIMIT,
        UNKNOWN_REVIEW: rows["review_id"].isna(),
        SHIPPED_LABEL: rows["text_sha256"].isin(load_shipped_texts(connection)),
    }


def _flags(rows: pd.DataFrame, values: list[bool]) -> pd.Series:
    return pd.Series(values, index=rows.index, dtype=bool)


def _find_reviews(connection: sa.Connection, scope: Scope, rows: pd.DataFrame) -> pd.DataFrame:
    """By number, where the text (if the file has one) is that of the review; else by text."""
    scored = scored_texts(list(rows["title"]), list(rows["text"]))
    hashes = [key if text else "" for key, text in zip(text_sha256s(scored), scored, strict=True)]
    written = pd.to_numeric(rows["review_id"], errors="coerce")
    numbers = [int(value) if pd.notna(value) and value == value // 1 else None for value in written]
    by_number = load_reviews_by_number(
        connection, scope, [number for number in numbers if number is not None]
    )
    by_text = load_reviews_by_text(connection, scope, [key for key in hashes if key])
    found: list[int | None] = []
    for number, key in zip(numbers, hashes, strict=True):
        fits = number in by_number and key in ("", by_number[number])
        found.append(number if fits else by_text.get(key))
    texts = load_reviews_by_number(connection, scope, [number for number in found if number is not None])
    return rows.assign(
        review_id=pd.array(found, dtype="Int64"),
        text_sha256=[None if number is None else texts[number] for number in found],
    )


def _reject_labelled_here(connection: sa.Connection, scope: Scope, rows: pd.DataFrame) -> None:
    """Reviews that are in a task: known where both have labelled them and the file says the very same.

    Of the others nothing is told but that a task holds them, whatever the file says.
    """
    held = load_task_texts(connection)
    in_task = rows["reason_rejected"].isna() & rows["text_sha256"].isin(held)
    emails, stored = load_emails(connection), set()
    for pair in fetch_pairs(connection, scope).to_dict("records"):
        for side in "ab":
            who = emails.get(pair[f"annotator_{side}"], pair[f"annotator_{side}"])
            stored.add((pair["text_sha256"], ANNOTATOR, who, pair[f"label_{side}"]))
        if isinstance(pair["ruled_label"], str):
            stored.add((pair["text_sha256"], ADJUDICATOR, pair["ruled_adjudicated_by"], pair["ruled_label"]))
    for place, row in rows[in_task].iterrows():
        same = (row["text_sha256"], row["role"], row["annotator"], row["label"]) in stored
        reason = KNOWN if same else f"it is in the labelling task “{held[row['text_sha256']]}” here"
        rows.at[place, "reason_rejected"] = reason


def _reject_unpaired(rows: pd.DataFrame) -> None:
    """Of each review the first two annotators count, each with their last label."""
    for _, part in rows[rows["reason_rejected"].isna()].groupby("review_id"):
        said = part[part["role"] == ANNOTATOR]
        names = list(dict.fromkeys(said["annotator"].str.casefold()))
        if len(names) < 2:
            rows.loc[said.index, "reason_rejected"] = ONE_LABEL
            rows.loc[part.index.difference(said.index), "reason_rejected"] = NO_RULING
            continue
        others = said.index[~said["annotator"].str.casefold().isin(names[:2])]
        rows.loc[others, "reason_rejected"] = THIRD


def _store(connection: sa.Connection, scope: Scope, usable: pd.DataFrame, called: str) -> list[str]:
    """A closed task for each pair of annotators; their ids."""
    said = usable[usable["role"] == ANNOTATOR].drop_duplicates(["review_id", "annotator"], keep="last")
    pairs = said.groupby("review_id")["annotator"].agg(lambda names: tuple(sorted(names)))
    tasks = []
    for both in sorted(set(pairs)):
        numbers = pairs.index[pairs == both]
        part = usable[usable["review_id"].isin(numbers)]
        items = part.drop_duplicates("review_id")[["review_id", "text_sha256"]].astype({"review_id": "int64"})
        values = {
            "name": called, "pool": IMPORTED, "words": [], "seed": secrets.randbelow(2**31),
            "annotators": list(both), "made_by": scope.viewer,
        }  # fmt: skip
        task_id = insert_task(connection, values, items)
        append_task_state(connection, task_id, False, "its labels came from a file", scope.viewer)
        _append(connection, scope, task_id, part)
        tasks.append(task_id)
    return tasks


def _append(connection: sa.Connection, scope: Scope, task_id: str, part: pd.DataFrame) -> None:
    now = pd.Timestamp.now("UTC")
    negative = part["label"] == "negative"
    part = part.assign(
        task_id=task_id,
        at_utc=part["at_utc"].fillna(now).clip(upper=now),
        reason_words=part["reason_words"].where(negative, ""),
        aspect=part["aspect"].where(negative, None),
        unsure=part["unsure"].astype(bool),
    ).astype({"review_id": "int64"})
    said = part[part["role"] == ANNOTATOR].drop_duplicates(["review_id", "annotator"], keep="last")
    rulings = part[part["role"] == ADJUDICATOR].drop_duplicates("review_id", keep="last")
    append_imported(connection, said, rulings, scope.viewer)
