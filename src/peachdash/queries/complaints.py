"""The issues of businesses: what they are called, how the work on them stands, and what people changed."""

from __future__ import annotations

from typing import Any

import pandas as pd
import sqlalchemy as sa

from peachdash.errors import NotFound
from peachdash.queries.issue_evidence import merges
from peachdash.queries.names import AGENCY, shown_name, shown_note
from peachdash.queries.readings import counting, fetch_frame, numbered, readings, within
from peachdash.records import ActiveModels, IssueEdit, IssueState, ReviewFilter, Scope
from peachdash.storage import issue_schema as i
from peachdash.storage import schema as t
from peachdash.storage.bulk import fetch_columns
from peachdash.storage.issues import latest


def fetch_issues(connection: sa.Connection, scope: Scope) -> pd.DataFrame:
    """The issues in scope that stand for themselves, merged ones left out, in the order of founding.

    Columns: issue_id, business_id, business, name, own_name (what the method calls it), aspect, keywords
    (list), hidden, state, owner, due_date, note, settled_date, state_by, state_utc, fix_label, fix_date.
    A client reads neither the names nor the notes of others.
    """
    naming = latest(i.issue_names, ["issue_id"], "naming_id", "naming")
    state = latest(i.issue_states, ["issue_id"], "state_id", "standing")
    fix = latest(i.issue_fixes, ["issue_id"], "fix_id", "fix")
    merged = merges()
    renamed, aspect, hidden = (_edited(kind) for kind in (IssueEdit.RENAME, IssueEdit.ASPECT, IssueEdit.HIDE))
    statement = (
        sa.select(
            i.issues.c.issue_id,
            i.issues.c.business_id,
            t.businesses.c.name.label("business"),
            sa.func.coalesce(renamed.c.value, naming.c.name, "unnamed").label("name"),
            sa.func.coalesce(naming.c.name, "unnamed").label("own_name"),
            sa.func.coalesce(aspect.c.value, naming.c.aspect, "other").label("aspect"),
            naming.c.keywords,
            hidden.c.value.is_not(None).label("hidden"),
            sa.func.coalesce(state.c.state, IssueState.OPEN.value).label("state"),
            _shown_owner(scope, sa.func.coalesce(state.c.owner, "")).label("owner"),
            state.c.due_date,
            shown_note(scope, sa.func.coalesce(state.c.note, ""), state.c.changed_by).label("note"),
            state.c.settled_date,
            shown_name(scope, state.c.changed_by, AGENCY).label("state_by"),
            state.c.changed_utc.label("state_utc"),
            fix.c.label.label("fix_label"),
            fix.c.fix_date,
        )
        .join(t.businesses, t.businesses.c.business_id == i.issues.c.business_id)
        .outerjoin(naming, naming.c.issue_id == i.issues.c.issue_id)
        .outerjoin(state, state.c.issue_id == i.issues.c.issue_id)
        .outerjoin(fix, fix.c.issue_id == i.issues.c.issue_id)
        .outerjoin(renamed, renamed.c.issue_id == i.issues.c.issue_id)
        .outerjoin(aspect, aspect.c.issue_id == i.issues.c.issue_id)
        .outerjoin(hidden, hidden.c.issue_id == i.issues.c.issue_id)
        .outerjoin(merged, merged.c.issue_id == i.issues.c.issue_id)
        .where(within(scope, i.issues.c.business_id), merged.c.value.is_(None))
        .order_by(i.issues.c.issue_id)
    )
    return fetch_frame(connection, statement)


