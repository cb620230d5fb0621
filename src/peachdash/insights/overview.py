"""Businesses side by side: shares with intervals, change against the window before, and the headline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, test_proportions_2indep

from peachdash.errors import BadInput
from peachdash.insights import formatting
from peachdash.insights.intervals import shrink, wilson
from peachdash.records import BANDS

PREVIOUS = "previous_"
COUNT_COLUMNS: tuple[str, ...] = (*BANDS, *(f"{PREVIOUS}{band}" for band in BANDS))
NEEDED_COLUMNS: tuple[str, ...] = ("business_id", "name", *COUNT_COLUMNS)


def summarise_businesses(
    counts: pd.DataFrame,
    *,
    minimum_n: int,
    confidence: float = 0.95,
    correction: Literal["fdr_bh", "holm"] = "fdr_bh",
) -> pd.DataFrame:
    """Shares of each business with intervals, and the change of its positive share.

    The change and its test are those of Agresti and Caffo (2000), by statsmodels: one success and one
    failure are added to each window, so that small windows and shares of 0 or 1 stay sane and the test
    agrees with the interval. The tests are corrected over the businesses of this frame.

    Args:
        counts: one row a business, with the columns

            business_id, name: which business.
            negative, neutral, positive, undecided: reviews of the current window, counts.
            previous_negative, previous_neutral, previous_positive, previous_undecided: the same for
                the equally long window before.

            Other columns (complaints_open, latest_date, ...) are carried through.
        minimum_n: below this many reviews a business has `too_few`, and no change is tested where
            either window is below it.
        confidence: level of all intervals; 1 - confidence is the level of `significant`.
        correction: Benjamini-Hochberg (false discovery rate) or Holm (family-wise error).

    Returns:
        The rows of `counts` in their order, with their columns and

            n, previous_n: reviews of the windows.
            negative_share, neutral_share, positive_share, undecided_share: 0 to 1, summing to 1; NaN
                where n is 0; each with a Wilson interval in <band>_low and <band>_high.
            previous_positive_share: 0 to 1, NaN where previous_n is 0.
            positive_shrunk: positive share drawn towards the mean of the businesses; rank by this.
            change_points: current minus previous positive share in percentage points, -100 to 100,
                with change_low and change_high; NaN where it is not tested.
            p_value, p_adjusted: of the change, before and after correction; NaN where not tested.
            significant: whether p_adjusted is below 1 - confidence.
            too_few: whether n is below minimum_n.

    Raises:
        BadInput: a column is missing, or a count is negative or missing.
    """
    _check(counts)
    summary = counts.reset_index(drop=True)
    summary["n"] = summary[list(BANDS)].sum(axis=1).astype(int)
    summary["previous_n"] = summary[[f"{PREVIOUS}{band}" for band in BANDS]].sum(axis=1).astype(int)
    for band in BANDS:
        summary[f"{band}_share"] = _share(summary[band], summary["n"])
        summary[f"{band}_low"], summary[f"{band}_high"] = wilson(summary[band], summary["n"], confidence)
    summary["previous_positive_share"] = _share(summary["previous_positive"], summary["previous_n"])
    summary["positive_shrunk"] = shrink(summary["positive"], summary["n"], confidence)["share"]
    summary["too_few"] = summary["n"] < minimum_n
    return summary.join(_changes(summary, minimum_n, confidence, correction))


def business_sentence(row: Mapping[str, Any] | pd.Series, previous_words: str = "the period before") -> str:
    """The headline of one business, from its row of `summarise_businesses`.

    Args:
        row: one row of the summary.
        previous_words: what the window before is called, for example "the quarter before".

    Returns:
        For example "Sweet Stack Creamery: 71% positive (64 to 77%, n = 214), 9 points up on the quarter
        before." Where the reviews are too few, or the change is no clearer than chance, it says so.
    """
    name = str(row["name"])
    if row["n"] == 0:
        return f"{name}: no reviews in this period."
    if row["too_few"]:
        return f"{name}: too few reviews to give a share (n = {formatting.count(row['n'])})."
    share = formatting.percent(row["positive_share"], row["n"])
    interval = formatting.percent_range(row["positive_low"], row["positive_high"], row["n"])
    start = f"{name}: {share} positive ({interval}, n = {formatting.count(row['n'])})"
    if formatting.is_missing(row["change_points"]):
        return f"{start}; too few reviews in {previous_words} to compare with."
    if not row["significant"]:
        return f"{start}, no clear change on {previous_words}."
    return f"{start}, {formatting.points(row['change_points'])} on {previous_words}."


def overview_sentence(summary: pd.DataFrame, previous_words: str = "the period before") -> str:
    """The headline over all businesses of a `summarise_businesses` frame.

    With one business it is that business's sentence; complaints_open is added where the column is there.
    """
    if summary.empty:
        return "No business in view has reviews yet."
    lead = (
        business_sentence(summary.iloc[0], previous_words)
        if len(summary) == 1
        else _movement(summary, previous_words)
    )
    return " ".join(filter(None, (lead, _complaints(summary))))


def _check(counts: pd.DataFrame) -> None:
    missing = [column for column in NEEDED_COLUMNS if column not in counts.columns]
    if missing:
        raise BadInput(f"counts: the column {missing[0]!r} is missing; expected {', '.join(NEEDED_COLUMNS)}.")
    values = counts[list(COUNT_COLUMNS)].to_numpy(dtype=float)
    if not (values >= 0).all():
        row = int(np.flatnonzero(~(values >= 0).all(axis=1))[0])
        raise BadInput(f"counts: expected counts of 0 or more, got {values[row].tolist()} in row {row}.")


def _share(part: pd.Series, whole: pd.Series) -> pd.Series:
    return part.astype(float) / whole.where(whole > 0).astype(float)


def _changes(summary: pd.DataFrame, minimum_n: int, confidence: float, correction: str) -> pd.DataFrame:
    columns = ["change_points", "change_low", "change_high", "p_value", "p_adjusted"]
    changes = pd.DataFrame(np.nan, index=summary.index, columns=columns)
    tested = (summary["n"] >= max(minimum_n, 1)) & (summary["previous_n"] >= max(minimum_n, 1))
    if tested.any():
        chosen = summary[tested]
        samples = [
            chosen[column].to_numpy(dtype=float)
            for column in ("positive", "n", "previous_positive", "previous_n")
        ]
        low, high = confint_proportions_2indep(*samples, method="agresti-caffo", alpha=1 - confidence)
        with np.errstate(divide="ignore", invalid="ignore"):  # it also computes ratios, which are not used
            p = np.atleast_1d(test_proportions_2indep(*samples, method="agresti-caffo").pvalue)
        difference = chosen["positive_share"] - chosen["previous_positive_share"]
        changes.loc[tested, "change_points"] = 100 * difference
        changes.loc[tested, "change_low"] = 100 * np.clip(low, -1, 1)
        changes.loc[tested, "change_high"] = 100 * np.clip(high, -1, 1)
        changes.loc[tested, "p_value"] = p
        changes.loc[tested, "p_adjusted"] = multipletests(p, method=correction)[1]
    return changes.assign(significant=changes["p_adjusted"] < 1 - confidence)


def _movement(summary: pd.DataFrame, previous_words: str) -> str:
    comparable = summary[summary["change_points"].notna()]
    if comparable.empty:
        enough = int((~summary["too_few"]).sum())
        if not enough:
            return "Too few reviews in this period to give a share for any business."
        return (
            f"{formatting.counted(enough, 'business', 'businesses')} of {len(summary)} "
            f"{'has' if enough == 1 else 'have'} enough reviews for a share, "
            f"none enough in {previous_words} to compare with."
        )
    clear = comparable[comparable["significant"]].sort_values("change_points", key=abs, ascending=False)
    up, down = clear[clear["change_points"] > 0]["name"], clear[clear["change_points"] < 0]["name"]
    compared = f"{formatting.counted(len(comparable), 'business', 'businesses')} with enough reviews"
    if clear.empty:
        return f"No clear change on {previous_words} at any of {compared}."
    told = [
        f"{word} at {formatting.listing(names.astype(str).tolist())}"
        for word, names in (("clearly up", up), ("clearly down", down))
        if len(names)
    ]
    return f"Against {previous_words}, the positive share is {' and '.join(told)}, of {compared}."


def _complaints(summary: pd.DataFrame) -> str:
    if "complaints_open" not in summary.columns:
        return ""
    number = int(summary["complaints_open"].fillna(0).sum())
    if not number:
        return "No complaint is waiting for an answer."
    return (
        f"{formatting.counted(number, 'complaint')} {'is' if number == 1 else 'are'} waiting for an answer."
    )
