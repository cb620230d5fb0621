"""Is an issue new, rising or fading? A count test of each issue against its own past.

Complaints arrive as a Poisson process whose exposure is the number of reviews, so that a busy month does
not count as a rise. Given the sum of two counts, the recent one is binomial (Przyborowski and Wilenski
1940). The tests are corrected over the issues of one business by Holm's method.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.multitest import multipletests

from peachdash.errors import BadInput

OUTRIGHT = 0.5
"""Only sentences that are at least so surely negative are tested: what is dry or sarcastic is evidence, but
varies with who writes it."""

NEW, RISING, FADING, STEADY = "new", "rising", "fading", "steady"


@dataclass(frozen=True)
class ChangeSettings:
    """How a change is told from chance.

    Attributes:
        recent_days: length of the window that is tested, which ends with the latest review.
        fading_days: how far back an issue's life before the window is looked at, to test whether it fades.
        least_recent: reviews that an issue needs in the window to be tested as new or rising, and before
            it to be tested as fading.
        least_history: reviews that the business needs before the window.
        level: of the corrected tests of new and rising.
        fading_level: of the test of fading, which is not corrected: nobody is woken by it.
    """

    recent_days: int = 42
    fading_days: int = 365
    least_recent: int = 3
    least_history: int = 20
    level: float = 0.01
    fading_level: float = 0.05

    def __post_init__(self) -> None:
        if min(self.recent_days, self.fading_days, self.least_recent) < 1 or not (
            0 < self.level < 1 and 0 < self.fading_level < 1
        ):
            raise BadInput("Windows and least counts are 1 or more, and the levels lie between 0 and 1.")


def find_changes(
    mentions: pd.DataFrame,
    reviews: pd.Series,
    latest: dt.date | None,
    settings: ChangeSettings | None = None,
) -> pd.DataFrame:
    """Which issues of one business are new, rising or fading on a day.

    Args:
        mentions: one row for each issue and review that mentions it: issue_id, review_date (missing where
            it is not known).
        reviews: dates of all reviews of the business that count; missing ones are left out.
        latest: the last day that is known; later rows are ignored. None tests nothing.
        settings: windows and levels.

    Returns:
        A row for each issue in `mentions`, indexed by issue_id: recent and earlier (mentions in the window
        and before it), recent_reviews and earlier_reviews (the exposure), p_value and p_adjusted (of a rise;
        NaN where it is not tested), change (new, rising, fading, steady; steady where nothing is tested).
    """
    settings = settings or ChangeSettings()
    counts = _window_counts(mentions, latest, settings)
    dates = pd.to_datetime(reviews).dropna()
    recent_n, earlier_n = _tally(dates, latest, settings) if latest else (0, 0)
    counts["recent_reviews"], counts["earlier_reviews"] = recent_n, earlier_n
    tested = (counts["recent"] >= settings.least_recent) & (earlier_n >= settings.least_history)
    p = _rise(counts["recent"], counts["earlier"], recent_n, earlier_n)
    counts["p_value"] = p.where(tested)
    counts["p_adjusted"] = np.nan
    if tested.any():
        counts.loc[tested, "p_adjusted"] = multipletests(p[tested], method="holm")[1]
    lived = _reviews_of_life(mentions, dates, latest, settings).reindex(counts.index, fill_value=0)
    fallen = _fall(counts["recent"], counts["before"], recent_n, lived) < settings.fading_level
    fallen &= counts["before"] >= settings.least_recent
    return counts.assign(change=_named(counts, fallen, settings.level)).drop(columns="before")


def _reviews_of_life(
    mentions: pd.DataFrame, dates: pd.Series, latest: dt.date | None, settings: ChangeSettings
) -> pd.Series:
    """Reviews from the first mention of each issue (at most `fading_days` back) to the window."""
    if latest is None or mentions.empty:
        return pd.Series(dtype=int)
    start = pd.Timestamp(latest) - pd.Timedelta(days=settings.recent_days - 1)
    first = pd.to_datetime(mentions["review_date"]).groupby(mentions["issue_id"]).min()
    first = first.clip(lower=start - pd.Timedelta(days=settings.fading_days)).dropna()
    days = np.sort(dates.to_numpy(dtype="datetime64[ns]"))
    born = np.searchsorted(days, first.to_numpy(dtype="datetime64[ns]"))
    until = int(np.searchsorted(days, start.to_datetime64()))
    return pd.Series(np.maximum(until - born, 0), index=first.index)


def _window_counts(mentions: pd.DataFrame, latest: dt.date | None, settings: ChangeSettings) -> pd.DataFrame:
    """Mentions of each issue in the window, in the year before it, and in all time before it."""
    ids = pd.Index(mentions["issue_id"].unique(), name="issue_id")
    counts = pd.DataFrame(0, index=ids, columns=["recent", "before", "earlier"])
    if latest is None or mentions.empty:
        return counts
    dates = pd.to_datetime(mentions["review_date"])
    for name, mask in _windows(dates, latest, settings).items():
        found = mentions.loc[mask, "issue_id"].value_counts()
        counts[name] = found.reindex(ids, fill_value=0).astype(int)
    return counts


def _windows(dates: pd.Series, latest: dt.date, settings: ChangeSettings) -> dict[str, pd.Series]:
    end = pd.Timestamp(latest)
    start = end - pd.Timedelta(days=settings.recent_days - 1)
    before = start - pd.Timedelta(days=settings.fading_days)
    return {
        "recent": (dates >= start) & (dates <= end),
        "before": (dates >= before) & (dates < start),
        "earlier": dates < start,
    }


def _tally(dates: pd.Series, latest: dt.date, settings: ChangeSettings) -> tuple[int, int]:
    windows = _windows(dates, latest, settings)
    return int(windows["recent"].sum()), int(windows["earlier"].sum())


def _rise(recent: pd.Series, earlier: pd.Series, recent_n: int, earlier_n: int) -> pd.Series:
    """P(this many recent mentions or more) where the rate has not changed."""
    share = recent_n / max(recent_n + earlier_n, 1)
    return pd.Series(stats.binom.sf(recent - 1, recent + earlier, share), index=recent.index)


def _fall(recent: pd.Series, before: pd.Series, recent_n: int, before_n: pd.Series) -> pd.Series:
    """P(this few recent mentions or fewer) where the rate has not changed; 1 where nothing was before."""
    share = recent_n / np.maximum(recent_n + before_n, 1)
    p = stats.binom.cdf(recent, recent + before, share)
    return pd.Series(p, index=recent.index).where((before > 0) & (recent_n > 0), 1.0)


def _named(counts: pd.DataFrame, fallen: pd.Series, level: float) -> pd.Series:
    risen = counts["p_adjusted"] < level
    kinds = [risen & (counts["earlier"] <= 1), risen, fallen]
    names = np.select([kind.to_numpy() for kind in kinds], [NEW, RISING, FADING], default=STEADY)
    return pd.Series(names, index=counts.index, dtype=object)
