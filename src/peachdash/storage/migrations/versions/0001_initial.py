"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "clients",
        sa.Column("client_id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("is_demo", sa.Boolean, nullable=False),
        sa.Column("created_utc", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "businesses",
        sa.Column("business_id", sa.Text, primary_key=True),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("is_demo", sa.Boolean, nullable=False),
        sa.Column("created_utc", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "imports",
        sa.Column("import_id", sa.Text, primary_key=True),
        sa.Column("file_name", sa.Text, nullable=False),
        sa.Column("file_sha256", sa.Text, nullable=False),
        sa.Column("format", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("imported_by", sa.Text, nullable=False),
        sa.Column("imported_utc", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rows_read", sa.Integer, nullable=False),
        sa.Column("accepted", sa.Integer, nullable=False),
        sa.Column("duplicates", sa.Integer, nullable=False),
        sa.Column("rejected", sa.Integer, nullable=False),
        sa.Column("details", sa.JSON, nullable=False),
    )
    op.create_table(
        "import_rejects",
        sa.Column("import_id", sa.Text, nullable=False),
        sa.Column("row_number", sa.Integer, nullable=False),
        sa.Column("column_name", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("raw", sa.Text, nullable=False),
    )
    op.create_table(
        "import_retractions",
        sa.Column("import_id", sa.Text, nullable=False),
        sa.Column("retracted_by", sa.Text, nullable=False),
        sa.Column("retracted_utc", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_table(
        "reviews",
        sa.Column("review_id", sa.BigInteger, nullable=False),
        sa.Column("business_id", sa.Text, nullable=False),
        sa.Column("import_id", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("platform_id", sa.Text),
        sa.Column("review_date", sa.Date),
        sa.Column("date_precision", sa.Text, nullable=False),
        sa.Column("stars", sa.Double),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("text_sha256", sa.Text, nullable=False),
        sa.Column("language", sa.Text),
        sa.Column("owner_reply", sa.Text),
        sa.Column("reviewer_hash", sa.Text),
        sa.Column("possible_duplicate", sa.Boolean, nullable=False),
        sa.Column("unscored_reason", sa.Text),
    )
    op.create_table(
        "predictions",
        sa.Column("text_sha256", sa.Text, nullable=False),
        sa.Column("revision", sa.Text, nullable=False),
        sa.Column("precision", sa.Text, nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("p_negative", sa.Double, nullable=False),
        sa.Column("p_neutral", sa.Double, nullable=False),
        sa.Column("p_positive", sa.Double, nullable=False),
        sa.Column("needs_review", sa.Boolean, nullable=False),
        sa.Column("scored_utc", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "revisions",
        sa.Column("revision", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("size", sa.Text, nullable=False),
        sa.Column("threshold", sa.Double, nullable=False),
        sa.Column("description", sa.JSON, nullable=False),
        sa.Column("registered_utc", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "promotions",
        sa.Column("promotion_id", sa.Text, primary_key=True),
        sa.Column("revision", sa.Text, nullable=False),
        sa.Column("promoted_by", sa.Text, nullable=False),
        sa.Column("promoted_utc", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_table(
        "reports",
        sa.Column("report_id", sa.Text, primary_key=True),
        sa.Column("review_id", sa.BigInteger, nullable=False),
        sa.Column("suggestion", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("reported_by", sa.Text, nullable=False),
        sa.Column("reported_utc", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Text),
        sa.Column("label", sa.Text),
    )
    op.create_table(
        "decisions",
        sa.Column("decision_id", sa.Text, primary_key=True),
        sa.Column("review_id", sa.BigInteger, nullable=False),
        sa.Column("verdict", sa.Text),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("report_id", sa.Text),
        sa.Column("decided_by", sa.Text, nullable=False),
        sa.Column("decided_utc", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_table(
        "complaint_answers",
        sa.Column("answer_id", sa.Text, primary_key=True),
        sa.Column("review_id", sa.BigInteger, nullable=False),
        sa.Column("answered", sa.Boolean, nullable=False),
        sa.Column("answered_by", sa.Text, nullable=False),
        sa.Column("answered_utc", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
    )
    op.create_table(
        "annotations",
        sa.Column("review_key", sa.Text, nullable=False),
        sa.Column("annotator", sa.Text, nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("slices", sa.JSON, nullable=False),
        sa.Column("unsure", sa.Boolean, nullable=False),
        sa.Column("reason_words", sa.Text, nullable=False),
        sa.Column("aspect", sa.Text),
        sa.Column("annotated_utc", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "gold_labels",
        sa.Column("review_key", sa.Text, primary_key=True),
        sa.Column("split", sa.Text, nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("slices", sa.JSON, nullable=False),
        sa.Column("reason_words", sa.Text, nullable=False),
        sa.Column("aspect", sa.Text),
        sa.Column("adjudicated", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_table(
        "evaluations",
        sa.Column("evaluation_id", sa.Text, primary_key=True),
        sa.Column("revision", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("data_set", sa.Text, nullable=False),
        sa.Column("data_sha256", sa.Text, nullable=False),
        sa.Column("split", sa.Text, nullable=False),
        sa.Column("result", sa.JSON, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("computed_by", sa.Text, nullable=False),
        sa.Column("computed_utc", sa.DateTime(timezone=True), nullable=False),
    )