def _shown_owner(scope: Scope, owner: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Who owns an issue as the viewer may read it: a client reads that somebody does."""
    return sa.case((owner == "", ""), else_=shown_name(scope, owner, AGENCY))


def _edited(kind: IssueEdit) -> sa.Subquery[Any]:
    """The latest edit of a kind for each issue: issue_id, value (null where it was taken back)."""
    table = i.issue_edits
    rank = sa.func.row_number().over(partition_by=table.c.issue_id, order_by=table.c.edit_id.desc())
    ranked = (
        sa.select(table.c.issue_id, table.c.value, rank.label("rank"))
        .where(table.c.kind == kind.value)
        .subquery()
    )
    return sa.select(ranked.c.issue_id, ranked.c.value).where(ranked.c.rank == 1).subquery(kind.value)


def fetch_issue(connection: sa.Connection, scope: Scope, issue_id: str) -> dict[str, Any]:
    """One issue, with the columns of `fetch_issues`; of a merged one, what it is part of now.

    Raises:
        NotFound: there is none, or it is outside the viewer's scope.
    """
    merged = merges()
    target = connection.execute(
        sa.select(merged.c.value).where(merged.c.issue_id == issue_id)
    ).scalar_one_or_none()
    found = fetch_issues(connection, scope)
    rows = found[found["issue_id"] == (target or issue_id)]
    if rows.empty:
        raise NotFound("There is no such issue.")
    return {str(name): value for name, value in rows.iloc[0].items()}


def fetch_volumes(
    connection: sa.Connection,
    scope: Scope,
    criteria: ReviewFilter,
    models: ActiveModels,
    *,
    with_issues: bool = False,
) -> pd.DataFrame:
    """Reviews that count: business_id, review_date (missing where unknown), band, n (how many), texts
    (different ones among them); of the businesses `with_issues` only, or of all.
    """
    only = t.reviews.c.business_id.in_(sa.select(i.issues.c.business_id)) if with_issues else None
    rows = readings(scope, criteria, models, generic_too=False, only=only)
    groups = [rows.c.business_id, rows.c.review_date, rows.c.band]
    counts = [
        sa.func.count().label("n"),
        sa.func.count(sa.distinct(rows.c.text_sha256)).label("texts"),
    ]
    statement = sa.select(*groups, *counts).where(counting(rows)).group_by(*groups).order_by(*groups)
    return fetch_columns(connection, statement)


def fetch_wrongly_flagged(
    connection: sa.Connection, scope: Scope, criteria: ReviewFilter, models: ActiveModels, *, limit: int = 200
) -> pd.DataFrame:
    """Reviews that the generic model surely takes for complaints and that count as neutral or positive.

    All columns of `readings`, the latest first.
    """
    rows = readings(scope, criteria, models)
    wrong = (
        counting(rows),
        rows.c.generic_label == "negative",
        ~rows.c.generic_needs_review,
        rows.c.band.in_(["neutral", "positive"]),
    )
    found = sa.select(rows.c.review_id).where(*wrong).order_by(*_latest_first(rows)).limit(limit)
    shown = readings(scope, criteria, models, only=numbered(connection.execute(found).scalars()))
    return fetch_frame(connection, sa.select(shown).order_by(*_latest_first(shown)))


def _latest_first(rows: sa.CTE) -> list[sa.ColumnElement[Any]]:
    return [rows.c.review_date.desc().nulls_last(), rows.c.review_id.desc()]


def fetch_fixes(connection: sa.Connection, scope: Scope) -> pd.DataFrame:
    """The fixes that stand, for charts: issue_id, business_id, name (of the issue), label, fix_date."""
    issues = fetch_issues(connection, scope)
    standing = issues[issues["fix_date"].notna()]
    names = {"issue_id": "issue_id", "business_id": "business_id", "name": "name", "fix_label": "label"}
    return standing.rename(columns=names)[[*names.values(), "fix_date"]].reset_index(drop=True)


def fetch_issue_history(connection: sa.Connection, scope: Scope, issue_id: str) -> pd.DataFrame:
    """What was done with an issue, oldest first: at_utc, who, what, detail, note.

    `what` is founded, a kind of edit, state or fix. Empty where the issue is outside the viewer's scope.
    """
    visible = sa.select(i.issues.c.issue_id).where(
        i.issues.c.issue_id == issue_id, within(scope, i.issues.c.business_id)
    )
    parts = [part.where(part.selected_columns.issue_id.in_(visible)) for part in _history_parts(scope)]
    every = sa.union_all(*parts).subquery()
    columns = [every.c[name] for name in ("at_utc", "who", "what", "detail", "note")]
    return fetch_frame(connection, sa.select(*columns).order_by(every.c.at_utc, every.c.id))


def _history_parts(scope: Scope) -> list[sa.Select[Any]]:
    issues, edits, states, fixes = i.issues.c, i.issue_edits.c, i.issue_states.c, i.issue_fixes.c
    return [
        sa.select(
            issues.issue_id.label("id"),
            issues.issue_id,
            issues.founded_utc.label("at_utc"),
            shown_name(scope, issues.founded_by, AGENCY).label("who"),
            sa.literal("founded").label("what"),
            issues.origin.label("detail"),
            sa.literal("").label("note"),
        ),
        sa.select(
            edits.edit_id, edits.issue_id, edits.edited_utc, shown_name(scope, edits.edited_by, AGENCY),
            edits.kind, sa.func.coalesce(edits.value, ""), sa.literal(""),
        ),
        sa.select(
            states.state_id, states.issue_id, states.changed_utc,
            shown_name(scope, states.changed_by, AGENCY), sa.literal("state"), states.state,
            shown_note(scope, states.note, states.changed_by),
        ),
        sa.select(
            fixes.fix_id, fixes.issue_id, fixes.set_utc, shown_name(scope, fixes.set_by, AGENCY),
            sa.literal("fix"), sa.func.coalesce(sa.cast(fixes.fix_date, sa.Text), ""), fixes.label,
        ),
    ]  # fmt: skip
