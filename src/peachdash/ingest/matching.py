"""Columns of an unknown exporter, told by their names and by what they hold."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from peachdash.ingest.profiles import CHECKS, ColumnProfile
from peachdash.ingest.vocabulary import MISLEADING, PLACE_WORDS, SYNONYMS, TELLING, normalise_name

_ORDER = (
    "stars",
    "scraped_at",
    "review_date",
    "relative_date",
    "owner_reply",
    "translated_text",
    "text",
    "platform_id",
    "reviewer",
    "business",
    "title",
    "source",
    "language",
)


def match_columns(frame: pd.DataFrame) -> dict[str, str]:
    """Field to column, for the fields that a table has a column for.

    A common name is not enough: a "review" of 1 to 5 holds stars, a "rating" that is empty holds nothing.
    Blank columns are taken for text or stars only where no other fits.
    """
    profiles = {column: ColumnProfile(frame[column]) for column in frame.columns}
    free = dict.fromkeys(frame.columns)
    mapping: dict[str, str] = {}
    for field in _ORDER:
        column = _named(field, list(free), profiles) or _resembling(field, list(free), profiles)
        if column is not None:
            mapping[field] = column
            free.pop(column)
    _settle_names(mapping, list(frame.columns), profiles)
    _settle_title(mapping, list(frame.columns), profiles)
    if "text" not in mapping:
        mapping.update(_by_content(mapping, list(free), profiles))
    for field in ("stars", "text"):
        blank = _named(
            field, [column for column in free if column not in mapping.values()], profiles, blank=True
        )
        if field not in mapping and blank is not None:
            mapping[field] = blank
    return mapping


def _named(
    field: str, columns: Sequence[str], profiles: dict[str, ColumnProfile], *, blank: bool = False
) -> str | None:
    names = {column: normalise_name(re.sub(r" \(\d+\)$", "", column)) for column in columns}
    candidates = [column for name in SYNONYMS[field] for column in columns if names[column] == name]
    if blank:
        return next((column for column in candidates if profiles[column].is_blank), None)
    candidates = [column for column in candidates if _holds(field, profiles[column])]
    if field == "stars":
        candidates.sort(key=lambda column: profiles[column].is_one_fraction)
    return next(iter(candidates), None)


def _resembling(field: str, columns: Sequence[str], profiles: dict[str, ColumnProfile]) -> str | None:
    """The first column with a telling word in its name, no misleading one, and fitting cells."""
    telling, misleading = TELLING.get(field, frozenset()), MISLEADING.get(field, frozenset())
    for column in columns:
        words = set(normalise_name(column).split("_"))
        if words & telling and not words & misleading and _holds(field, profiles[column]):
            return column
    return None


def _holds(field: str, profile: ColumnProfile) -> bool:
    return not profile.is_blank and CHECKS[field](profile)


def _settle_names(mapping: dict[str, str], columns: list[str], profiles: dict[str, ColumnProfile]) -> None:
    """A column "name" is the business or the reviewer, whichever the other columns and repetition leave."""
    name = next((column for column in columns if normalise_name(column) == "name"), None)
    if name is None or name in mapping.values() or not _holds("business", profiles[name]):
        return
    if "business" not in mapping and ("reviewer" in mapping or _describes_places(name, columns, profiles)):
        mapping["business"] = name
    elif "reviewer" not in mapping:
        mapping["reviewer"] = name


def _settle_title(mapping: dict[str, str], columns: list[str], profiles: dict[str, ColumnProfile]) -> None:
    """A "title" that comes again and again beside an address is the business, not the review's."""
    title = mapping.get("title")
    if title is None or "business" in mapping or normalise_name(title) != "title":
        return
    if _describes_places(title, columns, profiles):
        mapping["business"] = mapping.pop("title")


def _describes_places(column: str, columns: list[str], profiles: dict[str, ColumnProfile]) -> bool:
    beside_place = bool({normalise_name(each) for each in columns} & PLACE_WORDS)
    repeats = len(profiles[column].cells) > 5 and profiles[column].distinct_share < 0.2
    return repeats or (beside_place and profiles[column].distinct_share < 0.9)


def _by_content(
    mapping: dict[str, str], columns: Sequence[str], profiles: dict[str, ColumnProfile]
) -> dict[str, str]:
    """Text, stars and date of a table whose names say nothing: the wordiest column is the text."""
    wordy = {column: profiles[column].mean_words for column in columns if _is_prose(profiles[column])}
    found = {"text": max(wordy, key=lambda column: wordy[column])} if wordy else {}
    for field, holds in (("stars", _surely_stars), ("review_date", _surely_dates)):
        column = next((c for c in columns if c not in found.values() and holds(profiles[c])), None)
        if found and field not in mapping and column is not None:
            found[field] = column
    return found


def _is_prose(profile: ColumnProfile) -> bool:
    words = profile.mean_words >= 4 and profile.address_share < 0.5 and profile.date_share < 0.5
    return words and profile.distinct_share > 0.3


def _surely_stars(profile: ColumnProfile) -> bool:
    return profile.star_share > 0.95 and profile.has_several_stars and not profile.counts_rows


def _surely_dates(profile: ColumnProfile) -> bool:
    return profile.date_share > 0.9 and not profile.counts_rows and profile.mean_length > 5
