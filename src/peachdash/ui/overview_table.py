"""The table of all businesses: shares with intervals, change, course and complaints."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

import pandas as pd
import streamlit as st

from peachdash.charts import BAND_COLOURS
from peachdash.insights import formatting
from peachdash.ui.access import Session
from peachdash.ui.downloads import render_download
from peachdash.ui.empty import BUSINESS, OVERVIEW, business_address
from peachdash.ui.filters import View

_OPEN = "overview_open"
ROW_HEIGHT, HEADER_HEIGHT, MOST_ROWS = 42, 38, 30


class Figure(float):
    """A number that a table sorts by its value and shows in words."""

    words: str

    def __new__(cls, value: float, words: str) -> Self:
        figure = super().__new__(cls, value)
        figure.words = words
        return figure

    def __str__(self) -> str:
        return self.words


def overview_rows(summary: pd.DataFrame, lines: dict[str, list[float]]) -> pd.DataFrame:
    """What the table shows, the businesses with most open complaints first.

    Args:
        summary: from `business_summary`.
        lines: sparkline of each business.

    Returns:
        business_id and the columns that are shown; figures are `Figure`s.
    """
    ordered = summary.sort_values(["complaints_open", "name"], ascending=[False, True])
    rows = [_row(row, lines.get(str(row["business_id"]), [])) for _, row in ordered.iterrows()]
    columns = [*_COLUMNS, "business_id"]
    return pd.DataFrame({name: pd.Series([row[name] for row in rows], dtype=object) for name in columns})


def _row(row: pd.Series, line: list[float]) -> dict[str, Any]:
    shares = {band.capitalize(): _share(row, band) for band in ("positive", "negative", "undecided")}
    if row["too_few"]:
        shares["Positive"] = Figure(-1.0, "too few reviews" if row["n"] else "no reviews")
    return {
        "Business": row["name"],
        "Reviews": row["n"],
        **shares,
        "Change": _change(row),
        "Complaints": row["complaints_open"],
        "Course": line,
        "business_id": row["business_id"],
    }


def _share(row: pd.Series, band: str) -> Figure:
    if row["too_few"]:
        return Figure(-1.0, formatting.MISSING)
    share, n = row[f"{band}_share"], row["n"]
    interval = formatting.percent_range(row[f"{band}_low"], row[f"{band}_high"], n)
    return Figure(share, f"{formatting.percent(share, n)} ({interval})")


def _change(row: pd.Series) -> Figure:
    """The change in points where it is clear; it sorts as 0 where it is not."""
    if formatting.is_missing(row["change_points"]):
        return Figure(0.0, formatting.MISSING)
    if not row["significant"]:
        return Figure(0.0, "no clear change")
    arrow = "▲" if row["change_points"] > 0 else "▼"
    return Figure(row["change_points"], f"{arrow} {formatting.points(row['change_points'])}")


_COLUMNS = ("Business", "Reviews", "Positive", "Negative", "Undecided", "Change", "Complaints", "Course")


def render_overview_table(session: Session, rows: pd.DataFrame, previous_words: str) -> None:
    """The table; a click on a business opens it under the same filter."""
    figures = ["Positive", "Negative", "Undecided", "Change"]
    st.caption("Shares with their 95% intervals. Click a business to open it, a heading to sort.")
    st.dataframe(
        rows[list(_COLUMNS)].style.format(str, subset=figures),
        key="overview_table",
        hide_index=True,
        row_height=ROW_HEIGHT,
        height=HEADER_HEIGHT + ROW_HEIGHT * min(len(rows), MOST_ROWS) + 2,
        column_config=_column_config(previous_words),
        alt="Businesses with their shares, intervals, change and open complaints",
    )
    shown = rows.drop(columns=["Course", "business_id"]).map(str)
    shown = shown.assign(model_revision=session.models.champion)
    render_download(session, "Download this table", lambda later: shown, "businesses.csv", "businesses")
    row = clicked_row()
    if row is not None:
        business_id = str(rows["business_id"].iloc[row])
        st.switch_page(BUSINESS, query_params=business_address(session, business_id))


def render_way_to_all(view: View) -> None:
    """The way back to all businesses, where the filter shows one only."""
    if view.filters.business:
        query = replace(view.filters, business=None).to_query()
        st.page_link(OVERVIEW, label="Show all businesses", icon=":material/storefront:", query_params=query)


def clicked_row() -> int | None:
    """The position of the business that was clicked just now."""
    clicked = st.session_state.get(_OPEN)
    return None if clicked is None else int(clicked["row"])


def _column_config(previous_words: str) -> dict[str, Any]:
    column = st.column_config
    interval = "Share of the reviews read, with its 95% interval (Wilson)."
    change = (
        f"Positive share against {previous_words}. Only changes that are clearer than chance are marked, "
        "allowing for the number of businesses compared."
    )
    return {
        "Business": column.ButtonColumn(
            "Business",
            type="tertiary",
            alignment="left",
            pinned=True,
            key=_OPEN,
            help="Click to open.",
            width=188,
        ),
        "Reviews": column.NumberColumn("Reviews", width=75, format="localized", help="Reviews read (n)."),
        "Positive": column.NumberColumn("Positive", help=interval),
        "Negative": column.NumberColumn("Negative", help=interval),
        "Undecided": column.NumberColumn("Undecided", help="Not sure enough to be counted. " + interval),
        "Change": column.NumberColumn("Change", help=change),
        "Complaints": column.NumberColumn(
            "Complaints", width=95, help="Open: negative and not answered yet."
        ),
        "Course": column.LineChartColumn(
            "By month",
            width=110,
            y_min=0,
            y_max=1,
            color=BAND_COLOURS["positive"],
            help="Positive share by month, 0 to 100%, in this period and the one before.",
        ),
    }
