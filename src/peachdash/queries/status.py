"""What the database holds, in numbers."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from peachdash.queries.imports import visible_imports
from peachdash.queries.readings import not_retracted, within
from peachdash.records import ActiveModels, Scope
from peachdash.storage import schema as t
from peachdash.storage.standing import scored


def fetch_status(connection: sa.Connection, scope: Scope, models: ActiveModels) -> dict[str, Any]:
    """Counts of what is stored.

    Keys: businesses, reviews, reviews_without_text, predictions (by revision), waiting (texts that
    the champion or the generic model has not read), reports, decisions, imports, labelled (by split).
    All are of the viewer's businesses, but for the labelled reviews, which are those of the house.
    """
    visible = sa.and_(within(scope, t.reviews.c.business_id), not_retracted())
    own = sa.select(t.reviews.c.review_id).where(visible)

    def count(table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
        return int(
            connection.execute(sa.select(sa.func.count()).select_from(table).where(*where)).scalar_one()
        )

    texts = sa.select(t.reviews.c.text_sha256).where(visible)
    grouped = (
        sa.select(t.predictions.c.revision, sa.func.count())
        .where(t.predictions.c.text_sha256.in_(texts))
        .group_by(t.predictions.c.revision)
    )
    splits = sa.select(t.gold_labels.c.split, sa.func.count()).group_by(t.gold_labels.c.split)
    return {
        "businesses": count(t.businesses, within(scope, t.businesses.c.business_id)),
        "reviews": count(t.reviews, visible),
        "reviews_without_text": count(t.reviews, visible, t.reviews.c.unscored_reason == "no_text"),
        "predictions": {
            row[0]: row[1] for row in connection.execute(grouped.order_by(t.predictions.c.revision))
        },
        "waiting": {revision: count_waiting(connection, scope, revision) for revision in models.revisions},
        "reports": count(t.reports, t.reports.c.review_id.in_(own)),
        "decisions": count(t.decisions, t.decisions.c.review_id.in_(own)),
        "imports": count(t.imports, visible_imports(scope)),
        "labelled": {row[0]: row[1] for row in connection.execute(splits.order_by(t.gold_labels.c.split))},
    }


def count_waiting(connection: sa.Connection, scope: Scope, revision: str) -> int:
    """How many distinct texts in scope a revision has not read yet."""
    read = sa.select(t.predictions.c.text_sha256).where(t.predictions.c.revision == revision)
    statement = sa.select(sa.func.count(sa.distinct(t.reviews.c.text_sha256))).where(
        within(scope, t.reviews.c.business_id),
        not_retracted(),
        scored(),
        t.reviews.c.text_sha256.not_in(read),
    )
    return int(connection.execute(statement).scalar_one())
