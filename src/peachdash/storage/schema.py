"""The tables, as SQLAlchemy Core.

Facts are append-only: a change of mind is a new row. Times are UTC. Text columns that name one of a
few values hold the values of the enums in `records`. No table has a foreign key or a secondary
index: DuckDB refuses updates of referenced rows, and its zone maps on the sorted review table serve
date ranges better than an index does.
"""

import sqlalchemy as sa

from peachdash.storage.schema_base import id_column as _id
from peachdash.storage.schema_base import metadata as metadata
from peachdash.storage.schema_base import utc_column as _utc
from peachdash.storage.schema_imports import (
    import_profiles as import_profiles,
)
from peachdash.storage.schema_imports import (
    import_repeats as import_repeats,
)
from peachdash.storage.schema_imports import (
    import_scans as import_scans,
)
from peachdash.storage.schema_imports import (
    late_replies as late_replies,
)
from peachdash.storage.schema_imports import (
    near_duplicates as near_duplicates,
)
from peachdash.storage.schema_imports import (
    platform_counts as platform_counts,
)
from peachdash.storage.schema_imports import (
    review_keeps as review_keeps,
)
from peachdash.storage.schema_imports import (
    review_versions as review_versions,
)
from peachdash.storage.schema_imports import (
    text_languages as text_languages,
)

clients = sa.Table(
    "clients",
    metadata,
    _id("client_id"),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("is_demo", sa.Boolean, nullable=False),
    _utc("created_utc"),
)

