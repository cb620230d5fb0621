"""People, what they may see, the businesses that an import names, and the audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("user_id", sa.Text, primary_key=True),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("created_utc", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "user_states",
        sa.Column("state_id", sa.Text, primary_key=True),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("changed_by", sa.Text, nullable=False),
        sa.Column("changed_utc", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "user_identities",
        sa.Column("link_id", sa.Text, primary_key=True),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("issuer", sa.Text, nullable=False),
        sa.Column("subject", sa.Text),
        sa.Column("changed_by", sa.Text, nullable=False),
        sa.Column("changed_utc", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "assignments",
        sa.Column("assignment_id", sa.Text, primary_key=True),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("assigned", sa.Boolean, nullable=False),
        sa.Column("changed_by", sa.Text, nullable=False),
        sa.Column("changed_utc", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "session_ends",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("ended_by", sa.Text, nullable=False),
        sa.Column("ended_utc", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "import_businesses",
        sa.Column("import_id", sa.Text, nullable=False),
        sa.Column("business_id", sa.Text, nullable=False),
    )
    op.execute("INSERT INTO import_businesses SELECT DISTINCT import_id, business_id FROM reviews")
    op.create_table(
        "audit_log",
        sa.Column("event_id", sa.Text, primary_key=True),
        sa.Column("at_utc", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("object_kind", sa.Text, nullable=False),
        sa.Column("object_id", sa.Text, nullable=False),
        sa.Column("details", sa.JSON, nullable=False),
    )
