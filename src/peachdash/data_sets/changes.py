"""What changed from one data set version to the next."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class DataSetChanges:
    """Reviews by what happened to them between two versions.

    Attributes:
        added, removed: rows of the newer and of the older version.
        relabelled: review_key, text, before and after (labels).
        moved: review_key, before and after (splits).
    """

    added: pd.DataFrame
    removed: pd.DataFrame
    relabelled: pd.DataFrame
    moved: pd.DataFrame

    @property
    def sentence(self) -> str:
        """The changes in words, or that there are none."""
        parts = [
            (len(self.added), "added"),
            (len(self.removed), "no longer in it"),
            (len(self.relabelled), "with another label"),
            (len(self.moved), "in another split"),
        ]
        told = [f"{count:,} {words}" for count, words in parts if count]
        return f"{', '.join(told)}." if told else "no review changed."


def compare_data_sets(before: pd.DataFrame, after: pd.DataFrame) -> DataSetChanges:
    """What happened between two versions, by review key.

    Args:
        before, after: rows with review_key, text, split and label.
    """
    both = before.merge(after, on="review_key", suffixes=("_before", "_after"))
    relabelled = both[both["label_before"] != both["label_after"]]
    moved = both[both["split_before"] != both["split_after"]]
    names = {"text_after": "text", "label_before": "before", "label_after": "after"}
    return DataSetChanges(
        added=after[~after["review_key"].isin(before["review_key"])].reset_index(drop=True),
        removed=before[~before["review_key"].isin(after["review_key"])].reset_index(drop=True),
        relabelled=relabelled.rename(columns=names)[["review_key", "text", "before", "after"]].reset_index(
            drop=True
        ),
        moved=moved.rename(columns={"split_before": "before", "split_after": "after"})[
            ["review_key", "before", "after"]
        ].reset_index(drop=True),
    )