businesses = sa.Table(
    "businesses",
    metadata,
    _id("business_id"),
    sa.Column("client_id", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("neighbourhood", sa.Text, nullable=False),
    sa.Column("is_demo", sa.Boolean, nullable=False),
    _utc("created_utc"),
)

imports = sa.Table(
    "imports",
    metadata,
    _id("import_id"),
    sa.Column("file_name", sa.Text, nullable=False),
    sa.Column("file_sha256", sa.Text, nullable=False),
    sa.Column("format", sa.Text, nullable=False),
    sa.Column("origin", sa.Text, nullable=False, comment="page, command, inbox or demo"),
    sa.Column("imported_by", sa.Text, nullable=False),
    _utc("imported_utc"),
    sa.Column("rows_read", sa.Integer, nullable=False),
    sa.Column("accepted", sa.Integer, nullable=False),
    sa.Column("duplicates", sa.Integer, nullable=False),
    sa.Column("rejected", sa.Integer, nullable=False),
    sa.Column("details", sa.JSON, nullable=False, comment="mapping of columns, encoding, delimiter, notes"),
)

import_rejects = sa.Table(
    "import_rejects",
    metadata,
    sa.Column("import_id", sa.Text, nullable=False),
    sa.Column("row_number", sa.Integer, nullable=False, comment="first data row is 1"),
    sa.Column("column_name", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("raw", sa.Text, nullable=False, comment="the row as JSON"),
)

import_retractions = sa.Table(
    "import_retractions",
    metadata,
    sa.Column("import_id", sa.Text, nullable=False),
    sa.Column("retracted_by", sa.Text, nullable=False),
    _utc("retracted_utc"),
    sa.Column("reason", sa.Text, nullable=False),
)

reviews = sa.Table(
    "reviews",
    metadata,
    sa.Column("review_id", sa.BigInteger, nullable=False),
    sa.Column("business_id", sa.Text, nullable=False),
    sa.Column("import_id", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("platform_id", sa.Text, comment="the platform's own id of the review"),
    sa.Column("review_date", sa.Date, comment="first day of the period where the precision is coarser"),
    sa.Column("date_precision", sa.Text, nullable=False),
    sa.Column("stars", sa.Double, comment="1 to 5"),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("text_sha256", sa.Text, nullable=False, comment="of the scored text, hex"),
    sa.Column("language", sa.Text),
    sa.Column("owner_reply", sa.Text),
    sa.Column("reviewer_hash", sa.Text, comment="keyed hash; names are not stored"),
    sa.Column("possible_duplicate", sa.Boolean, nullable=False),
    sa.Column("unscored_reason", sa.Text, comment="no_text or language; null where it is scored"),
)

predictions = sa.Table(
    "predictions",
    metadata,
    sa.Column("text_sha256", sa.Text, nullable=False),
    sa.Column("revision", sa.Text, nullable=False),
    sa.Column("precision", sa.Text, nullable=False, comment="fp32, bf16, fp16, int8 or exact"),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("p_negative", sa.Double, nullable=False),
    sa.Column("p_neutral", sa.Double, nullable=False),
    sa.Column("p_positive", sa.Double, nullable=False),
    sa.Column("needs_review", sa.Boolean, nullable=False),
    _utc("scored_utc"),
)

revisions = sa.Table(
    "revisions",
    metadata,
    _id("revision"),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("size", sa.Text, nullable=False),
    sa.Column("threshold", sa.Double, nullable=False),
    sa.Column("description", sa.JSON, nullable=False),
    _utc("registered_utc"),
)

promotions = sa.Table(
    "promotions",
    metadata,
    _id("promotion_id"),
    sa.Column("revision", sa.Text, nullable=False),
    sa.Column("promoted_by", sa.Text, nullable=False),
    _utc("promoted_utc"),
    sa.Column("reason", sa.Text, nullable=False),
)

reports = sa.Table(
    "reports",
    metadata,
    _id("report_id"),
    sa.Column("review_id", sa.BigInteger, nullable=False),
    sa.Column("suggestion", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("reported_by", sa.Text, nullable=False),
    _utc("reported_utc"),
    sa.Column("revision", sa.Text, comment="the champion that was shown"),
    sa.Column("label", sa.Text, comment="what the champion had read"),
)

decisions = sa.Table(
    "decisions",
    metadata,
    _id("decision_id"),
    sa.Column("review_id", sa.BigInteger, nullable=False),
    sa.Column("verdict", sa.Text, comment="null takes the earlier decision back"),
    sa.Column("origin", sa.Text, nullable=False, comment="correction, report, queue or labelling"),
    sa.Column("report_id", sa.Text),
    sa.Column("decided_by", sa.Text, nullable=False),
    _utc("decided_utc"),
    sa.Column("reason", sa.Text, nullable=False),
)

complaint_answers = sa.Table(
    "complaint_answers",
    metadata,
    _id("answer_id"),
    sa.Column("review_id", sa.BigInteger, nullable=False),
    sa.Column("answered", sa.Boolean, nullable=False, comment="false takes an earlier row back"),
    sa.Column("answered_by", sa.Text, nullable=False),
    _utc("answered_utc"),
    sa.Column("note", sa.Text, nullable=False),
)

annotations = sa.Table(
    "annotations",
    metadata,
    sa.Column("review_key", sa.Text, nullable=False, comment="the platform id of a labelled review"),
    sa.Column("annotator", sa.Text, nullable=False),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("slices", sa.JSON, nullable=False),
    sa.Column("unsure", sa.Boolean, nullable=False),
    sa.Column("reason_words", sa.Text, nullable=False),
    sa.Column("aspect", sa.Text),
    _utc("annotated_utc"),
)

gold_labels = sa.Table(
    "gold_labels",
    metadata,
    sa.Column("review_key", sa.Text, primary_key=True, comment="the platform id of a labelled review"),
    sa.Column("split", sa.Text, nullable=False, comment="train, validation or test"),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("slices", sa.JSON, nullable=False),
    sa.Column("reason_words", sa.Text, nullable=False),
    sa.Column("aspect", sa.Text),
    sa.Column("adjudicated", sa.Boolean, nullable=False),
    sa.Column("reason", sa.Text, nullable=False, comment="why, where two annotators disagreed"),
)

evaluations = sa.Table(
    "evaluations",
    metadata,
    _id("evaluation_id"),
    sa.Column("revision", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("data_set", sa.Text, nullable=False),
    sa.Column("data_sha256", sa.Text, nullable=False, comment="of the review keys, texts and gold labels"),
    sa.Column("split", sa.Text, nullable=False),
    sa.Column("result", sa.JSON, nullable=False),
    sa.Column("reason", sa.Text, nullable=False, comment="why it was computed again; empty the first time"),
    sa.Column("computed_by", sa.Text, nullable=False),
    _utc("computed_utc"),
)

report_outcomes = sa.Table(
    "report_outcomes",
    metadata,
    _id("outcome_id"),
    sa.Column("report_id", sa.Text, nullable=False),
    sa.Column("review_id", sa.BigInteger, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False, comment="see records.Outcome; the latest row counts"),
    sa.Column("reason", sa.Text, nullable=False, comment="the reporter reads it"),
    sa.Column("decision_id", sa.Text, comment="the decision that an acceptance led to"),
    sa.Column("decided_by", sa.Text, nullable=False),
    _utc("decided_utc"),
)

share_links = sa.Table(
    "share_links",
    metadata,
    _id("link_id"),
    sa.Column("client_id", sa.Text, nullable=False),
    sa.Column("purpose", sa.Text, nullable=False, comment="who it was made for, in the maker's words"),
    sa.Column("secret_sha256", sa.Text, nullable=False, comment="hex; the secret itself is not stored"),
    sa.Column("phrase_salt", sa.Text, comment="hex; null where no pass phrase is asked for"),
    sa.Column("phrase_scrypt", sa.Text, comment="hex"),
    sa.Column("answer_limit", sa.Integer, nullable=False),
    _utc("expires_utc"),
    sa.Column("made_by", sa.Text, nullable=False),
    _utc("made_utc"),
)

share_link_revocations = sa.Table(
    "share_link_revocations",
    metadata,
    sa.Column("link_id", sa.Text, nullable=False),
    sa.Column("revoked_by", sa.Text, nullable=False),
    _utc("revoked_utc"),
)

share_link_attempts = sa.Table(
    "share_link_attempts",
    metadata,
    _id("attempt_id"),
    sa.Column("link_id", sa.Text, nullable=False, comment="empty where the address named no stored link"),
    sa.Column("kind", sa.Text, nullable=False, comment="refused or pass_phrase"),
    _utc("attempted_utc"),
)

sampled_readings = sa.Table(
    "sampled_readings",
    metadata,
    _id("sampled_id"),
    sa.Column("sample_id", sa.Text, nullable=False, comment="one drawing"),
    sa.Column("client_id", sa.Text, nullable=False),
    sa.Column("review_id", sa.BigInteger, nullable=False),
    sa.Column("revision", sa.Text, nullable=False, comment="the champion at the drawing"),
    sa.Column("label", sa.Text, nullable=False, comment="what it had read"),
    sa.Column("seed", sa.BigInteger, nullable=False),
    sa.Column("drawn_by", sa.Text, nullable=False),
    _utc("drawn_utc"),
)

reading_checks = sa.Table(
    "reading_checks",
    metadata,
    _id("check_id"),
    sa.Column("review_id", sa.BigInteger, nullable=False),
    sa.Column("sampled_id", sa.Text, comment="null where the reading was not asked for by a sample"),
    sa.Column("revision", sa.Text, comment="the champion that was shown"),
    sa.Column("label", sa.Text, comment="what it had read"),
    sa.Column("answer", sa.Text, nullable=False, comment="a verdict; the label itself confirms it"),
    sa.Column("deciding", sa.Boolean, nullable=False, comment="whether whoever checked may decide"),
    sa.Column("checked_by", sa.Text, nullable=False),
    _utc("checked_utc"),
)

users = sa.Table(
    "users",
    metadata,
    _id("user_id"),
    sa.Column("created_by", sa.Text, nullable=False),
    _utc("created_utc"),
)

user_states = sa.Table(
    "user_states",
    metadata,
    _id("state_id"),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("email", sa.Text, nullable=False, comment="lower case; one active or inactive person each"),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("changed_by", sa.Text, nullable=False),
    _utc("changed_utc"),
)

user_identities = sa.Table(
    "user_identities",
    metadata,
    _id("link_id"),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("issuer", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, comment="null lets the next verified sign-in take its place"),
    sa.Column("changed_by", sa.Text, nullable=False),
    _utc("changed_utc"),
)

assignments = sa.Table(
    "assignments",
    metadata,
    _id("assignment_id"),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("client_id", sa.Text, nullable=False),
    sa.Column("assigned", sa.Boolean, nullable=False, comment="false takes an earlier row back"),
    sa.Column("changed_by", sa.Text, nullable=False),
    _utc("changed_utc"),
)

session_ends = sa.Table(
    "session_ends",
    metadata,
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("ended_by", sa.Text, nullable=False),
    _utc("ended_utc"),
    comment="sign-ins from before the latest row of a user no longer count",
)

import_businesses = sa.Table(
    "import_businesses",
    metadata,
    sa.Column("import_id", sa.Text, nullable=False),
    sa.Column("business_id", sa.Text, nullable=False, comment="that a row names, stored or a duplicate"),
)

audit_log = sa.Table(
    "audit_log",
    metadata,
    _id("event_id"),
    sa.Column("at_utc", sa.DateTime(timezone=True), nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False, comment="sign_in, export, import, decide, promote, …"),
    sa.Column("object_kind", sa.Text, nullable=False),
    sa.Column("object_id", sa.Text, nullable=False),
    sa.Column("details", sa.JSON, nullable=False, comment="never review text"),
)
