"""Charts: valid specifications that hold the data, and alt text that says what they show."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from peachdash import charts
from peachdash.charts import frames, palette
from peachdash.charts.parts import PERCENT, wrap
from peachdash.insights.trends import share_trend
from peachdash.records import BANDS

TITLE = "Praise for Sweet Stack Creamery has grown since the new champion came"


def trend() -> pd.DataFrame:
    months = [dt.date(2026, month, 5) for month in (1, 2, 4, 5)]
    rows = [
        (day, band, n)
        for i, day in enumerate(months)
        for band, n in zip(BANDS, (5, 2, 10 + i, 1), strict=True)
    ]
    return share_trend(pd.DataFrame(rows, columns=["period_start", "band", "n"]), 20)


def events() -> pd.DataFrame:
    days = [dt.date(2026, 2, 14), dt.date(2026, 4, 30), dt.date(2020, 1, 1)]
    return pd.DataFrame({"date": days, "label": ["champion 1", "champion 2", "too old"]})


def split() -> pd.DataFrame:
    rows = [
        ("Google", "negative", 300),
        ("Google", "positive", 900),
        ("Yelp", "positive", 8),
        ("Fax", "neutral", 0),
    ]
    return pd.DataFrame(rows, columns=["group", "band", "n"])


def errors() -> pd.DataFrame:
    rows = [
        ("generic", "all", 0.4, 0.35, 0.45, 420),
        ("generic", "peachy_brand", 0.6, 0.5, 0.7, 90),
        ("champion", "all", 0.2, 0.16, 0.24, 420),
        ("champion", "peachy_brand", np.nan, np.nan, np.nan, 0),
    ]
    return pd.DataFrame(rows, columns=["model", "slice", "error", "low", "high", "n"])


def dots() -> pd.DataFrame:
    rows = [("Varsity Diner", 0.9, 0.88, 0.92, 1300), ("Closed Cafe", np.nan, np.nan, np.nan, 0)]
    return pd.DataFrame(rows, columns=["name", "value", "low", "high", "n"])


def curves() -> pd.DataFrame:
    return pd.DataFrame({"model": "champion", "coverage": [0.1, 0.5, 1.0], "risk": [0.0, 0.05, 0.14]})


def learning() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "model": "base",
            "reviews": [100, 1200],
            "score": [0.6, 0.8],
            "low": [0.5, np.nan],
            "high": [0.7, np.nan],
        }
    )


MATRICES = {"generic": [[5, 3, 2], [0, 0, 0], [1, 1, 8]], "champion": [[900, 50, 50], [1, 2, 1], [0, 0, 9]]}

Draw = Callable[[], Any]
DRAWN: dict[str, Draw] = {
    "trend": lambda: charts.trend_chart(
        trend(), title=TITLE, bands=("positive", "negative"), events=events()
    ),
    "stacked": lambda: charts.stacked_share_chart(trend(), title=TITLE),
    "split": lambda: charts.split_bars(split(), title=TITLE, by="source"),
    "confusion": lambda: charts.confusion_chart(MATRICES, title=TITLE),
    "slices": lambda: charts.slice_error_chart(errors(), title=TITLE),
    "dots": lambda: charts.interval_dots(dots(), title=TITLE),
    "risk": lambda: charts.risk_coverage_chart(curves(), title=TITLE),
    "learning": lambda: charts.learning_curve_chart(learning(), title=TITLE),
}
EMPTY: dict[str, Draw] = {
    "trend": lambda: charts.trend_chart(
        share_trend(trend()[["period_start", "band", "n"]].head(0), 5), title=TITLE
    ),
    "trend of no reviews": lambda: charts.trend_chart(trend().assign(share=np.nan), title=TITLE),
    "stacked": lambda: charts.stacked_share_chart(trend().head(0), title=TITLE),
    "split": lambda: charts.split_bars(split().head(0), title=TITLE, by="source"),
    "split of no reviews": lambda: charts.split_bars(split().assign(n=0), title=TITLE, by="source"),
    "confusion": lambda: charts.confusion_chart({"a": [[0] * 3] * 3}, title=TITLE),
    "confusion of no model": lambda: charts.confusion_chart({}, title=TITLE),
    "slices": lambda: charts.slice_error_chart(errors().assign(error=np.nan), title=TITLE),
    "dots": lambda: charts.interval_dots(dots().tail(1), title=TITLE),
    "risk": lambda: charts.risk_coverage_chart(curves().head(0), title=TITLE),
    "learning": lambda: charts.learning_curve_chart(learning().assign(score=np.nan), title=TITLE),
}


def values(spec: dict[str, Any], key: str) -> list[Any]:
    return [row[key] for rows in spec["datasets"].values() for row in rows if key in row]


@pytest.mark.parametrize("name", DRAWN)
def test_specification_is_valid_titled_and_described(name: str) -> None:
    chart = DRAWN[name]()
    spec = chart.to_dict(validate=True)
    json.dumps(spec, allow_nan=False)
    assert " ".join(spec["title"]["text"]) == TITLE
    assert max(map(len, spec["title"]["text"])) <= 42
    assert len(spec["description"]) > 40
    assert "nan" not in spec["description"]


@pytest.mark.parametrize("name", DRAWN)
def test_no_chart_sets_a_background_or_fixed_text_colours(name: str) -> None:
    spec = DRAWN[name]().to_dict()
    assert "background" not in json.dumps({key: value for key, value in spec.items() if key != "config"})
    colours = re.findall(r'"(?:label|title|subtitle)Color": "(\w+)"', json.dumps(spec))
    assert colours
    assert set(colours) == {"currentColor"}


@pytest.mark.parametrize("name", [name for name in DRAWN if name != "confusion"])
def test_single_views_fit_the_width_of_their_container(name: str) -> None:
    spec = DRAWN[name]().to_dict()
    assert spec["autosize"]["type"] == "fit-x"
    assert "layer" in spec


@pytest.mark.parametrize("name", EMPTY)
def test_no_data_gives_no_chart(name: str) -> None:
    assert EMPTY[name]() is None


def test_trend_holds_shares_volume_labels_and_events_in_time() -> None:
    spec = DRAWN["trend"]().to_dict()
    text = json.dumps(spec)
    assert 13 / 21 in values(spec, "share")
    assert {"Jan 2026", "Mar 2026", "May 2026"} <= set(values(spec, "period"))
    assert {"champion 1", "champion 2"} == set(values(spec, "label"))
    assert "14 Feb 2026" in values(spec, "day")
    assert "hollow points" in " ".join(spec["title"]["subtitle"])
    assert '"domain": [0, 1]' in text
    assert '"format": ".0%"' in text


def test_trend_without_thin_periods_speaks_of_no_hollow_points() -> None:
    full = trend().query("total > 0").assign(too_few=False)
    subtitle = " ".join(charts.trend_chart(full, title=TITLE).to_dict()["title"]["subtitle"])
    assert "hollow" not in subtitle
    assert "reviews a month" in subtitle


def test_labels_of_meeting_lines_do_not_collide() -> None:
    spec = charts.trend_chart(trend().assign(share=0.25), title=TITLE, bands=BANDS).to_dict()
    heights = sorted(values(spec, "label_y"))
    assert len(heights) == 4
    assert min(b - a for a, b in itertools.pairwise(heights)) >= 0.08 - 1e-9


def test_stacked_segments_reach_from_zero_to_one() -> None:
    spec = DRAWN["stacked"]().to_dict()
    assert min(values(spec, "start")) == 0
    assert max(values(spec, "end")) == 1
    assert len(set(values(spec, "period"))) == 4


def test_split_bars_say_n_and_drop_groups_without_reviews() -> None:
    spec = DRAWN["split"]().to_dict()
    assert set(values(spec, "group_words")) == {"Google (n = 1,200)", "Yelp (n = 8)"}
    assert {"25.0%", "75.0%", "100%"} == set(values(spec, "words"))


def test_confusion_cells_hold_counts_and_row_percent_with_readable_ink() -> None:
    rows = frames.confusion_rows(MATRICES, palette.CELL_LIGHT, palette.CELL_DARK)
    assert len(rows) == 18
    cell = rows[rows["model"].str.startswith("champion") & (rows["gold"] == "negative")].iloc[0]
    assert (cell["n"], cell["words"], cell["model"]) == (900, "90.0%", "champion (n = 1,013)")
    assert rows["row_share"].isna().sum() == 3
    assert all(
        palette.contrast(ink, fill) >= 4.5 for ink, fill in zip(rows["ink"], rows["fill"], strict=True)
    )


def test_slice_chart_leaves_out_what_is_not_known() -> None:
    spec = DRAWN["slices"]().to_dict()
    assert None not in values(spec, "error")
    assert "peachy brand (n = 90)" in values(spec, "name")


def test_an_error_is_read_in_percent_like_everywhere() -> None:
    chart = charts.learning_curve_chart(learning(), title=TITLE, score_words="error", axis_format=PERCENT)
    assert '"format": ".0%"' in json.dumps(chart.to_dict()["layer"])


def test_headings_break_between_words_only() -> None:
    assert wrap("Reviews that mention “Chicken was par-fried”, by month")[0].endswith("Chicken was")


def test_alt_text_by_hand() -> None:
    assert charts.describe_trend(trend(), events=events().head(1)) == (
        "Line chart of shares by month. Positive: 56% in Jan 2026, 62% in May 2026 (n = 21); "
        "lowest 56% in Jan 2026, highest 62% in May 2026. Marked: champion 1 on 14 Feb 2026."
    )
    assert charts.describe_split_bars(split(), by="source") == (
        "Bars of shares by source. Google: 75.0% positive, 25.0% negative (n = 1,200); "
        "Yelp: 100% positive, 0% negative (n = 8)."
    )
    assert "champion labels right: negative 90.0% of 1,000, neutral 50% of 4" in charts.describe_confusion(
        MATRICES
    )
    assert "all: generic 40% (35 to 45%, n = 420), champion 20%" in charts.describe_slice_error(errors())
    assert charts.describe_interval_dots(dots()) == (
        "Dots of shares. Varsity Diner 90.0% (88.0 to 92.0%, n = 1,300)."
    )
    assert "champion: error 14% at 100% of the reviews, 5% at 50%" in charts.describe_risk_coverage(curves())
    assert "base: 0.60 at 100 reviews, 0.80 at 1,200" in charts.describe_learning_curve(learning())
    assert "May 2026: negative 24%, neutral 10%, positive 62%, undecided 5%" in charts.describe_stacked_share(
        trend()
    )


def test_alt_text_of_nothing() -> None:
    assert {
        charts.describe_trend(trend().head(0)),
        charts.describe_stacked_share(trend().head(0)),
        charts.describe_split_bars(split().head(0), by="source"),
        charts.describe_confusion({}),
        charts.describe_slice_error(errors().head(0)),
        charts.describe_interval_dots(dots().head(0)),
        charts.describe_risk_coverage(curves().head(0)),
        charts.describe_learning_curve(learning().head(0)),
    } == {"No data."}


@pytest.mark.parametrize("colour", [*charts.BAND_COLOURS.values(), *charts.MODEL_COLOURS])
def test_colours_stand_out_in_both_themes(colour: str) -> None:
    assert palette.contrast(colour, "#FFFFFF") >= 3
    assert palette.contrast(colour, "#0E1117") >= 3
    assert palette.contrast(palette.ink_on(colour), colour) >= 4.5


# Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB.
BLINDNESS = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def lab(colour: str, blindness: str) -> np.ndarray:
    channels = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(BLINDNESS[blindness]) @ linear, 0, 1)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = np.cbrt(to_xyz @ seen / [0.9505, 1, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("blindness", BLINDNESS)
@pytest.mark.parametrize("palette_of", [tuple(charts.BAND_COLOURS.values()), charts.MODEL_COLOURS[:3]])
def test_colours_stay_apart_for_the_colour_blind(blindness: str, palette_of: tuple[str, ...]) -> None:
    for first, second in itertools.combinations(palette_of, 2):
        assert np.linalg.norm(lab(first, blindness) - lab(second, blindness)) > 20


def test_spread_keeps_order_gap_and_bounds() -> None:
    assert frames.spread([], 0.1) == []
    assert frames.spread([0.2, 0.8], 0.1) == [0.2, 0.8]
    assert frames.spread([0.5, 0.5], 0.1) == pytest.approx([0.5, 0.6])
    assert frames.spread([1.0, 0.99, 0.0], 0.1) == pytest.approx([1.0, 0.9, 0.0])
    assert frames.spread([0.0] * 4, 0.5) == pytest.approx([0, 1 / 3, 2 / 3, 1])


def test_contrast_by_hand() -> None:
    assert palette.contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert palette.contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)
    assert palette.mix_colours("#000000", "#FF8000", 0.5) == "#804000"
