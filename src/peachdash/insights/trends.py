"""Shares over time, with every period present, whether or not it has reviews."""

from __future__ import annotations

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


def sparkline(counts: pd.DataFrame, *, unit: Unit = "month") -> list[float | None]:
    """Positive share, 0 to 1, of each period from the first to the last; None where there is no review.

    Args:
        counts: as `share_trend` takes them.
        unit: "month" or "week".
    """
    trend = share_trend(counts, 1, unit=unit)
    shares = trend.loc[trend["band"] == "positive", "share"].astype(float)
    return [None if pd.isna(share) else float(share) for share in shares]


def sparklines(counts: pd.DataFrame, *, unit: Unit = "month") -> pd.Series:
    """The `sparkline` of each business, all over the same periods.

    Args:
        counts: as `share_trend` takes them, with a column business_id besides.
        unit: "month" or "week".

    Returns:
        Lists of equal length, indexed by business_id; an empty series where there is no dated review.

    Raises:
        BadInput: a column is missing or a band is unknown.
    """
    if "business_id" not in counts.columns:
        raise BadInput("counts: the column 'business_id' is missing.")
    _check(counts)
    dated = counts[counts["period_start"].notna()]
    if dated.empty:
        return pd.Series(dtype=object, name="sparkline").rename_axis("business_id")
    ends = dated["period_start"].agg(["min", "max"])
    frame = pd.DataFrame({"period_start": ends.to_numpy(), "band": "positive", "n": 0})
    lines = {
        business: sparkline(pd.concat([frame, rows[list(NEEDED_COLUMNS)]]), unit=unit)
        for business, rows in dated.groupby("business_id")
    }
    return pd.Series(lines, dtype=object, name="sparkline").rename_axis("business_id")


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
