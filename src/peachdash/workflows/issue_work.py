"""Working issues: state, owner, due date, note, the date of a fix, and issues that come back."""

from __future__ import annotations

import datetime as dt
import logging

import sqlalchemy as sa

from peachdash.errors import BadInput, NotFound
from peachdash.insights import formatting
from peachdash.queries.complaints import fetch_issues
from peachdash.queries.issue_evidence import fetch_evidence
from peachdash.records import ActiveModels, IssueState, ReviewFilter, Scope
from peachdash.storage.audit import append_audit
from peachdash.storage.database import Database
from peachdash.storage.issue_edits import (
    append_fix,
    append_state,
    load_fix_date,
    load_issue_business,
    load_latest_review_date,
    load_state,
)
from peachdash.workflows.feedback import clean_note

log = logging.getLogger(__name__)
OWNER_LIMIT, LABEL_LIMIT = 80, 80


def set_work(
    database: Database,
    scope: Scope,
    models: ActiveModels,
    issue_id: str,
    state: str,
    *,
    owner: str = "",
    due_date: dt.date | None = None,
    note: str = "",
) -> None:
    """Say how far the work on an issue is. The same again adds nothing.

    A resolved issue comes back with the first complaint from after the day on which it was settled: that of
    its fix, or that of the latest complaint of the issue known by now, if that is later; where no fix is
    dated, that of the business's latest review. `models` say what is a complaint.

    Raises:
        BadInput: there is no such state, or owner or note are too long.
        NotFound: the viewer has no such issue, or does not do the client's work.
    """
    known, owner, note = _known_state(state), _short(owner, OWNER_LIMIT, "An owner"), clean_note(note)
    with database.write() as connection:
        business = _workable_business(connection, scope, issue_id)
        standing = load_state(connection, issue_id)
        same = (known.value, owner, due_date, note)
        if (
            standing is not None
            and (standing.state, standing.owner, standing.due_date, standing.note) == same
        ):
            return
        resolved = known is IssueState.RESOLVED
        settled = _settled_date(connection, scope, models, issue_id, business) if resolved else None
        append_state(
            connection, issue_id, known, scope.viewer, owner=owner, due_date=due_date, note=note,
            settled_date=settled,
        )  # fmt: skip
        append_audit(connection, scope.viewer, "work_issue", "issue", issue_id, {"state": known.value})


def set_fix(database: Database, scope: Scope, issue_id: str, label: str, fix_date: dt.date | None) -> None:
    """Say when an issue was fixed and by what, which charts show; a date of None takes it back.

    Raises:
        BadInput: the label is blank or too long.
        NotFound: the viewer has no such issue, or does not do the client's work.
    """
    label = _short(label, LABEL_LIMIT, "A fix")
    if fix_date is not None and not label:
        raise BadInput("Say in a few words what was done, such as “new cone supplier”.")
    with database.write() as connection:
        _workable_business(connection, scope, issue_id)
        append_fix(connection, issue_id, label, fix_date, scope.viewer)
        append_audit(connection, scope.viewer, "fix_issue", "issue", issue_id, {"date": str(fix_date)})


def reopen_returned(database: Database, scope: Scope, models: ActiveModels) -> int:
    """Open resolved issues of which a later negative review complains again; how many there were.

    It serves the whole house, so a narrower scope than everything does nothing.
    """
    if not scope.may_see_all_texts:
        return 0
    with database.read() as connection:
        issues = fetch_issues(connection, scope)
        resolved = issues[(issues["state"] == IssueState.RESOLVED.value) & issues["settled_date"].notna()]
        if resolved.empty:
            return 0
        evidence = fetch_evidence(connection, scope, ReviewFilter(), models)
    complaints = evidence[evidence["complaint"].astype(bool) & evidence["review_date"].notna()]
    returned = 0
    settled = resolved["settled_date"].where(
        ~(resolved["fix_date"] > resolved["settled_date"]), resolved["fix_date"]
    )
    for issue_id, day in zip(resolved["issue_id"], settled, strict=True):
        own = complaints[complaints["issue_id"] == issue_id]
        later = own[own["review_date"] > day]["text_sha256"].nunique()
        if later:
            _reopen(database, scope, str(issue_id), later, day)
            returned += 1
    return returned


def _reopen(database: Database, scope: Scope, issue_id: str, later: int, settled: dt.date) -> None:
    with database.write() as connection:
        standing = load_state(connection, issue_id)
        if standing is None or standing.state != IssueState.RESOLVED.value:
            return
        note = f"Came back: {formatting.counted(later, 'complaint')} since {formatting.date(settled)}."
        append_state(connection, issue_id, IssueState.OPEN, scope.viewer, owner=standing.owner, note=note)
        append_audit(connection, scope.viewer, "reopen_issue", "issue", issue_id, {"complaints": later})
    log.info("an issue came back and was opened again")


def _settled_date(
    connection: sa.Connection, scope: Scope, models: ActiveModels, issue_id: str, business_id: str
) -> dt.date:
    fix = load_fix_date(connection, issue_id)
    if fix is None:
        return load_latest_review_date(connection, business_id) or dt.datetime.now(dt.UTC).date()
    evidence = fetch_evidence(connection, scope, ReviewFilter(), models, issue_id)
    known: list[dt.date] = list(evidence.loc[evidence["complaint"].astype(bool), "review_date"].dropna())
    return max([fix, *known])


def _known_state(state: str) -> IssueState:
    try:
        return IssueState(state)
    except ValueError as error:
        known = ", ".join(item.value for item in IssueState)
        raise BadInput(f"A state is one of {known}, not {state!r}.") from error


def _short(text: str, limit: int, what: str) -> str:
    text = " ".join(text.replace("\0", "").split())
    if len(text) > limit:
        raise BadInput(f"{what} has at most {limit} characters, this one {len(text)}.")
    return text


def _workable_business(connection: sa.Connection, scope: Scope, issue_id: str) -> str:
    if not scope.may_answer:
        raise NotFound("Issues are worked by managers.")
    business = load_issue_business(connection, scope, issue_id)
    if business is None:
        raise NotFound("There is no such issue.")
    return business
