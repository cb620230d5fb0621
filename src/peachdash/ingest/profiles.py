"""What a column holds, judged by a sample of its cells: the names of columns alone mislead."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import cached_property

import pandas as pd

from peachdash.ingest.cells import without_missing
from peachdash.ingest.dates import parse_absolute
from peachdash.ingest.relative_dates import parse_relative
from peachdash.ingest.sources import find_platform
from peachdash.ingest.stars import parse_stars

SAMPLE_ROWS = 1_000
_DATE_SAMPLE = 100


class ColumnProfile:
    """Measures of one column; shares refer to its filled cells and are 0 to 1.

    Args:
        cells: the column's texts, NaN where missing; the first thousand are looked at.
    """

    def __init__(self, cells: pd.Series) -> None:
        self._rows = len(cells)
        self.cells = without_missing(cells.head(SAMPLE_ROWS)).dropna()

    @property
    def is_blank(self) -> bool:
        """Whether no cell is filled."""
        return bool(self.cells.empty)

    @cached_property
    def mean_length(self) -> float:
        """Characters."""
        return float(self.cells.str.len().mean()) if len(self.cells) else 0.0

    @cached_property
    def mean_words(self) -> float:
        """Words."""
        return float((self.cells.str.count(r"\s+") + 1).mean()) if len(self.cells) else 0.0

    @cached_property
    def distinct_share(self) -> float:
        """Share of cells that differ."""
        return self.cells.nunique() / len(self.cells) if len(self.cells) else 0.0

    @cached_property
    def star_share(self) -> float:
        """Share of cells that can be read as stars."""
        stars, _ = parse_stars(self.cells)
        return float((stars.notna() | (self.cells == "0")).mean()) if len(self.cells) else 0.0

    @cached_property
    def has_several_stars(self) -> bool:
        """Whether the ratings differ, and are no yes-or-no column."""
        return bool(parse_stars(self.cells)[0].nunique() > 1)

    @cached_property
    def number_share(self) -> float:
        """Share of bare numbers."""
        return self._matching(r"[-+]?\d+(?:[.,]\d+)*\s*%?$")

    @cached_property
    def address_share(self) -> float:
        """Share of web addresses."""
        return self._matching(r"(?i)(?:https?://|www\.)\S+$")

    @cached_property
    def platform_share(self) -> float:
        """Share of cells that name a known platform."""
        known = {text: find_platform(text) is not None for text in self.cells.unique()}
        return float(self.cells.map(known).mean()) if len(self.cells) else 0.0

    @cached_property
    def date_share(self) -> float:
        """Share of cells that can be read as dates, absolute or relative."""
        cells = self.cells.head(_DATE_SAMPLE)
        if cells.empty:
            return 0.0
        days, _, _ = parse_absolute(cells, "", fallback="mdy")
        now = pd.Series(pd.Timestamp(dt.date(2020, 1, 1)), index=cells.index).astype("datetime64[us]")
        relative, _ = parse_relative(cells, now)
        return float((days.notna() | relative.notna()).mean())

    @cached_property
    def counts_rows(self) -> bool:
        """Whether the column only numbers the rows: 0, 1, 2, … is no review's identity."""
        numbers = pd.to_numeric(self.cells, errors="coerce")
        if numbers.isna().any() or len(numbers) < 2:
            return bool(len(numbers) == 1 and numbers.iloc[0] in (0, 1))
        return bool((numbers.diff().dropna() == 1).mean() > 0.9)

    @cached_property
    def is_small_counter(self) -> bool:
        """Whether the column holds small whole numbers that could number the rows in another order."""
        numbers = pd.to_numeric(self.cells, errors="coerce")
        few = numbers.notna().all() and numbers.min() <= 1 and numbers.max() <= 2 * self._rows
        return self.counts_rows or bool(few)

    @cached_property
    def is_one_fraction(self) -> bool:
        """Whether all cells hold the same broken number, as a place's average does: 4.3, 4.3, 4.3."""
        stars = parse_stars(self.cells)[0].dropna()
        return bool(len(stars) > 1 and stars.nunique() == 1 and stars.iloc[0] % 1 > 0)

    def _matching(self, pattern: str) -> float:
        return float(self.cells.str.match(pattern).mean()) if len(self.cells) else 0.0


def _holds_text(profile: ColumnProfile) -> bool:
    return (
        profile.mean_length >= 3
        and max(profile.number_share, profile.address_share) < 0.5
        and profile.date_share < 0.8
    )


def _holds_stars(profile: ColumnProfile) -> bool:
    return profile.star_share >= 0.6


def _holds_dates(profile: ColumnProfile) -> bool:
    return profile.date_share >= 0.6


def _holds_names(profile: ColumnProfile) -> bool:
    return 0 < profile.mean_length < 100 and profile.number_share < 0.9 and profile.address_share < 0.5


def _holds_identities(profile: ColumnProfile) -> bool:
    return profile.distinct_share > 0.3 and not profile.is_small_counter and profile.mean_length < 300


def _holds_platforms(profile: ColumnProfile) -> bool:
    labels = profile.cells.nunique() <= 20 and profile.mean_length <= 25 and profile.address_share == 0
    return profile.platform_share >= 0.5 or (labels and profile.number_share == 0)


def _holds_languages(profile: ColumnProfile) -> bool:
    return profile.mean_length <= 12 and profile.number_share == 0


def _holds_replies(profile: ColumnProfile) -> bool:
    return _holds_text(profile) and profile.star_share < 0.6


CHECKS: dict[str, Callable[[ColumnProfile], bool]] = {
    "stars": _holds_stars,
    "review_date": _holds_dates,
    "relative_date": _holds_dates,
    "scraped_at": _holds_dates,
    "text": _holds_text,
    "translated_text": _holds_text,
    "title": _holds_text,
    "business": _holds_names,
    "source": _holds_platforms,
    "platform_id": _holds_identities,
    "language": _holds_languages,
    "owner_reply": _holds_replies,
    "reviewer": _holds_names,
}
"""For each field, whether a column with a fitting name also holds what the field needs."""
