"""What was reported, what came of it, and the way back."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from peachdash.insights import formatting
from peachdash.ui.access import Session
from peachdash.ui.click_table import render_click_table
from peachdash.ui.formatting import VERDICT_WORDS, moment, preview
from peachdash.ui.review_actions import open_review, take_back

_COLUMNS = ("Review", "Model read", "Suggested", "Outcome", "Note", "Reported", "Business")


def feedback_sentence(reports: pd.DataFrame) -> str:
    """How many readings were reported, and how many of them stand as corrections."""
    if reports.empty:
        return "No reading has been reported as wrong."
    standing = int((reports["outcome"].notna() & ~reports["taken_back"].astype(bool)).sum())
    reported = formatting.counted(len(reports), "reading")
    return f"{reported} reported as wrong; {formatting.counted(standing, 'correction')} in force."


def feedback_rows(reports: pd.DataFrame) -> pd.DataFrame:
    """What the table shows of `fetch_reports`."""
    rows = [_row(report) for _, report in reports.iterrows()]
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def _row(report: pd.Series) -> dict[str, Any]:
    return {
        "Review": preview("", report["text"]) or "(stars only, no text)",
        "Model read": report["label"] if isinstance(report["label"], str) else "not read",
        "Suggested": VERDICT_WORDS[report["suggestion"]],
        "Outcome": outcome_words(report),
        "Note": preview("", report["note"]),
        "Reported": f"{moment(report['reported_utc'])} by {report['reported_by']}",
        "Business": report["business"],
    }


def outcome_words(report: pd.Series) -> str:
    """What came of a report, in words."""
    if not isinstance(report["outcome"], str):
        return "open"
    if report["taken_back"]:
        return "taken back"
    words = VERDICT_WORDS[report["outcome"]]
    return (
        f"counts as {words}"
        if report["outcome"] in ("negative", "neutral", "positive")
        else f"left out: {words}"
    )


def render_feedback_table(session: Session, reports: pd.DataFrame) -> None:
    """The reports; a click opens the review, ticked corrections can be taken back."""
    st.caption("Click a report to open its review; tick several to take them back.")
    actions = st.container(horizontal=True)
    numbers = [int(number) for number in reports["review_id"]]
    column = st.column_config
    ticked = render_click_table(
        feedback_rows(reports),
        "feedback_table",
        opened=lambda row: open_review(numbers[row]),
        ticks=True,
        columns={
            "Review": column.TextColumn("Review", width=270),
            "Note": column.TextColumn("Note", width=140),
            "Reported": column.TextColumn("Reported", width=130),
        },
        alt="Reported readings and what came of them",
    )
    chosen = reports.iloc[ticked]
    standing = chosen[chosen["outcome"].notna() & ~chosen["taken_back"].astype(bool)]
    reviews = sorted({int(number) for number in standing["review_id"]})
    if reviews:
        words = f"Take {formatting.counted(len(reviews), 'decision')} back"
        if actions.button(words, icon=":material/undo:", type="primary", key="take_back_ticked"):
            take_back(session, reviews)
    elif len(chosen):
        actions.caption("None of the ticked reports stands as a decision.")
