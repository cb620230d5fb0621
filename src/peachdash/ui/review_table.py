"""A paged table of reviews with search, and what can be done with several at once."""

from __future__ import annotations

from typing import Any, get_args

import pandas as pd
import streamlit as st

from peachdash.charts import BAND_COLOURS
from peachdash.insights import formatting
from peachdash.queries.reviews import Order, ReviewSelection, count_reviews, fetch_reviews
from peachdash.records import BANDS, ReviewFilter, Verdict
from peachdash.ui.access import Session
from peachdash.ui.click_table import forget_ticks, render_click_table
from peachdash.ui.data import CHAMPION, GENERIC, ask
from peachdash.ui.formatting import VERDICT_WORDS, person, preview, reading_words, review_date, stars_words
from peachdash.ui.review_actions import change_answers, correct_readings, open_review
from peachdash.ui.review_download import render_review_download
from peachdash.workflows.feedback import NOTE_LIMIT

PAGE_ROWS = 25
_PAGE = "page"
ORDER_WORDS: dict[str, str] = {
    "newest": "Newest first",
    "oldest": "Oldest first",
    "most_negative": "Most negative first",
    "least_certain": "Least certain first",
}
COMPLAINT_WORDS = {"open": "Open complaints", "answered": "Answered complaints"}
_BAND_WORDS = {"waiting": "not read yet", "unscored": "no text"}
_LANGUAGE = "not scored: language"
_PREVIEW = 62
"""Characters that stay on the two lines of a row, in a column that leaves a phone room for the sentiment."""


