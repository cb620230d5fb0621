"""Charts of a business: shares over time, shares by group, and businesses side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from peachdash.charts import frames
from peachdash.charts.alt_text import (
    describe_interval_dots,
    describe_split_bars,
    describe_stacked_share,
    describe_trend,
)
from peachdash.charts.palette import BAND_COLOURS, STACK_ORDER, TEXT, VOLUME, ink_on
from peachdash.charts.parts import LABEL_PIXELS, PERCENT, band_colour, finish, stretched, time_axis
from peachdash.insights.periods import Unit

SHARE_HEIGHT, TREND_HEIGHT, EVENT_PIXELS = 200, 274, 13
SHARE_FOOT = alt.ExprRef(expr=f"{SHARE_HEIGHT / TREND_HEIGHT} * height")
VOLUME_RANGE = [alt.ExprRef(expr="height"), alt.ExprRef(expr="0.82 * height")]


def trend_chart(
    trend: pd.DataFrame,
    *,
    title: str,
    bands: Sequence[str] = ("positive",),
    unit: Unit = "month",
    events: pd.DataFrame | None = None,
) -> alt.LayerChart | None:
    """Share of one or several bands over time with 95% intervals, over bars of the volume.

    Args:
        trend: from `insights.trends.share_trend`; periods without reviews leave a gap, periods with
            `too_few` reviews have a hollow point.
        title: the idea of the chart.
        bands: which of `records.BANDS` to draw.
        unit: that of the trend.
        events: columns date and label, marked by a dashed rule; those outside the time are left out.
    """
    rows = frames.trend_rows(trend, bands, unit)
    if rows["share"].notna().sum() == 0:
        return None
    share_axis = alt.Axis(format=PERCENT, values=[0, 0.25, 0.5, 0.75, 1], title=None, grid=True)
    share_scale = alt.Scale(domain=[0, 1], range=[SHARE_FOOT, 0])
    x = alt.X("period_middle:T", title=None, axis=time_axis(rows))
    base = alt.Chart(rows).encode(x=x, color=band_colour(bands))
    y = alt.Y("share:Q", scale=share_scale, axis=share_axis)
    tooltip = ["period", "band", alt.Tooltip("share:Q", format=PERCENT), "interval", "n", "total"]
    labels = frames.end_labels(rows, "band", "period_middle", "share", LABEL_PIXELS / SHARE_HEIGHT)
    placed = frames.place_events(events, rows)
    words = alt.datum.band + " " + alt.expr.format(alt.datum.share, PERCENT)
    layers = [
        base.mark_area(opacity=0.16).encode(
            y=alt.Y("low:Q", scale=share_scale, axis=share_axis), y2="high:Q"
        ),
        base.mark_line(strokeWidth=2.5).encode(y=y),
        base.mark_point(size=45, strokeWidth=2, filled=False).encode(
            y=y, fill=_hollow(bands), tooltip=tooltip
        ),
        alt.Chart(labels)
        .transform_calculate(words=words)
        .mark_text(align="left", dx=9, color=TEXT, fontWeight="bold")
        .encode(x=x, y=alt.Y("label_y:Q", scale=share_scale, axis=share_axis), text="words:N"),
        *_event_layers(placed),
    ]
    shares = alt.layer(*layers)
    chart = alt.layer(shares, _volume(rows)).resolve_scale(y="independent")
    text = describe_trend(trend, bands=bands, unit=unit, events=events)
    hollow = ", hollow points: too few reviews" if rows["too_few"].any() else ""
    subtitle = f"Grey bars: reviews a {unit}{hollow}"
    return stretched(finish(chart, title, text, subtitle), TREND_HEIGHT)


def stacked_share_chart(trend: pd.DataFrame, *, title: str, unit: Unit = "month") -> alt.LayerChart | None:
    """All bands over time as stacked bars that sum to 100%; arguments as for `trend_chart`."""
    rows = frames.trend_rows(trend, STACK_ORDER, unit)
    rows = rows[rows["share"].notna()]
    if rows.empty:
        return None
    segments = frames.split_rows(rows.assign(group=rows["period_start"])[["group", "band", "n"]], STACK_ORDER)
    times = rows.drop_duplicates("period_start")[["period_start", "period_middle", "period_end", "period"]]
    segments = segments.merge(times, left_on="group", right_on="period_start").drop(columns="group")
    last = segments[segments["period_start"] == segments["period_start"].max()]
    last = last[last["n"] > 0]
    last = last.assign(label_y=frames.spread(last["middle"].tolist(), LABEL_PIXELS / SHARE_HEIGHT))
    axis = alt.Axis(format=PERCENT, title=None)
    bars = (
        alt.Chart(segments)
        .mark_rect()
        .encode(
            x=alt.X("period_start:T", title=None, axis=time_axis(rows)),
            x2="period_end:T",
            y=alt.Y("start:Q", scale=alt.Scale(domain=[0, 1]), axis=axis),
            y2="end:Q",
            color=band_colour(STACK_ORDER),
            tooltip=["period", "band", alt.Tooltip("words", title="share"), "n", "total"],
        )
    )
    labels = (
        alt.Chart(last)
        .transform_calculate(label=alt.datum.band + " " + alt.datum.words)
        .mark_text(align="left", dx=6, color=TEXT, fontWeight="bold")
        .encode(x="period_end:T", y="label_y:Q", text="label:N")
    )
    text = describe_stacked_share(trend, unit=unit)
    return stretched(finish(bars + labels, title, text), SHARE_HEIGHT)


def split_bars(split: pd.DataFrame, *, title: str, by: str) -> alt.LayerChart | None:
    """Shares of all bands in each group, for example by source or by stars.

    Args:
        split: rows (group, band, n): a group's name, one of `records.BANDS`, reviews. Groups stand in
            the order of their first row.
        title: the idea of the chart.
        by: what the groups are, in words: "source", "stars".
    """
    rows = frames.split_rows(split, STACK_ORDER)
    if rows.empty:
        return None
    rows = rows.assign(ink=rows["band"].map({band: ink_on(c) for band, c in BAND_COLOURS.items()}))
    y = alt.Y("group_words:N", sort=None, title=None, axis=alt.Axis(labelLimit=220))
    bars = (
        alt.Chart(rows)
        .mark_bar()
        .encode(
            y=y,
            x=alt.X("start:Q", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format=PERCENT), title=None),
            x2="end:Q",
            color=band_colour(STACK_ORDER, alt.Legend(orient="top", title=None, columns=2)),
            tooltip=[
                alt.Tooltip("group", title=by),
                "band",
                alt.Tooltip("words", title="share"),
                "n",
                "total",
            ],
        )
    )
    labels = (
        alt.Chart(rows[rows["share"] >= 0.1])
        .mark_text()
        .encode(y=y, x="middle:Q", text="words:N", color=alt.Color("ink:N", scale=None))
    )
    chart = alt.layer(bars, labels).resolve_scale(color="independent")
    return stretched(finish(chart, title, describe_split_bars(split, by=by)), 30 * rows["group"].nunique())


def interval_dots(rows: pd.DataFrame, *, title: str, band: str = "positive") -> alt.LayerChart | None:
    """A share with its interval for each name, for example the positive share of each business.

    Args:
        rows: columns name, value, low, high, n; shares 0 to 1; in the order to be shown. Rows whose
            value is NaN are left out.
        title: the idea of the chart.
        band: which of `records.BANDS` the share is of; it sets the colour.
    """
    known = rows[rows["value"].notna()].reset_index(drop=True)
    if known.empty:
        return None
    known = known.assign(name_words=frames.with_n(known["name"], known["n"]))
    y = alt.Y("name_words:N", sort=None, title=None, axis=alt.Axis(labelLimit=240))
    x = alt.X("value:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format=PERCENT))
    base = alt.Chart(known).encode(y=y)
    colour = BAND_COLOURS[band]
    tooltip = ["name", *(alt.Tooltip(f"{c}:Q", format=PERCENT) for c in ("value", "low", "high")), "n"]
    chart = alt.layer(
        base.mark_rule(strokeWidth=2.5, color=colour).encode(x=alt.X("low:Q"), x2="high:Q"),
        base.mark_point(filled=True, size=80, opacity=1, color=colour).encode(x=x, tooltip=tooltip),
    )
    return stretched(finish(chart, title, describe_interval_dots(rows)), 26 * len(known))


def _hollow(bands: Sequence[str]) -> Any:
    """The band's colour as fill, none where the period has too few reviews."""
    scale = alt.Scale(domain=list(bands), range=[BAND_COLOURS[band] for band in bands])
    few = alt.datum.too_few
    return (
        alt.when(few).then(alt.value("transparent")).otherwise(alt.Fill("band:N", scale=scale, legend=None))
    )


