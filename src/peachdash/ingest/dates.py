"""Review dates in their many spellings, with the precision to which they are known."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from peachdash.errors import DateOrderOpen
from peachdash.ingest.cells import Distinct
from peachdash.ingest.model import DateOrder
from peachdash.ingest.relative_dates import parse_relative

EARLIEST = pd.Timestamp("1995-01-01")
_NUMERIC = r"^\D{0,25}?(\d{1,2})([/.-])(\d{1,2})[/.-](\d{4}|\d{2})(?!\d)"
_DAY_FIRST = (
    r"(?i)(?:^|\D)(\d{1,2})(?:st|nd|rd|th|er|\.)?[\s-]+(?:of\s+|de\s+)?"
    r"([^\W\d_]{3,10})\.?,?[\s-]+(?:de\s+)?(\d{4}|\d{2})(?!\d)"
)
_MONTH_FIRST = r"(?i)(?:^|[^\w])([^\W\d_]{3,10})\.?[\s-]+(\d{1,2})(?:st|nd|rd|th)?,?[\s-]+(\d{4})(?!\d)"
_MONTH_ONLY = r"(?i)^\W*([^\W\d_]{3,10})\.?,?[\s-]+(?:de\s+)?(\d{4})\W*$"
_MONTHS: dict[str, int] = {
    start: number
    for number, starts in enumerate(
        (
            ("jan", "ene", "gen"),
            ("feb", "fev", "f\u00e9v"),
            ("mar", "m\u00e4r", "mrt"),
            ("apr", "abr", "avr"),
            ("mai", "may", "maj", "mag", "mei"),
            ("jun", "juin", "giu"),
            ("jul", "juil", "lug"),
            ("aug", "ago", "ao\u00fb", "aou"),
            ("sep", "set"),
            ("oct", "okt", "ott", "out"),
            ("nov",),
            ("dec", "d\u00e9c", "dez", "dic"),
        ),
        start=1,
    )
    for start in starts
}
"""How the names of months begin, in English and the other languages of exports seen."""


@dataclass(frozen=True)
class ParsedDates:
    """Dates of the rows of a column.

    Attributes:
        days: datetime64 at midnight, as written (a time zone moves no date), NaT where unknown.
        precision: day, week, month, year or unknown.
        relative: whether any was counted back from the day of reading.
        order: how dates in digits were read, None where there were none that it matters for.
        unreadable: number of filled cells without a date.
        unlikely: number of dates before 1995 or in the future, which are unknown now.
    """

    days: pd.Series
    precision: pd.Series
    relative: bool = False
    order: DateOrder | None = None
    unreadable: int = 0
    unlikely: int = 0

    def completed_by(self, other: ParsedDates) -> ParsedDates:
        """These dates, with those of another column where this one has none."""
        open_ = self.days.isna()
        return ParsedDates(
            days=self.days.fillna(other.days),
            precision=self.precision.mask(open_, other.precision),
            relative=self.relative or bool((open_ & other.days.notna()).any() and other.relative),
            order=self.order or other.order,
            unreadable=self.unreadable,
            unlikely=self.unlikely,
        )


def parse_dates(
    cells: pd.Series,
    *,
    column: str,
    counted_from: pd.Series,
    today: dt.date,
    order: DateOrder | None = None,
    fallback: DateOrder | None = None,
) -> ParsedDates:
    """The dates of a column.

    Args:
        cells: texts, NaN where missing.
        column: its name, for messages.
        counted_from: for each row the moment from which relative dates count (datetime64).
        today: dates more than a day after it are unlikely.
        order: order of day and month in dates like 03/04/2024; None decides it from the whole column.
        fallback: the order where the column leaves it open; None asks the user.

    Raises:
        DateOrderOpen: the order of day and month stays open and matters.
    """
    absolute, precision, settled = parse_absolute(cells, column, order, fallback)
    rest = cells.where(absolute.isna())
    relative, relative_precision = parse_relative(rest, counted_from)
    days = absolute.fillna(relative)
    precision = precision.mask(absolute.isna(), relative_precision)
    unlikely = (days < EARLIEST) | (days > pd.Timestamp(today) + pd.Timedelta(days=1))
    return ParsedDates(
        days=days.mask(unlikely),
        precision=precision.mask(unlikely, "unknown"),
        relative=bool(relative.notna().any()),
        order=settled,
        unreadable=int((days.isna() & cells.notna()).sum()),
        unlikely=int(unlikely.sum()),
    )


def parse_absolute(
    cells: pd.Series, column: str, order: DateOrder | None = None, fallback: DateOrder | None = None
) -> tuple[pd.Series, pd.Series, DateOrder | None]:
    """Days, precisions and the order of day and month of dates that stand for themselves.

    Args:
        cells: texts, NaN where missing.
        column: its name, for the question.
        order: the order of day and month; None decides it from the whole column.
        fallback: the order where the column leaves it open; None asks the user.

    Raises:
        DateOrderOpen: the order of day and month stays open and matters.
    """
    distinct = Distinct(cells)
    texts = distinct.texts.str.strip()
    days = pd.to_datetime(texts.str.slice(0, 10), format="%Y-%m-%d", errors="coerce").astype("datetime64[us]")
    precision = pd.Series("day", index=texts.index, dtype="str")
    numeric, settled = _numeric(texts[days.isna()], column, order, fallback)
    days = days.fillna(numeric)
    for read, exactness in _READERS:
        if not (open_ := days.isna()).any():
            break
        found = read(texts[open_]).dropna()
        days.loc[found.index] = found.astype("datetime64[us]")
        precision.loc[found.index] = exactness
    precision = precision.mask(days.isna(), "unknown")
    return distinct.spread(days), distinct.spread(precision).fillna("unknown"), settled


def _numeric(
    texts: pd.Series, column: str, order: DateOrder | None, fallback: DateOrder | None
) -> tuple[pd.Series, DateOrder | None]:
    """Dates like 03/04/2024."""
    parts = texts.str.extract(_NUMERIC).dropna()
    first, second = parts[0].astype(int), parts[2].astype(int)
    matters = (first <= 12) & (second <= 12) & (first != second)
    order = order or _order_of(first, second, parts[1]) or fallback
    if order is None and matters.any():
        _ask(texts[parts.index[matters][0]], column)
    day_first = pd.Series(order == "dmy", index=parts.index).mask(first > 12, True).mask(second > 12, False)
    days = _assemble(_full_year(parts[3]), second.where(day_first, first), first.where(day_first, second))
    return days.reindex(texts.index), order if matters.any() else None


def _order_of(first: pd.Series, second: pd.Series, separator: pd.Series) -> DateOrder | None:
    """The order that a column proves: a number over 12 is a day. Dates with dots have the day first."""
    day_first, month_first = bool((first > 12).any()), bool((second > 12).any())
    if day_first != month_first:
        return "dmy" if day_first else "mdy"
    return "dmy" if not month_first and len(separator) and (separator == ".").all() else None


def _ask(example: str, column: str) -> None:
    parts = pd.Series([example]).str.extract(_NUMERIC).iloc[0]
    year = int(_full_year(parts[[3]]).iloc[0])
    first, second = int(parts[0]), int(parts[2])
    day_first = f"{first} {dt.date(2000, second, 1):%b} {year}"
    month_first = f"{second} {dt.date(2000, first, 1):%b} {year}"
    raise DateOrderOpen(
        f"The dates in {column!r} can be read in two ways: {example!r} is {day_first} with the day first and "
        f"{month_first} with the month first, and no date in the file decides it. "
        "Say which: --date-order dmy or --date-order mdy."
    )


def _full_year(years: pd.Series) -> pd.Series:
    numbers = years.astype(int)
    return numbers.mask(numbers < 70, numbers + 2000).mask((numbers >= 70) & (numbers < 100), numbers + 1900)


def _assemble(year: pd.Series, month: pd.Series, day: pd.Series) -> pd.Series:
    parts = pd.DataFrame({"year": year, "month": month, "day": day}).astype("float64")
    return pd.to_datetime(parts, errors="coerce").astype("datetime64[us]")


def _iso(texts: pd.Series) -> pd.Series:
    parts = texts.str.extract(r"^\D{0,25}?(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)").dropna()
    return _assemble(parts[0], parts[1], parts[2])


def _compact(texts: pd.Series) -> pd.Series:
    return pd.to_datetime(texts.where(texts.str.match(r"(?:19|20)\d{6}$")), format="%Y%m%d", errors="coerce")


def _epoch(texts: pd.Series) -> pd.Series:
    """Seconds, milliseconds or microseconds since 1970, UTC."""
    digits = texts.where(texts.str.match(r"(?:\d{10}|\d{13}|\d{16})(?:\.\d+)?$")).dropna()
    whole = digits.str.replace(r"\..*", "", regex=True)
    seconds = whole.astype("float64") / 10.0 ** (whole.str.len().astype(int) - 10)
    return pd.to_datetime(seconds, unit="s", errors="coerce").dt.normalize()


def _serial(texts: pd.Series) -> pd.Series:
    """Excel's count of days since 30 December 1899, for dates from 1995 to 2064."""
    digits = texts.where(texts.str.match(r"\d{5}(?:\.\d+)?$"))
    numbers = pd.to_numeric(digits, errors="coerce").astype("float64")
    numbers = numbers.where(numbers.between(34_700, 60_000))
    return pd.to_datetime(numbers, unit="D", origin="1899-12-30", errors="coerce").dt.normalize()


