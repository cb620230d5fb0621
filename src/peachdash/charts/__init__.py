"""Charts for pages and reports: each takes a tidy frame and a title that states its one idea.

Every chart is a single view that can stretch to the width of its container, except `confusion_chart`.
An empty frame gives None. Nothing sets a background; text in the plot takes the colour of the page's
text (CSS `currentColor`), so that it reads in a light and in a dark theme. Alt text is in the chart's
`description` and comes from the `describe_` function of the same name.
"""

from peachdash.charts.alt_text import (
    describe_confusion,
    describe_interval_dots,
    describe_learning_curve,
    describe_risk_coverage,
    describe_slice_error,
    describe_split_bars,
    describe_stacked_share,
    describe_trend,
)
from peachdash.charts.business import interval_dots, split_bars, stacked_share_chart, trend_chart
from peachdash.charts.complaints import describe_issue, issue_chart
from peachdash.charts.models import (
    confusion_chart,
    learning_curve_chart,
    risk_coverage_chart,
    slice_error_chart,
)
from peachdash.charts.palette import BAND_COLOURS, MODEL_COLOURS, STACK_ORDER

__all__ = [
    "BAND_COLOURS",
    "MODEL_COLOURS",
    "STACK_ORDER",
    "confusion_chart",
    "describe_confusion",
    "describe_interval_dots",
    "describe_issue",
    "describe_learning_curve",
    "describe_risk_coverage",
    "describe_slice_error",
    "describe_split_bars",
    "describe_stacked_share",
    "describe_trend",
    "interval_dots",
    "issue_chart",
    "learning_curve_chart",
    "risk_coverage_chart",
    "slice_error_chart",
    "split_bars",
    "stacked_share_chart",
    "trend_chart",
]
