"""Words for the screen: untrusted text made harmless, dates by their precision, readings, safe CSV."""

from __future__ import annotations

import datetime as dt
import io
import re
from typing import Any

import pandas as pd

from peachdash.insights import formatting

PREVIEW_CHARACTERS = 100
_PUNCTUATION = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$&^=\"'])")
_SHORTCODE = re.compile(r":(?=[A-Za-z])")
_AUTOLINK = re.compile(r"(?i)(?<=www)(?=\\?\.)|(?<=:)(?=//)|(?=@)")
_JOINER = "\N{WORD JOINER}"
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

VERDICT_WORDS: dict[str, str] = {
    "negative": "negative",
    "neutral": "neutral",
    "positive": "positive",
    "not_about_us": "not about us",
    "spam": "spam",
    "duplicate": "duplicate",
    "taken back": "taken back",
}
FORMAT_WORDS: dict[str, str] = {"csv": "CSV file", "tsv": "tab-separated file", "json": "JSON file"} | {
    "jsonl": "JSON lines file",
    "xlsx": "Excel workbook",
    "google_business_profile": "Google Business Profile export",
    "google_takeout_contributions": "Google Takeout export",
    "google_places": "Google Places export",
    "google_places_old": "Google Places export (old)",
    "google_maps_scraper": "Google Maps export",
    "outscraper": "Outscraper export",
    "apify_google_maps": "Apify export of Google Maps",
    "trustpilot": "Trustpilot export",
    "trustpilot_scraper": "Trustpilot export",
    "birdeye": "Birdeye export",
    "yelp_parsehub": "ParseHub export of Yelp",
    "peachdash corpus": "demo",
}


def plain(text: object, limit: int = 500) -> str:
    """Text that Streamlit's Markdown shows letter by letter: no link, image, emphasis, maths or icon.

    Labels, captions, metrics, notices and expanders render Markdown, so whatever came from a file or a
    person passes through here. Line breaks become spaces; beyond `limit` characters it is cut.
    """
    words = " ".join(str(text).split())
    if len(words) > limit:
        words = words[: limit - 1] + "…"
    words = _SHORTCODE.sub(":" + _JOINER, _PUNCTUATION.sub(r"\\\1", words))
    return _AUTOLINK.sub(_JOINER, words)


def preview(title: object, text: object, limit: int = PREVIEW_CHARACTERS) -> str:
    """Title and text on the two lines of a table row."""
    joined = " · ".join(part for part in (_words(title), _words(text)) if part)
    return joined if len(joined) <= limit else joined[: limit - 1].rstrip() + "…"


def review_date(day: dt.date | None, precision: str) -> str:
    """A review's date as exactly as it is known: "3 Mar 2026", "about Mar 2026", "about 2026", "undated"."""
    if formatting.is_missing(day) or day is None:
        return "undated"
    if precision == "month":
        return f"about {formatting.period(day, 'month')}"
    if precision == "year":
        return f"about {day.year}"
    return formatting.period(day, "week") if precision == "week" else formatting.date(day)


def moment(utc: dt.datetime | None) -> str:
    """A moment as "3 Mar 2026, 14:05" in UTC; a dash where it is missing."""
    if formatting.is_missing(utc) or utc is None:
        return formatting.MISSING
    stamp = pd.Timestamp(utc).tz_convert("UTC")
    return f"{formatting.date(stamp)}, {stamp:%H:%M}"


def person(name: str) -> str:
    """Who did something, in words: a name as it is stored, or that it came through a shared link."""
    return f"shared link {name[5:11]}" if name.startswith("link:") else name


def stars_words(stars: float | None) -> str:
    """ "4 ★", "3.5 ★", or a dash."""
    return formatting.MISSING if formatting.is_missing(stars) else f"{stars:g} ★"


def reading_words(label: str | None, row: Any, prefix: str) -> str:
    """What a model read, with its probability: "positive 93%"; "not read yet" where it has not."""
    if not isinstance(label, str):
        return "not read yet"
    return f"{label} {formatting.percent(row[f'{prefix}_p_{label}'])}"


def safe_cell(value: object) -> object:
    """A cell that no spreadsheet takes for a formula: = + - @ at its start get an apostrophe before them."""
    if isinstance(value, str) and value.lstrip(" \n\ufeff").startswith(_FORMULA_STARTS):
        return "'" + value
    return value


def safe_csv(frame: pd.DataFrame) -> bytes:
    """A frame as CSV in UTF-8 (with a mark that Excel wants), every text cell and heading made safe."""
    cells = frame.rename(columns=safe_cell).map(safe_cell)
    return str(cells.to_csv(index=False)).encode("utf-8-sig")


def safe_xlsx(frame: pd.DataFrame, sheet: str) -> bytes:
    """A frame as an Excel workbook of one sheet; every text cell and heading is stored as text, made safe."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    page = book.create_sheet(sheet[:31])
    page.append([safe_cell(str(name)) for name in frame.columns])
    for row in frame.itertuples(index=False):
        page.append([_xlsx_cell(value) for value in row])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _xlsx_cell(value: object) -> Any:
    if isinstance(value, str):
        return safe_cell(_UNPRINTABLE.sub("", value))[:32_767]  # type: ignore[index]
    if formatting.is_missing(value):
        return None
    return value.item() if hasattr(value, "item") else value


_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


def _words(value: object) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""
