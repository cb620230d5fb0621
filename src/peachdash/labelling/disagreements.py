"""Which double labels need a third reading, and how they are put side by side."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import pandas as pd

DISAGREE, UNSURE = "they disagree", "unsure"


@dataclass(frozen=True)
class Side:
    """What one of the two said, without saying who.

    Attributes:
        letter: A or B, drawn for each review, so that nobody is always the same letter.
    """

    letter: str
    label: str
    unsure: bool
    slices: tuple[str, ...]
    reason_words: str
    aspect: str | None
    name: str


def waiting_pairs(pairs: pd.DataFrame) -> pd.DataFrame:
    """The pairs that nobody has adjudicated and that differ, or of which one is unsure.

    Args:
        pairs: columns of `fetch_pairs`.

    Returns:
        The same columns and why (they disagree, or unsure); disagreements first.
    """
    differ = pairs["label_a"] != pairs["label_b"]
    unsure = pairs["unsure_a"].astype(bool) | pairs["unsure_b"].astype(bool)
    open_ = pairs["ruled_label"].isna() & (differ | unsure)
    why = differ.map({True: DISAGREE, False: UNSURE})
    return pairs.assign(why=why)[open_].sort_values("why", kind="stable").reset_index(drop=True)


def sides(pair: dict[str, Any]) -> tuple[Side, Side]:
    """The two labels of a pair as A and B, in an order that is drawn from the review and stays."""
    drawn = hashlib.sha256(f"{pair['task_id']}/{pair['review_id']}".encode()).digest()[0] % 2
    order = ("b", "a") if drawn else ("a", "b")
    first, second = (_side(pair, letter, side) for letter, side in zip("AB", order, strict=True))
    return first, second


def _side(pair: dict[str, Any], letter: str, side: str) -> Side:
    aspect = pair[f"aspect_{side}"]
    return Side(
        letter,
        str(pair[f"label_{side}"]),
        bool(pair[f"unsure_{side}"]),
        tuple(pair[f"slices_{side}"]),
        str(pair[f"reason_words_{side}"]),
        aspect if isinstance(aspect, str) else None,
        str(pair[f"name_{side}"]),
    )


def joint_slices(pair: dict[str, Any], order: tuple[str, ...]) -> list[str]:
    """The slices that either named, in a given order."""
    named = {*pair["slices_a"], *pair["slices_b"]}
    return [name for name in order if name in named]