def _volume(rows: pd.DataFrame) -> alt.Chart:
    scale = alt.Scale(domainMin=0, range=VOLUME_RANGE, nice=False)
    axis = alt.Axis(title=None, grid=False, tickCount=2, format="~s", orient="left")
    return (
        alt.Chart(rows.drop_duplicates("period_start"))
        .mark_rect(color=VOLUME, opacity=0.8)
        .encode(
            x=alt.X("period_start:T"),
            x2="period_end:T",
            y=alt.Y("total:Q", scale=scale, axis=axis),
            y2=alt.datum(0),
            tooltip=["period", alt.Tooltip("total:Q", title="reviews", format=",d")],
        )
    )


def _event_layers(events: pd.DataFrame) -> list[alt.Chart]:
    """A dashed rule through the share panel for each event, its label above the panel."""
    tooltip: list[Any] = ["label", alt.Tooltip("day", title="date")]
    foot = alt.value(alt.ExprRef(expr=SHARE_FOOT.expr))
    layers = []
    for (row, left), rows in events.groupby(["row", "left"]):
        base = alt.Chart(rows).encode(x="date:T", tooltip=tooltip)
        top = -6 - EVENT_PIXELS * int(row)
        layers.append(
            base.mark_rule(strokeDash=[4, 4], color=TEXT, opacity=0.6).encode(y=alt.value(top), y2=foot)
        )
        words = base.mark_text(align="right" if left else "left", dx=-4 if left else 4, color=TEXT)
        layers.append(words.encode(text="label:N", y=alt.value(top)))
    return layers
