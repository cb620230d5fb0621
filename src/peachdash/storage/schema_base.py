"""What the parts of the schema share."""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()


def id_column(name: str) -> sa.Column[str]:
    """A text column that identifies a row."""
    return sa.Column(name, sa.Text, primary_key=True)


def utc_column(name: str) -> sa.Column[object]:
    """A moment, in UTC, that is always known."""
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)
