"""What labelling settles goes back to those who reported it.

A report that was sent to labelling waits until its text is settled: by two annotators who agree, or by an
adjudication. Then it is accepted, or rejected where labelling came to something else, and the label counts as
a decision. Where what settled it is taken back, the report waits again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from peachdash.queries.settled_labels import fetch_settled_labels
from peachdash.records import Outcome, Scope
from peachdash.storage.audit import append_audit
from peachdash.storage.feedback import (
    append_decision,
    append_outcome,
    load_latest_decision,
    load_verdict_before,
)
from peachdash.storage.labelled_reports import LABELLED, load_labelled_reports
from peachdash.storage.samples import settle_answered_samples

TAKEN_BACK = "What labelling had settled was taken back."


def settle_reports(connection: sa.Connection, scope: Scope, review_ids: Iterable[int]) -> int:
    """Bring the reports that were sent to labelling in line with what is settled now; how many changed.

    It is called within the transaction of whatever settles labels, and repeating it changes nothing.

    Args:
        scope: of whoever settles; reports outside of it stay as they are.
        review_ids: reviews whose labels may have changed.
    """
    rows = load_labelled_reports(connection, scope, review_ids)
    if not rows:
        return 0
    settled = fetch_settled_labels(connection, Scope.everything(scope.viewer)).sort_values("settled_utc")
    keys = zip(settled["business_id"], settled["text_sha256"], strict=True)
    labels = dict(zip(keys, settled["label"], strict=True))
    changed = 0
    for review_id, group in groupby(rows, key=lambda row: int(row.review_id)):
        own = list(group)
        label = labels.get((own[0].business_id, own[0].text_sha256))
        pending = [row for row in own if row.settled_as != label]
        if pending and label is None:
            _wait_again(connection, scope, review_id, pending)
        elif pending:
            _close(connection, scope, review_id, pending, str(label))
        changed += len(pending)
    return changed


def _close(
    connection: sa.Connection, scope: Scope, review_id: int, rows: Sequence[sa.Row[Any]], label: str
) -> None:
    words = f"Two people labelled it, and it was settled as {label}."
    decision_id = _decide(connection, scope, review_id, rows, label, words)
    for row in rows:
        outcome = Outcome.ACCEPTED if row.suggestion == label else Outcome.REJECTED
        append_outcome(connection, row.report_id, review_id, outcome, scope.viewer, words, decision_id)
        settle_answered_samples(connection, scope, review_id, row.reported_by, label)
        told = {"review": review_id, "suggestion": row.suggestion, "label": label}
        append_audit(connection, scope.viewer, "settle_report", "report", row.report_id, told)


def _decide(
    connection: sa.Connection,
    scope: Scope,
    review_id: int,
    rows: Sequence[sa.Row[Any]],
    label: str,
    words: str,
) -> str | None:
    """Let the label count, unless somebody decided otherwise meanwhile; the id of the decision."""
    standing = load_latest_decision(connection, review_id)
    ours = {row.decision_id for row in rows}
    if standing is not None and standing.verdict is not None and standing.decision_id not in ours:
        return None
    agreeing = next((row.report_id for row in rows if row.suggestion == label), rows[0].report_id)
    return append_decision(connection, review_id, label, LABELLED, scope.viewer, words, agreeing)


def _wait_again(connection: sa.Connection, scope: Scope, review_id: int, rows: Sequence[sa.Row[Any]]) -> None:
    standing = load_latest_decision(connection, review_id)
    if standing is not None and standing.decision_id in {row.decision_id for row in rows}:
        before = load_verdict_before(connection, review_id, standing.decision_id)
        append_decision(connection, review_id, before, LABELLED, scope.viewer, TAKEN_BACK)
    for row in rows:
        append_outcome(connection, row.report_id, review_id, Outcome.LABELLING, scope.viewer, TAKEN_BACK)
        told = {"review": review_id, "suggestion": row.suggestion}
        append_audit(connection, scope.viewer, "unsettle_report", "report", row.report_id, told)
