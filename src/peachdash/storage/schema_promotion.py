"""The tables that stand behind a promotion: what would change, and what its gates said. All append-only."""

import sqlalchemy as sa

from peachdash.storage.schema_base import id_column, metadata, utc_column

promotion_previews = sa.Table(
    "promotion_previews",
    metadata,
    id_column("preview_id"),
    sa.Column("revision", sa.Text, nullable=False, comment="the candidate"),
    sa.Column("against", sa.Text, nullable=False, comment="the champion at the time"),
    sa.Column("changes", sa.JSON, nullable=False, comment="how many readings flip, by business and class"),
    sa.Column("made_by", sa.Text, nullable=False),
    utc_column("made_utc"),
)

promotion_grounds = sa.Table(
    "promotion_grounds",
    metadata,
    sa.Column("promotion_id", sa.Text, nullable=False, comment="of the row in promotions"),
    sa.Column("kind", sa.Text, nullable=False, comment="promotion or rollback"),
    sa.Column("previous_revision", sa.Text, comment="the champion until then"),
    sa.Column("data_set_id", sa.Text, comment="whose test reviews the gates were measured on"),
    sa.Column("gates", sa.JSON, nullable=False, comment="each gate with its state and figures"),
    sa.Column("changes", sa.JSON, nullable=False, comment="what was shown to change"),
)
