"""The issues of a page's filter, read once for each state of the stored data."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pandas as pd

from peachdash.insights.issues import mark_readings, summarise_issues
from peachdash.queries.complaints import fetch_fixes, fetch_issues, fetch_volumes
from peachdash.queries.issue_evidence import fetch_evidence
from peachdash.records import ReviewFilter
from peachdash.ui.access import Session
from peachdash.ui.data import ask, chosen_businesses, remember, remember_by_content


@dataclass(frozen=True)
class IssueTable:
    """The issues with evidence in a period.

    Attributes:
        rows: of `summarise_issues`, hidden ones among them.
        volumes: rows of `fetch_volumes` up to the end of the period, of the businesses with issues.
    """

    rows: pd.DataFrame
    volumes: pd.DataFrame

    @property
    def shown(self) -> pd.DataFrame:
        """The issues that nobody has hidden."""
        return self.rows[~self.rows["hidden"].astype(bool)]


def load_issues(session: Session, criteria: ReviewFilter) -> IssueTable:
    """The issues of a filter. What is new is tested against all time, whatever the filter's first day."""

    def compute() -> IssueTable:
        whole = criteria.without("since")
        with session.service.database.read() as connection:
            evidence = fetch_evidence(connection, session.scope, whole, session.models)
            catalogue = fetch_issues(connection, session.scope)
            volumes = fetch_volumes(connection, session.scope, whole, session.models, with_issues=True)
        related = volumes[volumes["business_id"].isin(catalogue["business_id"])]
        rows = _summarise(mark_readings(evidence), catalogue, related, criteria.since)
        return IssueTable(rows, volumes)

    return remember(session, "load_issues", compute, criteria)


def _summarise(
    evidence: pd.DataFrame, catalogue: pd.DataFrame, volumes: pd.DataFrame, since: dt.date | None
) -> pd.DataFrame:
    """`summarise_issues`, whose tests take a second, kept while readings of other businesses come in."""
    content = (evidence, catalogue, volumes, since)
    return remember_by_content(
        "summarise_issues", lambda: summarise_issues(evidence, catalogue, volumes, since=since), *content
    )


def load_evidence(session: Session, criteria: ReviewFilter, issue_id: str) -> pd.DataFrame:
    """What reviews say in one issue, of all time up to the end of the filter, the newest first."""
    whole = criteria.without("since")
    return mark_readings(ask(session, fetch_evidence, whole, session.models, issue_id))


def fix_events(session: Session, criteria: ReviewFilter) -> pd.DataFrame:
    """When issues of the filter's businesses were fixed: date and label, as charts mark them."""
    fixes = ask(session, fetch_fixes)
    fixes = fixes[fixes["business_id"].isin(chosen_businesses(session, criteria)["business_id"])]
    return pd.DataFrame({"date": list(fixes["fix_date"]), "label": list(fixes["label"])})
