"""The course of one issue: reviews that mention it by month, and when it was fixed."""

from __future__ import annotations

import altair as alt
import pandas as pd

from peachdash.charts import frames
from peachdash.charts.alt_text import NO_DATA
from peachdash.charts.palette import BAND_COLOURS, TEXT, VOLUME
from peachdash.charts.parts import finish, stretched, time_axis
from peachdash.insights import formatting

HEIGHT, EVENT_PIXELS = 170, 13


def issue_chart(
    course: pd.DataFrame, *, title: str, events: pd.DataFrame | None = None, before: bool = False
) -> alt.LayerChart | None:
    """Bars of the reviews that mention an issue, by month.

    Args:
        course: from `insights.issue_course.monthly_course`: period_start, n, total (reviews of the business).
        title: the idea of the chart.
        events: columns date and label, marked by a dashed rule.
        before: draw it in grey, as the course that an edit would replace.
    """
    if course.empty or not course["n"].sum():
        return None
    rows = frames.trend_rows(_as_trend(course), ["negative"], "month")
    axis = alt.Axis(title=None, tickMinStep=1, tickCount=4, format="d")
    bars = (
        alt.Chart(rows)
        .mark_rect(color=VOLUME if before else BAND_COLOURS["negative"])
        .encode(
            x=alt.X("period_start:T", title=None, axis=time_axis(rows)),
            x2="period_end:T",
            y=alt.Y("n:Q", axis=axis, scale=alt.Scale(domainMin=0)),
            y2=alt.datum(0),
            tooltip=[
                "period",
                alt.Tooltip("n:Q", title="mention it"),
                alt.Tooltip("total:Q", title="reviews"),
            ],
        )
    )
    layers = [bars, *_event_layers(frames.place_events(events, rows))]
    return stretched(finish(alt.layer(*layers), title, describe_issue(course, events)), HEIGHT)


def describe_issue(course: pd.DataFrame, events: pd.DataFrame | None = None) -> str:
    """First and last month, the highest one, and the fixes, in words."""
    known = course[course["n"] > 0]
    if known.empty:
        return NO_DATA
    top = known.loc[known["n"].idxmax()]
    first, last = (formatting.period(known["period_start"].iloc[place], "month") for place in (0, -1))
    told = (
        f"Bars of reviews by month. {formatting.counted(int(known['n'].sum()), 'review')}, "
        f"the first in {first}, the last in {last}; "
        f"most in {formatting.period(top['period_start'], 'month')} ({int(top['n'])})."
    )
    if events is None or events.empty:
        return told
    marks = [f"{row.label} on {formatting.date(row.date)}" for row in events.itertuples()]
    return f"{told} Marked: {'; '.join(marks)}."


def _as_trend(course: pd.DataFrame) -> pd.DataFrame:
    share = course["n"] / course["total"].where(course["total"] > 0)
    return course.assign(band="negative", share=share, low=share, high=share, too_few=False)


def _event_layers(events: pd.DataFrame) -> list[alt.Chart]:
    layers = []
    for (row, left), rows in events.groupby(["row", "left"]):
        base = alt.Chart(rows).encode(x="date:T", tooltip=["label", alt.Tooltip("day", title="date")])
        top = -6 - EVENT_PIXELS * int(row)
        foot = alt.value(HEIGHT)
        layers.append(base.mark_rule(strokeDash=[4, 4], color=TEXT).encode(y=alt.value(top), y2=foot))
        words = base.mark_text(align="right" if left else "left", dx=-4 if left else 4, color=TEXT)
        layers.append(words.encode(text="label:N", y=alt.value(top)))
    return layers
