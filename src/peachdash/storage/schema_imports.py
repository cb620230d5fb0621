"""The tables of imports beside the imports themselves: profiles, repeats, versions, and what is found later.

They are used by way of `schema`, as all tables are.
"""

from __future__ import annotations

import sqlalchemy as sa

from peachdash.storage.schema_base import id_column as _id
from peachdash.storage.schema_base import metadata
from peachdash.storage.schema_base import utc_column as _utc

import_profiles = sa.Table(
    "import_profiles",
    metadata,
    _id("profile_id"),
    sa.Column("name", sa.Text, nullable=False, comment="the latest row of a name counts"),
    sa.Column("columns", sa.JSON, nullable=False, comment="names of the file's columns, normalised"),
    sa.Column("mapping", sa.JSON, nullable=False, comment="field to normalised column name or null"),
    sa.Column("business_id", sa.Text, comment="of rows that name none"),
    sa.Column("source", sa.Text),
    sa.Column("date_order", sa.Text),
    sa.Column("active", sa.Boolean, nullable=False, comment="false takes the profile away"),
    sa.Column("saved_by", sa.Text, nullable=False),
    _utc("saved_utc"),
)

import_repeats = sa.Table(
    "import_repeats",
    metadata,
    sa.Column("import_id", sa.Text, nullable=False),
    sa.Column("review_id", sa.BigInteger, nullable=False, comment="stored, and in that file again"),
)

review_keeps = sa.Table(
    "review_keeps",
    metadata,
    sa.Column("import_id", sa.Text, nullable=False, comment="repeats the review, which counts with it"),
    sa.Column("review_id", sa.BigInteger, nullable=False, comment="of an import that was undone"),
)

review_versions = sa.Table(
    "review_versions",
    metadata,
    sa.Column("import_id", sa.Text, nullable=False),
    sa.Column("review_id", sa.BigInteger, nullable=False, comment="the newer version"),
    sa.Column("replaces_id", sa.BigInteger, nullable=False, comment="the version that counts no longer"),
)

late_replies = sa.Table(
    "late_replies",
    metadata,
    sa.Column("import_id", sa.Text, nullable=False),
    sa.Column("review_id", sa.BigInteger, nullable=False),
    sa.Column("owner_reply", sa.Text, nullable=False, comment="came with a later export"),
)

platform_counts = sa.Table(
    "platform_counts",
    metadata,
    sa.Column("import_id", sa.Text, nullable=False),
    sa.Column("business_id", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("shown", sa.Integer, nullable=False, comment="reviews that the platform shows"),
)

text_languages = sa.Table(
    "text_languages",
    metadata,
    sa.Column("text_sha256", sa.Text, nullable=False),
    sa.Column("language", sa.Text, comment="ISO 639-1; null where the text is too short to tell"),
    sa.Column("confidence", sa.Double, comment="0 to 1"),
    sa.Column("readable", sa.Boolean, nullable=False, comment="whether the models were trained for it"),
    sa.Column("detector", sa.Text, nullable=False),
    _utc("detected_utc"),
)

near_duplicates = sa.Table(
    "near_duplicates",
    metadata,
    sa.Column("review_id", sa.BigInteger, nullable=False),
    sa.Column("twin_id", sa.BigInteger, nullable=False, comment="nearly the same text, another reviewer"),
    sa.Column("similarity", sa.Double, nullable=False, comment="Jaccard, 0 to 1"),
    _utc("found_utc"),
)

import_scans = sa.Table(
    "import_scans",
    metadata,
    sa.Column("import_id", sa.Text, nullable=False),
    sa.Column("business_id", sa.Text, nullable=False),
    _utc("scanned_utc"),
    comment="which rows were looked through for languages and near duplicates",
)
