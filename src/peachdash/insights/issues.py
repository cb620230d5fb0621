"""Issues in figures: how many reviews, what share, since when, new or rising, and who must answer."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd

from peachdash.insights import formatting
from peachdash.insights.intervals import wilson
from peachdash.insights.issue_tests import FADING, NEW, OUTRIGHT, RISING, ChangeSettings, find_changes
from peachdash.insights.periods import period_starts, truncate_dates

CAMPAIGN_REVIEWS = 3
"""So many reviews of a business with the very same text are likely one campaign, not so many complaints."""

CHANGE_ORDER = {NEW: 0, RISING: 1, "steady": 2, FADING: 3}
TREND_MONTHS = 24


def summarise_issues(
    evidence: pd.DataFrame,
    catalogue: pd.DataFrame,
    volumes: pd.DataFrame,
    *,
    since: dt.date | None = None,
    settings: ChangeSettings | None = None,
) -> pd.DataFrame:
    """One row for each issue with evidence in the period.

    Args:
        evidence: rows of `fetch_evidence`, marked by `mark_readings`, of all time up to the period's end.
        catalogue: rows of `fetch_issues`: issue_id, business_id, name, aspect, keywords, hidden, state, …
        volumes: rows of `fetch_volumes`.
        since: first day of the period; None means all time. Undated reviews count in all time only.
        settings: of the test for change, which looks at all time whatever the period.

    Returns:
        The columns of `catalogue`, and

            reviews: distinct texts of the period that mention it; repeats: further reviews with the same
                text; campaign: whether one text has `CAMPAIGN_REVIEWS` or more.
            negative, negative_total: negative reviews that mention it, and all of the business in the period.
            share, low, high: the first of the second, 0 to 1, with Wilson's interval; NaN of none.
            first_date, last_date: of all time; missing where no review is dated.
            stars: mean of the period's reviews; NaN where none has any.
            need_answer: complaints of the period without an answer.
            missed: reviews of the period that the champion reads as negative and the generic model does not;
            found_only_by_champion: whether that is all of those that the champion reads as negative.
            recent, earlier, p_value, p_adjusted, change: of `find_changes`.
            trend: mentions by month, at most `TREND_MONTHS`, up to the latest month of the business.

        The new and rising ones first, then by the number of reviews.
    """
    known = evidence[evidence["issue_id"].isin(catalogue["issue_id"])]
    known = known.sort_values("outright", ascending=False, kind="stable")
    reviews = known.drop_duplicates(["issue_id", "review_id"])
    period = reviews if since is None else reviews[_dated(reviews) >= pd.Timestamp(since)]
    if period.empty:
        return _nothing(catalogue)
    figures = _figures(period).join(_dates(reviews)).join(_changes(reviews, volumes, settings))
    table = catalogue.merge(figures, left_on="issue_id", right_index=True)
    totals = _negative_totals(volumes, since)
    table["negative_total"] = table["business_id"].map(totals).fillna(0).astype(int)
    hits = np.minimum(table["negative"], table["negative_total"])
    table["share"] = hits / table["negative_total"].where(table["negative_total"] > 0)
    table["low"], table["high"] = wilson(hits, table["negative_total"])
    table["trend"] = _trends(reviews, table, volumes)
    order = table["change"].map(CHANGE_ORDER)
    table = table.assign(order=order).sort_values(
        ["order", "reviews", "last_date", "issue_id"], ascending=[True, False, False, True], kind="stable"
    )
    return table.drop(columns="order").reset_index(drop=True)


def _nothing(catalogue: pd.DataFrame) -> pd.DataFrame:
    columns = [
        "reviews", "repeats", "campaign", "negative", "stars", "need_answer", "missed",
        "found_only_by_champion", "first_date", "last_date", "recent", "earlier", "recent_reviews",
        "earlier_reviews", "p_value", "p_adjusted",
        "change", "negative_total", "share", "low", "high", "trend",
    ]  # fmt: skip
    return catalogue.head(0).assign(**{name: pd.Series(dtype=object) for name in columns})


def _dated(rows: pd.DataFrame) -> pd.Series:
    return pd.to_datetime(rows["review_date"])


def _figures(period: pd.DataFrame) -> pd.DataFrame:
    """Counts of each issue in the period; reviews of one text count as one."""
    flags = {"negative": "complaint", "champion": "champion_negative", "missed": "missed"}
    counted = period.assign(times=1, **{name: period[column].astype(int) for name, column in flags.items()})
    by_text = counted.groupby(["issue_id", "text_sha256"], sort=False)
    texts = by_text[list(flags)].max().assign(times=by_text["times"].sum())
    grouped = texts.groupby("issue_id")
    frame = pd.DataFrame(
        {
            "reviews": grouped.size(),
            "repeats": grouped["times"].sum() - grouped.size(),
            "campaign": grouped["times"].max() >= CAMPAIGN_REVIEWS,
            "negative": grouped["negative"].sum().astype(int),
            "missed": grouped["missed"].sum().astype(int),
            "champion": grouped["champion"].sum().astype(int),
        }
    )
    frame["found_only_by_champion"] = (frame["missed"] > 0) & (frame["missed"] == frame["champion"])
    waiting = period[period["complaint"] & ~period["answered"]]
    frame["need_answer"] = waiting["issue_id"].value_counts().reindex(frame.index, fill_value=0).astype(int)
    frame["stars"] = period.groupby("issue_id")["stars"].mean().astype(float)
    return frame.drop(columns="champion")


def mark_readings(evidence: pd.DataFrame) -> pd.DataFrame:
    """Evidence with three columns: whether the champion surely reads the review as negative, whether the
    generic model missed that, and whether the sentence says it outright. Reviews that people decided on count
    by their band, not by the champion.
    """
    champion = (evidence["champion_label"] == "negative") & ~evidence["champion_needs_review"].astype(bool)
    missed = champion & evidence["generic_label"].notna() & (evidence["generic_label"] != "negative")
    wrong = evidence["human"].astype(bool) & (evidence["band"] != "negative")
    return evidence.assign(
        champion_negative=(champion & ~wrong).astype(bool),
        missed=(missed & ~wrong).astype(bool),
        outright=evidence["p_negative"] >= OUTRIGHT,
        complaint=evidence["complaint"].astype(bool),
        answered=evidence["answered"].astype(bool),
    )


def _dates(reviews: pd.DataFrame) -> pd.DataFrame:
    grouped = _dated(reviews).groupby(reviews["issue_id"])
    return pd.DataFrame({"first_date": grouped.min(), "last_date": grouped.max()})


def _changes(reviews: pd.DataFrame, volumes: pd.DataFrame, settings: ChangeSettings | None) -> pd.DataFrame:
    """`find_changes` for each business on its latest day; one text counts once, on its first day.

    Reviews that do not say it outright are as undated: they are in no test.
    """
    reviews = reviews.assign(review_date=reviews["review_date"].where(reviews["outright"]))
    first = reviews.sort_values("review_date", na_position="last").drop_duplicates(
        ["issue_id", "text_sha256"]
    )
    parts = []
    for business, rows in first.groupby("business_id"):
        volume = volumes[(volumes["business_id"] == business) & volumes["review_date"].notna()]
        dates = pd.to_datetime(volume["review_date"]).repeat(volume["texts"].astype(int))
        latest = dates.max().date() if len(dates) else None
        parts.append(find_changes(rows[["issue_id", "review_date"]], dates, latest, settings))
    return pd.concat(parts)


def _negative_totals(volumes: pd.DataFrame, since: dt.date | None) -> pd.Series:
    rows = volumes[volumes["band"] == "negative"]
    if since is not None:
        rows = rows[pd.to_datetime(rows["review_date"]) >= pd.Timestamp(since)]
    return rows.groupby("business_id")["n"].sum()


def _trends(reviews: pd.DataFrame, table: pd.DataFrame, volumes: pd.DataFrame) -> pd.Series:
    """Mentions by month of each issue of the table."""
    lines: dict[str, list[int]] = {}
    dates = pd.to_datetime(volumes["review_date"]).groupby(volumes["business_id"])
    ends = pd.DataFrame({"first": dates.min(), "last": dates.max()}).dropna()
    dated = reviews[reviews["review_date"].notna() & reviews["issue_id"].isin(table["issue_id"])]
    for business, rows in dated.groupby("business_id"):
        if business in ends.index:
            first, last = ends.loc[business]
            every = period_starts(first.date(), last.date(), "month")[-TREND_MONTHS:]
            codes, issues = pd.factorize(rows["issue_id"])
            months = every.get_indexer(truncate_dates(rows["review_date"], "month"))
            counts = np.zeros((len(issues), len(every)), dtype=int)
            np.add.at(counts, (codes[months >= 0], months[months >= 0]), 1)
            lines |= dict(zip(map(str, issues), counts.tolist(), strict=True))
    return pd.Series([lines.get(issue, []) for issue in table["issue_id"]], index=table.index, dtype=object)


def issues_sentence(table: pd.DataFrame, place: str) -> str:
    """The headline: what customers complain about most, what is new or rising, and how many need an answer.

    Args:
        table: of `summarise_issues`, hidden issues left out.
        place: what the businesses in view are called.
    """
    if table.empty:
        return f"{place}: no complaints in this period."
    most = table.sort_values(["reviews", "last_date"], ascending=False).iloc[0]
    count = formatting.counted(int(most["reviews"]), "review")
    parts = [f"{place}: most complaints are about {quoted(most)} ({count})"]
    for kind in (NEW, RISING):
        names = [quoted(row) for _, row in table[table["change"] == kind].iterrows()]
        if names:
            parts.append(f"{kind}: {formatting.listing(names, 2)}")
    if len(parts) == 1:
        parts.append("nothing is clearly new or rising")
    return "; ".join(parts) + "."


def quoted(row: Any) -> str:
    """An issue's name in quotation marks."""
    return f"“{row['name']}”"
