"""The rules that a row must keep to be stored, as a pandera schema; the reason of what breaks one."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    import pandera.pandas as pandera

NO_BUSINESS = "no business: the row names none, and none was given with --business"
NOTHING = "neither text nor stars"
MISREAD = "no text, and the stars are not from 1 to 5"
MOST_CHARACTERS, MOST_IN_A_NAME = 200_000, 200
TOO_LONG = f"a text of over {MOST_CHARACTERS:,} characters: is there a quotation mark missing before it?"
NO_NAME = f"the business has no visible name, or one of over {MOST_IN_A_NAME} characters"


@cache
def row_rules() -> pandera.DataFrameSchema:
    """One column for each rule, true where a row keeps it; the later rule goes before the earlier."""
    import pandera.pandas as pandera

    def rule(reason: str) -> pandera.Column:
        return pandera.Column(bool, pandera.Check(lambda kept: kept, name=reason), nullable=False)

    return pandera.DataFrameSchema(
        {
            "business": rule(NO_BUSINESS),
            "name": rule(NO_NAME),
            "content": rule(NOTHING),
            "stars": rule(MISREAD),
            "length": rule(TOO_LONG),
        },
        strict=True,
    )


def find_broken(reviews: pd.DataFrame, has_stars: pd.Series, mapping: dict[str, str]) -> pd.DataFrame:
    """Why rows are rejected: `column` and `reason`, indexed by row number; rows that keep all are left out.

    Args:
        reviews: business, text, title and stars, missing values are NaN.
        has_stars: whether the file has anything where the stars should be.
        mapping: field to column of the file.
    """
    blank = reviews[["text", "title", "stars"]].isna().all(axis=1)
    kept = {
        "business": reviews["business"].notna(),
        "name": ~reviews["business"].isin(unfit_names(reviews["business"])),
        "content": ~blank,
        "stars": ~(blank & has_stars),
        "length": ~(reviews[["text", "title"]].apply(lambda words: words.str.len()) > MOST_CHARACTERS).any(
            axis=1
        ),
    }
    cases = _failures(pd.DataFrame(kept))
    told = {
        "business": mapping.get("business"),
        "name": mapping.get("business"),
        "content": mapping.get("text", mapping.get("stars")),
        "stars": mapping.get("stars"),
        "length": mapping.get("text", mapping.get("title")),
    }
    last = cases.drop_duplicates("index", keep="last")
    return pd.DataFrame(
        {"column": last["column"].map(told).to_numpy(), "reason": last["check"].to_numpy()},
        index=pd.Index(last["index"], dtype="int64", name="row"),
        dtype=object,
    ).sort_index()


def unfit_names(names: pd.Series) -> list[str]:
    """The names that nobody could read: too long, or of characters that are not seen."""
    return [name for name in names.dropna().unique() if len(name) > MOST_IN_A_NAME or not _is_visible(name)]


def _is_visible(name: str) -> bool:
    return any(unicodedata.category(char)[0] not in "CMZ" for char in name)


def _failures(kept: pd.DataFrame) -> pd.DataFrame:
    """Broken rules in the order of the schema: column, check (the reason) and index (the row)."""
    kept = kept[~kept.all(axis=1)]
    if kept.empty:
        return pd.DataFrame({"column": [], "check": [], "index": []})
    from pandera.errors import SchemaErrors

    try:
        row_rules().validate(kept, lazy=True)
    except SchemaErrors as broken:
        cases: Any = broken.failure_cases
        order = list(kept.columns)
        return cases.sort_values("column", key=lambda names: names.map(order.index), kind="stable")
    return pd.DataFrame({"column": [], "check": [], "index": []})
