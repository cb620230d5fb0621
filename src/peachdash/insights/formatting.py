"""Numbers and dates in words, one way for pages, charts and reports.

Missing values (None, NaN, NaT) become a dash. Shares are 0 to 1; changes are percentage points.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal, cast

import pandas as pd

from peachdash.insights.periods import Unit

MISSING = "\N{EN DASH}"
DECIMALS_FROM = 1000
Number = float | int | None


def is_missing(value: object) -> bool:
    """Whether a single value is None, NaN or NaT."""
    return value is None or bool(pd.isna(cast("float", value)))


def percent(share: Number, n: Number = None) -> str:
    """A share as a percentage: "71%", from n = 1,000 on "71.3%"; "<1%" and ">99%" for what would round away.

    Args:
        share: 0 to 1; NaN gives a dash.
        n: reviews that the share rests on; None counts as few.
    """
    return MISSING if is_missing(share) else f"{_percent_number(float(share or 0), n)}%"


def percent_range(low: Number, high: Number, n: Number = None) -> str:
    """An interval of a share: "64 to 77%", a dash where an end is missing."""
    if is_missing(low) or is_missing(high):
        return MISSING
    return f"{_percent_number(float(low or 0), n)} to {_percent_number(float(high or 0), n)}%"


def estimate(share: Number, low: Number, high: Number, n: Number) -> str:
    """A share with its interval and n: "71% (64 to 77%, n = 214)"; without interval "71% (n = 214)"."""
    if is_missing(share):
        return f"{MISSING} (n = {count(n)})"
    interval = "" if is_missing(low) or is_missing(high) else f"{percent_range(low, high, n)}, "
    return f"{percent(share, n)} ({interval}n = {count(n)})"


def count(n: Number) -> str:
    """A count with its thousands separated: "12,345"."""
    return MISSING if is_missing(n) else f"{int(n or 0):,}"


def counted(n: int, one: str, many: str = "") -> str:
    """A count with its noun: "1 review", "1,200 reviews", "2 businesses"."""
    return f"{count(n)} {one if n == 1 else many or one + 's'}"


def points(change: Number) -> str:
    """A change in percentage points: "9 points up", "1 point down", "unchanged" below half a point."""
    if is_missing(change):
        return MISSING
    size = round(abs(float(change or 0)))
    if size == 0:
        return "unchanged"
    return f"{counted(size, 'point')} {'up' if float(change or 0) > 0 else 'down'}"


def p_value(p: Number) -> str:
    """A p-value: "p = 0.03", "p = 0.004", "p < 0.001"; never "p = 0" and never "p = 1.00"."""
    if is_missing(p):
        return MISSING
    value = float(p or 0)
    if value < 0.001:
        return "p < 0.001"
    if value < 0.0095:
        return f"p = {value:.3f}"
    return f"p = {value:.2f}" if value < 0.995 else "p = 1"


def date(day: dt.date | None) -> str:
    """A date as "3 Mar 2026", the same in every locale."""
    if day is None or is_missing(day):
        return MISSING
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def date_range(start: dt.date, end: dt.date) -> str:
    """Two dates as "1 Jan to 31 Mar 2026"; a year that both share is said once."""
    if start.year == end.year:
        return f"{start.day} {MONTHS[start.month - 1]} to {date(end)}"
    return f"{date(start)} to {date(end)}"


def period(start: dt.date, unit: Unit) -> str:
    """A period by its first day: "Mar 2026", or "week of 2 Mar 2026"."""
    return f"{MONTHS[start.month - 1]} {start.year}" if unit == "month" else f"week of {date(start)}"


def listing(names: list[str], most: int = 3, joint: Literal["and", "or"] = "and") -> str:
    """Names in words: "A, B and C"; beyond `most` the rest is counted: "A, B, C and 4 others"."""
    if not names:
        return "none"
    shown = list(names)
    if len(names) > most:
        shown = [*names[:most], counted(len(names) - most, "other")]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} {joint} {shown[-1]}"


MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _percent_number(share: float, n: Number) -> str:
    decimals = 1 if not is_missing(n) and float(n or 0) >= DECIMALS_FROM else 0
    step = 10.0**-decimals
    value = 100 * share
    if 0 < value < step / 2:
        return f"<{step:.{decimals}f}"
    if 100 - step / 2 <= value < 100 and value < 100 - 1e-9:
        return f">{100 - step:.{decimals}f}"
    return f"{value:.{decimals}f}"
