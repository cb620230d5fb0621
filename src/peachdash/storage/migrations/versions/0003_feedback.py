"""Outcomes of reports, shared links, random samples of readings and the checks of them.

Reports that were decided on before count as accepted; their decisions name them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def _utc(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def upgrade() -> None:
    _make_outcomes()
    _make_links()
    _make_samples()


def _make_outcomes() -> None:
    op.create_table(
        "report_outcomes",
        sa.Column("outcome_id", sa.Text, primary_key=True),
        sa.Column("report_id", sa.Text, nullable=False),
        sa.Column("review_id", sa.BigInteger, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("decision_id", sa.Text),
        sa.Column("decided_by", sa.Text, nullable=False),
        _utc("decided_utc"),
    )
    names = ("report_id", "review_id", "decision_id", "reason", "decided_by", "decided_utc")
    decisions = sa.table("decisions", *[sa.column(name) for name in names])
    outcomes = sa.table("report_outcomes", *[sa.column(name) for name in ("outcome_id", "outcome", *names)])
    decided = sa.select(
        decisions.c.decision_id, sa.literal("accepted"), *[decisions.c[name] for name in names]
    ).where(decisions.c.report_id.is_not(None))
    op.execute(sa.insert(outcomes).from_select(["outcome_id", "outcome", *names], decided))


def _make_links() -> None:
    op.create_table(
        "share_links",
        sa.Column("link_id", sa.Text, primary_key=True),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("secret_sha256", sa.Text, nullable=False),
        sa.Column("phrase_salt", sa.Text),
        sa.Column("phrase_scrypt", sa.Text),
        sa.Column("answer_limit", sa.Integer, nullable=False),
        _utc("expires_utc"),
        sa.Column("made_by", sa.Text, nullable=False),
        _utc("made_utc"),
    )
    op.create_table(
        "share_link_revocations",
        sa.Column("link_id", sa.Text, nullable=False),
        sa.Column("revoked_by", sa.Text, nullable=False),
        _utc("revoked_utc"),
    )
    op.create_table(
        "share_link_attempts",
        sa.Column("attempt_id", sa.Text, primary_key=True),
        sa.Column("link_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        _utc("attempted_utc"),
    )


def _make_samples() -> None:
    op.create_table(
        "sampled_readings",
        sa.Column("sampled_id", sa.Text, primary_key=True),
        sa.Column("sample_id", sa.Text, nullable=False),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("review_id", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.Text, nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("drawn_by", sa.Text, nullable=False),
        _utc("drawn_utc"),
    )
    op.create_table(
        "reading_checks",
        sa.Column("check_id", sa.Text, primary_key=True),
        sa.Column("review_id", sa.BigInteger, nullable=False),
        sa.Column("sampled_id", sa.Text),
        sa.Column("revision", sa.Text),
        sa.Column("label", sa.Text),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("deciding", sa.Boolean, nullable=False),
        sa.Column("checked_by", sa.Text, nullable=False),
        _utc("checked_utc"),
    )
