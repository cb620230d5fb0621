"""Labels in one long form between files and the database: a row for each label and each adjudication."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from peachdash.records import ASPECTS, LABELS, SLICES

ANNOTATOR, ADJUDICATOR = "annotator", "adjudicator"
ROW_COLUMNS = [
    "task",
    "review_id",
    "title",
    "text",
    "role",
    "annotator",
    "label",
    "slices",
    "unsure",
    "reason_words",
    "aspect",
    "reason",
    "at_utc",
]
"""Columns of the long form: task (its name), review_id (number of the review here, text; empty where a file
has none), title, text, role (annotator or adjudicator), annotator (e-mail or name), label, slices (list),
unsure (bool), reason_words, aspect (None where there is none), reason (of an adjudication), at_utc (moment,
NaT where a file has none)."""


def long_frame(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Rows in the long form, in the column order and types that everything else expects."""
    frame = pd.DataFrame(list(rows), columns=ROW_COLUMNS, dtype=object)
    return frame.assign(at_utc=pd.to_datetime(frame["at_utc"], utc=True, format="ISO8601", errors="coerce"))


def find_label(words: Sequence[object]) -> str | None:
    """The one label among some words, in any case; None where there is none or more than one."""
    found = {str(word).strip().casefold() for word in words} & set(LABELS)
    return found.pop() if len(found) == 1 else None


def known_slices(words: Sequence[object]) -> list[str]:
    """The slices among some words, in the order of the guide; others are left out."""
    named = {str(word).strip().casefold().replace(" ", "_") for word in words}
    return [name for name in SLICES if name in named]


def known_aspect(words: Sequence[object]) -> str | None:
    """The first aspect among some words; None where there is none."""
    named = [str(word).strip().casefold() for word in words]
    return next((name for name in named if name in ASPECTS), None)
