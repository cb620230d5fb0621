"""Writing labelling tasks, labels and adjudications. Every call appends; nothing is changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import sqlalchemy as sa

from peachdash.storage import schema as t
from peachdash.storage import schema_labelling as s
from peachdash.storage.bulk import append_frame
from peachdash.storage.feedback import new_id
from peachdash.storage.standing import stands

IMPORTED = "import"
"""Pool of a task whose labels came from a file."""

SECOND_LOOK = "second look"
"""Task of an adjudication of a label that was settled before, here or in the shipped corpus."""


@dataclass(frozen=True)
class GivenLabel:
    """What an annotator says of a review; a label of None takes back what they said.

    Attributes:
        slices: names of `records.SLICES`.
        unsure: two readings stay equally likely; the adjudicator decides.
        reason_words: of a negative one, in the review's words.
        aspect: of a negative one, one of `records.ASPECTS`.
    """

    label: str | None
    slices: tuple[str, ...] = ()
    unsure: bool = False
    reason_words: str = ""
    aspect: str | None = None

    def values(self) -> dict[str, Any]:
        """The columns that drafts, labels and adjudications share."""
        return {
            "label": self.label,
            "slices": list(self.slices),
            "reason_words": self.reason_words,
            "aspect": self.aspect,
        }


@dataclass(frozen=True)
class Task:
    """A labelling task as it stands.

    Attributes:
        annotators: two of them, by user id or name.
        is_open: whether labels can be given.
    """

    task_id: str
    name: str
    pool: str
    annotators: tuple[str, ...]
    is_open: bool
    made_by: str = ""
    words: tuple[str, ...] = field(default_factory=tuple)


def insert_task(connection: sa.Connection, values: dict[str, Any], items: pd.DataFrame) -> str:
    """Store a task (name, pool, words, seed, annotators, made_by) with its reviews; its id.

    `items` holds review_id and text_sha256 in the order in which they are to be labelled.
    """
    task_id = new_id()
    row = {"task_id": task_id, "made_utc": dt.datetime.now(dt.UTC)}
    connection.execute(sa.insert(s.labelling_tasks).values(**values, **row))
    placed = items.assign(task_id=task_id, position=range(len(items)))
    append_frame(connection, s.labelling_items, placed)
    return task_id


def append_task_state(connection: sa.Connection, task_id: str, is_open: bool, reason: str, who: str) -> None:
    """Append that a task is closed, or open again."""
    connection.execute(
        sa.insert(s.labelling_task_states).values(
            state_id=new_id(), task_id=task_id, open=is_open, reason=reason, changed_by=who,
            changed_utc=dt.datetime.now(dt.UTC),
        )
    )  # fmt: skip


def latest_states() -> sa.Subquery:
    """The latest state of each task that has one: task_id, open, reason."""
    table = s.labelling_task_states
    rank = sa.func.row_number().over(partition_by=table.c.task_id, order_by=table.c.state_id.desc())
    ranked = sa.select(table, rank.label("rank")).subquery()
    return sa.select(ranked).where(ranked.c.rank == 1).subquery("task_state")


def load_task(connection: sa.Connection, task_id: str) -> Task | None:
    """A task; None where there is none of this id."""
    state, table = latest_states(), s.labelling_tasks
    statement = (
        sa.select(table, sa.func.coalesce(state.c.open, True).label("is_open"))
        .outerjoin(state, state.c.task_id == table.c.task_id)
        .where(table.c.task_id == task_id)
    )
    row = connection.execute(statement).mappings().one_or_none()
    if row is None:
        return None
    return Task(
        row["task_id"], row["name"], row["pool"], tuple(row["annotators"]), bool(row["is_open"]),
        row["made_by"], tuple(row["words"]),
    )  # fmt: skip


def standing_items(task_id: str | None = None) -> sa.Subquery:
    """The reviews of tasks that still stand: task_id, position, review_id, title, text, text_sha256."""
    items = s.labelling_items
    statement = (
        sa.select(items, t.reviews.c.title, t.reviews.c.text)
        .join(t.reviews, t.reviews.c.review_id == items.c.review_id)
        .where(stands())
    )
    if task_id is not None:
        statement = statement.where(items.c.task_id == task_id)
    return statement.subquery("item")


def given() -> sa.Subquery:
    """What each annotator says of each review: the latest label, where it was not taken back."""
    table = s.given_labels
    rank = sa.func.row_number().over(
        partition_by=[table.c.task_id, table.c.review_id, table.c.annotator],
        order_by=[table.c.given_utc.desc(), table.c.given_id.desc()],
    )
    ranked = sa.select(table, rank.label("rank")).subquery()
    return sa.select(ranked).where(ranked.c.rank == 1, ranked.c.label.is_not(None)).subquery("given")


def drafts() -> sa.Subquery:
    """The one label of each annotator in each task that waits for their next."""
    table = s.label_drafts
    rank = sa.func.row_number().over(
        partition_by=[table.c.task_id, table.c.annotator], order_by=table.c.draft_id.desc()
    )
    ranked = sa.select(table, rank.label("rank")).subquery()
    taken = sa.select(s.given_labels.c.given_id)
    return (
        sa.select(ranked)
        .where(ranked.c.rank == 1, ranked.c.label.is_not(None), ranked.c.draft_id.not_in(taken))
        .subquery("draft")
    )


def append_draft(
    connection: sa.Connection, task_id: str, review_id: int, annotator: str, said: GivenLabel
) -> None:
    """Append a label that waits, or that it was taken back."""
    connection.execute(
        sa.insert(s.label_drafts).values(
            draft_id=new_id(), task_id=task_id, review_id=review_id, annotator=annotator,
            drafted_utc=dt.datetime.now(dt.UTC), unsure=said.unsure, **said.values(),
        )
    )  # fmt: skip


def append_given(
    connection: sa.Connection, task_id: str, review_id: int, annotator: str, said: GivenLabel
) -> None:
    """Append a label for good, or that one was taken back."""
    connection.execute(
        sa.insert(s.given_labels).values(
            given_id=new_id(), task_id=task_id, review_id=review_id, annotator=annotator,
            given_utc=dt.datetime.now(dt.UTC), unsure=said.unsure, **said.values(),
        )
    )  # fmt: skip


def hand_in_drafts(connection: sa.Connection, task_id: str, annotator: str | None = None) -> list[int]:
    """Let the labels that wait in a task be given for good, an annotator's or everybody's; their reviews."""
    waiting = drafts()
    statement = sa.select(waiting).where(waiting.c.task_id == task_id)
    if annotator is not None:
        statement = statement.where(waiting.c.annotator == annotator)
    rows = connection.execute(statement).mappings().fetchall()
    for row in rows:
        names = ("task_id", "review_id", "annotator", "label", "slices", "unsure", "reason_words", "aspect")
        values = {name: row[name] for name in names}
        connection.execute(
            sa.insert(s.given_labels).values(given_id=row["draft_id"], given_utc=row["drafted_utc"], **values)
        )
    return [int(row["review_id"]) for row in rows]


def load_own(connection: sa.Connection, task_id: str, annotator: str) -> dict[int, bool]:
    """The reviews of a task that an annotator has labelled, and whether the label is a draft."""
    found, waiting = given(), drafts()
    for_good = sa.select(found.c.review_id).where(found.c.task_id == task_id, found.c.annotator == annotator)
    as_draft = sa.select(waiting.c.review_id).where(
        waiting.c.task_id == task_id, waiting.c.annotator == annotator
    )
    own = {int(number): False for number in connection.execute(for_good).scalars()}
    return own | {int(number): True for number in connection.execute(as_draft).scalars()}


def count_given(connection: sa.Connection, task_id: str, review_id: int) -> int:
    """By how many annotators a review is labelled for good."""
    found = given()
    statement = sa.select(sa.func.count()).where(found.c.task_id == task_id, found.c.review_id == review_id)
    return int(connection.execute(statement).scalar_one())


def load_items(connection: sa.Connection, task_id: str) -> list[int]:
    """The numbers of a task's reviews that stand, in the order of labelling."""
    items = standing_items(task_id)
    statement = sa.select(items.c.review_id).order_by(items.c.position)
    return [int(number) for number in connection.execute(statement).scalars()]


