"""Windows of time, anchored on the latest review rather than on today."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from peachdash.errors import BadInput

DEFAULT_DAYS = 90
Unit = Literal["week", "month"]


@dataclass(frozen=True)
class Period:
    """Days from `start` to `end`, both included."""

    start: dt.date
    end: dt.date

    @property
    def days(self) -> int:
        """Length in days, at least 1."""
        return (self.end - self.start).days + 1

    def before(self) -> Period:
        """The equally long period that ends on the day before this one."""
        end = self.start - dt.timedelta(days=1)
        return Period(end - (self.end - self.start), end)


def period_pair(
    latest: dt.date | None,
    since: dt.date | None = None,
    until: dt.date | None = None,
    days: int = DEFAULT_DAYS,
) -> tuple[Period, Period] | None:
    """The window that is shown and the equally long one right before it.

    Args:
        latest: date of the latest review in view; None where no review has a date.
        since: first day asked for; None means `days` days up to the end.
        until: last day asked for; None means the latest review.
        days: length of the window where `since` does not set it.

    Returns:
        (current, previous). A current window that would run on past the latest review is cut there, so
        that days which nobody can have reviewed yet do not weigh in; one that lies wholly after it is
        kept. None where neither `latest` nor `until` gives an end.

    Raises:
        BadInput: `since` is after `until`, or `days` is below 1.
    """
    if days < 1:
        raise BadInput(f"days: expected 1 or more, got {days}.")
    if since and until and since > until:
        raise BadInput(f"The period starts on {since} and ends on {until}: swap the two dates.")
    end = min(filter(None, (latest, until)), default=None)
    if end is None:
        return None
    if since and since > end:
        end = until or since
    start = since or end - dt.timedelta(days=days - 1)
    current = Period(start, end)
    return current, current.before()


def truncate(day: dt.date, unit: Unit) -> dt.date:
    """The first day of the month, or the Monday of the week, that holds the day."""
    if unit == "month":
        return dt.date(day.year, day.month, 1)
    return dt.date(day.year, day.month, day.day) - dt.timedelta(days=day.weekday())


def truncate_dates(dates: pd.Series, unit: Unit) -> pd.Series:
    """`truncate` for a series of dates or timestamps: midnight timestamps, missing dates stay missing."""
    stamps = pd.to_datetime(dates)
    return stamps.dt.to_period("M" if unit == "month" else "W-SUN").dt.start_time


def period_starts(first: dt.date, last: dt.date, unit: Unit) -> pd.DatetimeIndex:
    """The starts of all periods from the one that holds `first` to the one that holds `last`."""
    return pd.date_range(
        truncate(first, unit), truncate(last, unit), freq="MS" if unit == "month" else "W-MON"
    )
