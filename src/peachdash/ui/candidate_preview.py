"""What a promotion would change: how many reviews flip, of whom, from what to what, and which."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from peachdash.charts import BAND_COLOURS
from peachdash.insights import formatting
from peachdash.insights.changes import change_sentence
from peachdash.jobs.candidate_runs import PREVIEW, ask_preview
from peachdash.queries.flips import MOST_EXAMPLES, fetch_flipped_reviews
from peachdash.records import BANDS
from peachdash.ui.access import Session
from peachdash.ui.candidate_run import render_candidate_run
from peachdash.ui.click_table import render_click_table
from peachdash.ui.data import ask
from peachdash.ui.formatting import moment, plain, preview
from peachdash.ui.guard import guard
from peachdash.ui.progress import duration
from peachdash.ui.review_actions import open_review
from peachdash.workflows.candidate_list import Candidate


def render_preview(session: Session, candidate: Candidate, found: dict[str, Any] | None, unread: int) -> bool:
    """The preview, or the way to one; whether it is complete, so that a promotion may be offered.

    Args:
        found: the latest preview against the present champion, if there is one.
        unread: readings that the candidate and its generic model lack.
    """
    st.subheader("What a promotion would change", anchor=False)
    if render_candidate_run(session, PREVIEW, candidate.revision, "The preview"):
        return False
    if found is None or unread:
        _render_ask(session, candidate, found is not None, unread)
        if found is None:
            return False
    _render_changes(session, candidate, found)
    return not unread


def _render_ask(session: Session, candidate: Candidate, made: bool, unread: int) -> None:
    if made:
        words = (
            f"{formatting.counted(unread, 'reading')} are missing "
            "of what came in since the preview, so it is not complete."
        )
    elif unread:
        words = (
            "Candidate and the generic model beside it first read all stored reviews in the background: "
            f"{formatting.counted(unread, 'reading')}{_time_words(candidate, unread)}. "
            "So a promotion switches at once."
        )
    else:
        words = "Nothing is left to read: the preview is a matter of a moment."
    st.write(words)
    label = "Bring the preview up to date" if made else "Preview what would change"
    if st.button(label, icon=":material/difference:", type="primary", key="preview_button"):
        service = session.service
        with guard():
            ask_preview(service.database, session.scope, service.settings, candidate.revision)
            st.rerun()


def _time_words(candidate: Candidate, texts: int) -> str:
    """`, about 3 minutes` by the speed that was measured of the candidate; nothing where it was not."""
    rate = candidate.cost.texts_per_second if candidate.cost is not None else None
    return f", about {duration(texts / rate)}" if rate else ""


def _render_changes(session: Session, candidate: Candidate, found: dict[str, Any]) -> None:
    changes = found["changes"]
    st.write(plain(change_sentence(changes), 1000))
    st.caption(
        f"Counted {moment(found['made_utc'])} UTC for {plain(found['made_by'])}, against the champion "
        f"{plain(found['against'])}. {_human_words(int(changes['human']))}"
    )
    if changes.get("sentences"):
        count = int(changes["sentences"])
        st.caption(
            f":material/hourglass: {formatting.counted(count, 'sentence')} of the complaints page are "
            f"read by the new champion after the switch{_time_words(candidate, count)}; "
            "issues count fewer until then."
        )
    if not changes["flips"]:
        return
    classes, businesses = st.columns([1, 2])
    with classes:
        st.dataframe(class_rows(changes), hide_index=True, height="content", alt="Flips by class")
    with businesses:
        st.dataframe(
            business_rows(changes), hide_index=True, height="content", key="preview_businesses",
            alt="Flips by business",
        )  # fmt: skip
    _render_examples(session, candidate, changes)


def _human_words(decided: int) -> str:
    if not decided:
        return "People have decided on none of these reviews."
    return f"{formatting.counted(decided, 'review')} decided by people keep what was decided."


def class_rows(changes: dict[str, Any]) -> pd.DataFrame:
    """From what to what, and how many."""
    rows = [{"From": row["before"], "To": row["after"], "Reviews": row["n"]} for row in changes["by_class"]]
    return pd.DataFrame(rows, columns=["From", "To", "Reviews"])


def business_rows(changes: dict[str, Any]) -> pd.DataFrame:
    """The businesses with a flip, with what counts before and after."""
    rows = [
        {
            "Business": row["business"],
            "Reviews": row["reviews"],
            "Flip": row["flips"],
            **{
                band.capitalize(): f"{row[f'{band}_before']:,} → {row[f'{band}_after']:,}"
                for band in ("negative", "positive", "undecided")
            },
        }
        for row in changes["by_business"]
        if row["flips"]
    ]
    columns = ["Business", "Reviews", "Flip", "Negative", "Positive", "Undecided"]
    return pd.DataFrame(rows, columns=columns)


def _render_examples(session: Session, candidate: Candidate, changes: dict[str, Any]) -> None:
    """Reviews that flip, for a business and a kind of flip; a click opens one."""
    businesses = {row["business_id"]: row["business"] for row in changes["by_business"] if row["flips"]}
    kinds = {f"{row['before']} to {row['after']}": row for row in changes["by_class"]}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        business = st.selectbox(
            "Business", list(businesses), index=None, placeholder="Any", key="flips_business", width=280,
            format_func=lambda key: plain(businesses[key]),
        )  # fmt: skip
        kind = st.selectbox(
            "From and to", list(kinds), index=None, placeholder="Any", key="flips_kind", width=240
        )
    chosen = kinds[kind] if kind else {"before": None, "after": None}
    rows = ask(
        session,
        fetch_flipped_reviews,
        session.models.champion,
        candidate.revision,
        business_id=business,
        before=chosen["before"],
        after=chosen["after"],
    )
    st.caption(
        f"{formatting.counted(len(rows), 'example')}, at most {MOST_EXAMPLES}, those read most surely first. "
        "Click a review to open it."
    )
    if rows.empty:
        return
    numbers = [int(number) for number in rows["review_id"]]
    render_click_table(
        _example_rows(rows),
        "flips_table",
        opened=lambda row: open_review(numbers[row]),
        ticks=False,
        columns=_example_columns(),
        alt="Reviews that would count as something else",
        most_rows=8,
    )


def _example_rows(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Review": [preview(*pair) for pair in zip(rows["title"], rows["text"], strict=True)],
            "Now": [[band] for band in rows["before"]],
            "Then": [[band] for band in rows["after"]],
            "Business": list(rows["business"]),
        }
    )


def _example_columns() -> dict[str, Any]:
    bands = [*BANDS, "waiting"]
    colours = [BAND_COLOURS.get(band, BAND_COLOURS["undecided"]) for band in bands]
    column = st.column_config
    return {
        "Review": column.TextColumn("Review", width=380),
        **{
            name: column.MultiselectColumn(name, width=110, options=bands, color=colours, help=meaning)
            for name, meaning in (
                ("Now", "What it counts as under the champion."),
                ("Then", "What it would count as."),
            )
        },
    }
