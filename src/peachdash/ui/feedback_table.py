"""What was reported, what came of it, and the way back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from peachdash.insights import formatting
from peachdash.records import LABELS, Outcome
from peachdash.ui.access import Session
from peachdash.ui.click_table import render_click_table
from peachdash.ui.formatting import VERDICT_WORDS, moment, person, preview
from peachdash.ui.review_actions import open_review, take_back
from peachdash.ui.review_card import NO_TEXT

_COLUMNS = ("Review", "Reading", "Outcome", "Note", "Reason", "Reported", "Business")
_PREVIEW = 70
"""Characters that stay on the two lines of a row."""


def feedback_sentence(counts: Mapping[str, int], who: str = "") -> str:
    """How many readings were reported, what came of them, and how many the model now reads right by itself.

    Args:
        counts: what `fetch_feedback_counts` gives.
        who: "You" where they are the viewer's own; empty for everybody's.
    """
    if not counts["reported"]:
        return f"{who} reported no reading as wrong." if who else "No reading has been reported as wrong."
    reported = formatting.counted(counts["reported"], "reading")
    told = f"{who} reported {reported}" if who else f"{reported} reported as wrong"
    parts = [f"{told}, {formatting.count(counts['accepted'])} accepted"]
    if counts["accepted_labels"]:
        right = formatting.count(counts["read_right"]) if counts["read_right"] else "none"
        parts.append(f"{right} now read correctly without a correction")
    if counts["open"]:
        parts.append(f"{formatting.count(counts['open'])} still open")
    return ", ".join(parts) + "."


def feedback_rows(reports: pd.DataFrame) -> pd.DataFrame:
    """What the table shows of `fetch_reports`."""
    rows = [_row(report) for _, report in reports.iterrows()]
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def _row(report: pd.Series) -> dict[str, Any]:
    return {
        "Review": preview(report["title"], report["text"], _PREVIEW) or NO_TEXT,
        "Reading": reading_change(report),
        "Outcome": outcome_words(report),
        "Reason": preview("", report["reason"]),
        "Note": preview("", report["note"]),
        "Reported": f"{moment(report['reported_utc'])} by {person(report['reported_by'])}",
        "Business": report["business"],
    }


def reading_change(report: pd.Series) -> str:
    """What the model had read, and what it should be."""
    read = report["label"] if isinstance(report["label"], str) else "not read"
    return f"{read} → {VERDICT_WORDS[report['suggestion']]}"


_OUTCOMES = {Outcome.REJECTED.value: "rejected", Outcome.LABELLING.value: "sent to labelling"}


def outcome_words(report: pd.Series) -> str:
    """What came of a report, in words."""
    if not isinstance(report["outcome"], str):
        return "open"
    if report["outcome"] in _OUTCOMES:
        return _OUTCOMES[report["outcome"]]
    if not report["in_force"]:
        return "accepted, later changed"
    words = VERDICT_WORDS[report["suggestion"]]
    return f"counts as {words}" if report["suggestion"] in LABELS else f"left out: {words}"


def render_feedback_table(session: Session, reports: pd.DataFrame) -> None:
    """The reports; a click opens the review, ticked corrections can be taken back by those who may decide."""
    deciding = session.scope.may_decide
    st.caption(
        "Click a report to open its review" + ("; tick several to take them back." if deciding else ".")
    )
    actions = st.container(horizontal=True)
    numbers = [int(number) for number in reports["review_id"]]
    column = st.column_config
    shown = feedback_rows(reports)
    empty = [name for name in ("Reason", "Note") if not shown[name].any()]
    ticked = render_click_table(
        shown.drop(columns=empty),
        "feedback_table",
        opened=lambda row: open_review(numbers[row]),
        ticks=deciding,
        columns={
            "Review": column.TextColumn("Review", width=235),
            "Reading": column.TextColumn(
                "Reading", width=90, help="What the model had read, and what it should be."
            ),
            "Outcome": column.TextColumn("Outcome", width=105),
            "Reason": column.TextColumn("Reason", width=130),
            "Reported": column.TextColumn("Reported", width=150),
            "Note": column.TextColumn("Note", width=150),
        },
        alt="Reported readings and what came of them",
    )
    chosen = reports.iloc[ticked]
    reviews = sorted({int(number) for number in chosen.loc[chosen["in_force"].astype(bool), "review_id"]})
    if reviews:
        words = f"Take {formatting.counted(len(reviews), 'decision')} back"
        if actions.button(words, icon=":material/undo:", type="primary", key="take_back_ticked"):
            take_back(session, reviews)
    elif len(chosen):
        actions.caption("None of the ticked reports stands as a decision.")
