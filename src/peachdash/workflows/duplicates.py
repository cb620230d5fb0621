"""Which rows of an export are stored already.

A row repeats another if it bears the same platform id at the same source and business, or the same
business, reviewer and text. Files that name neither id nor reviewer are compared by business,
source, date, stars and text; there the n-th of several like rows repeats the n-th stored one, so
that a file which holds "Great!" twice keeps both and adds neither again.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from peachdash.storage.catalogue import fold

_EMPTY_TEXT = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"""SHA-256 of the empty text, which stars without text share."""

_WHAT = ["business_id", "source", "review_date", "stars", "text_sha256", "reviewer_hash"]


def find_duplicates(rows: pd.DataFrame, known: pd.DataFrame) -> pd.Series:
    """For each row what it repeats, in words; None where it is new.

    Args:
        rows: business_id (None where new), source, platform_id, review_date, stars, text_sha256,
            reviewer_hash and row (its number in the file).
        known: the same columns of stored reviews with review_id instead of row.

    Returns:
        A series of object with the index of `rows`.
    """
    found = pd.Series(None, index=rows.index, dtype=object)
    if rows.empty:
        return found
    business = rows["business_id"].fillna(rows["business"].map(fold))
    rows = rows.assign(business_id=business)
    by_id = _repeats(rows, known, ["business_id", "source", "platform_id"], _has_platform_id)
    by_person = _repeats(rows, known, ["business_id", "reviewer_hash", "text_sha256"], _has_reviewer_and_text)
    found = found.fillna(by_id).fillna(by_person)
    anonymous = rows["platform_id"].isna() & ~_has_reviewer_and_text(rows)
    found = found.fillna(_repeats_of_anonymous(rows[anonymous], known).reindex(rows.index))
    return _with_none(found)


def flag_possible_duplicates(rows: pd.DataFrame, known: pd.DataFrame) -> pd.Series:
    """True where a new row of five words or more has the text of another review of the same business.

    `rows` has the column duplicate_of from `find_duplicates`: rows that are not stored are no company.
    """
    long = rows["text"].str.count(r"\S+") >= 5
    stored = set(zip(known["business_id"], known["text_sha256"], strict=True))
    again = pd.Series(
        [pair in stored for pair in zip(rows["business_id"], rows["text_sha256"], strict=True)],
        index=rows.index,
        dtype=bool,
    )
    kept = rows[rows["duplicate_of"].isna()].assign(business=rows["business"].map(fold))
    within = kept.duplicated(["business", "text_sha256"], keep=False).reindex(rows.index, fill_value=False)
    return long & (again | within)


def _has_platform_id(frame: pd.DataFrame) -> pd.Series:
    return frame["platform_id"].notna()


def _has_reviewer_and_text(frame: pd.DataFrame) -> pd.Series:
    return frame["reviewer_hash"].notna() & (frame["text_sha256"] != _EMPTY_TEXT)


def _repeats(
    rows: pd.DataFrame,
    known: pd.DataFrame,
    keys: list[str],
    usable: Callable[[pd.DataFrame], pd.Series],
) -> pd.Series:
    """Matches on `keys` among rows for which they are usable: the stored review, else an earlier row."""
    mine = rows[usable(rows)]
    stored = known[usable(known)].drop_duplicates(keys)
    matched = mine[keys].merge(stored[[*keys, "review_id"]], on=keys, how="left")["review_id"]
    words = matched.map(lambda number: f"review {number:.0f}", na_action="ignore").astype(object)
    words.index = mine.index
    first = mine.groupby(keys)["row"].transform("min")
    earlier = first.map(lambda number: f"row {number} of this file").where(mine["row"] > first)
    return words.where(words.notna(), earlier).reindex(rows.index)


def _repeats_of_anonymous(rows: pd.DataFrame, known: pd.DataFrame) -> pd.Series:
    """Matches of rows without id and reviewer: the n-th like row repeats the n-th stored one."""
    if rows.empty or known.empty:
        return pd.Series(None, index=rows.index, dtype=object)
    mine, stored = _numbered(rows), _numbered(known[known["platform_id"].isna()])
    matched = mine.merge(stored.assign(review_id=known["review_id"]), on=[*_WHAT, "nth"], how="left")[
        "review_id"
    ]
    words = matched.map(lambda number: f"review {number:.0f}", na_action="ignore").astype(object)
    words.index = rows.index
    return words


def _numbered(frame: pd.DataFrame) -> pd.DataFrame:
    """The comparable columns as text, and the number of each row among like ones."""
    plain = frame[_WHAT].astype(object).where(frame[_WHAT].notna(), "").astype(str)
    return plain.assign(nth=plain.groupby(_WHAT).cumcount())


def _with_none(series: pd.Series) -> pd.Series:
    """The same objects with None for what is missing."""
    return pd.Series(
        [value if isinstance(value, str) else None for value in series], series.index, dtype=object
    )
