"""The Complaints page in words: the place, the figures, and what stands there before anything was found."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from peachdash.insights.issue_course import course_sentence
from peachdash.insights.issue_tests import NEW, RISING
from peachdash.insights.issues import issues_sentence
from peachdash.queries.overview import fetch_totals
from peachdash.records import ReviewFilter
from peachdash.ui.access import Session
from peachdash.ui.data import ask
from peachdash.ui.filters import View
from peachdash.ui.frame import end_page
from peachdash.ui.headline import KeyFigure
from peachdash.ui.issue_data import IssueTable


def place_name(businesses: pd.DataFrame, view: View) -> str:
    """What the businesses in view are called in a sentence."""
    return str(businesses["business"].iloc[0]) if len(businesses) == 1 else view.pooled_name


def complaints_headline(table: IssueTable, place: str, issue_id: str | None) -> str:
    """The answer of the page: that of the opened issue, where there is one in the filter, else of all."""
    opened = table.rows[table.rows["issue_id"] == issue_id]
    if len(opened):
        return course_sentence(opened.iloc[0])
    return issues_sentence(table.shown, place)


def issue_figures(table: IssueTable, totals: dict[str, int]) -> list[KeyFigure]:
    """Issues, new and rising ones, what only the fine-tuned model found, and complaints without an answer."""
    shown = table.shown
    repeated = shown[shown["reviews"] > 1]
    figures = [
        KeyFigure("Issues", len(repeated), "That two reviews or more mention in the filter's dates."),
        KeyFigure(
            "New or rising",
            int(shown["change"].isin([NEW, RISING]).sum()),
            "In the latest six weeks against all time before, clearer than chance.",
        ),
        KeyFigure(
            "Only fine-tuned found",
            int(repeated["found_only_by_champion"].astype(bool).sum()),
            "Issues in which the generic model took not one of the negative reviews for negative.",
        ),
        KeyFigure(
            "Complaints open",
            totals["complaints_open"],
            "Negative reviews that nobody has marked as answered and that hold no reply by the owner.",
        ),
    ]
    return figures


def stop_if_unfound(session: Session, table: IssueTable, criteria: ReviewFilter) -> None:
    """End the page where the filter holds no issue, and say why."""
    if len(table.rows):
        return
    ever = ask(session, fetch_totals, criteria.without("since"), session.models)
    if not ever["negative"]:
        st.success("No review of the filter complains.", icon=":material/sentiment_satisfied:")
    else:
        st.info(
            "No issue has been found in these reviews yet. Sentences are read and grouped after the reviews; "
            "this page shows them as soon as that is done.",
            icon=":material/hourglass:",
        )
    end_page()
