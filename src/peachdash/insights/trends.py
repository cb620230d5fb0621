"""Shares over time, with every period present, whether or not it has reviews."""

from __future__ import annotations

import numpy as np
import pandas as pd

from peachdash.errors import BadInput
from peachdash.insights.intervals import wilson
from peachdash.insights.periods import Unit, period_starts, truncate_dates
from peachdash.records import BANDS

TREND_COLUMNS: tuple[str, ...] = ("period_start", "band", "n", "total", "share", "low", "high", "too_few")
NEEDED_COLUMNS: tuple[str, ...] = ("period_start", "band", "n")


def share_trend(
    counts: pd.DataFrame, minimum_n: int, *, unit: Unit = "month", confidence: float = 0.95
) -> pd.DataFrame:
    """Share of each band in each period.

    Args:
        counts: rows (period_start, band, n): a date inside the period, one of `records.BANDS`, reviews.
            Several rows of one period and band are added up; rows without a date are left out.
        minimum_n: below this many reviews a period has `too_few`.
        unit: "month" or "week"; dates are moved to the start of theirs.
        confidence: level of the Wilson intervals.

    Returns:
        A complete long frame, sorted by period and band, four rows a period from the first to the last
        one with reviews:

            period_start: midnight timestamp of the period's first day.
            band: one of `records.BANDS`.
            n: reviews of the band; total: reviews of the period.
            share, low, high: 0 to 1; NaN in a period without reviews.
            too_few: whether total is below minimum_n.

        An empty frame with these columns where there is no dated review.

    Raises:
        BadInput: a column is missing or a band is unknown.
    """
    _check(counts)
    dated = counts[counts["period_start"].notna()]
    if dated.empty:
        return _empty()
    wide = _wide(dated, unit)
    trend = wide.stack().rename("n").reset_index()
    trend["total"] = trend.groupby("period_start")["n"].transform("sum")
    trend["share"] = trend["n"] / trend["total"].where(trend["total"] > 0)
    trend["low"], trend["high"] = wilson(trend["n"], trend["total"], confidence)
    trend["too_few"] = trend["total"] < minimum_n
    return trend[list(TREND_COLUMNS)]


def positive_shares(counts: pd.DataFrame, *, unit: Unit = "month") -> pd.DataFrame:
    """Positive share of each business in each period, all over the same periods.

    Args:
        counts: as `share_trend` takes them, with a column business_id besides.
        unit: "month" or "week".

    Returns:
        Shares, 0 to 1, NaN where a business has no review: a row a business, indexed by business_id and
        sorted; a column a period, from the first to the last with reviews of any. Without a dated review, no
        row and no column.

    Raises:
        BadInput: a column is missing or a band is unknown.
    """
    if "business_id" not in counts.columns:
        raise BadInput("counts: the column 'business_id' is missing.")
    _check(counts)
    dated = counts[counts["period_start"].notna()]
    if dated.empty:
        return pd.DataFrame(index=pd.Index([], dtype=object, name="business_id"), dtype=float)
    starts = truncate_dates(dated["period_start"], unit)
    every = period_starts(starts.min(), starts.max(), unit)
    of_all = dated["n"].groupby([dated["business_id"], starts]).sum().unstack().reindex(columns=every)
    positive = dated["n"].where(dated["band"] == "positive", 0)
    of_positive = positive.groupby([dated["business_id"], starts]).sum().unstack().reindex(columns=every)
    return (of_positive / of_all.where(of_all > 0)).astype(float)


def sparklines(counts: pd.DataFrame, *, unit: Unit = "month") -> dict[str, list[float]]:
    """The `positive_shares` of each business as a line, from its first period with a review to its last.

    A gap between two of them is bridged by a straight line. Arguments and errors as of `positive_shares`.
    """
    shares = positive_shares(counts, unit=unit)
    lines = zip(shares.index, shares.to_numpy(), strict=True)
    return {str(business): _bridge(line) for business, line in lines}


def _bridge(line: np.ndarray) -> list[float]:
    """The values from the first known one to the last, those between filled in."""
    known = np.flatnonzero(~np.isnan(line))
    if not len(known):
        return []
    places = np.arange(known[0], known[-1] + 1)
    found: list[float] = np.interp(places, known, line[known]).tolist()
    return found


def _empty() -> pd.DataFrame:
    types = {"period_start": "datetime64[s]", "band": "str", "n": int, "total": int, "too_few": bool}
    return pd.DataFrame({name: pd.Series(dtype=types.get(name, float)) for name in TREND_COLUMNS})


def _check(counts: pd.DataFrame) -> None:
    missing = [column for column in NEEDED_COLUMNS if column not in counts.columns]
    if missing:
        raise BadInput(f"counts: the column {missing[0]!r} is missing; expected {', '.join(NEEDED_COLUMNS)}.")
    unknown = set(counts["band"]) - set(BANDS)
    if unknown:
        raise BadInput(f"counts.band: expected {', '.join(BANDS)}, got {min(map(str, unknown))!r}.")


def _wide(dated: pd.DataFrame, unit: Unit) -> pd.DataFrame:
    """Counts with a row for every period and a column for every band."""
    starts = truncate_dates(dated["period_start"], unit).rename("period_start")
    wide = dated.assign(period_start=starts).pivot_table(
        index="period_start", columns="band", values="n", aggfunc="sum", fill_value=0
    )
    every = period_starts(starts.min(), starts.max(), unit)
    wide = wide.reindex(index=every, columns=list(BANDS), fill_value=0).astype(int)
    return wide.rename_axis(index="period_start", columns="band")
