"""Writing what people make of issues: edits, moved sentences, work and fixes. Every call appends."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa

from peachdash.records import IssueEdit, IssueState, Scope
from peachdash.storage import issue_schema as i
from peachdash.storage import schema as t
from peachdash.storage.bulk import append_frame
from peachdash.storage.feedback import new_id
from peachdash.storage.issues import latest, pack_vectors, unpack_vectors
from peachdash.storage.standing import stands


def load_issue_business(connection: sa.Connection, scope: Scope, issue_id: str) -> str | None:
    """The business of an issue; None where there is no such issue in the viewer's scope."""
    statement = sa.select(i.issues.c.business_id).where(i.issues.c.issue_id == issue_id)
    if scope.business_ids is not None:
        statement = statement.where(i.issues.c.business_id.in_(sorted(scope.business_ids)))
    return connection.execute(statement).scalar_one_or_none()


def append_edit(
    connection: sa.Connection, issue_id: str, kind: IssueEdit, value: str | None, who: str
) -> None:
    """Append one edit; None takes the earlier ones of its kind back."""
    connection.execute(
        sa.insert(i.issue_edits).values(
            edit_id=new_id(),
            issue_id=issue_id,
            kind=kind.value,
            value=value,
            edited_by=who,
            edited_utc=dt.datetime.now(dt.UTC),
        )
    )


def load_edit(connection: sa.Connection, issue_id: str, kind: IssueEdit) -> str | None:
    """What the latest edit of a kind says of an issue; None where there is none, or it was taken back."""
    statement = (
        sa.select(i.issue_edits.c.value)
        .where(i.issue_edits.c.issue_id == issue_id, i.issue_edits.c.kind == kind.value)
        .order_by(i.issue_edits.c.edit_id.desc())
        .limit(1)
    )
    return connection.execute(statement).scalar_one_or_none()


def load_merged_into(connection: sa.Connection, issue_id: str) -> list[str]:
    """The issues that are part of an issue now, without itself."""
    table = i.issue_edits
    rank = sa.func.row_number().over(partition_by=table.c.issue_id, order_by=table.c.edit_id.desc())
    ranked = (
        sa.select(table.c.issue_id, table.c.value, rank.label("rank"))
        .where(table.c.kind == IssueEdit.MERGE.value)
        .subquery()
    )
    statement = (
        sa.select(ranked.c.issue_id)
        .where(ranked.c.rank == 1, ranked.c.value == issue_id)
        .order_by(ranked.c.issue_id)
    )
    return list(connection.execute(statement).scalars())


def load_placed(
    connection: sa.Connection, business_id: str, sentences: list[tuple[str, int]]
) -> list[sa.Row[Any]]:
    """Where some sentences of a business are now: issue_id, text_sha256, position, vector."""
    place = latest(i.issue_sentences, ["business_id", "text_sha256", "position"], "assignment_id", "place")
    texts = sorted({text for text, _ in sentences})
    statement = sa.select(place.c.issue_id, place.c.text_sha256, place.c.position, place.c.vector).where(
        place.c.business_id == business_id, place.c.text_sha256.in_(texts)
    )
    wanted = set(sentences)
    rows: list[sa.Row[Any]] = list(connection.execute(statement))
    return [row for row in rows if (row.text_sha256, int(row.position)) in wanted]


def load_space(connection: sa.Connection, issue_id: str) -> str | None:
    """In which space the prototypes of an issue lie."""
    statement = (
        sa.select(i.issue_prototypes.c.encoder)
        .where(i.issue_prototypes.c.issue_id == issue_id)
        .order_by(i.issue_prototypes.c.prototype_id.desc())
        .limit(1)
    )
    return connection.execute(statement).scalar_one_or_none()


