"""One issue in full: its course, what customers say, how the work stands, and what can be changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd
import streamlit as st

from peachdash.charts import issue_chart
from peachdash.insights import formatting
from peachdash.insights.issue_course import monthly_course
from peachdash.insights.words import keyword_places
from peachdash.queries.complaints import fetch_issue, fetch_issue_history
from peachdash.records import ReviewFilter
from peachdash.ui.access import Session
from peachdash.ui.data import ask
from peachdash.ui.formatting import moment, person, plain, review_date, stars_words
from peachdash.ui.issue_data import IssueTable, load_evidence
from peachdash.ui.issue_edits import render_edits
from peachdash.ui.issue_table import open_issue, work_words
from peachdash.ui.issue_work import render_work
from peachdash.ui.review_actions import open_review

EVIDENCE_ROWS = 10
_PAGE = "evidence_page"
_FIX = "fixed"


def render_issue(session: Session, table: IssueTable, criteria: ReviewFilter, issue_id: str) -> None:
    """The issue that the address asks for."""
    issue = ask(session, fetch_issue, issue_id)
    evidence = load_evidence(session, criteria, str(issue["issue_id"]))
    st.button("All issues", icon=":material/arrow_back:", key="issue_back", on_click=open_issue, args=(None,))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(plain(issue["name"]), anchor=False)
        st.badge(plain(issue["aspect"]), color="gray")
        st.badge(plain(work_words(issue)), icon=":material/assignment:", color="blue")
    if not (table.rows["issue_id"] == issue["issue_id"]).any():
        st.caption("No review of the filter's dates mentions it.")
    render_course(session, table, issue, evidence)
    render_work(session, issue)
    render_edits(session, table, criteria, issue, evidence)
    render_evidence(evidence, issue)
    render_history(session, str(issue["issue_id"]))


def render_course(session: Session, table: IssueTable, issue: dict[str, Any], evidence: pd.DataFrame) -> None:
    """Reviews that mention it by month, with the date of its fix."""
    volumes = table.volumes[table.volumes["business_id"] == issue["business_id"]]
    course = monthly_course(evidence, volumes)
    title = f"Reviews that mention “{issue['name']}”, by month"
    chart = issue_chart(course, title=title, events=issue_fix(issue))
    if chart is None:
        st.caption("None of these reviews has a date.")
    else:
        st.altair_chart(chart)


def issue_fix(issue: dict[str, Any]) -> pd.DataFrame:
    """The fix of one issue as charts mark it; no row where there is none."""
    if formatting.is_missing(issue["fix_date"]):
        return pd.DataFrame({"date": [], "label": []})
    return pd.DataFrame({"date": [issue["fix_date"]], "label": [issue["fix_label"] or _FIX]})


def render_evidence(evidence: pd.DataFrame, issue: dict[str, Any]) -> None:
    """The sentences with their words marked; each opens its review."""
    st.markdown("**What customers say**")
    if evidence.empty:
        st.caption("Nothing counts as evidence now.")
        return
    repeats = evidence["text_sha256"].value_counts()
    rows = evidence.drop_duplicates(["text_sha256", "position"])
    pages = -(-len(rows) // EVIDENCE_ROWS)
    page = min(int(st.pagination(pages, key=_PAGE)), pages) if pages > 1 else 1
    keywords = issue["keywords"] if isinstance(issue["keywords"], list) else []
    for row in rows.iloc[EVIDENCE_ROWS * (page - 1) : EVIDENCE_ROWS * page].itertuples():
        with st.container(horizontal=True, vertical_alignment="center", border=True):
            with st.container(gap=None):
                st.markdown(marked(str(row.sentence), keywords))
                st.caption(plain(_facts(row, int(repeats[row.text_sha256]))))
            st.button(
                "Open the review", key=f"evidence_{row.review_id}_{row.position}", type="tertiary",
                icon=":material/rate_review:", on_click=open_review, args=(int(row.review_id),),
            )  # fmt: skip


def _facts(row: Any, repeats: int) -> str:
    stars = [] if formatting.is_missing(row.stars) else [stars_words(row.stars)]
    answer = [] if not row.complaint else ["answered" if row.answered else "needs an answer"]
    missed = ["the generic model missed it"] if row.missed else []
    same = [f"the same text {repeats} times"] if repeats > 1 else []
    return " · ".join(
        [*stars, review_date(row.review_date, row.date_precision), row.source, *answer, *missed, *same]
    )


def marked(sentence: str, keywords: Iterable[str]) -> str:
    """A sentence as harmless Markdown with the keywords in bold."""
    parts, start = [], 0
    for left, right in keyword_places(sentence, keywords):
        parts += [_spaced(sentence[start:left]), f"**{plain(sentence[left:right])}**"]
        start = right
    return "".join([*parts, _spaced(sentence[start:])])


def _spaced(text: str) -> str:
    """Plain text that keeps one space at the ends where it had any."""
    before, after = (" " if text[:1].isspace() else ""), (" " if text[-1:].isspace() else "")
    return f"{before}{plain(text, 2000)}{after}" if text.strip() else before


_STEPS = {
    "founded": "found it in the reviews",
    "rename": "named it",
    "aspect": "set the aspect",
    "merge": "merged it",
    "hide": "hid it",
    "state": "set the work to",
    "fix": "set the date of the fix",
}


def render_history(session: Session, issue_id: str) -> None:
    """What was done with the issue, by whom and when."""
    history = ask(session, fetch_issue_history, issue_id)
    with st.expander(f"History ({len(history)})", icon=":material/history:"):
        for step in history.itertuples():
            st.caption(step_words(step))


def step_words(step: Any) -> str:
    """One step of an issue's history, as Markdown."""
    what = _STEPS.get(str(step.what), str(step.what))
    if step.what == "founded":
        what = "split it off" if step.detail == "split" else what
        return f"{moment(step.at_utc)} UTC · {plain(person(step.who))} {what}."
    if not step.detail and step.what != "fix":
        return (
            f"{moment(step.at_utc)} UTC · {plain(person(step.who))} took back what {_STEPS[step.what]} said."
        )
    detail = "" if step.what in ("merge", "hide") else f": {plain(step.detail or 'none')}"
    note = f" “{plain(step.note)}”" if step.note else ""
    return f"{moment(step.at_utc)} UTC · {plain(person(step.who))} {what}{detail}.{note}"
