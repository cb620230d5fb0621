"""The tables of labelling in the app: tasks, blind labels by two annotators, and adjudications.

All are append-only. What an annotator says of a review, and how a disagreement was settled, is told by the
latest row; a row without a label takes the earlier ones back.

The last label of each annotator waits among the drafts until they give the next one: until then it can be
taken back, and nothing of the other annotator's label on that review shows. What stands in `given_labels`
by both annotators is therefore blind, and may be shown.
"""

import sqlalchemy as sa

from peachdash.storage.schema_base import id_column, metadata, utc_column

labelling_tasks = sa.Table(
    "labelling_tasks",
    metadata,
    id_column("task_id"),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("pool", sa.Text, nullable=False, comment="see records.Pool, or import"),
    sa.Column("words", sa.JSON, nullable=False, comment="that the pool was chosen by; mostly empty"),
    sa.Column("seed", sa.BigInteger, nullable=False),
    sa.Column("annotators", sa.JSON, nullable=False, comment="two of them, by user id or, imported, by name"),
    sa.Column("made_by", sa.Text, nullable=False),
    utc_column("made_utc"),
)

labelling_task_states = sa.Table(
    "labelling_task_states",
    metadata,
    id_column("state_id"),
    sa.Column("task_id", sa.Text, nullable=False),
    sa.Column("open", sa.Boolean, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("changed_by", sa.Text, nullable=False),
    utc_column("changed_utc"),
)

labelling_items = sa.Table(
    "labelling_items",
    metadata,
    sa.Column("task_id", sa.Text, nullable=False),
    sa.Column("position", sa.Integer, nullable=False, comment="from 0"),
    sa.Column("review_id", sa.BigInteger, nullable=False),
    sa.Column("text_sha256", sa.Text, nullable=False, comment="of the scored text that was put up"),
)

given_labels = sa.Table(
    "given_labels",
    metadata,
    id_column("given_id"),
    sa.Column("task_id", sa.Text, nullable=False),
    sa.Column("review_id", sa.BigInteger, nullable=False),
    sa.Column("annotator", sa.Text, nullable=False),
    sa.Column("label", sa.Text, comment="null takes the earlier label back"),
    sa.Column("slices", sa.JSON, nullable=False),
    sa.Column("unsure", sa.Boolean, nullable=False),
    sa.Column("reason_words", sa.Text, nullable=False, comment="of a negative one, in the review's words"),
    sa.Column("aspect", sa.Text),
    utc_column("given_utc"),
)

label_drafts = sa.Table(
    "label_drafts",
    metadata,
    id_column("draft_id"),
    sa.Column("task_id", sa.Text, nullable=False),
    sa.Column("review_id", sa.BigInteger, nullable=False),
    sa.Column("annotator", sa.Text, nullable=False),
    sa.Column("label", sa.Text, comment="null takes the draft back"),
    sa.Column("slices", sa.JSON, nullable=False),
    sa.Column("unsure", sa.Boolean, nullable=False),
    sa.Column("reason_words", sa.Text, nullable=False),
    sa.Column("aspect", sa.Text),
    utc_column("drafted_utc"),
    comment="the latest row of an annotator in a task waits, unless a given label bears its id",
)

adjudications = sa.Table(
    "adjudications",
    metadata,
    id_column("adjudication_id"),
    sa.Column("task_id", sa.Text, nullable=False, comment="or second look: at a label that was settled"),
    sa.Column("review_id", sa.BigInteger, nullable=False),
    sa.Column("label", sa.Text, comment="null takes the earlier adjudication back"),
    sa.Column("slices", sa.JSON, nullable=False),
    sa.Column("reason_words", sa.Text, nullable=False),
    sa.Column("aspect", sa.Text),
    sa.Column("reason", sa.Text, nullable=False, comment="why, in the adjudicator's words"),
    sa.Column("adjudicated_by", sa.Text, nullable=False),
    utc_column("adjudicated_utc"),
)

label_checks = sa.Table(
    "label_checks",
    metadata,
    id_column("check_id"),
    sa.Column("content_sha256", sa.Text, nullable=False, comment="of reviews, texts, labels and method"),
    sa.Column("method", sa.Text, nullable=False),
    sa.Column("reviews", sa.Integer, nullable=False),
    sa.Column("agreement", sa.Double, nullable=False, comment="share of labels that the readings repeat"),
    utc_column("computed_utc"),
    comment="searches for likely label errors",
)

checked_labels = sa.Table(
    "checked_labels",
    metadata,
    sa.Column("check_id", sa.Text, nullable=False),
    sa.Column("review_id", sa.BigInteger, nullable=False),
    sa.Column("label", sa.Text, nullable=False, comment="as it was when it was checked"),
    sa.Column("p_negative", sa.Double, nullable=False, comment="by a classifier that did not learn it"),
    sa.Column("p_neutral", sa.Double, nullable=False),
    sa.Column("p_positive", sa.Double, nullable=False),
    sa.Column("quality", sa.Double, nullable=False, comment="0 to 1; the lowest is the likeliest error"),
    sa.Column("suspected", sa.Boolean, nullable=False),
)
