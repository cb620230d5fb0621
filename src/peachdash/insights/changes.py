"""What another champion would change, summed up: how many reviews flip, of whom, from what to what."""

from __future__ import annotations

from typing import Any

import pandas as pd

from peachdash.insights import formatting
from peachdash.insights.intervals import wilson

CONFIDENCE = 0.95


def summarise_changes(rows: pd.DataFrame) -> dict[str, Any]:
    """The changes as JSON values, to be stored and shown.

    Args:
        rows: business_id, business, human, before, after, n; from `fetch_band_changes`.

    Returns:
        reviews (that count), human (decided by people, who stay), flips, low and high (95% interval of the
        share of flips, None without reviews), by_class (before, after, n; the most frequent first),
        by_business (business_id, business, reviews, flips, and before and after of negative, positive and
        undecided; the most flips first).
    """
    flipped = rows[rows["before"] != rows["after"]]
    reviews, flips = int(rows["n"].sum()), int(flipped["n"].sum())
    low, high = wilson(flips, reviews, CONFIDENCE) if reviews else (None, None)
    classes = flipped.groupby(["before", "after"], as_index=False)["n"].sum()
    classes = classes.sort_values(["n", "before", "after"], ascending=[False, True, True])
    businesses = [_business(of) for _, of in rows.groupby(["business_id", "business"])]
    return {
        "reviews": reviews,
        "human": int(rows.loc[rows["human"].astype(bool), "n"].sum()),
        "flips": flips,
        "low": None if low is None else float(low),
        "high": None if high is None else float(high),
        "by_class": [{**row, "n": int(row["n"])} for row in classes.to_dict("records")],
        "by_business": sorted(businesses, key=lambda row: (-row["flips"], row["business"])),
    }


def _business(rows: pd.DataFrame) -> dict[str, Any]:
    found: dict[str, Any] = {
        "business_id": str(rows["business_id"].iloc[0]),
        "business": str(rows["business"].iloc[0]),
        "reviews": int(rows["n"].sum()),
        "flips": int(rows.loc[rows["before"] != rows["after"], "n"].sum()),
    }
    for side in ("before", "after"):
        for band in ("negative", "positive", "undecided"):
            found[f"{band}_{side}"] = int(rows.loc[rows[side] == band, "n"].sum())
    return found


def change_sentence(changes: dict[str, Any]) -> str:
    """How much would change, in one sentence."""
    reviews, flips = int(changes["reviews"]), int(changes["flips"])
    if not reviews:
        return "No review counts yet, so nothing would change."
    if not flips:
        return f"None of {formatting.counted(reviews, 'review')} would count as something else."
    share = formatting.estimate(flips / reviews, changes["low"], changes["high"], reviews)
    first = changes["by_class"][0]
    businesses = sum(row["flips"] > 0 for row in changes["by_business"])
    return (
        f"{formatting.count(flips)} of {formatting.counted(reviews, 'review')} would count as something "
        f"else, {share}, at {formatting.counted(businesses, 'business', 'businesses')}; most often from "
        f"{first['before']} to {first['after']} ({formatting.count(first['n'])})."
    )