def use_selection() -> ReviewSelection:
    """The search, choices and order above the table, all kept in the address."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search = st.text_input(
            "Search the reviews",
            key="search",
            type="search",
            placeholder="Words in the title, text or reply",
            bind="query-params",
            on_change=_first_page,
            max_chars=200,
            width=440,
        )
        complaints: Any = st.selectbox(
            "Complaints",
            list(COMPLAINT_WORDS),
            index=None,
            format_func=COMPLAINT_WORDS.__getitem__,
            placeholder="All reviews",
            key="complaints",
            bind="query-params",
            on_change=_first_page,
            width=200,
        )
        order = st.selectbox(
            "Order",
            get_args(Order),
            format_func=ORDER_WORDS.__getitem__,
            key="order",
            bind="query-params",
            on_change=_first_page,
            width=200,
        )
    with st.container(horizontal=True, vertical_alignment="center"):
        bands = st.pills(
            "Counts as",
            BANDS,
            selection_mode="multi",
            key="bands",
            bind="query-params",
            on_change=_first_page,
            label_visibility="collapsed",
        )
        differing = st.toggle("The models differ", key="differ", bind="query-params", on_change=_first_page)
    return ReviewSelection(search or "", tuple(bands or ()), complaints, differing, order or "newest")


def _first_page() -> None:
    st.session_state[_PAGE] = 1
    forget_ticks()


def review_rows(reviews: pd.DataFrame) -> pd.DataFrame:
    """What the table shows of rows of `fetch_reviews`: words only, nothing that could be rendered."""
    rows = [_row(review) for _, review in reviews.iterrows()]
    return pd.DataFrame(rows, columns=list(_COLUMNS))


_COLUMNS = ("Review", "Counts as", "Read as", "Complaint", "Posted", "Business")


def _row(review: pd.Series) -> dict[str, Any]:
    band = str(review["band"])
    readings = (
        f"{CHAMPION}: {reading_words(review['champion_label'], review, 'champion')}",
        f"{GENERIC}: {reading_words(review['generic_label'], review, 'generic')}",
    )
    return {
        "Review": preview(review["title"], review["text"], _PREVIEW) or "(stars only, no text)",
        "Counts as": [_counts_as(review, band)],
        "Read as": "" if band == "unscored" else _two_lines(*readings),
        "Complaint": _complaint(review),
        "Posted": _two_lines(_stars_and_source(review), _date(review)),
        "Business": review["business"],
    }


def _two_lines(first: str, second: str) -> str:
    """Two parts that a narrow cell breaks between, and nowhere else."""
    return " ".join(part.replace(" ", "\N{NO-BREAK SPACE}") for part in (first, second))


def _stars_and_source(review: pd.Series) -> str:
    stars = "" if formatting.is_missing(review["stars"]) else f"{stars_words(review['stars'])} · "
    return f"{stars}{review['source']}"


def _date(review: pd.Series) -> str:
    return review_date(review["review_date"], review["date_precision"])


def _counts_as(review: pd.Series, band: str) -> str:
    if review["excluded"]:
        return "left out"
    return _LANGUAGE if review["unscored_reason"] == "language" else _BAND_WORDS.get(band, band)


def _complaint(review: pd.Series) -> str:
    if not review["complaint"]:
        return ""
    if not review["answered"]:
        return "needs an answer"
    who = review["answered_by"]
    return f"answered by {person(who)}" if isinstance(who, str) else "owner replied"


def render_review_table(session: Session, criteria: ReviewFilter) -> None:
    """Search, table, pages and actions for the reviews of a filter."""
    st.subheader("Reviews", anchor=False)
    selection = use_selection()
    total = ask(session, count_reviews, criteria, session.models, selection)
    if not total:
        st.info("No review matches. Clear the search or lift a choice above.", icon=":material/search_off:")
        return
    head, table, foot = st.container(), st.container(), st.container(horizontal_alignment="right")
    with foot:
        offset = PAGE_ROWS * (_choose_page(total) - 1)
    reviews = ask(session, fetch_reviews, criteria, session.models, selection, limit=PAGE_ROWS, offset=offset)
    with head:
        shown = f"{formatting.count(offset + 1)} to {formatting.count(offset + len(reviews))}"
        of = formatting.counted(total, "review")
        st.caption(f"{shown} of {of}. Click a review to open it, tick several to act on them at once.")
        actions = st.container(horizontal=True)
    with foot:
        render_review_download(session, criteria, selection)
    with table:
        chosen = _render_rows(reviews, several=criteria.business_id is None)
    with actions:
        _render_actions(session, reviews, chosen)


def _choose_page(total: int) -> int:
    """The page of the table, from 1; it is chosen at the foot of the table and kept in the address."""
    pages = -(-total // PAGE_ROWS)
    if pages < 2:
        return 1
    return min(int(st.pagination(pages, key=_PAGE, bind="query-params", on_change=forget_ticks)), pages)


def _render_rows(reviews: pd.DataFrame, *, several: bool) -> list[int]:
    """The table; the positions of the ticked rows. A click elsewhere in a row opens the review."""
    shown = review_rows(reviews)
    if not several:
        shown = shown.drop(columns="Business")
    if not shown["Complaint"].any():
        shown = shown.drop(columns="Complaint")
    numbers = [int(number) for number in reviews["review_id"]]
    return render_click_table(
        shown,
        "review_table",
        opened=lambda row: open_review(numbers[row]),
        ticks=True,
        columns=_column_config(),
        alt="Reviews with both models' readings",
    )


def _column_config() -> dict[str, Any]:
    column = st.column_config
    bands = [*BANDS, *_BAND_WORDS.values(), _LANGUAGE, "left out"]
    colours = [BAND_COLOURS.get(band, BAND_COLOURS["undecided"]) for band in bands]
    return {
        "Review": column.TextColumn("Review", width=240),
        "Counts as": column.MultiselectColumn(
            "Counts as",
            width=100,
            options=bands,
            color=colours,
            help="The latest decision by a person, else what the fine-tuned model reads.",
        ),
        "Read as": column.TextColumn(
            "Read as", width=165, help="What both models read, with the probability of it."
        ),
        "Complaint": column.TextColumn("Complaint", width=120),
        "Posted": column.TextColumn("Posted", width=112, help="Stars, source and date."),
        "Business": column.TextColumn("Business", width=125),
    }


def _render_actions(session: Session, reviews: pd.DataFrame, chosen: list[int]) -> None:
    """What can be done with the ticked reviews: report them, mark complaints as answered, take that back."""
    rows = reviews.iloc[chosen]
    if rows.empty:
        return
    if session.scope.may_answer:
        _render_answers(session, rows)
    _render_report(session, [int(number) for number in rows["review_id"]])


def _render_answers(session: Session, rows: pd.DataFrame) -> None:
    complaints = rows[rows["complaint"].astype(bool)]
    answered = complaints["answered"].astype(bool)
    waiting = [int(number) for number in complaints.loc[~answered, "review_id"]]
    settled = [int(number) for number in complaints.loc[answered, "review_id"]]
    if waiting:
        words = f"Mark {formatting.counted(len(waiting), 'complaint')} as answered"
        if st.button(words, icon=":material/mark_email_read:", type="primary", key="answer_ticked"):
            change_answers(session, waiting, answered=True)
    if settled:
        words = f"Open {formatting.counted(len(settled), 'complaint')} again"
        if st.button(words, icon=":material/undo:", key="reopen_ticked"):
            change_answers(session, settled, answered=False)


def _render_report(session: Session, numbers: list[int]) -> None:
    """Say of all ticked reviews at once what they should count as."""
    words = f"Report {formatting.counted(len(numbers), 'reading')}"
    with st.popover(words, icon=":material/flag:"), st.form("report_ticked", border=False):
        verdicts = [verdict.value for verdict in Verdict]
        label = "They should count as" if len(numbers) > 1 else "It should count as"
        suggestion = st.pills(label, verdicts, format_func=VERDICT_WORDS.__getitem__, key="ticked_suggestion")
        note = st.text_input("Note (optional)", max_chars=NOTE_LIMIT, key="ticked_note")
        if st.form_submit_button("Report", icon=":material/flag:", key="report_ticked_button"):
            if suggestion is None:
                st.warning("Choose what they should count as.")
            else:
                correct_readings(session, numbers, suggestion, note)
