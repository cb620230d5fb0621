"""Dates told from the day of reading: "3 months ago", "Edited a year ago", "in the last week"."""

from __future__ import annotations

import re
import unicodedata

import pandas as pd

from peachdash.ingest.cells import Distinct

_UNITS: tuple[tuple[str, str], ...] = (
    (r"sec(?:ond|s)?|segundos?|secondes?|sekunde[nr]?", "hour0"),
    (r"min(?:ute)?s?|minutos?|minuten|minutt?er|minuti", "hour0"),
    (r"h(?:ou)?rs?|h|horas?|heures?|stunden?|timer?|or[ae]", "hour"),
    (r"days?|d|dias?|jours?|tag(?:e|en)?|dage?|giorn[oi]", "day"),
    (r"weeks?|wks?|w|semanas?|semaines?|wochen?|uger?|settiman[ae]", "week"),
    (r"months?|mos?|mths?|mes(?:es)?|mois|monat(?:e|en)?|maned(?:er)?|mes[ei]", "month"),
    (r"years?|yrs?|y|anos?|ans?|annees?|jahr(?:e|en)?|ar|ann[oi]", "year"),
)
_ONE = r"an?|one|una?|uno|une|um|uma|ein(?:em|er|en|e)?|en|et|last|past"
_WORDS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_NUMBERS = {word: number for number, word in enumerate(_WORDS, start=2)}
_COUNT = rf"(\d{{1,3}}|{_ONE}|{'|'.join(_NUMBERS)})"
_UNIT = "|".join(pattern for pattern, _ in _UNITS)
_FORMS = tuple(
    re.compile(form)
    for form in (
        rf"(?:^|\s){_COUNT}\+?\s*({_UNIT})\.?\s+(?:ago|fa|siden|atras)\b",
        rf"(?:^|\s)(?:hace|il y a|vor|ha)\s+{_COUNT}\s+({_UNIT})\b",
        r"^(\d{1,3})\s?(d|w|mo|y|yr)$",
    )
)
_NAMED = {
    "today": ("day", 0),
    "just now": ("day", 0),
    "now": ("day", 0),
    "yesterday": ("day", 1),
    "in the last day": ("day", 0),
    "in the last week": ("week", 0),
    "last week": ("week", 1),
    "this week": ("week", 0),
    "in the last month": ("month", 0),
    "last month": ("month", 1),
    "this month": ("month", 0),
    "in the last year": ("year", 0),
    "last year": ("year", 1),
}
_PRECISION = {"hour": "day", "day": "day", "week": "week", "month": "month", "year": "year"}


def parse_relative(cells: pd.Series, counted_from: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Days and precisions of relative dates.

    Args:
        cells: texts, one a row.
        counted_from: for each row the moment when its text was true (datetime64).

    Returns:
        datetime64 values at midnight, NaT where a text is no relative date; and the precision, which is the
        unit that the text counts in ("3 months ago" is known to the month).
    """
    distinct = Distinct(cells)
    steps = [_read(text) for text in distinct.texts]
    days = pd.Series(pd.NaT, index=cells.index, dtype="datetime64[us]")
    precision = pd.Series("unknown", index=cells.index, dtype="str")
    for unit, count in sorted({step for step in steps if step is not None}):
        rows = distinct.spread(pd.Series([step == (unit, count) for step in steps])).eq(True)
        days.loc[rows] = (counted_from[rows] - pd.DateOffset(**{f"{unit}s": count})).dt.normalize()
        precision.loc[rows] = _PRECISION[unit]
    return days, precision


def _read(text: str) -> tuple[str, int] | None:
    """Unit and number of a relative date: "a year ago" is ("year", 1)."""
    if len(text) > 60:
        return None
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = " ".join("".join(letter for letter in plain if not unicodedata.combining(letter)).split())
    plain = plain.replace("\u00e5", "a")
    plain = re.sub(r"^(?:edited|posted|reviewed|updated|published|visited)\s*:?\s+", "", plain)
    if plain in _NAMED:
        return _NAMED[plain]
    match = next((found for form in _FORMS if (found := form.search(plain))), None)
    return None if match is None else _step(match.group(1), match.group(2))


def _step(count: str, unit: str) -> tuple[str, int]:
    name = next(name for pattern, name in _UNITS if re.fullmatch(pattern, unit))
    number = int(count) if count.isdigit() else _NUMBERS.get(count, 1)
    return ("hour", 0) if name == "hour0" else (name, number)
