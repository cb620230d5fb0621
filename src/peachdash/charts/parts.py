"""Scales, axes and headings that several charts share."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from peachdash.charts.palette import BAND_COLOURS, MODEL_COLOURS, MODEL_SHAPES, TEXT

PERCENT = ".0%"
LABEL_PIXELS = 16
WIDTH = 560
TITLE_CHARACTERS = 42


def wrap(text: str) -> list[str]:
    """A heading in lines that a phone of 360 px can show."""
    return textwrap.wrap(text, TITLE_CHARACTERS, break_on_hyphens=False) or [""]


def finish(chart: Any, title: str, description: str, subtitle: str = "") -> Any:
    """The chart with its heading and alt text."""
    heading = alt.TitleParams(text=wrap(title), anchor="start", fontSize=14, offset=12)
    if subtitle:
        heading.subtitle, heading.subtitleColor = wrap(subtitle), TEXT
    return legible(chart.properties(title=heading, description=description))


def legible(chart: Any) -> Any:
    """The chart with the page's own text colour on axes and legends; Streamlit's grey is too faint."""
    marked = chart.configure_axis(labelColor=TEXT, titleColor=TEXT, labelOpacity=0.8)
    return marked.configure_legend(labelColor=TEXT, titleColor=TEXT).configure_header(labelColor=TEXT)


def stretched(chart: Any, height: int) -> Any:
    """The single view with a plot of this height, in a width that the container may change."""
    fit = alt.AutoSizeParams(type="fit-x", contains="padding")
    return chart.properties(width=WIDTH, height=height, autosize=fit)


def band_colour(bands: Sequence[str], legend: alt.Legend | None = None) -> alt.Color:
    """The colour channel of a column band, without legend unless one is given."""
    colours = [BAND_COLOURS[band] for band in bands]
    return alt.Color("band:N", scale=alt.Scale(domain=list(bands), range=colours), legend=legend)


def model_colour(models: Sequence[str]) -> alt.Color:
    """The colour channel of a column model, in the order of the models."""
    colours = [MODEL_COLOURS[i % len(MODEL_COLOURS)] for i in range(len(models))]
    return alt.Color("model:N", scale=alt.Scale(domain=list(models), range=colours), legend=None)


def model_shape(models: Sequence[str]) -> alt.Shape:
    """The shape channel of a column model, in the order of the models."""
    shapes = [MODEL_SHAPES[i % len(MODEL_SHAPES)] for i in range(len(models))]
    return alt.Shape("model:N", scale=alt.Scale(domain=list(models), range=shapes), legend=None)


def rate_top(highs: pd.Series) -> float:
    """The end of a rate axis: the next tenth above the largest value, at least 0.1."""
    largest = highs.max()
    return 1.0 if pd.isna(largest) else min(1.0, max(0.1, -(-float(largest) * 10 // 1) / 10))


def rate_scale(highs: pd.Series) -> alt.Scale:
    """A scale from 0 to `rate_top`."""
    return alt.Scale(domain=[0, rate_top(highs)])


def time_axis(rows: pd.DataFrame) -> alt.Axis:
    """An axis of months, or of days where the rows (see `frames.trend_rows`) span under 100 days."""
    days = (rows["period_start"].max() - rows["period_start"].min()).days
    pattern = "%-d %b %Y" if days < 100 else "%b %Y"
    return alt.Axis(
        format=pattern, labelOverlap="greedy", labelSeparation=8, labelFlush=False, grid=False, tickCount=8
    )
