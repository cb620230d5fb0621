"""The queue: open reports grouped by review, decided one review at a time, by keyboard alone if need be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from peachdash.insights import formatting
from peachdash.queries.trail import fetch_review_trail
from peachdash.ui.access import Session, renew_session
from peachdash.ui.click_table import forget_click, render_click_table
from peachdash.ui.data import CHAMPION, GENERIC, ask
from peachdash.ui.formatting import VERDICT_WORDS, moment, person, plain, preview, reading_words
from peachdash.ui.guard import guard
from peachdash.ui.notices import leave_notice
from peachdash.ui.review_card import NO_TEXT, render_facts, render_words
from peachdash.ui.review_detail import counts_as, trail_words
from peachdash.workflows.deciding import accept_reports, reject_reports, reopen_reports, send_to_labelling
from peachdash.workflows.feedback import NOTE_LIMIT

_FOCUS, _REASON = "queue_review", "queue_reason_{}"
REASONS = (
    "We read the review again, and the reading is right.",
    "The stars say otherwise, but the text is what is read.",
    "The review says both; it counts by its balance.",
    "It is about this business, as far as we can tell.",
)
_PREVIEW = 85
"""Characters that stay on the two lines of a row."""

_MEANWHILE = "Somebody else decided on this meanwhile; nothing was changed."


@dataclass(frozen=True)
class Group:
    """The open reports on one review.

    Attributes:
        review: the columns of `readings`.
        reports: their rows of `fetch_report_queue`, the oldest first.
    """

    review: pd.Series
    reports: pd.DataFrame

    @property
    def number(self) -> int:
        return int(self.review["review_id"])

    @property
    def ids(self) -> list[str]:
        return [str(report) for report in self.reports["report_id"]]

    @property
    def suggestions(self) -> dict[str, int]:
        """How many reports suggest what; the most frequent first."""
        return {str(name): int(n) for name, n in self.reports["suggestion"].value_counts().items()}

    @property
    def conflicting(self) -> bool:
        return len(self.suggestions) > 1


def group_reports(queue: pd.DataFrame) -> list[Group]:
    """The reports of `fetch_report_queue` by review, in their order."""
    return [Group(rows.iloc[0], rows) for _, rows in queue.groupby("review_id", sort=False)]


def queue_sentence(groups: list[Group], waiting_in_all: int = 0) -> str:
    """How many reports wait on how many reviews, and how many of those conflict.

    Args:
        groups: those that are shown.
        waiting_in_all: how many reports are open; where that is more, the sentence says so.
    """
    if not groups:
        return "No report waits for a decision."
    reports = sum(len(group.reports) for group in groups)
    if waiting_in_all > reports:
        every, some = formatting.count(waiting_in_all), formatting.count(reports)
        return f"{every} reports wait for a decision; below are the {some} that wait longest."
    waiting = f"{formatting.counted(reports, 'report')} {'waits' if reports == 1 else 'wait'} for a decision"
    conflicts = sum(group.conflicting for group in groups)
    split = f"; on {formatting.counted(conflicts, 'review')} the reporters disagree" if conflicts else ""
    return f"{waiting}, on {formatting.counted(len(groups), 'review')}{split}."


def render_queue(session: Session, groups: list[Group]) -> None:
    """The review in focus with what can be decided, and the others below."""
    place = _focus(groups)
    with st.container(border=True):
        _render_group(session, groups, place)
    if len(groups) > 1:
        _render_others(groups, place)


def _focus(groups: list[Group]) -> int:
    """The position of the review in focus; the first one where it is gone."""
    wanted = st.session_state.get(_FOCUS)
    return next((place for place, group in enumerate(groups) if group.number == wanted), 0)


def _set_focus(number: int) -> None:
    st.session_state[_FOCUS] = number


def _render_group(session: Session, groups: list[Group], place: int) -> None:
    group = groups[place]
    with st.container(horizontal=True, vertical_alignment="top"):
        with st.container():
            render_facts(group.review)
        if group.conflicting:
            st.badge("Reporters disagree", icon=":material/call_split:", color="orange")
        st.badge(f"{place + 1} of {len(groups)}", color="gray")
    render_words(group.review)
    with st.container(gap=None):
        st.markdown(counts_as(group.review))
        st.caption(readings_words(group.review))
    _render_suggestions(group)
    _render_earlier(session, group)
    _render_reason(group)
    _render_decisions(groups, place)


def readings_words(review: pd.Series) -> str:
    """What both models read, with their probabilities."""
    champion = reading_words(review["champion_label"], review, "champion")
    generic = reading_words(review["generic_label"], review, "generic")
    return f"{CHAMPION}: {champion} · {GENERIC}: {generic}"


def _render_suggestions(group: Group) -> None:
    for suggestion, count in group.suggestions.items():
        said = group.reports[group.reports["suggestion"] == suggestion]
        people = formatting.counted(count, "report")
        with st.container(gap=None):
            st.markdown(f":material/flag: Should be **{VERDICT_WORDS[suggestion]}**: {people}")
            for report in said.itertuples():
                if report.note:
                    st.text(f"“{report.note}”", width="stretch")
                st.caption(f"{plain(person(report.reported_by))}, {moment(report.reported_utc)} UTC")


def _render_earlier(session: Session, group: Group) -> None:
    """What was decided before, the reports that are shown above left out."""
    trail = ask(session, fetch_review_trail, group.number)
    earlier = trail[trail["what"] != "reported"]
    if len(earlier):
        with st.expander(f"Earlier on this review ({len(earlier)})", icon=":material/history:"):
            for step in earlier.itertuples():
                st.caption(trail_words(step))


def _render_reason(group: Group) -> None:
    st.selectbox(
        "Reason: needed to reject, and read by whoever reported it",
        REASONS,
        index=None,
        accept_new_options=True,
        placeholder="Choose one, or write your own",
        key=_REASON.format(group.number),
    )


def _render_decisions(groups: list[Group], place: int) -> None:
    """Buttons whose clicks are taken before the page is drawn anew, so that a changed queue loses none.

    They look alike: nobody is to be nudged towards one answer.
    """
    group, following = groups[place], groups[(place + 1) % len(groups)].number
    with st.container(horizontal=True):
        for key, suggestion in enumerate(group.suggestions, start=1):
            st.button(
                f"Accept: {VERDICT_WORDS[suggestion]}",
                key=f"accept_{group.number}_{suggestion}",
                icon=":material/check:",
                shortcut=str(key),
                on_click=_decide,
                args=(_accept, group, following, suggestion),
            )
        st.button(
            "Reject", key=f"reject_{group.number}", icon=":material/close:", shortcut="x",
            on_click=_decide, args=(_reject, group, following),
        )  # fmt: skip
        st.button(
            "Send to labelling", key=f"labelling_{group.number}", icon=":material/edit_note:", shortcut="l",
            on_click=_decide, args=(_label, group, following),
        )  # fmt: skip
        if len(groups) > 1:
            st.button(
                "Next", key="queue_next", icon=":material/skip_next:", shortcut="n", type="tertiary",
                on_click=_set_focus, args=(following,),
            )  # fmt: skip


def _decide(decision: Callable[..., tuple[int, str]], group: Group, following: int, *chosen: str) -> None:
    """Carry a decision out with the rights of this moment, go on, and leave the way back."""
    with guard():
        session = renew_session()
        reason = str(st.session_state.get(_REASON.format(group.number)) or "")[:NOTE_LIMIT]
        decided, words = decision(session, group, reason, *chosen)
        _set_focus(following)
        if not decided:
            leave_notice(_MEANWHILE)
            return
        leave_notice(words, partial(reopen_reports, session.service.database, session.scope, group.ids))


def _accept(session: Session, group: Group, reason: str, verdict: str) -> tuple[int, str]:
    decided = accept_reports(session.service.database, session.scope, group.ids, verdict, reason)
    return decided, f"Review {group.number} now counts as {VERDICT_WORDS[verdict]}."


def _reject(session: Session, group: Group, reason: str) -> tuple[int, str]:
    decided = reject_reports(session.service.database, session.scope, group.ids, reason)
    return decided, f"Reports on review {group.number} rejected."


def _label(session: Session, group: Group, reason: str) -> tuple[int, str]:
    decided = send_to_labelling(session.service.database, session.scope, group.ids, reason)
    return decided, f"Review {group.number} sent to labelling."


def _render_others(groups: list[Group], place: int) -> None:
    st.subheader("In the queue", anchor=False)
    others = [group for number, group in enumerate(groups) if number != place]
    column = st.column_config
    render_click_table(
        queue_rows(others),
        "queue_table",
        opened=partial(_open, others),
        ticks=False,
        columns={"Review": column.TextColumn("Review", width=330)},
        alt="Other reviews with open reports",
    )


def _open(groups: list[Group], row: int) -> None:
    _set_focus(groups[row].number)
    forget_click()


def queue_rows(groups: list[Group]) -> pd.DataFrame:
    """What the table of the queue shows."""
    columns = ["Review", "Should be", "Model reads", "Waiting since", "Business"]
    return pd.DataFrame([_row(group) for group in groups], columns=columns)


def _row(group: Group) -> dict[str, Any]:
    review = group.review
    told = [f"{VERDICT_WORDS[name]} ({n})" for name, n in group.suggestions.items()]
    return {
        "Review": preview(review["title"], review["text"], _PREVIEW) or NO_TEXT,
        "Should be": " or ".join(told),
        "Model reads": reading_words(review["champion_label"], review, "champion"),
        "Waiting since": moment(group.reports["reported_utc"].min()),
        "Business": review["business"],
    }
