"""Text cells made clean: control characters out, missing values told, translated reviews in one language."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

_NOTHING = "N/A n/a NA NaN nan None null NULL (null) #N/A <NA> \\N undefined - -- \u2013 \u2014 [] {}"
MISSING: frozenset[str] = frozenset(("", *_NOTHING.split()))
"""Cells that stand for nothing, compared exactly: "nan" is missing, "Nan" is bread."""

# Written with the characters themselves: Arrow's regular expressions know no \\u, and another \\s.
_OTHER_SPACES = "\t\n\r\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
SPACES = f"[ {_OTHER_SPACES}]+"
_CONTROLS = "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
_MARKUP = (
    r"&(?:amp|quot|lt|gt|nbsp|apos|hellip|rsquo|lsquo|rdquo|ldquo|#\d{2,5}|#x[0-9a-fA-F]{2,5});"
    r"|<br */?>|_x000[dD]_"
)
_MOJIBAKE = "\u00c3[\u0080-\u00bf\u20ac\u0152-\u017e]|\u00e2\u20ac|\u00f0\u0178|\u00c2[\u00a0-\u00bf]"
_TWO_LANGUAGES = r"\((?:Translated by Google|Original)\)"
_UNTIDY = f"{_CONTROLS}|\r|{_MARKUP}|{_MOJIBAKE}|{_TWO_LANGUAGES}"
_UNEVEN = f"[{_OTHER_SPACES}]|  "
_TRANSLATED = re.compile(r"\(Translated by Google\)\s*", re.IGNORECASE)
_ORIGINAL = re.compile(r"\s*\(Original\)\s*", re.IGNORECASE)
_ENGLISH = re.compile(
    r"\b(?:the|and|was|is|were|of|to|it|very|good|great|food|service|place|for|with|we|my|i|in|not|but)\b",
    re.IGNORECASE,
)
_UNDEFINED_IN_CP1252 = {chr(code): bytes([code]) for code in (0x81, 0x8D, 0x8F, 0x90, 0x9D)}


class Distinct:
    """The distinct filled cells of a column, and the way back to its rows.

    Attributes:
        texts: distinct texts, numbered from 0.
    """

    def __init__(self, cells: pd.Series) -> None:
        self._index = cells.index
        self._codes, texts = cells.factorize()
        self.texts = pd.Series(texts, dtype="str")

    def spread(self, values: pd.Series) -> pd.Series:
        """The values, one for each of `texts`, on the rows of the column; missing where the cell is."""
        spread = values.reindex(self._codes)
        spread.index = self._index
        return spread


def without_missing(cells: pd.Series) -> pd.Series:
    """The cells with NaN for every way to write "nothing", the others without space around them."""
    cells = cells.str.strip()
    nothing = cells.isin(list(MISSING))
    return cells.mask(nothing) if nothing.any() else cells


def clean_text(cells: pd.Series) -> pd.Series:
    """Review words fit for storing; missing and blank ones are NaN, nothing is shortened.

    Control and direction characters go, line ends become "\\n", HTML entities and line breaks and text that
    was decoded as Windows-1252 though it was UTF-8 are put right, and of a text that Google translated
    only the English part is kept.
    """
    return _mended(without_missing(cells), _UNTIDY, lambda untidy: without_missing(_tidied(untidy)))


def _tidied(cells: pd.Series) -> pd.Series:
    cells = _where(cells, _MOJIBAKE, _mend_mojibake)
    cells = _where(cells, _MARKUP, _without_markup)
    cells = cells.str.replace("\r\n", "\n", regex=False).str.replace("\r", "\n", regex=False)
    cells = cells.str.replace(_CONTROLS, "", regex=True)
    return _where(cells, _TWO_LANGUAGES, keep_english)


def clean_label(cells: pd.Series) -> pd.Series:
    """Short texts, as names and languages, on one line; missing ones are NaN."""
    return _mended(without_missing(cells), f"{_UNTIDY}|{_UNEVEN}", _on_one_line)


def _on_one_line(cells: pd.Series) -> pd.Series:
    distinct = Distinct(cells)
    return distinct.spread(clean_text(distinct.texts).str.replace(SPACES, " ", regex=True))


def _mended(cells: pd.Series, pattern: str, mend: Callable[[pd.Series], pd.Series]) -> pd.Series:
    """The cells, with those that contain the pattern mended."""
    hits = np.flatnonzero(matches(cells, pattern))
    if not len(hits):
        return cells
    cells = cells.copy()
    cells.iloc[hits] = mend(cells.iloc[hits])
    return cells


def keep_english(text: str) -> str:
    """The English part of "(Translated by Google) … (Original) …", or of "… (Translated by Google) …".

    In the second form either part may be the translation: the one with more English words is kept.
    """
    pieces = _TRANSLATED.split(text, maxsplit=1)
    if len(pieces) == 1:
        return text
    before, after = pieces[0].strip(), pieces[1]
    translation = _ORIGINAL.split(after, maxsplit=1)[0].strip()
    if not before:
        return translation or after.strip()
    return before if _english_words(before) > _english_words(translation) else translation


def _english_words(text: str) -> float:
    return len(_ENGLISH.findall(text)) / max(1, len(text.split()))


def matches(cells: pd.Series, pattern: str) -> pd.Series:
    """Whether each cell contains a match; False where it is missing.

    pandas hands some patterns to Python, row by row; Arrow's own expressions (RE2) take all of ours.
    """
    found = pc.match_substring_regex(pa.array(cells, pa.large_string(), from_pandas=True), pattern)
    return pd.Series(np.asarray(pc.fill_null(found, False)), index=cells.index)


def _where(cells: pd.Series, pattern: str, change: object) -> pd.Series:
    """The cells, with `change` applied to those that contain the pattern."""
    hits = matches(cells, pattern)
    if not hits.any():
        return cells
    cells = cells.copy()
    cells.loc[hits] = cells.loc[hits].map(change).astype("str")
    return cells


def _without_markup(text: str) -> str:
    text = re.sub(r"<br\s*/?>", "\n", re.sub(r"_x000[dD]_", "", text))
    return html.unescape(text).replace("\xa0", " ")


def _mend_mojibake(text: str) -> str:
    """UTF-8 that was read as Windows-1252, read again; anything else comes back as it was."""
    try:
        raw = b"".join(_UNDEFINED_IN_CP1252.get(letter) or letter.encode("cp1252") for letter in text)
        return raw.decode("utf-8")
    except UnicodeError:
        return text