def append_split(
    connection: sa.Connection, issue_id: str, business_id: str, name: str, aspect: str, who: str
) -> None:
    """Append an issue that somebody split off, with its name."""
    now = dt.datetime.now(dt.UTC)
    connection.execute(
        sa.insert(i.issues).values(
            issue_id=issue_id, business_id=business_id, origin="split", founded_by=who, founded_utc=now
        )
    )
    connection.execute(
        sa.insert(i.issue_names).values(
            naming_id=new_id(), issue_id=issue_id, name=name, keywords=[], aspect=aspect, sentences=0,
            named_utc=now,
        )
    )  # fmt: skip


def append_places(
    connection: sa.Connection,
    rows: list[sa.Row[Any]],
    into: str,
    business_id: str,
    space: str,
    origin: str,
    who: str,
) -> None:
    """Put sentences into an issue, and let their mean be a prototype of it, which later ones join by."""
    now = pd.Timestamp.now("UTC")
    first = new_id()
    frame = pd.DataFrame(
        {
            "assignment_id": [f"{first}-{number:07}" for number in range(len(rows))],
            "issue_id": into,
            "business_id": business_id,
            "text_sha256": [row.text_sha256 for row in rows],
            "position": [int(row.position) for row in rows],
            "origin": origin,
            "similarity": None,
            "vector": [bytes(row.vector) for row in rows],
            "assigned_by": who,
            "assigned_utc": now,
        }
    )
    append_frame(connection, i.issue_sentences, frame)
    mean = unpack_vectors([bytes(row.vector) for row in rows]).mean(axis=0)
    mean = mean / max(float(np.linalg.norm(mean)), 1e-9)
    connection.execute(
        sa.insert(i.issue_prototypes).values(
            prototype_id=new_id(), issue_id=into, vector=pack_vectors(mean[None])[0], encoder=space,
            origin=origin, made_utc=now.to_pydatetime(),
        )
    )  # fmt: skip


def append_state(
    connection: sa.Connection,
    issue_id: str,
    state: IssueState,
    who: str,
    *,
    owner: str = "",
    due_date: dt.date | None = None,
    note: str = "",
    settled_date: dt.date | None = None,
) -> None:
    """Append how the work on an issue stands."""
    connection.execute(
        sa.insert(i.issue_states).values(
            state_id=new_id(),
            issue_id=issue_id,
            state=state.value,
            owner=owner,
            due_date=due_date,
            note=note,
            settled_date=settled_date,
            changed_by=who,
            changed_utc=dt.datetime.now(dt.UTC),
        )
    )


def load_state(connection: sa.Connection, issue_id: str) -> sa.Row[Any] | None:
    """The latest row of the work on an issue; None where nobody has begun."""
    statement = (
        sa.select(i.issue_states)
        .where(i.issue_states.c.issue_id == issue_id)
        .order_by(i.issue_states.c.state_id.desc())
        .limit(1)
    )
    found: sa.Row[Any] | None = connection.execute(statement).one_or_none()  # type: ignore[assignment]
    return found


def append_fix(
    connection: sa.Connection, issue_id: str, label: str, fix_date: dt.date | None, who: str
) -> None:
    """Append the date of a fix; None takes it back."""
    connection.execute(
        sa.insert(i.issue_fixes).values(
            fix_id=new_id(),
            issue_id=issue_id,
            label=label,
            fix_date=fix_date,
            set_by=who,
            set_utc=dt.datetime.now(dt.UTC),
        )
    )


def load_fix_date(connection: sa.Connection, issue_id: str) -> dt.date | None:
    """The date of an issue's fix, if one stands."""
    statement = (
        sa.select(i.issue_fixes.c.fix_date)
        .where(i.issue_fixes.c.issue_id == issue_id)
        .order_by(i.issue_fixes.c.fix_id.desc())
        .limit(1)
    )
    return connection.execute(statement).scalar_one_or_none()


def load_latest_review_date(connection: sa.Connection, business_id: str) -> dt.date | None:
    """The date of the latest standing review of a business."""
    statement = sa.select(sa.func.max(t.reviews.c.review_date)).where(
        t.reviews.c.business_id == business_id, stands()
    )
    return connection.execute(statement).scalar_one_or_none()
