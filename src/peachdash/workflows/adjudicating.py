"""Adjudication: a third reading settles what two annotators left open; a second look at settled labels."""

from __future__ import annotations

import sqlalchemy as sa

from peachdash.errors import BadInput, NotFound
from peachdash.queries.label_checks import fetch_settled
from peachdash.records import Scope
from peachdash.storage.audit import append_audit
from peachdash.storage.database import Database
from peachdash.storage.labelling import (
    SECOND_LOOK,
    GivenLabel,
    append_adjudication,
    count_given,
    load_adjudication,
    load_task,
)
from peachdash.workflows.labelled_reports import settle_reports
from peachdash.workflows.labelling import clean_label, clean_reason

NO_PAIR = "There is no such review with two labels for you."
NEEDS_REASON = "Write why: one line that somebody else can check against the labelling guide."


def adjudicate(
    database: Database, scope: Scope, task_id: str, review_id: int, said: GivenLabel, reason: str
) -> bool:
    """Settle a review that both annotators of a task have labelled, with a written reason.

    Returns:
        Whether it was stored; False where somebody has adjudicated it meanwhile.

    Raises:
        NotFound: there is no such task, one of its annotators has not labelled the review for good, or the
            viewer may not label.
        BadInput: there is no reason, or label, slices or aspect are none that there are.
    """
    said, reason = clean_label(said), _written(reason)
    with database.write() as connection:
        _require_pair(connection, scope, task_id, review_id)
        if load_adjudication(connection, task_id, review_id) is not None:
            return False
        append_adjudication(connection, task_id, review_id, said, reason, scope.viewer)
        told = {"task": task_id, "label": said.label}
        append_audit(connection, scope.viewer, "adjudicate", "review", review_id, told)
        settle_reports(connection, scope, [review_id])
    return True


def look_again(database: Database, scope: Scope, review_id: int, said: GivenLabel, reason: str) -> bool:
    """Confirm or change a label that was settled before, with a written reason.

    Labels of held-out reviews are out of reach: what a model makes of them must not change them.

    Returns:
        Whether it was stored; False where somebody has looked again meanwhile.

    Raises:
        NotFound: there is no such settled label, it is held out, or the viewer may not label.
        BadInput: there is no reason, or label, slices or aspect are none that there are.
    """
    said, reason = clean_label(said), _written(reason)
    with database.write() as connection:
        settled = fetch_settled(connection, scope)
        row = settled[settled["review_id"] == review_id]
        if row.empty:
            raise NotFound("There is no such settled label to look at again.")
        if bool(row["looked_again"].iloc[0]):
            return False
        append_adjudication(connection, SECOND_LOOK, review_id, said, reason, scope.viewer)
        told = {"before": str(row["label"].iloc[0]), "label": said.label}
        append_audit(connection, scope.viewer, "look_again", "review", review_id, told)
        settle_reports(connection, scope, [review_id])
    return True


def take_back_adjudication(database: Database, scope: Scope, task_id: str, review_id: int) -> None:
    """Let an adjudication no longer count, so that what was before it does.

    Args:
        database: the open database.
        scope: who takes it back.
        task_id: of the task, or `SECOND_LOOK`.
        review_id: of the review.

    Raises:
        NotFound: there is no such adjudication for the viewer.
    """
    with database.write() as connection:
        standing = load_adjudication(connection, task_id, review_id) if scope.may_label else None
        if standing is None:
            raise NotFound("There is no such adjudication for you.")
        append_adjudication(connection, task_id, review_id, GivenLabel(None), "", scope.viewer)
        told = {"task": task_id}
        append_audit(connection, scope.viewer, "take_back_adjudication", "review", review_id, told)
        settle_reports(connection, scope, [review_id])


def _written(reason: str) -> str:
    reason = clean_reason(reason)
    if not reason:
        raise BadInput(NEEDS_REASON)
    return reason


def _require_pair(connection: sa.Connection, scope: Scope, task_id: str, review_id: int) -> None:
    task = load_task(connection, task_id) if scope.may_label else None
    if task is None or count_given(connection, task_id, review_id) < len(task.annotators):
        raise NotFound(NO_PAIR)
