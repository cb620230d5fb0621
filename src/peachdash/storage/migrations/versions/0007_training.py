"""Data set versions, sweeps and trainings."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def _utc(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def upgrade() -> None:
    op.create_table(
        "data_sets",
        sa.Column("data_set_id", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("content_sha256", sa.Text, nullable=False),
        sa.Column("summary", sa.JSON, nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        _utc("made_utc"),
    )
    op.create_table(
        "data_set_reviews",
        sa.Column("data_set_id", sa.Text, nullable=False),
        sa.Column("review_key", sa.Text, nullable=False),
        sa.Column("review_id", sa.BigInteger),
        sa.Column("business_id", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("text_sha256", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("split", sa.Text, nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("slices", sa.JSON, nullable=False),
        sa.Column("label_origin", sa.Text, nullable=False),
    )
    op.create_table(
        "sweeps",
        sa.Column("sweep_id", sa.Text, primary_key=True),
        sa.Column("data_set_id", sa.Text, nullable=False),
        sa.Column("space", sa.JSON, nullable=False),
        sa.Column("sampler", sa.Text, nullable=False),
        sa.Column("max_runs", sa.Integer, nullable=False),
        sa.Column("max_minutes", sa.Double),
        sa.Column("requested_by", sa.Text, nullable=False),
        _utc("requested_utc"),
    )
    op.create_table(
        "sweep_ends",
        sa.Column("sweep_id", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("ended_by", sa.Text, nullable=False),
        _utc("ended_utc"),
    )
    op.create_table(
        "training_runs",
        sa.Column("run_id", sa.Text, primary_key=True),
        sa.Column("sweep_id", sa.Text),
        sa.Column("data_set_id", sa.Text, nullable=False),
        sa.Column("size", sa.Text, nullable=False),
        sa.Column("start_revision", sa.Text),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.Column("code_version", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("requested_by", sa.Text, nullable=False),
        _utc("requested_utc"),
    )
    op.create_table(
        "training_outcomes",
        sa.Column("outcome_id", sa.Text, primary_key=True),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("revision", sa.Text),
        sa.Column("history", sa.JSON, nullable=False),
        sa.Column("figures", sa.JSON, nullable=False),
        sa.Column("seconds", sa.Double, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        _utc("finished_utc"),
    )
