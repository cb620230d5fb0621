"""One issue over time: how many reviews mention it in each month, and in words what became of it."""

from __future__ import annotations

import pandas as pd

from peachdash.insights import formatting
from peachdash.insights.issue_tests import FADING, NEW, RISING
from peachdash.insights.periods import period_starts, truncate_dates


def monthly_course(evidence: pd.DataFrame, volumes: pd.DataFrame) -> pd.DataFrame:
    """Reviews that mention an issue by month, from the first to the last month with a dated review.

    Args:
        evidence: rows of `fetch_evidence` of one issue, or of several that are to be one.
        volumes: rows of `fetch_volumes` of its business.

    Returns:
        period_start, n (reviews; those of one text count once), total (reviews of the business). Empty where
        no review is dated.
    """
    dated = volumes[volumes["review_date"].notna()]
    if dated.empty:
        return pd.DataFrame({"period_start": [], "n": [], "total": []})
    days = pd.to_datetime(dated["review_date"])
    every = period_starts(days.min().date(), days.max().date(), "month")
    totals = dated.groupby(truncate_dates(days, "month"))["n"].sum().reindex(every, fill_value=0)
    first = (
        evidence[evidence["review_date"].notna()].sort_values("review_date").drop_duplicates("text_sha256")
    )
    counts = truncate_dates(first["review_date"], "month").value_counts().reindex(every, fill_value=0)
    return pd.DataFrame({"period_start": every, "n": counts.to_numpy(), "total": totals.to_numpy()})


def course_sentence(issue: pd.Series) -> str:
    """An issue of `summarise_issues` in one sentence: how often, since when, and whether it changes."""
    reviews = formatting.counted(int(issue["reviews"]), "review")
    words = [f"“{issue['name']}”: {reviews}"]
    if not formatting.is_missing(issue["share"]):
        share = formatting.percent(issue["share"], issue["negative_total"])
        interval = formatting.percent_range(issue["low"], issue["high"], issue["negative_total"])
        total = formatting.count(issue["negative_total"])
        words.append(f"{share} of the negative ones ({interval}, n = {total})")
    if not formatting.is_missing(issue["first_date"]):
        span = (
            f"first on {formatting.date(issue['first_date'])}, last on {formatting.date(issue['last_date'])}"
        )
        words.append(span)
    change = change_words(issue)
    return "; ".join([", ".join(words[:2]), *words[2:], *([change] if change else [])]) + "."


def change_words(issue: pd.Series) -> str:
    """ "new: 5 of the latest 49 reviews, 0 of 512 before (p = 0.004)"; empty where it is steady."""
    if issue["change"] not in (NEW, RISING, FADING):
        return ""
    recent = f"{int(issue['recent'])} of the latest {formatting.count(issue['recent_reviews'])} reviews"
    earlier = f"{int(issue['earlier'])} of {formatting.count(issue['earlier_reviews'])} before"
    p = (
        ""
        if formatting.is_missing(issue["p_adjusted"]) or issue["change"] == FADING
        else (f" ({formatting.p_value(issue['p_adjusted'])})")
    )
    return f"{issue['change']}: {recent}, {earlier}{p}"
