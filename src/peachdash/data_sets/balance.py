"""What a data set holds, counted, and what is thin or over-represented in it, in words."""

from __future__ import annotations

from typing import Any

import pandas as pd

from peachdash.data_sets.assembling import SPLITS, Assembled
from peachdash.records import DOUBLE_ORIGINS, LABELS

THIN_CLASS_SHARE, THIN_CLASS = 0.1, 50
HEAVY_CLASS_SHARE = 0.7
THIN_BUSINESS = 20
HEAVY_BUSINESS = 2.5
"""Times the share that each business would have were all alike."""

ONE_SIDED_SHARE, ONE_SIDED = 0.9, 30
THIN_TEST_SLICE = 20
MANY_SINGLES_SHARE = 0.3
_DOUBLE = [origin.value for origin in DOUBLE_ORIGINS]


def summarise_data_set(assembled: Assembled, business_names: dict[str, str]) -> dict[str, Any]:
    """The counts of a data set and its warnings, as plain values.

    Returns:
        n; splits, sources, origins, slices, businesses: for each value the rows in train, validation and test
        (a dict by split); classes the same by label; left_out by reason; shares of new double labels; and
        warnings, sentences.

    Args:
        business_names: by business id; one that is missing goes by its id.
    """
    rows = assembled.rows
    named = rows.assign(business=[business_names.get(key, key) for key in rows["business_id"]])
    sliced = named.explode("slices").dropna(subset="slices")
    return {
        "n": len(rows),
        "splits": {split: int((rows["split"] == split).sum()) for split in SPLITS},
        "classes": _by(named, "label"),
        "sources": _by(named, "source"),
        "origins": _by(named, "label_origin"),
        "businesses": _by(named, "business"),
        "slices": _by(sliced, "slices"),
        "left_out": assembled.left_out,
        "shares": {"train": assembled.shares.train, "validation": assembled.shares.validation},
        "warnings": find_imbalances(named),
    }


def _by(frame: pd.DataFrame, column: str) -> dict[str, dict[str, int]]:
    counts = frame.groupby([column, "split"], sort=True).size().unstack(fill_value=0)
    return {str(name): {split: int(row.get(split, 0)) for split in SPLITS} for name, row in counts.iterrows()}


def find_imbalances(rows: pd.DataFrame) -> list[str]:
    """Sentences on classes, businesses, slices and origins that are thin or over-represented.

    Args:
        rows: columns split, label, business (its name), slices and label_origin.
    """
    train, test = rows[rows["split"] == "train"], rows[rows["split"] == "test"]
    if train.empty:
        return ["There is no train review."]
    return [
        *_missing_splits(rows),
        *_class_words(train),
        *_business_words(train),
        *_one_sided_words(train),
        *_slice_words(test),
        *_origin_words(train),
    ]


def _missing_splits(rows: pd.DataFrame) -> list[str]:
    present = set(rows["split"])
    return [f"There is no {split} review." for split in SPLITS[1:] if split not in present]


def _class_words(train: pd.DataFrame) -> list[str]:
    words = []
    for label in LABELS:
        count = int((train["label"] == label).sum())
        share = count / len(train)
        if share < THIN_CLASS_SHARE or count < THIN_CLASS:
            words.append(f"Thin class: {label} has {count:,} of {len(train):,} train reviews ({share:.0%}).")
        elif share > HEAVY_CLASS_SHARE:
            words.append(f"Over-represented class: {share:.0%} of {len(train):,} train reviews are {label}.")
    return words


def _business_words(train: pd.DataFrame) -> list[str]:
    counts = train["business"].value_counts()
    thin = sorted(str(name) for name, count in counts.items() if count < THIN_BUSINESS)
    words = []
    if thin:
        names = f"{', '.join(thin[:5])}{' and others' if len(thin) > 5 else ''}"
        words.append(f"Thin: fewer than {THIN_BUSINESS} train reviews of {names}.")
    for name, count in counts.items():
        if len(counts) > 2 and count > HEAVY_BUSINESS * len(train) / len(counts):
            share = count / len(train)
            words.append(
                f"Over-represented: {name} has {share:.0%} of the train reviews, {count:,} of {len(train):,}."
            )
    return words


def _one_sided_words(train: pd.DataFrame) -> list[str]:
    words = []
    for name, labels in train.groupby("business")["label"]:
        top = labels.value_counts()
        share = top.iloc[0] / len(labels)
        if len(labels) >= ONE_SIDED and share >= ONE_SIDED_SHARE:
            words.append(
                f"One-sided: {share:.0%} of {len(labels):,} train reviews of {name} are {top.index[0]}; a "
                "model may learn its name instead of its words."
            )
    return words


def _slice_words(test: pd.DataFrame) -> list[str]:
    counts = test.explode("slices")["slices"].value_counts()
    thin = sorted(str(name) for name, count in counts.items() if count < THIN_TEST_SLICE)
    if not thin:
        return []
    return [f"Too few test reviews for a figure of their own (under {THIN_TEST_SLICE}): {', '.join(thin)}."]


def _origin_words(train: pd.DataFrame) -> list[str]:
    share = 1 - float(train["label_origin"].isin(_DOUBLE).mean())
    if share <= MANY_SINGLES_SHARE:
        return []
    return [
        f"{share:.0%} of the train labels are single decisions: they come from readings that somebody "
        "questioned, and only one person looked."
    ]