def adjudicated() -> sa.Subquery:
    """The adjudication of each review in each task that stands: the latest, where it was not taken back."""
    table = s.adjudications
    rank = sa.func.row_number().over(
        partition_by=[table.c.task_id, table.c.review_id],
        order_by=[table.c.adjudicated_utc.desc(), table.c.adjudication_id.desc()],
    )
    ranked = sa.select(table, rank.label("rank")).subquery()
    return sa.select(ranked).where(ranked.c.rank == 1, ranked.c.label.is_not(None)).subquery("ruling")


def load_adjudication(connection: sa.Connection, task_id: str, review_id: int) -> sa.Row[Any] | None:
    """The adjudication that stands on a review in a task; None where there is none."""
    ruling = adjudicated()
    statement = sa.select(ruling).where(ruling.c.task_id == task_id, ruling.c.review_id == review_id)
    return connection.execute(statement).one_or_none()


def append_adjudication(
    connection: sa.Connection, task_id: str, review_id: int, said: GivenLabel, reason: str, who: str
) -> None:
    """Append how a review is settled, or that this was taken back."""
    connection.execute(
        sa.insert(s.adjudications).values(
            adjudication_id=new_id(), task_id=task_id, review_id=review_id, reason=reason,
            adjudicated_by=who, adjudicated_utc=dt.datetime.now(dt.UTC), **said.values(),
        )
    )  # fmt: skip


def append_imported(connection: sa.Connection, labels: pd.DataFrame, rulings: pd.DataFrame, who: str) -> None:
    """Append labels and adjudications of a file to their tasks.

    Args:
        labels: task_id, review_id, annotator, label, slices, unsure, reason_words, aspect, at_utc.
        rulings: task_id, review_id, label, slices, reason_words, aspect, reason, at_utc.
    """
    given_ids: Sequence[str] = [new_id() for _ in range(len(labels))]
    frame = labels.rename(columns={"at_utc": "given_utc"}).assign(given_id=given_ids)
    append_frame(connection, s.given_labels, frame)
    ruled = rulings.rename(columns={"at_utc": "adjudicated_utc"})
    ruled = ruled.assign(adjudication_id=[new_id() for _ in range(len(ruled))], adjudicated_by=who)
    append_frame(connection, s.adjudications, ruled)
