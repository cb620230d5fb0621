"""Labelling tasks, blind labels and adjudications."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def _utc(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def upgrade() -> None:
    op.create_table(
        "labelling_tasks",
        sa.Column("task_id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("pool", sa.Text, nullable=False),
        sa.Column("words", sa.JSON, nullable=False),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("annotators", sa.JSON, nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        _utc("made_utc"),
    )
    op.create_table(
        "labelling_task_states",
        sa.Column("state_id", sa.Text, primary_key=True),
        sa.Column("task_id", sa.Text, nullable=False),
        sa.Column("open", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("changed_by", sa.Text, nullable=False),
        _utc("changed_utc"),
    )
    op.create_table(
        "labelling_items",
        sa.Column("task_id", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("review_id", sa.BigInteger, nullable=False),
        sa.Column("text_sha256", sa.Text, nullable=False),
    )
    op.create_table(
        "given_labels",
        sa.Column("given_id", sa.Text, primary_key=True),
        sa.Column("task_id", sa.Text, nullable=False),
        sa.Column("review_id", sa.BigInteger, nullable=False),
        sa.Column("annotator", sa.Text, nullable=False),
        sa.Column("label", sa.Text),
        sa.Column("slices", sa.JSON, nullable=False),
        sa.Column("unsure", sa.Boolean, nullable=False),
        sa.Column("reason_words", sa.Text, nullable=False),
        sa.Column("aspect", sa.Text),
        _utc("given_utc"),
    )
    op.create_table(
        "label_drafts",
        sa.Column("draft_id", sa.Text, primary_key=True),
        sa.Column("task_id", sa.Text, nullable=False),
        sa.Column("review_id", sa.BigInteger, nullable=False),
        sa.Column("annotator", sa.Text, nullable=False),
        sa.Column("label", sa.Text),
        sa.Column("slices", sa.JSON, nullable=False),
        sa.Column("unsure", sa.Boolean, nullable=False),
        sa.Column("reason_words", sa.Text, nullable=False),
        sa.Column("aspect", sa.Text),
        _utc("drafted_utc"),
    )
    _make_settling()


def _make_settling() -> None:
    op.create_table(
        "adjudications",
        sa.Column("adjudication_id", sa.Text, primary_key=True),
        sa.Column("task_id", sa.Text, nullable=False),
        sa.Column("review_id", sa.BigInteger, nullable=False),
        sa.Column("label", sa.Text),
        sa.Column("slices", sa.JSON, nullable=False),
        sa.Column("reason_words", sa.Text, nullable=False),
        sa.Column("aspect", sa.Text),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("adjudicated_by", sa.Text, nullable=False),
        _utc("adjudicated_utc"),
    )
    op.create_table(
        "label_checks",
        sa.Column("check_id", sa.Text, primary_key=True),
        sa.Column("content_sha256", sa.Text, nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("reviews", sa.Integer, nullable=False),
        sa.Column("agreement", sa.Double, nullable=False),
        _utc("computed_utc"),
    )
    op.create_table(
        "checked_labels",
        sa.Column("check_id", sa.Text, nullable=False),
        sa.Column("review_id", sa.BigInteger, nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("p_negative", sa.Double, nullable=False),
        sa.Column("p_neutral", sa.Double, nullable=False),
        sa.Column("p_positive", sa.Double, nullable=False),
        sa.Column("quality", sa.Double, nullable=False),
        sa.Column("suspected", sa.Boolean, nullable=False),
    )
