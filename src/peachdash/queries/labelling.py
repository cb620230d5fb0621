"""Labelling tasks and what is left to label. Nothing here tells what anybody else said of a review.

How far an annotator is may be known; which reviews they labelled, and how, is not. What both said is in
`queries.label_pairs`, once both are in.
"""

from __future__ import annotations

import pandas as pd
import sqlalchemy as sa

from peachdash.errors import NotFound
from peachdash.queries.readings import fetch_frame
from peachdash.records import Scope
from peachdash.storage import schema_labelling as s
from peachdash.storage.annotators import (
    is_at_machine,
    load_labelling_people,
    load_names,
    load_self,
    may_act_as,
)
from peachdash.storage.labelling import drafts, given, latest_states, load_own, load_task, standing_items


def fetch_tasks(connection: sa.Connection, scope: Scope) -> pd.DataFrame:
    """All labelling tasks, the newest first.

    Columns: task_id, name, pool, words (list), annotators (two ids or names), names (what they are called),
    made_by, made_utc, open, reviews (that stand), labelled (two counts, in the order of the annotators;
    drafts included).

    Raises:
        NotFound: the viewer may not label.
    """
    _require_labelling(scope)
    state, items, table = latest_states(), standing_items(), s.labelling_tasks
    sizes = sa.select(items.c.task_id, sa.func.count().label("reviews")).group_by(items.c.task_id).subquery()
    columns = [
        table.c[name] for name in ("task_id", "name", "pool", "words", "annotators", "made_by", "made_utc")
    ]
    statement = (
        sa.select(
            *columns,
            sa.func.coalesce(state.c.open, True).label("open"),
            sa.func.coalesce(sizes.c.reviews, 0).label("reviews"),
        )
        .outerjoin(state, state.c.task_id == table.c.task_id)
        .outerjoin(sizes, sizes.c.task_id == table.c.task_id)
        .order_by(table.c.task_id.desc())
    )
    tasks, done, known = (
        fetch_frame(connection, statement),
        _count_labelled(connection),
        load_names(connection),
    )
    pairs = list(zip(tasks["task_id"], tasks["annotators"], strict=True))
    return tasks.assign(
        names=[[known.get(one, one) for one in both] for _, both in pairs],
        labelled=[[done.get((task_id, one), 0) for one in both] for task_id, both in pairs],
    )


def _count_labelled(connection: sa.Connection) -> dict[tuple[str, str], int]:
    """How many standing reviews of each task each annotator has labelled, drafts included."""
    items = standing_items()
    parts = [sa.select(part.c.task_id, part.c.review_id, part.c.annotator) for part in (given(), drafts())]
    said = sa.union(*parts).subquery()
    statement = (
        sa.select(said.c.task_id, said.c.annotator, sa.func.count())
        .join(items, sa.and_(items.c.task_id == said.c.task_id, items.c.review_id == said.c.review_id))
        .group_by(said.c.task_id, said.c.annotator)
    )
    return {(row[0], row[1]): int(row[2]) for row in connection.execute(statement)}


def fetch_label_work(
    connection: sa.Connection, scope: Scope, task_id: str, annotator: str, *, limit: int = 50
) -> pd.DataFrame:
    """The reviews of an open task that an annotator has still to label, in the order of labelling.

    Columns: review_id, position, title, text; nothing else of a review is for annotators.

    Raises:
        NotFound: there is no such task, or the viewer does not label in it as this annotator.
    """
    _require_labelling(scope)
    require_annotator(connection, scope, task_id, annotator)
    own, items = load_own(connection, task_id, annotator), standing_items(task_id)
    statement = sa.select(items.c.review_id, items.c.position, items.c.title, items.c.text)
    rows = fetch_frame(connection, statement.order_by(items.c.position))
    return rows[~rows["review_id"].isin(own)].head(limit).reset_index(drop=True)


def fetch_own_labels(
    connection: sa.Connection, scope: Scope, task_id: str, annotator: str, *, limit: int = 20
) -> pd.DataFrame:
    """What an annotator said in a task themselves, the latest first.

    Columns: review_id, title, text, label, slices, unsure, reason_words, aspect, at_utc, is_draft, is_fixed
    (both annotators have labelled the review for good, so that the labels can be seen and none can be taken
    back).

    Raises:
        NotFound: there is no such task, or the viewer does not label in it as this annotator.
    """
    _require_labelling(scope)
    require_annotator(connection, scope, task_id, annotator)
    items, found, waiting = standing_items(task_id), given(), drafts()
    names = ("review_id", "label", "slices", "unsure", "reason_words", "aspect")
    parts = [
        sa.select(
            *[part.c[name] for name in names], part.c[when].label("at_utc"), is_draft.label("is_draft")
        ).where(part.c.task_id == task_id, part.c.annotator == annotator)
        for part, when, is_draft in (
            (found, "given_utc", sa.false()),
            (waiting, "drafted_utc", sa.true()),
        )
    ]
    said = sa.union_all(*parts).subquery()
    both = (
        sa.select(found.c.review_id)
        .where(found.c.task_id == task_id)
        .group_by(found.c.review_id)
        .having(sa.func.count() > 1)
    )
    is_fixed = sa.and_(~said.c.is_draft, said.c.review_id.in_(both)).label("is_fixed")
    statement = (
        sa.select(said, is_fixed, items.c.title, items.c.text)
        .join(items, items.c.review_id == said.c.review_id)
        .order_by(said.c.at_utc.desc())
        .limit(limit)
    )
    return fetch_frame(connection, statement)


def fetch_annotators(connection: sa.Connection, scope: Scope) -> dict[str, object]:
    """Who can be asked to label, and who the viewer is among them.

    Returns:
        people: names of active analysts and admins by their ids; own: the viewer's own id, None where
        nobody signs in; at_machine: whether people take turns at this machine, and say who they are.

    Raises:
        NotFound: the viewer may not label.
    """
    _require_labelling(scope)
    person, at_machine = load_self(connection, scope), is_at_machine(scope)
    people = {} if at_machine else load_labelling_people(connection)
    return {"people": people, "own": person.user_id if person else None, "at_machine": at_machine}


def require_annotator(connection: sa.Connection, scope: Scope, task_id: str, annotator: str) -> None:
    """Refuse what is not for the viewer, in the words of a task that does not exist.

    Raises:
        NotFound: there is no such task, it has no such annotator, or the viewer is not them.
    """
    task = load_task(connection, task_id)
    known = task is not None and annotator in task.annotators
    if not (scope.may_label and known and may_act_as(connection, scope, annotator)):
        raise NotFound("There is no such labelling task for you.")


def _require_labelling(scope: Scope) -> None:
    if not scope.may_label:
        raise NotFound("Labelling is for analysts.")
