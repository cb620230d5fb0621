"""Which stored reviews count: the conditions that every query and every write rests on.

A review stands while its import is not undone, or while a later import that holds it too is not; and
while no newer version of it stands. It is scored unless it has no text or is in a language that the models
were not trained for.
"""

from __future__ import annotations

import sqlalchemy as sa

from peachdash.storage import schema as t


def undone() -> sa.Select[tuple[str]]:
    """The ids of undone imports."""
    return sa.select(t.import_retractions.c.import_id)


def kept() -> sa.Select[tuple[int]]:
    """Reviews of undone imports that a standing import holds too."""
    return sa.select(t.review_keeps.c.review_id).where(t.review_keeps.c.import_id.not_in(undone()))


def imported(reviews: sa.FromClause = t.reviews) -> sa.ColumnElement[bool]:
    """The condition that a standing import holds a review, in whichever version."""
    return sa.or_(reviews.c.import_id.not_in(undone()), reviews.c.review_id.in_(kept()))


def replaced() -> sa.Select[tuple[int]]:
    """Reviews of which a newer version stands."""
    newer = t.review_versions
    standing = sa.or_(newer.c.import_id.not_in(undone()), newer.c.review_id.in_(kept()))
    return sa.select(newer.c.replaces_id).where(standing)


def stands(reviews: sa.FromClause = t.reviews) -> sa.ColumnElement[bool]:
    """The condition that a review counts at all, as far as imports decide it."""
    return sa.and_(imported(reviews), reviews.c.review_id.not_in(replaced()))


def unreadable() -> sa.Select[tuple[str]]:
    """Texts in a language that the models were not trained for."""
    return sa.select(t.text_languages.c.text_sha256).where(~t.text_languages.c.readable)


def scored() -> sa.ColumnElement[bool]:
    """The condition that models read a review."""
    return sa.and_(t.reviews.c.unscored_reason.is_(None), t.reviews.c.text_sha256.not_in(unreadable()))


def latest_replies() -> sa.Subquery:
    """Replies that came with later standing exports: review_id, late_reply."""
    late = t.late_replies
    return (
        sa.select(late.c.review_id, sa.func.max(late.c.owner_reply).label("late_reply"))
        .where(late.c.import_id.not_in(undone()))
        .group_by(late.c.review_id)
        .subquery("latest_replies")
    )


def alike() -> sa.Select[tuple[int]]:
    """Reviews with nearly the same text as another reviewer's, which stands."""
    near, twin = t.near_duplicates, t.reviews.alias("twin_review")
    return sa.select(near.c.review_id).join(twin, twin.c.review_id == near.c.twin_id).where(stands(twin))
