"""Agreement of two annotators: Cohen's kappa with its interval, overall, by class, slice and pair."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from statsmodels.stats.inter_rater import cohens_kappa

from peachdash.errors import BadInput
from peachdash.insights.intervals import wilson
from peachdash.records import LABELS, SLICES

ALL, CLASS, SLICE, PAIR = "all", "class", "slice", "pair"
AGREEMENT_COLUMNS = ["group", "name", "n", "agreed", "agreed_low", "agreed_high", "kappa", "low", "high"]


@dataclass(frozen=True)
class Kappa:
    """Cohen's kappa: 1 is full agreement, 0 what chance gives, below 0 less than that.

    Attributes:
        kappa: NaN where it does not exist: no reviews, or both annotators used the same one label only.
        low, high: 95% interval; NaN where the two agree throughout, since the data then do not carry one.
    """

    n: int
    kappa: float
    low: float
    high: float


def estimate_kappa(first: Sequence[str], second: Sequence[str], labels: Sequence[str] = LABELS) -> Kappa:
    """Kappa of two annotators on the same reviews.

    The interval is the asymptotic one of Fleiss, Cohen and Everitt (1969), by statsmodels, cut at −1 and 1.

    Args:
        first, second: N labels each, of the same reviews in the same order.
        labels: the labels that there are.

    Raises:
        BadInput: the two are of different lengths, or a label is none of `labels`.
    """
    if len(first) != len(second):
        raise BadInput(f"Labels of the same reviews are expected, got {len(first)} and {len(second)}.")
    table = _table(first, second, labels)
    n, on_diagonal = int(table.sum()), int(np.trace(table))
    used = np.flatnonzero(table.sum(axis=0) + table.sum(axis=1))
    if n == 0 or len(used) < 2:
        return Kappa(n, np.nan, np.nan, np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of variances that are 0 and are not used
        found = cohens_kappa(table[np.ix_(used, used)])
    if on_diagonal == n:
        return Kappa(n, 1.0, np.nan, np.nan)
    low, high = np.clip([found.kappa_low, found.kappa_upp], -1.0, 1.0)
    return Kappa(n, float(found.kappa), float(low), float(high))


def _table(first: Sequence[str], second: Sequence[str], labels: Sequence[str]) -> np.ndarray:
    rank = {label: place for place, label in enumerate(labels)}
    unknown = sorted({*first, *second} - set(rank))
    if unknown:
        raise BadInput(f"A label is one of {', '.join(labels)}, not {unknown[0]!r}.")
    table = np.zeros((len(labels), len(labels)))
    np.add.at(table, ([rank[label] for label in first], [rank[label] for label in second]), 1)
    return table


def summarise_agreement(pairs: pd.DataFrame) -> pd.DataFrame:
    """Agreement overall, by class (that class against the rest), by slice and by pair of annotators.

    Args:
        pairs: label_a, label_b, slices (list), pair (what the two annotators are called); one row a review.

    Returns:
        Columns group (all, class, slice or pair), name, n (reviews; for a class those that either called
        so), agreed (share of all reviews of the row with the same label, 0 to 1; for a class, of those that
        either called so), agreed_low, agreed_high (Wilson, 95%), kappa, low, high (see `Kappa`). A kappa of
        a class is over all reviews. Slices and pairs without a review are left out.
    """
    rows = [_row(ALL, "all reviews", pairs, LABELS)]
    rows += [_class_row(pairs, label) for label in LABELS]
    rows += _rows_of(SLICE, SLICES, pairs, lambda name: [name in names for names in pairs["slices"]])
    rows += _rows_of(PAIR, sorted(set(pairs["pair"])), pairs, lambda name: list(pairs["pair"] == name))
    frame = pd.DataFrame(rows, columns=["group", "name", "n", "hits", "kappa", "low", "high"])
    agreed_low, agreed_high = wilson(frame["hits"], frame["n"])
    shares = frame["hits"] / frame["n"].where(frame["n"] > 0)
    return frame.assign(agreed=shares, agreed_low=agreed_low, agreed_high=agreed_high)[AGREEMENT_COLUMNS]


def _rows_of(
    group: str, names: Iterable[str], pairs: pd.DataFrame, chosen: Callable[[str], list[bool]]
) -> list[list[object]]:
    kept = [(name, pairs[np.asarray(chosen(name), dtype=bool)]) for name in names]
    return [_row(group, name, part, LABELS) for name, part in kept if len(part)]


def _row(group: str, name: str, part: pd.DataFrame, labels: Sequence[str]) -> list[object]:
    found = estimate_kappa(list(part["label_a"]), list(part["label_b"]), labels)
    hits = int((part["label_a"] == part["label_b"]).sum())
    return [group, name, found.n, hits, found.kappa, found.low, found.high]


def _class_row(pairs: pd.DataFrame, label: str) -> list[object]:
    """One class against the rest; n and agreement are over the reviews that either called so."""
    first, second = pairs["label_a"] == label, pairs["label_b"] == label
    words = [[label if hit else "rest" for hit in side] for side in (first, second)]
    found = estimate_kappa(words[0], words[1], (label, "rest"))
    return [
        CLASS,
        label,
        int((first | second).sum()),
        int((first & second).sum()),
        found.kappa,
        found.low,
        found.high,
    ]
