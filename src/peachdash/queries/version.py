"""A cheap answer to "has anything stored changed?", and the way from a labelled review to its number."""

from __future__ import annotations

import hashlib

import sqlalchemy as sa

from peachdash.queries.readings import not_retracted, within
from peachdash.records import Scope
from peachdash.storage import issue_schema as i
from peachdash.storage import schema as t
from peachdash.storage import schema_labelling as s
from peachdash.storage import schema_training as training

_WATCHED = (
    t.businesses,
    t.imports,
    t.import_retractions,
    t.predictions,
    t.promotions,
    t.reports,
    t.decisions,
    t.complaint_answers,
    t.gold_labels,
    t.report_outcomes,
    t.share_links,
    t.share_link_revocations,
    t.sampled_readings,
    t.reading_checks,
    t.review_keeps,
    t.late_replies,
    t.platform_counts,
    t.text_languages,
    t.near_duplicates,
    t.import_profiles,
    training.data_sets,
    training.training_outcomes,
    i.review_sentences,
    i.issue_sentences,
    i.issue_names,
    i.issue_edits,
    i.issue_states,
    i.issue_fixes,
    i.explanations,
    s.labelling_tasks,
    s.labelling_task_states,
    s.label_drafts,
    s.given_labels,
    s.adjudications,
    s.label_checks,
    training.data_sets,
    training.training_runs,
    training.training_outcomes,
    training.sweeps,
    training.sweep_ends,
)


def fetch_data_version(connection: sa.Connection, scope: Scope) -> str:
    """A text that changes whenever rows are added; facts are append-only, so counting them is enough.

    Names of clients and businesses are the one thing that changes in place; the audit log has a row for
    each such change. The counts are of the whole house, so only their hash is given away.
    """
    counts = [sa.select(sa.func.count()).select_from(table).scalar_subquery() for table in _WATCHED]
    renamed = sa.select(sa.func.count()).where(t.audit_log.c.object_kind.in_(["client", "business"]))
    found = connection.execute(sa.select(*counts, renamed.scalar_subquery())).one()
    return hashlib.sha256("-".join(map(str, found)).encode()).hexdigest()[:32]


def find_review_number(connection: sa.Connection, scope: Scope, review_key: str) -> int | None:
    """The number of the stored labelled review that bears a key; None where the viewer has none.

    Labelled reviews come with the shipped corpus, whose imports are of the origin "demo".
    """
    statement = (
        sa.select(t.reviews.c.review_id)
        .where(
            t.reviews.c.platform_id == review_key,
            t.reviews.c.import_id.in_(sa.select(t.imports.c.import_id).where(t.imports.c.origin == "demo")),
            within(scope, t.reviews.c.business_id),
            not_retracted(),
        )
        .order_by(t.reviews.c.review_id)
        .limit(1)
    )
    return connection.execute(statement).scalar_one_or_none()
