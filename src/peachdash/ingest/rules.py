"""The rules that a row must keep to be stored, as a pandera schema; the reason of what breaks one."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    import pandera.pandas as pandera

NO_BUSINESS = "no business: the row names none, and none was given with --business"
NOTHING = "neither text nor stars"
MISREAD = "no text, and the stars are not from 1 to 5"


@cache
def row_rules() -> pandera.DataFrameSchema:
    """One column for each rule, true where a row keeps it; the later rule goes before the earlier."""
    import pandera.pandas as pandera

    def rule(reason: str) -> pandera.Column:
        return pandera.Column(bool, pandera.Check(lambda kept: kept, name=reason), nullable=False)

    return pandera.DataFrameSchema(
        {"business": rule(NO_BUSINESS), "content": rule(NOTHING), "stars": rule(MISREAD)}, strict=True
    )


def find_broken(reviews: pd.DataFrame, has_stars: pd.Series, mapping: dict[str, str]) -> pd.DataFrame:
    """Why rows are rejected: `column` and `reason`, indexed by row number; rows that keep all are left out.

    Args:
        reviews: business, text, title and stars, missing values are NaN.
        has_stars: whether the file has anything where the stars should be.
        mapping: field to column of the file.
    """
    blank = reviews[["text", "title", "stars"]].isna().all(axis=1)
    kept = {"business": reviews["business"].notna(), "content": ~blank, "stars": ~(blank & has_stars)}
    cases = _failures(pd.DataFrame(kept))
    told = {
        "business": mapping.get("business"),
        "content": mapping.get("text", mapping.get("stars")),
        "stars": mapping.get("stars"),
    }
    last = cases.drop_duplicates("index", keep="last")
    return pd.DataFrame(
        {"column": last["column"].map(told).to_numpy(), "reason": last["check"].to_numpy()},
        index=pd.Index(last["index"], dtype="int64", name="row"),
        dtype=object,
    ).sort_index()


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
