"""The tables of complaints: sentences, the issues that they are grouped into, and what people made of both.

All are append-only. An issue belongs to one business. Which sentence is in which issue, what an issue is
called and how it stands is told by the latest row.
"""

import sqlalchemy as sa

from peachdash.storage.schema_base import id_column, metadata, utc_column

review_sentences = sa.Table(
    "review_sentences",
    metadata,
    sa.Column("text_sha256", sa.Text, nullable=False, comment="of the scored text that it stands in"),
    sa.Column("position", sa.Integer, nullable=False, comment="from 0"),
    sa.Column("start_char", sa.Integer, nullable=False, comment="in the scored text"),
    sa.Column("end_char", sa.Integer, nullable=False),
    sa.Column("content_words", sa.Integer, nullable=False, comment="words that carry meaning"),
    sa.Column("sentence_sha256", sa.Text, nullable=False, comment="key of its reading in predictions"),
)

issues = sa.Table(
    "issues",
    metadata,
    id_column("issue_id"),
    sa.Column("business_id", sa.Text, nullable=False),
    sa.Column("origin", sa.Text, nullable=False, comment="found or split"),
    sa.Column("founded_by", sa.Text, nullable=False),
    utc_column("founded_utc"),
)

issue_names = sa.Table(
    "issue_names",
    metadata,
    id_column("naming_id"),
    sa.Column("issue_id", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False, comment="in customers' own words"),
    sa.Column("keywords", sa.JSON, nullable=False, comment="words that set it apart, to be marked"),
    sa.Column("aspect", sa.Text, nullable=False, comment="see records.Aspect"),
    sa.Column("sentences", sa.Integer, nullable=False, comment="how many it was named from"),
    utc_column("named_utc"),
)

issue_prototypes = sa.Table(
    "issue_prototypes",
    metadata,
    id_column("prototype_id"),
    sa.Column("issue_id", sa.Text, nullable=False),
    sa.Column("vector", sa.LargeBinary, nullable=False, comment="float16, unit length"),
    sa.Column("encoder", sa.Text, nullable=False, comment="sha256 of the encoder's weights"),
    sa.Column("origin", sa.Text, nullable=False, comment="found, moved or split"),
    utc_column("made_utc"),
)

issue_sentences = sa.Table(
    "issue_sentences",
    metadata,
    id_column("assignment_id"),
    sa.Column("issue_id", sa.Text, nullable=False),
    sa.Column("business_id", sa.Text, nullable=False),
    sa.Column("text_sha256", sa.Text, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("origin", sa.Text, nullable=False, comment="found, moved or split; the latest row counts"),
    sa.Column("similarity", sa.Double, comment="cosine with the issue's nearest prototype"),
    sa.Column("vector", sa.LargeBinary, nullable=False, comment="float16, unit length"),
    sa.Column("assigned_by", sa.Text, nullable=False),
    utc_column("assigned_utc"),
)

issue_edits = sa.Table(
    "issue_edits",
    metadata,
    id_column("edit_id"),
    sa.Column("issue_id", sa.Text, nullable=False),
    sa.Column(
        "kind", sa.Text, nullable=False, comment="see records.IssueEdit; the latest of each kind counts"
    ),
    sa.Column("value", sa.Text, comment="new name, aspect, or the issue merged into; null takes it back"),
    sa.Column("edited_by", sa.Text, nullable=False),
    utc_column("edited_utc"),
)

issue_states = sa.Table(
    "issue_states",
    metadata,
    id_column("state_id"),
    sa.Column("issue_id", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False, comment="see records.IssueState"),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("due_date", sa.Date),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("settled_date", sa.Date, comment="reviews after it bring a resolved issue back"),
    sa.Column("changed_by", sa.Text, nullable=False),
    utc_column("changed_utc"),
)

issue_fixes = sa.Table(
    "issue_fixes",
    metadata,
    id_column("fix_id"),
    sa.Column("issue_id", sa.Text, nullable=False),
    sa.Column("label", sa.Text, nullable=False, comment="what was done, such as a new supplier"),
    sa.Column("fix_date", sa.Date, comment="null takes the issue's fix back"),
    sa.Column("set_by", sa.Text, nullable=False),
    utc_column("set_utc"),
)

explanations = sa.Table(
    "explanations",
    metadata,
    sa.Column("text_sha256", sa.Text, nullable=False),
    sa.Column("revision", sa.Text, nullable=False),
    sa.Column("words", sa.JSON, nullable=False, comment="list of [start, end, weight of each class]"),
    sa.Column("error", sa.Double, nullable=False, comment="what the weights leave unexplained, in logits"),
    utc_column("explained_utc"),
)

text_vectors = sa.Table(
    "text_vectors",
    metadata,
    sa.Column("text_sha256", sa.Text, nullable=False),
    sa.Column("encoder", sa.Text, nullable=False),
    sa.Column("vector", sa.LargeBinary, nullable=False, comment="float16, unit length"),
    comment="of labelled reviews, to find similar ones",
)
