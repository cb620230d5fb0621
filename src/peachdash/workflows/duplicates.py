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

_LARGEST = 2**62


def find_matches(rows: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """What each row of an export is, compared with the stored reviews.

    Args:
        rows: business_id (None where new), business, source, platform_id, review_date, stars, text,
            text_sha256, reviewer_hash, owner_reply and row (its number in the file).
        known: the columns of `storage.reviews.load_identity`.

    Returns:
        With the index of `rows`: duplicate_of (what is repeated, in words; None where the row is stored),
        matched_id (Int64, the stored review), replaces_id (Int64, the review of which the row is a newer
        version), late_reply (whether it brings the owner's reply to a stored review) and possible_duplicate
        (whether a row of five words or more has the text of another review of the same business).
    """
    known = known.sort_values(["current", "review_id"], ascending=[False, True], kind="stable")
    codes = _Codes(rows.assign(business_id=rows["business_id"].fillna(_new_ids(rows))), known)
    by_id = _match(codes, _BY_ID, rows["platform_id"].notna(), known["platform_id"].notna())
    by_person = _match(codes, _BY_PERSON, _has_person(rows), _has_person(known))
    anonymous = rows["platform_id"].isna() & ~_has_person(rows)
    by_looks = _match_anonymous(codes, anonymous)
    matched = by_id["review_id"].fillna(by_person["review_id"]).fillna(by_looks)
    earlier = by_id["row"].fillna(by_person["row"])
    newer = _are_newer(codes, by_id["review_id"]) & ~by_id["row"].notna()
    repeats = pd.Series(np.full(len(rows), None, dtype=object), index=rows.index)
    stored, own = matched.notna(), matched.isna() & earlier.notna()
    again = by_id["row"].notna() & by_id["review_id"].isna()  # the platform id goes before the person
    repeats[stored] = "review " + matched[stored].astype("str")
    repeats[own] = _row_words(earlier[own])
    repeats[again] = _row_words(by_id.loc[again, "row"])
    repeats[newer] = None
    return pd.DataFrame(
        {
            "duplicate_of": repeats,
            "matched_id": matched.mask(newer),
            "replaces_id": matched.where(newer),
            "late_reply": _bring_replies(codes, matched.mask(newer)),
            "possible_duplicate": _are_possible(codes, repeats.isna()),
        }
    )


class _Codes:
    """Numbers instead of values, for the rows of an export and the stored reviews together.

    Attributes:
        rows, known: the two frames.
    """

    def __init__(self, rows: pd.DataFrame, known: pd.DataFrame) -> None:
        self.rows, self.known = rows, known
        self._columns: dict[str, tuple[np.ndarray, int]] = {}

    def of(self, columns: list[str], mine: pd.Series, stored: pd.Series) -> tuple[np.ndarray, np.ndarray]:
        """One number from 0 for each chosen row of both frames; rows with the same one agree in all columns.

        Args:
            columns: of both frames.
            mine, stored: which rows of `rows` and of `known` are wanted.
        """
        places = np.concatenate([np.flatnonzero(mine), len(self.rows) + np.flatnonzero(stored)])
        code, size = np.zeros(len(places), dtype="int64"), 1
        for column in columns:
            values, count = self._column(column)
            if size * count > _LARGEST:
                code, distinct = pd.factorize(code)
                size = len(distinct)
            code, size = code * count + values[places], size * count
        code, _ = pd.factorize(code)
        count = int(mine.sum())
        return code[:count], code[count:]

    def _column(self, name: str) -> tuple[np.ndarray, int]:
        """The values of a column as numbers, and how many there are; each is numbered once."""
        if name not in self._columns:
            values = _comparable(self.rows[name], self.known[name])
            numbers, distinct = pd.factorize(values, use_na_sentinel=False)
            self._columns[name] = numbers.astype("int64"), max(1, len(distinct))
        return self._columns[name]


def _comparable(mine: pd.Series, stored: pd.Series) -> pd.Series:
    if mine.name == "review_date":
        return pd.Series(np.concatenate([_days(mine), _days(stored)]))
    kind = "float64" if mine.name == "stars" else "str"
    if stored.empty:
        return mine.astype(kind)
    return pd.concat([mine.astype(kind), stored.astype(kind)], ignore_index=True)


def _new_ids(rows: pd.DataFrame) -> pd.Series:
    """What stands for the id of a business that has none yet; no id of another looks like it."""
    names = rows.loc[rows["business_id"].isna(), "business"]
    return names.map({name: f"\n{fold(name)}" for name in names.dropna().unique()})


def _row_words(numbers: pd.Series) -> pd.Series:
    return "row " + numbers.astype("str") + " of this file"


def _has_person(frame: pd.DataFrame) -> pd.Series:
    return frame["reviewer_hash"].notna() & (frame["text_sha256"] != EMPTY_TEXT)


def _bring_replies(codes: _Codes, matched: pd.Series) -> pd.Series:
    """Whether rows hold an owner's reply to the stored review that they repeat, which has none."""
    replies = codes.rows["owner_reply"]
    late = matched.notna() & replies.notna() & (replies != "")
    if late.any():
        known = codes.known.drop_duplicates("review_id").set_index("review_id")
        replied = known["replied"].reindex(matched[late]).fillna(True).astype(bool)
        late[late] = ~replied.to_numpy()
    return late.astype(bool)


def _are_possible(codes: _Codes, kept: pd.Series) -> pd.Series:
    """Whether rows share a text with a stored review of the business, or with another row that is kept."""
    everything = pd.Series(True, index=codes.known.index)
    mine, stored = codes.of(["business_id", "text_sha256"], pd.Series(True, index=kept.index), everything)
    company = np.bincount(mine[kept], minlength=len(mine) + len(stored)) > 1
    possible = np.isin(mine, stored) | (company[mine] & kept.to_numpy())
    found = pd.Series(possible, index=kept.index)
    texts = codes.rows["text"].iloc[np.flatnonzero(possible)].fillna("")
    found[found] = (texts.str.count(r"\S+") >= 5).to_numpy()
    return found


def _match(codes: _Codes, keys: list[str], usable: pd.Series, usable_known: pd.Series) -> pd.DataFrame:
    """Matches on `keys` where they are usable: review_id of the first stored, row of an earlier row."""
    found = pd.DataFrame({"review_id": pd.NA, "row": pd.NA}, index=usable.index, dtype="Int64")
    if not usable.any():
        return found
    places = np.flatnonzero(usable)
    mine, stored = codes.of(keys, usable, usable_known)
    ids = codes.known["review_id"].to_numpy()[np.flatnonzero(usable_known)]
    numbers = codes.rows["row"].to_numpy()[places]
    earlier = _first(mine, numbers, np.argsort(numbers, kind="stable"), len(mine) + len(stored))[mine]
    matched = _first(stored, ids, np.arange(len(ids)), len(mine) + len(stored))[mine]
    found["review_id"] = _placed(matched, matched >= 0, places, len(found))
    found["row"] = _placed(earlier, earlier < numbers, places, len(found))
    return found


def _first(codes: np.ndarray, values: np.ndarray, order: np.ndarray, size: int) -> np.ndarray:
    """For each code below `size` the value that comes first in an order; -1 where there is none."""
    first = np.full(size, -1, dtype="int64")
    first[codes[order[::-1]]] = values[order[::-1]]  # of several, numpy keeps the last assignment
    return first


def _placed(values: np.ndarray, known: np.ndarray, places: np.ndarray, length: int) -> pd.arrays.IntegerArray:
    """A column of a length with values at some places, missing elsewhere and where they are not known."""
    column, missing = np.zeros(length, dtype="int64"), np.ones(length, dtype=bool)
    column[places], missing[places] = values, ~known
    return pd.arrays.IntegerArray(column, missing)


def _match_anonymous(codes: _Codes, anonymous: pd.Series) -> pd.Series:
    """The n-th of several like rows without id and reviewer repeats the n-th stored one."""
    known = codes.known
    found = pd.Series(pd.NA, index=anonymous.index, dtype="Int64")
    stored = known["platform_id"].isna() & known["current"].astype(bool)
    if not anonymous.any() or not stored.any():
        return found
    mine, theirs = codes.of(_BY_LOOKS, anonymous, stored)
    left = pd.DataFrame({"code": mine, "nth": pd.Series(mine).groupby(mine).cumcount()})
    right = pd.DataFrame({"code": theirs, "nth": pd.Series(theirs).groupby(theirs).cumcount()})
    right["review_id"] = known.loc[stored, "review_id"].to_numpy()
    matched = left.merge(right, on=["code", "nth"], how="left")["review_id"]
    found.loc[anonymous] = matched.astype("Int64").to_numpy()
    return found


def _are_newer(codes: _Codes, matched: pd.Series) -> pd.Series:
    """Whether rows say something else than the stored review with their platform id, and not earlier."""
    newer = pd.Series(False, index=matched.index)
    candidates = codes.rows.loc[matched.notna(), ["text_sha256", "stars", "review_date"]]
    if candidates.empty:
        return newer
    known = codes.known
    stored = known.drop_duplicates("review_id").set_index("review_id").loc[matched.dropna().astype("int64")]
    text = candidates["text_sha256"].to_numpy()
    reworded = (text != stored["text_sha256"].to_numpy()) & (text != EMPTY_TEXT)
    mine, theirs = candidates["stars"].to_numpy(dtype=float), stored["stars"].to_numpy(dtype=float)
    restarred = (mine != theirs) & ~np.isnan(mine) & ~np.isnan(theirs) & (text == stored["text_sha256"])
    older = _days(candidates["review_date"]) < _days(stored["review_date"])
    said, was = codes.of([*_BY_ID, "text_sha256", "stars"], matched.notna(), ~known["current"].astype(bool))
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
