"""Who wrote a review and whether the file holds it twice; reviewers leave a keyed hash and no name."""

from __future__ import annotations

import hashlib
import re
import unicodedata

import pandas as pd
import pyarrow as pa

from peachdash.ingest.cells import SPACES, Distinct, matches

_NOBODY = re.compile(
    r"(?:a |an )?(?:(?:google|trustpilot|facebook|yelp|anonymous|deleted|unknown|verified) )?"
    r"(?:user|customer|buyer|guest|reviewer|anonymous|anonym|unknown)"
)

_SIMPLE = "^[!-~]+(?: [!-~]+)*$"


def hash_reviewers(names: pd.Series, key: bytes) -> pd.Series:
    """Keyed BLAKE2b of each reviewer's name or id, 32 hex digits; NaN where it is missing or names nobody.

    Case, width and spacing of a name do not matter. Without the key, a hash cannot be tried against names.

    Raises:
        ValueError: the key is empty.
    """
    if not key:
        raise ValueError("The key for reviewer hashes is empty.")
    distinct = Distinct(names)
    hasher = hashlib.blake2b(digest_size=16, key=_short(key))
    hashes = [_hash_named(name, hasher) if name else None for name in _plain_names(distinct.texts)]
    return distinct.spread(pd.Series(hashes, dtype="str"))


def hash_reviewer(name: str, key: bytes) -> str | None:
    """The hash of one name; None for blank names and "A Google user" and its like."""
    return _hash_plain(_plain_name(name), hashlib.blake2b(digest_size=16, key=_short(key)))


def _short(key: bytes) -> bytes:
    return key if len(key) <= hashlib.blake2b.MAX_KEY_SIZE else hashlib.sha512(key).digest()


def _plain_name(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _plain_names(names: pd.Series) -> list[bytes]:
    """`_plain_name` of each in UTF-8, empty where it names nobody; lower case is all that most need."""
    plain = names.str.lower()
    odd = ~matches(names, _SIMPLE)
    plain.loc[odd] = [_plain_name(name) for name in names[odd]]
    plain = plain.mask(matches(plain, f"^(?:{_NOBODY.pattern})$"), "")
    encoded: list[bytes] = pa.array(plain, pa.large_string()).cast(pa.large_binary()).to_pylist()
    return encoded


def _hash_plain(plain: str, keyed: hashlib.blake2b) -> str | None:
    return None if not plain or _NOBODY.fullmatch(plain) else _hash_named(plain.encode("utf-8"), keyed)


def _hash_named(plain: bytes, keyed: hashlib.blake2b) -> str:
    hasher = keyed.copy()
    hasher.update(plain)
    return hasher.hexdigest()


def mark_duplicates(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with a column `duplicate_of_row`: the number of the earlier row that says the same.

    Two rows are duplicates if they have the same source and platform id, or the same business, reviewer and
    text (composed characters and white space do not matter) where all three are known. Text alone, or stars
    alone, prove nothing: two people may write "Great!".

    Args:
        rows: columns row, business, source, platform_id, reviewer_hash and text of `ExportRead.rows`.

    Returns:
        A copy in the same order; `duplicate_of_row` (Int64) is missing for the first of its kind.
    """
    by_identity = _first_rows(rows, rows[["source", "platform_id"]])
    by_words = _first_rows(rows, rows[["business", "reviewer_hash"]].assign(text=_folded(rows["text"])))
    return rows.assign(duplicate_of_row=by_identity.fillna(by_words))


def _first_rows(rows: pd.DataFrame, keys: pd.DataFrame) -> pd.Series:
    """For each row the number of the first row with the same keys, missing where it is that row itself."""
    keys = keys.dropna()
    numbers = rows["row"].loc[keys.index]
    first = numbers.groupby([keys[column] for column in keys]).transform("min")
    return first.where(first != numbers).astype("Int64").reindex(rows.index)


def _folded(texts: pd.Series) -> pd.Series:
    return texts.str.normalize("NFC").str.replace(SPACES, " ", regex=True)
