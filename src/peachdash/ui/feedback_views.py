"""The views of the Feedback page: what everybody reported, the queue, the random sample, the links."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from peachdash.insights import formatting
from peachdash.queries.feedback import fetch_feedback_counts, fetch_report_queue, fetch_reports
from peachdash.queries.links import fetch_links
from peachdash.queries.samples import fetch_sample_answers
from peachdash.records import ReviewFilter, Scope
from peachdash.ui.access import Session
from peachdash.ui.accuracy_table import estimate_each, sample_sentence
from peachdash.ui.data import ask, chosen_businesses
from peachdash.ui.empty import BUSINESS
from peachdash.ui.feedback_table import feedback_sentence, render_feedback_table
from peachdash.ui.filters import View
from peachdash.ui.formatting import plain
from peachdash.ui.headline import render_demo_note, render_headline
from peachdash.ui.report_queue import Group, group_reports, queue_sentence, render_queue
from peachdash.ui.share_links import links_sentence

QUEUE, REPORTS, SAMPLE, LINKS = "Queue", "Reports", "Random sample", "Links"
MOST_REPORTS = 500
_VIEW = "view"


@dataclass(frozen=True)
class Feedback:
    """What the page shows.

    Attributes:
        waiting: what waits in the queue, in words; empty for those who may not decide.
        told: what came of reports, in words; of the viewer's own where they may not decide.
        criteria: the page's filter without its dates: a report waits however old its review is.
        groups: the queue; empty for those who may not decide.
    """

    waiting: str
    told: str
    criteria: ReviewFilter
    groups: list[Group]


def load_feedback(session: Session, criteria: ReviewFilter) -> Feedback:
    """The queue and the counts under a filter, whatever its dates."""
    whole = criteria.without("since", "until")
    if not session.scope.may_decide:
        own = ask(session, fetch_feedback_counts, whole, session.models, own=True)
        return Feedback("", feedback_sentence(own, "You"), whole, [])
    counts = ask(session, fetch_feedback_counts, whole, session.models)
    groups = group_reports(ask(session, fetch_report_queue, whole, session.models))
    return Feedback(queue_sentence(groups, counts["open"]), feedback_sentence(counts), whole, groups)


def render_feedback_head(session: Session, feedback: Feedback, shown: str) -> None:
    """The answer that the chosen view gives, what it rests on, and whether it is about demo data."""
    sentence, basis = _answer(session, feedback, shown)
    render_headline(sentence)
    st.caption(basis)
    if chosen_businesses(session, feedback.criteria)["is_demo"].any():
        render_demo_note()


def _answer(session: Session, feedback: Feedback, shown: str) -> tuple[str, str]:
    if shown == QUEUE:
        return feedback.waiting, f"{plain(feedback.told)} {_ALL_WORDS}"
    if shown == SAMPLE:
        sampled = ask(session, fetch_sample_answers, feedback.criteria)
        return sample_sentence(estimate_each(session, sampled)), _SAMPLE_WORDS
    if shown == LINKS:
        return links_sentence(ask(session, fetch_links)), _LINK_WORDS
    return feedback.told, _ALL_WORDS if session.scope.may_decide else _OWN_WORDS


_ALL_WORDS = "Reports on reviews of all dates."
_SAMPLE_WORDS = "From checks of readings that were drawn at random, not from reports."
_LINK_WORDS = (
    "A link shows one client their own recent reviews with our readings, without an account. They can "
    "confirm or correct each, and nothing else. What they correct waits in the queue."
)
_OWN_WORDS = "An accepted report counts at once in every number. Reviews of all dates."


def use_view(session: Session) -> str:
    """Which view is shown; kept in the address."""
    views = views_of(session.scope)
    chosen = st.segmented_control(
        "Show",
        views,
        default=views[0],
        required=True,
        key=_VIEW,
        bind="query-params",
        label_visibility="collapsed",
    )
    return str(chosen or views[0])


def views_of(scope: Scope) -> list[str]:
    """The views that somebody may open, the first one at first."""
    deciding = [QUEUE] if scope.may_decide else []
    return [*deciding, REPORTS, SAMPLE, *([LINKS] if scope.may_share else [])]


def render_queue_view(session: Session, feedback: Feedback) -> None:
    """The queue, or what to do where it is empty."""
    if feedback.groups:
        render_queue(session, feedback.groups)
        return
    st.write("Reports come here. To hear from a client, or to learn how often readings are right:")
    with st.container(horizontal=True):
        for label, icon, shown in _WAYS:
            if shown in views_of(session.scope):
                st.button(label, icon=icon, key=f"to_{shown}", on_click=_show, args=(shown,))


_WAYS = (
    ("Make a link for a client", ":material/add_link:", LINKS),
    ("Check a random sample", ":material/casino:", SAMPLE),
)


def _show(view: str) -> None:
    st.session_state[_VIEW] = view


def render_reports_view(session: Session, feedback: Feedback, view: View) -> None:
    """All reports under the filter, or where to make one."""
    reports: pd.DataFrame = ask(session, fetch_reports, feedback.criteria, limit=MOST_REPORTS)
    if len(reports):
        if len(reports) == MOST_REPORTS:
            st.caption(f"The newest {formatting.count(MOST_REPORTS)}; the filter narrows them.")
        render_feedback_table(session, reports)
        return
    st.write("Open any review, choose what it should count as under “This reading is wrong”, and report it.")
    address = view.filters.to_query()
    st.page_link(
        BUSINESS, label="Look through the reviews", icon=":material/show_chart:", query_params=address
    )
