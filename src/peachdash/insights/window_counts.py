"""The figures of a page from the counts of its window: totals, businesses, and their course by month."""

from __future__ import annotations

import pandas as pd

from peachdash.records import BANDS

KEYS = ("business_id", "in_window", "period_start")


def sum_window(counts: pd.DataFrame) -> dict[str, int]:
    """Counts over the window, as `fetch_totals` gives them.

    Args:
        counts: rows of `fetch_window_counts`.
    """
    sums = _numbers(counts[counts["in_window"].astype(bool)]).sum()
    return {str(name): int(value) for name, value in sums.items()}


def sum_businesses(counts: pd.DataFrame, *, before: bool = False) -> pd.DataFrame:
    """The same for each business with a review in the window, or in the one before; by business_id.

    Args:
        counts: rows of `fetch_window_counts`.
        before: whether the window before is wanted.
    """
    rows = counts[counts["in_window"].astype(bool) != before]
    return _numbers(rows).groupby(rows["business_id"]).sum().astype(int)


def monthly_bands(counts: pd.DataFrame) -> pd.DataFrame:
    """Reviews that count by business, month and band, as `sparklines` takes them, over both windows.

    Months in which none was read are left out, and so are dates that are coarser than a month.

    Returns:
        business_id, period_start, band, n.
    """
    read = counts[(counts["read"] > 0) & counts["period_start"].notna()]
    columns = ["business_id", "period_start"]
    return read[[*columns, *BANDS]].melt(columns, var_name="band", value_name="n")


def _numbers(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.drop(columns=list(KEYS))
