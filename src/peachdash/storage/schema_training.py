"""The tables of data set versions and trainings. All are append-only; a version's rows never change."""

import sqlalchemy as sa

from peachdash.storage.schema_base import id_column, metadata, utc_column

data_sets = sa.Table(
    "data_sets",
    metadata,
    id_column("data_set_id"),
    sa.Column("number", sa.Integer, nullable=False, comment="1, 2, 3 …"),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("content_sha256", sa.Text, nullable=False, comment="over its rows, in order of their keys"),
    sa.Column("summary", sa.JSON, nullable=False, comment="counts and warnings, as they were shown"),
    sa.Column("made_by", sa.Text, nullable=False),
    utc_column("made_utc"),
)

data_set_reviews = sa.Table(
    "data_set_reviews",
    metadata,
    sa.Column("data_set_id", sa.Text, nullable=False),
    sa.Column(
        "review_key", sa.Text, nullable=False, comment="platform id of a shipped review, else its number"
    ),
    sa.Column("review_id", sa.BigInteger, comment="null where the review is not stored here"),
    sa.Column("business_id", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("text_sha256", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False, comment="the scored text, as it was then"),
    sa.Column("split", sa.Text, nullable=False, comment="train, validation or test"),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("slices", sa.JSON, nullable=False),
    sa.Column("label_origin", sa.Text, nullable=False, comment="see records.LabelOrigin"),
)

sweeps = sa.Table(
    "sweeps",
    metadata,
    id_column("sweep_id"),
    sa.Column("data_set_id", sa.Text, nullable=False),
    sa.Column("space", sa.JSON, nullable=False, comment="ranges or values of each setting"),
    sa.Column("sampler", sa.Text, nullable=False, comment="grid or tpe"),
    sa.Column("max_runs", sa.Integer, nullable=False),
    sa.Column("max_minutes", sa.Double),
    sa.Column("requested_by", sa.Text, nullable=False),
    utc_column("requested_utc"),
)

sweep_ends = sa.Table(
    "sweep_ends",
    metadata,
    sa.Column("sweep_id", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("ended_by", sa.Text, nullable=False),
    utc_column("ended_utc"),
)

training_runs = sa.Table(
    "training_runs",
    metadata,
    id_column("run_id"),
    sa.Column("sweep_id", sa.Text),
    sa.Column("data_set_id", sa.Text, nullable=False),
    sa.Column("size", sa.Text, nullable=False),
    sa.Column("start_revision", sa.Text, comment="the model that is continued; null for a bare encoder"),
    sa.Column("settings", sa.JSON, nullable=False, comment="see sentiment.training_settings"),
    sa.Column("code_version", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("requested_by", sa.Text, nullable=False),
    utc_column("requested_utc"),
)

training_outcomes = sa.Table(
    "training_outcomes",
    metadata,
    id_column("outcome_id"),
    sa.Column("run_id", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False, comment="done, failed, cancelled or diverged"),
    sa.Column("revision", sa.Text, comment="of the model that came of it"),
    sa.Column("history", sa.JSON, nullable=False, comment="one object for each epoch"),
    sa.Column("figures", sa.JSON, nullable=False, comment="on validation"),
    sa.Column("seconds", sa.Double, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    utc_column("finished_utc"),
)
