"""Star ratings in their many spellings, brought to 1 to 5."""

from __future__ import annotations

import pandas as pd

from peachdash.ingest.cells import Distinct

_WORDS = {"one": 1.0, "two": 2.0, "three": 3.0, "four": 4.0, "five": 5.0}
_WORD = r"(?i)^\W*(one|two|three|four|five)(?:[\s_-]*stars?)?\W*$"
_FRACTION = (
    r"(?i)^\D{0,20}?(\d+(?:[.,]\d+)?)\s*(?:stars?\s*)?(?:/|out of|of|von|sur|de)"
    r"\s*(5|10|100)(?:[.,]0+)?(?!\d)\D{0,20}$"
)
_SIGNS = r"^\s*((?:\u2605|\u2b50\ufe0f?|\U0001f31f){1,5})[\u2606\u2729\s]*$"
_NUMBER = (
    r"(?i)^(?:rated|rating|score|stars?|i_stars_|bubble_)?[\s:_]*(\d+(?:[.,_]\d+)?)\s*"
    r"(?:%|[-\s]*(?:star|sterne?|estrella|\u00e9toile|stell[ae]|\u2605|\u2b50)s?(?:\s+rating)?)?$"
)


def parse_stars(cells: pd.Series) -> tuple[pd.Series, float]:
    """Stars from 1 to 5 as float, NaN where there are none or they cannot be read; and what divided them.

    Reads 4, "4,0", "FIVE", "1 star", "5/5", "8 out of 10" and rows of star signs. A column that runs to 10,
    to 50 (Yelp's and Tripadvisor's class names) or to 100 is divided by 2, 10 or 20. 0 means "not rated".
    """
    distinct = Distinct(cells)
    texts = distinct.texts.str.strip()
    settled = _read_self_explaining(texts)
    bare = _number(texts.str.extract(_NUMBER)[0]).mask(settled.notna())
    scale = _scale(distinct.spread(bare).dropna())
    values = settled.fillna(bare / scale)
    values = values.mask(values.between(0.1, 1), 1.0)
    return distinct.spread(values.where(values.between(1, 5))), scale


def _read_self_explaining(texts: pd.Series) -> pd.Series:
    """The stars of texts that say of how many: "4/5", "FOUR", four star signs."""
    fraction = texts.str.extract(_FRACTION)
    of_five = _number(fraction[0]) * 5 / _number(fraction[1])
    words = texts.str.extract(_WORD)[0].str.lower().map(_WORDS).astype("float64")
    signs = texts.str.extract(_SIGNS)[0].str.replace("\ufe0f", "", regex=False).str.len().astype("float64")
    return of_five.fillna(words).fillna(signs)


def _number(texts: pd.Series) -> pd.Series:
    return pd.to_numeric(texts.str.replace(r"[,_]", ".", regex=True), errors="coerce").astype("float64")


def _scale(values: pd.Series) -> float:
    """By how much a column of bare numbers is to be divided: 1, 2, 10 or 20."""
    values = values[values > 0]
    if values.empty or (values > 5).mean() < 0.2:
        return 1.0
    if (values <= 10).mean() > 0.95:
        return 2.0
    if (values < 10).mean() > 0.05:
        return 1.0
    return 10.0 if (values <= 50).mean() > 0.95 else 20.0
