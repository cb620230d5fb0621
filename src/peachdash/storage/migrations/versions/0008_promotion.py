"""What a promotion would change, and what its gates said."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def _utc(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def upgrade() -> None:
    op.create_table(
        "promotion_previews",
        sa.Column("preview_id", sa.Text, primary_key=True),
        sa.Column("revision", sa.Text, nullable=False),
        sa.Column("against", sa.Text, nullable=False),
        sa.Column("changes", sa.JSON, nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        _utc("made_utc"),
    )
    op.create_table(
        "promotion_grounds",
        sa.Column("promotion_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("previous_revision", sa.Text),
        sa.Column("data_set_id", sa.Text),
        sa.Column("gates", sa.JSON, nullable=False),
        sa.Column("changes", sa.JSON, nullable=False),
    )
