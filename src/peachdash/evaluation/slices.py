"""Slices: the kinds of hard review that an evaluation is read by (see the labelling guide)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from peachdash.errors import BadInput

PEACHY_SLICES: tuple[str, ...] = ("peachy_brand", "peachy_slang", "peachy_sarcastic")
PEACHY = "peachy"
ALL = "all"
NO_SLICE = "plain"
PRIMARY_ORDER: tuple[str, ...] = (
    *PEACHY_SLICES,
    "sarcasm",
    "understated",
    "mixed",
    "peachtree",
    "local",
    NO_SLICE,
)


def as_slices(value: Any) -> tuple[str, ...]:
    """The slices of one review as a tuple; a missing value is no slice.

    Raises:
        BadInput: the value is a single text instead of a list of names.
    """
    if isinstance(value, str):
        raise BadInput(f"slices: expected a list of names for each review, got the text {value!r}; split it.")
    if value is None or (np.isscalar(value) and pd.isna(value)):
        return ()
    return tuple(str(name) for name in value)


def primary_slice(slices: Iterable[str]) -> str:
    """The one slice that a review is counted under: the first of its slices in `PRIMARY_ORDER`.

    Slices that the order does not know come after it, by name; a review without slices is "plain".
    """
    rank = {name: position for position, name in enumerate(PRIMARY_ORDER)}
    return min(slices, key=lambda name: (rank.get(name, len(rank)), name), default=NO_SLICE)


def natural_shares_of(slices: Iterable[Any]) -> dict[str, float]:
    """Share of each primary slice in a representative set of reviews.

    Args:
        slices: one list of slice names for each review, drawn as they come in, not picked.

    Returns:
        Shares by primary slice, summing to 1; an empty dict for no reviews.
    """
    primary = pd.Series([primary_slice(as_slices(value)) for value in slices], dtype=object)
    return {str(name): float(share) for name, share in primary.value_counts(normalize=True).items()}


def slice_members(slices: pd.Series) -> dict[str, np.ndarray]:
    """Boolean masks (N,) by slice: "all", the pooled "peachy", then every slice by name."""
    sets = [set(value) for value in slices]
    members = {ALL: np.ones(len(sets), dtype=bool), PEACHY: in_any(sets, PEACHY_SLICES)}
    names = sorted(set().union(*sets) - members.keys())
    return members | {name: in_any(sets, (name,)) for name in names}


def in_any(sets: Iterable[Iterable[str]], names: Iterable[str]) -> np.ndarray:
    """Boolean mask (N,): which of the reviews' slices hold one of the names."""
    wanted = set(names)
    return np.array([not wanted.isdisjoint(value) for value in sets], dtype=bool)


def check_shares(shares: Mapping[str, float]) -> None:
    """Refuse natural shares that cannot be shares.

    Raises:
        BadInput: a share is negative, infinite or missing, or all are 0.
    """
    bad = [name for name, share in shares.items() if not (np.isfinite(share) and share >= 0)]
    if bad:
        raise BadInput(f"natural_shares: expected shares of 0 or more, got {shares[bad[0]]} for {bad[0]!r}.")
    if not any(shares.values()):
        raise BadInput("natural_shares: expected at least one share above 0; give None for no reweighting.")
