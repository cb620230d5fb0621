"""The charts of the Business page: course over time, and splits by source and stars."""

from __future__ import annotations

from typing import Literal

import pandas as pd
import streamlit as st

from peachdash.charts import split_bars, trend_chart
from peachdash.insights import formatting
from peachdash.insights.intervals import wilson
from peachdash.insights.periods import Unit
from peachdash.insights.trends import share_trend
from peachdash.queries.business import fetch_split_counts, fetch_trend_counts
from peachdash.records import BANDS, ReviewFilter
from peachdash.ui.access import Session
from peachdash.ui.data import ask, champion_events
from peachdash.ui.issue_data import fix_events

_UNITS: dict[Unit, str] = {"month": "By month", "week": "By week"}
_DEFAULT_BANDS = ["negative", "positive"]


def render_trend(session: Session, criteria: ReviewFilter) -> None:
    """Shares over time with intervals, volume under them, and where the model changed."""
    with st.container(horizontal=True, vertical_alignment="center"):
        unit: Unit = (
            st.segmented_control(
                "Period",
                list(_UNITS),
                format_func=_UNITS.__getitem__,
                default="month",
                required=True,
                key="unit",
                bind="query-params",
                label_visibility="collapsed",
            )
            or "month"
        )
        bands = st.pills(
            "Shares",
            BANDS,
            selection_mode="multi",
            default=_DEFAULT_BANDS,
            key="shares",
            bind="query-params",
            label_visibility="collapsed",
        )
    counts = ask(session, fetch_trend_counts, criteria, session.models, unit)
    trend = share_trend(counts, session.service.settings.minimum_n, unit=unit)
    chosen = [band for band in BANDS if band in (bands or _DEFAULT_BANDS)]
    chart = trend_chart(
        trend, title=trend_title(trend, unit), bands=chosen, unit=unit, events=chart_events(session, criteria)
    )
    if chart is None:
        st.info("None of these reviews has a date that is exact enough for a course over time.")
    else:
        st.altair_chart(chart)


def chart_events(session: Session, criteria: ReviewFilter) -> pd.DataFrame:
    """What charts of a filter mark: new models, and fixes of the issues of its businesses."""
    return pd.concat([champion_events(session), fix_events(session, criteria)], ignore_index=True)


def trend_title(trend: pd.DataFrame, unit: Unit) -> str:
    """What the course says: the latest share that rests on enough reviews, and the span it moved in."""
    known = trend[(trend["band"] == "positive") & ~trend["too_few"].astype(bool) & trend["share"].notna()]
    if known.empty:
        return f"Shares by {unit}: too few reviews in each {unit}"
    last, earlier = known.iloc[-1], known.iloc[:-1]["share"]
    words = f"{formatting.percent(last['share'])} positive in {formatting.period(last['period_start'], unit)}"
    if len(earlier) < 2:
        return words
    low, high = formatting.percent(earlier.min()), formatting.percent(earlier.max())
    return f"{words}; {low} to {high} in the {unit}s before"


def render_splits(session: Session, criteria: ReviewFilter) -> None:
    """All shares by source and by stars, side by side."""
    for column, by in zip(st.columns(2), ("source", "stars"), strict=True):
        with column:
            _render_split(session, criteria, "source" if by == "source" else "stars")


def _render_split(session: Session, criteria: ReviewFilter, by: Literal["source", "stars"]) -> None:
    counts = ask(session, fetch_split_counts, criteria, session.models, by)
    if by == "stars":
        names = {
            **{str(n): "1 star" if n == 1 else f"{n} stars" for n in range(1, 6)},
            "no stars": "no stars",
        }
        order = {name: rank for rank, name in enumerate(("5", "4", "3", "2", "1", "no stars"))}
        counts = counts.sort_values("group", key=lambda column: column.map(order), kind="stable")
        counts = counts.assign(group=counts["group"].map(names))
    chart = split_bars(counts, title=split_title(counts, by), by=by)
    if chart is not None:
        st.altair_chart(chart)


def split_title(counts: pd.DataFrame, by: str) -> str:
    """Which group has the highest positive share, among those with ten reviews or more, where that is clear.

    It is where the 95% intervals (Wilson) of the highest and the lowest share lie apart.
    """
    wide = counts.pivot_table(index="group", columns="band", values="n", aggfunc="sum", fill_value=0)
    total = wide.sum(axis=1)
    share = (wide.get("positive", 0 * total) / total)[total >= 10]
    if by == "stars" or len(share) < 2:
        return f"Shares by {by}"
    best, worst = share.idxmax(), share.idxmin()
    low, high = wilson(wide.loc[[best, worst], "positive"], total[[best, worst]])
    if low[0] <= high[1]:
        ends = formatting.percent(share[worst]), formatting.percent(share[best])
        return f"No clear difference: {' to '.join(dict.fromkeys(ends))} positive"
    return (
        f"{best} reads {formatting.percent(share[best])} positive, {worst} {formatting.percent(share[worst])}"
    )