def _month_number(words: pd.Series) -> pd.Series:
    known = {
        word: next((number for start, number in _MONTHS.items() if word.casefold().startswith(start)), None)
        for word in words.dropna().unique()
    }
    return words.map(known).astype("float64")


def _day_month_year(texts: pd.Series) -> pd.Series:
    parts = texts[texts.str.len() < 80].str.extract(_DAY_FIRST).dropna()
    return _assemble(_full_year(parts[2]), _month_number(parts[1]), parts[0])


def _month_day_year(texts: pd.Series) -> pd.Series:
    parts = texts[texts.str.len() < 80].str.extract(_MONTH_FIRST).dropna()
    return _assemble(parts[2], _month_number(parts[0]), parts[1])


def _month_year(texts: pd.Series) -> pd.Series:
    words = texts.str.extract(_MONTH_ONLY).dropna()
    named = _assemble(words[1], _month_number(words[0]), words[1].mask(words[1].notna(), "1"))
    digits = texts.str.extract(r"^(?:(?P<y1>\d{4})[-/.](?P<m1>\d{1,2})|(?P<m2>\d{1,2})[-/.](?P<y2>\d{4}))$")
    year, month = digits["y1"].fillna(digits["y2"]).dropna(), digits["m1"].fillna(digits["m2"]).dropna()
    return pd.concat([named, _assemble(year, month, year.mask(year.notna(), "1"))]).dropna()


def _year(texts: pd.Series) -> pd.Series:
    return pd.to_datetime(texts.where(texts.str.match(r"(?:19|20)\d{2}$")), format="%Y", errors="coerce")


_READERS: tuple[tuple[Callable[[pd.Series], pd.Series], str], ...] = (
    (_iso, "day"),
    (_compact, "day"),
    (_epoch, "day"),
    (_serial, "day"),
    (_day_month_year, "day"),
    (_month_day_year, "day"),
    (_month_year, "month"),
    (_year, "year"),
)
