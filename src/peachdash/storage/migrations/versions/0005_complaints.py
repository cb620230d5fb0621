"""Sentences of reviews, the issues that they are grouped into, and what people make of them."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def _utc(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def upgrade() -> None:
    _make_sentences()
    _make_issues()
    _make_work()


def _make_sentences() -> None:
    op.create_table(
        "review_sentences",
        sa.Column("text_sha256", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("start_char", sa.Integer, nullable=False),
        sa.Column("end_char", sa.Integer, nullable=False),
        sa.Column("content_words", sa.Integer, nullable=False),
        sa.Column("sentence_sha256", sa.Text, nullable=False),
    )
    op.create_table(
        "issue_sentences",
        sa.Column("assignment_id", sa.Text, primary_key=True),
        sa.Column("issue_id", sa.Text, nullable=False),
        sa.Column("business_id", sa.Text, nullable=False),
        sa.Column("text_sha256", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("similarity", sa.Double),
        sa.Column("vector", sa.LargeBinary, nullable=False),
        sa.Column("assigned_by", sa.Text, nullable=False),
        _utc("assigned_utc"),
    )
    op.create_table(
        "text_vectors",
        sa.Column("text_sha256", sa.Text, nullable=False),
        sa.Column("encoder", sa.Text, nullable=False),
        sa.Column("vector", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "explanations",
        sa.Column("text_sha256", sa.Text, nullable=False),
        sa.Column("revision", sa.Text, nullable=False),
        sa.Column("words", sa.JSON, nullable=False),
        sa.Column("error", sa.Double, nullable=False),
        _utc("explained_utc"),
    )


def _make_issues() -> None:
    op.create_table(
        "issues",
        sa.Column("issue_id", sa.Text, primary_key=True),
        sa.Column("business_id", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("founded_by", sa.Text, nullable=False),
        _utc("founded_utc"),
    )
    op.create_table(
        "issue_names",
        sa.Column("naming_id", sa.Text, primary_key=True),
        sa.Column("issue_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("keywords", sa.JSON, nullable=False),
        sa.Column("aspect", sa.Text, nullable=False),
        sa.Column("sentences", sa.Integer, nullable=False),
        _utc("named_utc"),
    )
    op.create_table(
        "issue_prototypes",
        sa.Column("prototype_id", sa.Text, primary_key=True),
        sa.Column("issue_id", sa.Text, nullable=False),
        sa.Column("vector", sa.LargeBinary, nullable=False),
        sa.Column("encoder", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        _utc("made_utc"),
    )


def _make_work() -> None:
    op.create_table(
        "issue_edits",
        sa.Column("edit_id", sa.Text, primary_key=True),
        sa.Column("issue_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("value", sa.Text),
        sa.Column("edited_by", sa.Text, nullable=False),
        _utc("edited_utc"),
    )
    op.create_table(
        "issue_states",
        sa.Column("state_id", sa.Text, primary_key=True),
        sa.Column("issue_id", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("due_date", sa.Date),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("settled_date", sa.Date),
        sa.Column("changed_by", sa.Text, nullable=False),
        _utc("changed_utc"),
    )
    op.create_table(
        "issue_fixes",
        sa.Column("fix_id", sa.Text, primary_key=True),
        sa.Column("issue_id", sa.Text, nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("fix_date", sa.Date),
        sa.Column("set_by", sa.Text, nullable=False),
        _utc("set_utc"),
    )
