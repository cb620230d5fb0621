"""Which rows of an export are stored already, and which are newer versions of what is stored.

A row repeats another if it bears the same platform id at the same source and business, or the same
business, reviewer and text. Files that name neither id nor reviewer are compared by business,
source, date, stars and text; there the n-th of several like rows repeats the n-th stored one, so
that a file which holds "Great!" twice keeps both and adds neither again.

A row with the platform id of a stored review and other words or stars is a newer version of it, unless it
is dated earlier or says what an earlier version said.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from peachdash.storage.catalogue import fold

EMPTY_TEXT = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"""SHA-256 of the empty text, which stars without text share."""

_BY_ID = ["business_id", "source", "platform_id"]
_BY_PERSON = ["business_id", "reviewer_hash", "text_sha256"]
_BY_LOOKS = ["business_id", "source", "review_date", "stars", "text_sha256", "reviewer_hash"]


def find_matches(rows: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """What each row of an export is, compared with the stored reviews.

    Args:
        rows: business_id (None where new), business, source, platform_id, review_date, stars, text_sha256,
            reviewer_hash, owner_reply and row (its number in the file).
        known: the columns of `storage.reviews.load_identity`.

    Returns:
        With the index of `rows`: duplicate_of (what is repeated, in words; None where the row is stored),
        matched_id (Int64, the stored review), replaces_id (Int64, the review of which the row is a newer
        version) and late_reply (whether it brings the owner's reply to a stored review).
    """
    rows = rows.assign(business_id=rows["business_id"].fillna(_folded(rows["business"])))
    known = known.sort_values(["current", "review_id"], ascending=[False, True], kind="stable")
    by_id = _match(rows, known, _BY_ID, rows["platform_id"].notna(), known["platform_id"].notna())
    by_person = _match(rows, known, _BY_PERSON, _has_person(rows), _has_person(known))
    anonymous = rows["platform_id"].isna() & ~_has_person(rows)
    by_looks = _match_anonymous(rows, known, anonymous)
    matched = by_id["review_id"].fillna(by_person["review_id"]).fillna(by_looks)
    earlier = by_id["row"].fillna(by_person["row"])
    newer = _are_newer(rows, known, by_id["review_id"]) & ~by_id["row"].notna()
    repeats = pd.Series(np.full(len(rows), None, dtype=object), index=rows.index)
    stored, own = matched.notna(), matched.isna() & earlier.notna()
    again = by_id["row"].notna() & by_id["review_id"].isna()  # the platform id goes before the person
    repeats[stored] = "review " + matched[stored].astype("str")
    repeats[own] = _row_words(earlier[own])
    repeats[again] = _row_words(by_id.loc[again, "row"])
    repeats[newer] = None
    replied = matched.map(_flags(known, "replied")).astype("boolean").fillna(True)
    return pd.DataFrame(
        {
            "duplicate_of": repeats,
            "matched_id": matched.mask(newer),
            "replaces_id": matched.where(newer),
            "late_reply": (~replied & ~newer & _filled(rows["owner_reply"])).astype(bool),
        }
    )


def find_duplicates(rows: pd.DataFrame, known: pd.DataFrame) -> pd.Series:
    """For each row what it repeats, in words; None where it is new. Arguments as in `find_matches`."""
    return find_matches(rows, known)["duplicate_of"]


def flag_possible_duplicates(rows: pd.DataFrame, known: pd.DataFrame) -> pd.Series:
    """True where a new row of five words or more has the text of another review of the same business.

    `rows` has the column duplicate_of from `find_matches`: rows that are not stored are no company.
    """
    mine, stored = _codes(rows, known, ["business_id", "text_sha256"])
    again = np.isin(mine, stored) & rows["business_id"].notna().to_numpy()
    kept = rows.loc[rows["duplicate_of"].isna(), ["business", "text_sha256"]]
    kept = kept.assign(business=_folded(kept["business"]))
    within = kept.duplicated(["business", "text_sha256"], keep=False).reindex(rows.index, fill_value=False)
    possible = pd.Series(again, rows.index) | within
    long = rows.loc[possible, "text"].fillna("").str.count(r"\S+") >= 5
    return possible & long.reindex(rows.index, fill_value=False).astype(bool)


def _folded(names: pd.Series) -> pd.Series:
    return names.map({name: fold(name) for name in names.dropna().unique()})


def _row_words(numbers: pd.Series) -> pd.Series:
    return "row " + numbers.astype("str") + " of this file"


def _filled(cells: pd.Series) -> pd.Series:
    return cells.notna() & (cells != "")


def _has_person(frame: pd.DataFrame) -> pd.Series:
    return frame["reviewer_hash"].notna() & (frame["text_sha256"] != EMPTY_TEXT)


def _flags(known: pd.DataFrame, column: str) -> pd.Series:
    return known.drop_duplicates("review_id").set_index("review_id")[column]


def _match(
    rows: pd.DataFrame, known: pd.DataFrame, keys: list[str], usable: pd.Series, usable_known: pd.Series
) -> pd.DataFrame:
    """Matches on `keys` where they are usable: review_id of the first stored, row of an earlier row."""
    found = pd.DataFrame({"review_id": pd.NA, "row": pd.NA}, index=rows.index, dtype="Int64")
    if not usable.any():
        return found
    mine, stored = _codes(rows.loc[usable, keys], known.loc[usable_known, keys], keys)
    ids = pd.Series(known.loc[usable_known, "review_id"].to_numpy(), index=stored)
    ids = ids[~ids.index.duplicated()]
    numbers = rows.loc[usable, "row"]
    first = numbers.groupby(mine).transform("min")
    found.loc[usable, "review_id"] = ids.reindex(mine).astype("Int64").to_numpy()
    found.loc[usable, "row"] = first.where(first < numbers).astype("Int64")
    return found


def _match_anonymous(rows: pd.DataFrame, known: pd.DataFrame, anonymous: pd.Series) -> pd.Series:
    """The n-th of several like rows without id and reviewer repeats the n-th stored one."""
    found = pd.Series(pd.NA, index=rows.index, dtype="Int64")
    stored = known[known["platform_id"].isna() & known["current"].astype(bool)]
    if not anonymous.any() or stored.empty:
        return found
    mine, theirs = _codes(rows.loc[anonymous, _BY_LOOKS], stored[_BY_LOOKS], _BY_LOOKS)
    left = pd.DataFrame({"code": mine, "nth": pd.Series(mine).groupby(mine).cumcount()})
    right = pd.DataFrame({"code": theirs, "nth": pd.Series(theirs).groupby(theirs).cumcount()})
    right["review_id"] = stored["review_id"].to_numpy()
    matched = left.merge(right, on=["code", "nth"], how="left")["review_id"]
    found.loc[anonymous] = matched.astype("Int64").to_numpy()
    return found


def _are_newer(rows: pd.DataFrame, known: pd.DataFrame, matched: pd.Series) -> pd.Series:
    """Whether rows say something else than the stored review with their platform id, and not earlier."""
    newer = pd.Series(False, index=rows.index)
    candidates = rows.loc[matched.notna(), [*_BY_ID, "text_sha256", "stars", "review_date"]]
    if candidates.empty:
        return newer
    stored = known.drop_duplicates("review_id").set_index("review_id").loc[matched.dropna().astype("int64")]
    text = candidates["text_sha256"].to_numpy()
    reworded = (text != stored["text_sha256"].to_numpy()) & (text != EMPTY_TEXT)
    mine, theirs = candidates["stars"].to_numpy(dtype=float), stored["stars"].to_numpy(dtype=float)
    restarred = (mine != theirs) & ~np.isnan(mine) & ~np.isnan(theirs) & (text == stored["text_sha256"])
    older = _days(candidates["review_date"]) < _days(stored["review_date"])
    said, was = _codes(candidates, known[~known["current"].astype(bool)], [*_BY_ID, "text_sha256", "stars"])
    newer.loc[candidates.index] = (reworded | restarred.to_numpy()) & ~older & ~np.isin(said, was)
    return newer


def _days(dates: pd.Series) -> np.ndarray:
    """Days since 1970; a missing date is later than all others, so that it is never the earlier one."""
    if dates.dtype.kind == "M" and isinstance(dates.dtype, np.dtype):
        days = dates.to_numpy().astype("datetime64[D]").astype("int64")
        return np.where(dates.isna(), np.iinfo("int64").max, days)
    whole = pa.array(dates, pa.date32(), from_pandas=True)
    whole = whole.combine_chunks() if isinstance(whole, pa.ChunkedArray) else whole
    return np.asarray(whole.cast(pa.int32()).cast(pa.int64()).fill_null(np.iinfo("int64").max))


def _codes(mine: pd.DataFrame, stored: pd.DataFrame, columns: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """One number for each row of both frames; rows with the same number agree in all columns."""
    code = np.zeros(len(mine) + len(stored), dtype="int64")
    for column in columns:
        values, distinct = pd.factorize(_comparable(mine[column], stored[column]), use_na_sentinel=False)
        code, _ = pd.factorize(code * max(1, len(distinct)) + values)
    return code[: len(mine)], code[len(mine) :]


def _comparable(mine: pd.Series, stored: pd.Series) -> pd.Series:
    if mine.name == "review_date":
        return pd.Series(np.concatenate([_days(mine), _days(stored)]))
    kind = "float64" if mine.name == "stars" else "str"
    return pd.concat([mine.astype(kind), stored.astype(kind)], ignore_index=True)
