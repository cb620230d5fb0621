"""From labels to a data set: one row a review, each in one split, and why others were left out.

Double labels serve every split, single decisions only train. A text that was ever a test review stays one;
what was trained on or validated on stays where it was. Texts that are nearly the same lie in one split: where
one of them is held out, the others follow if they have a double label, else they are left out. New reviews
with a double label are dealt out by a hash of their group, so the same reviews always land in the same split.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field

import pandas as pd

from peachdash.data_sets.near_groups import group_near_copies
from peachdash.errors import BadInput
from peachdash.records import DOUBLE_ORIGINS

SPLITS = ("train", "validation", "test")
COLUMNS = [
    "review_key",
    "review_id",
    "business_id",
    "source",
    "text_sha256",
    "text",
    "split",
    "label",
    "slices",
    "label_origin",
]
_STRICTEST = {"test": 2, "validation": 1, "train": 0}
_DOUBLE = {origin.value for origin in DOUBLE_ORIGINS}


@dataclass(frozen=True)
class SplitShares:
    """Which shares of the new double labels go to train and to validation; the rest is test.

    Raises:
        BadInput: a share outside 0 to 1, or both together above 1.
    """

    train: float = 0.7
    validation: float = 0.15

    def __post_init__(self) -> None:
        """Refuses shares that are none."""
        shares = (self.train, self.validation)
        if any(not 0 <= share <= 1 for share in shares) or sum(shares) > 1 + 1e-9:
            raise BadInput(
                "Shares of train and validation must lie in 0 to 1 and sum to 1 at most, "
                f"got {self.train:g} and {self.validation:g}."
            )

    def split_of(self, group: str) -> str:
        """The split of a group by the hash of its name, spread evenly over 0 to 1."""
        place = int(hashlib.sha256(f"split {group}".encode()).hexdigest()[:12], 16) / 16**12
        if place < self.train:
            return "train"
        return "validation" if place < self.train + self.validation else "test"


@dataclass(frozen=True)
class Assembled:
    """A data set before it is frozen.

    Attributes:
        rows: columns `COLUMNS`, by review key.
        left_out: how many labelled reviews are not in it, by reason in words.
        shares: by which new reviews were dealt out.
    """

    rows: pd.DataFrame
    left_out: dict[str, int] = field(default_factory=dict)
    shares: SplitShares = field(default_factory=SplitShares)

    @property
    def content_sha256(self) -> str:
        """A hash (64 digits) over all rows in the order of their keys."""
        return hash_rows(self.rows)


def hash_rows(rows: pd.DataFrame) -> str:
    """SHA-256 over key, text, split, label, slices and origin of each row, in the order of the keys."""
    digest = hashlib.sha256()
    for row in rows.sort_values("review_key").itertuples():
        values = [row.review_key, row.text, row.split, row.label, sorted(row.slices), row.label_origin]
        digest.update(json.dumps(values).encode() + b"\n")
    return digest.hexdigest()


def assemble(candidates: pd.DataFrame, earlier: pd.DataFrame, shares: SplitShares) -> Assembled:
    """Deals labelled reviews out to the splits.

    Args:
        candidates: review_key, review_id, business_id, source, text_sha256, text, label, slices,
            label_origin, and split, which is None where it is open; the shipped labels bring theirs. Of
            several rows with one text the first counts, shipped ones aside.
        earlier: text_sha256, text and split of every row of every version before.
    """
    reasons: Counter[str] = Counter()
    rows = _once_a_text(candidates, reasons)
    group = group_near_copies([*rows["text"], *earlier["text"]])
    double = [origin in _DOUBLE for origin in rows["label_origin"]]
    own, held = _settled_splits(rows, earlier, group)
    names = _names_of_doubles(rows, group, double)
    splits: list[str | None] = []
    for number, is_double in enumerate(double):
        wanted = held.get(group[number]) or _dealt(names.get(group[number]), shares)
        fits = wanted == "train" or (is_double and own[number] in (None, wanted))
        splits.append(wanted if fits else None)
        if not fits:
            reasons[f"nearly the same as a {wanted} review"] += 1
    kept = rows.assign(split=splits).dropna(subset="split")
    sorted_rows = kept[COLUMNS].sort_values("review_key", ignore_index=True)
    return Assembled(sorted_rows, dict(sorted(reasons.items())), shares)


def _dealt(name: str | None, shares: SplitShares) -> str:
    """The split of a group that no version held; one without a double label can only be trained on."""
    return "train" if name is None else shares.split_of(name)


def _once_a_text(candidates: pd.DataFrame, reasons: Counter[str]) -> pd.DataFrame:
    """Rows without a text go, and so do further rows with the text of another, unless both are shipped."""
    blank = candidates["text"] == ""
    again = candidates.duplicated("text_sha256") & candidates["split"].isna() & ~blank
    if blank.any():
        reasons["no text"] += int(blank.sum())
    if again.any():
        reasons["the same text as another labelled review"] += int(again.sum())
    return candidates[~blank & ~again].reset_index(drop=True)


def _settled_splits(
    rows: pd.DataFrame, earlier: pd.DataFrame, group: list[int]
) -> tuple[list[str | None], dict[int, str]]:
    """The split of each row where it is settled, and the strictest of each group that has one."""
    ever: dict[str, str] = {}
    for key, split in zip(earlier["text_sha256"], earlier["split"], strict=True):
        ever[key] = _strictest(ever.get(key), split)
    own = [
        _strictest(ever.get(row.text_sha256), row.split) if row.split else ever.get(row.text_sha256)
        for row in rows.itertuples()
    ]
    held: dict[int, str] = {}
    for number, split in zip(group, [*own, *earlier["split"]], strict=True):
        if split is not None:
            held[number] = _strictest(held.get(number), split)
    return own, held


def _strictest(one: str | None, other: str) -> str:
    return max(one or other, other, key=_STRICTEST.__getitem__)


def _names_of_doubles(rows: pd.DataFrame, group: list[int], double: list[bool]) -> dict[int, str]:
    """A name of each group with a double label, which no order changes: its smallest such text hash."""
    names: dict[int, str] = {}
    for number, key, is_double in zip(group, rows["text_sha256"], double, strict=False):
        if is_double:
            names[number] = min(names.get(number, key), key)
    return names
