"""Named import profiles, versions of reviews, what later files repeat, languages and near duplicates."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def _utc(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def upgrade() -> None:
    _make_profiles()
    _make_versions()
    _make_findings()


def _make_profiles() -> None:
    op.create_table(
        "import_profiles",
        sa.Column("profile_id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("columns", sa.JSON, nullable=False),
        sa.Column("mapping", sa.JSON, nullable=False),
        sa.Column("business_id", sa.Text),
        sa.Column("source", sa.Text),
        sa.Column("date_order", sa.Text),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("saved_by", sa.Text, nullable=False),
        _utc("saved_utc"),
    )
    op.create_table(
        "platform_counts",
        sa.Column("import_id", sa.Text, nullable=False),
        sa.Column("business_id", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("shown", sa.Integer, nullable=False),
    )


def _make_versions() -> None:
    op.create_table(
        "import_repeats",
        sa.Column("import_id", sa.Text, nullable=False),
        sa.Column("review_id", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "review_keeps",
        sa.Column("import_id", sa.Text, nullable=False),
        sa.Column("review_id", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "review_versions",
        sa.Column("import_id", sa.Text, nullable=False),
        sa.Column("review_id", sa.BigInteger, nullable=False),
        sa.Column("replaces_id", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "late_replies",
        sa.Column("import_id", sa.Text, nullable=False),
        sa.Column("review_id", sa.BigInteger, nullable=False),
        sa.Column("owner_reply", sa.Text, nullable=False),
    )


def _make_findings() -> None:
    op.create_table(
        "text_languages",
        sa.Column("text_sha256", sa.Text, nullable=False),
        sa.Column("language", sa.Text),
        sa.Column("confidence", sa.Double),
        sa.Column("readable", sa.Boolean, nullable=False),
        sa.Column("detector", sa.Text, nullable=False),
        _utc("detected_utc"),
    )
    op.create_table(
        "near_duplicates",
        sa.Column("review_id", sa.BigInteger, nullable=False),
        sa.Column("twin_id", sa.BigInteger, nullable=False),
        sa.Column("similarity", sa.Double, nullable=False),
        _utc("found_utc"),
    )
    op.create_table(
        "import_scans",
        sa.Column("import_id", sa.Text, nullable=False),
        sa.Column("business_id", sa.Text, nullable=False),
        _utc("scanned_utc"),
    )
