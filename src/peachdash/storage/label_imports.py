"""Finding the reviews that the labels of a file are about, and what is known of them."""

from __future__ import annotations

import pandas as pd
import sqlalchemy as sa

from peachdash.records import Scope
from peachdash.storage import schema as t
from peachdash.storage import schema_labelling as s
from peachdash.storage.bulk import temporary_keys
from peachdash.storage.standing import stands


def load_reviews_by_text(connection: sa.Connection, scope: Scope, hashes: list[str]) -> dict[str, int]:
    """The first standing review with each text, within the viewer's scope: its number by text_sha256."""
    rows = t.reviews
    with temporary_keys(connection, pd.DataFrame({"text_sha256": sorted(set(hashes))})) as keys:
        statement = (
            sa.select(rows.c.text_sha256, sa.func.min(rows.c.review_id))
            .join(keys, keys.c.text_sha256 == rows.c.text_sha256)
            .where(stands(), _seen(scope))
            .group_by(rows.c.text_sha256)
        )
        return {str(row[0]): int(row[1]) for row in connection.execute(statement)}


def load_reviews_by_number(connection: sa.Connection, scope: Scope, numbers: list[int]) -> dict[int, str]:
    """The text_sha256 of standing reviews within the viewer's scope, by number."""
    rows = t.reviews
    with temporary_keys(
        connection, pd.DataFrame({"number": sorted({str(number) for number in numbers})})
    ) as keys:
        statement = (
            sa.select(rows.c.review_id, rows.c.text_sha256)
            .join(keys, keys.c.number == sa.cast(rows.c.review_id, sa.Text))
            .where(stands(), _seen(scope))
        )
        return {int(row[0]): str(row[1]) for row in connection.execute(statement)}


def _seen(scope: Scope) -> sa.ColumnElement[bool]:
    if scope.business_ids is None:
        return sa.true()
    return t.reviews.c.business_id.in_(sorted(scope.business_ids))


def load_shipped_texts(connection: sa.Connection) -> set[str]:
    """Texts that the shipped corpus has labelled, of all splits."""
    demo = sa.select(t.imports.c.import_id).where(t.imports.c.origin == "demo")
    keys = sa.select(t.gold_labels.c.review_key)
    statement = sa.select(t.reviews.c.text_sha256).where(
        t.reviews.c.platform_id.in_(keys), t.reviews.c.import_id.in_(demo)
    )
    return set(connection.execute(statement).scalars())


def load_task_texts(connection: sa.Connection) -> dict[str, str]:
    """Texts that are in a labelling task, with the task's name."""
    items, tasks = s.labelling_items, s.labelling_tasks
    statement = sa.select(items.c.text_sha256, tasks.c.name).join(tasks, tasks.c.task_id == items.c.task_id)
    return {str(row[0]): str(row[1]) for row in connection.execute(statement)}
