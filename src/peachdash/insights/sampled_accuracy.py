"""How often a client's readings are right, from answers to a random sample."""

from __future__ import annotations

import pandas as pd

from peachdash.insights.intervals import wilson
from peachdash.records import LABELS

OVERALL = "all"
"""Month of the row that takes all months of a revision together."""


def estimate_accuracy(sampled: pd.DataFrame, *, minimum_n: int) -> pd.DataFrame:
    """The share of right readings by revision, and by revision and month of drawing, with Wilson's interval.

    Args:
        sampled: one row for each sampled reading, with revision, label, drawn_utc and answer (a label, a
            verdict that leaves the review out of all counts, or missing where nobody answered). Readings
            that were complained about but not sampled must not be among them: complaints are biased.
        minimum_n: below this many answers there is no share.

    Returns:
        A row for each revision and month, the latest month first, and before them one for the revision with
        the month "all"; the revision that was drawn from last comes first. Columns: revision, month ("all"
        or "2026-11"), drawn, answered, left_out (answered as no review of this business), n (answered with
        a label), right, share (0 to 1), low, high. The last three are NaN where n is below `minimum_n`.
    """
    frame = pd.DataFrame(
        {
            "revision": sampled["revision"],
            "month": pd.to_datetime(sampled["drawn_utc"], utc=True).dt.strftime("%Y-%m"),
            "drawn": 1,
            "answered": sampled["answer"].notna().astype(int),
            "n": sampled["answer"].isin(LABELS).astype(int),
            "right": (sampled["answer"] == sampled["label"]).astype(int),
            "last": pd.to_datetime(sampled["drawn_utc"], utc=True),
        }
    )
    parts = [_tally(frame.assign(month=OVERALL)), _tally(frame)]
    rows = pd.concat(parts, ignore_index=True)
    rows["newest"] = rows.groupby("revision")["last"].transform("max")
    rows["whole"] = rows["month"] == OVERALL
    rows = rows.sort_values(
        ["newest", "revision", "whole", "month"], ascending=[False, True, False, False], ignore_index=True
    )
    return _with_shares(rows, minimum_n)


def _tally(frame: pd.DataFrame) -> pd.DataFrame:
    counts = {name: (name, "sum") for name in ("drawn", "answered", "n", "right")}
    grouped = frame.groupby(["revision", "month"], as_index=False)
    return grouped.agg(**counts, last=("last", "max"))


def _with_shares(rows: pd.DataFrame, minimum_n: int) -> pd.DataFrame:
    low, high = wilson(rows["right"].to_numpy(), rows["n"].to_numpy())
    enough = rows["n"] >= max(minimum_n, 1)
    rows = rows.assign(
        left_out=rows["answered"] - rows["n"],
        share=(rows["right"] / rows["n"].where(rows["n"] > 0)).where(enough),
        low=pd.Series(low, index=rows.index).where(enough),
        high=pd.Series(high, index=rows.index).where(enough),
    )
    names = ["revision", "month", "drawn", "answered", "left_out", "n", "right", "share", "low", "high"]
    return rows[names]
