"""Drawing the reviews of a labelling task from a pool."""

from __future__ import annotations

import numpy as np
import pandas as pd

from peachdash.records import Pool


def draw_items(candidates: pd.DataFrame, pool: Pool, size: int, seed: int) -> pd.DataFrame:
    """Reviews of a pool in the order in which they are labelled.

    They are drawn at random, but from the least certain pool, of which the first are taken. The order is
    random always, so that a place in it tells nothing.

    Args:
        candidates: the pool in its order; see `fetch_candidates`.
        pool: which one.
        size: reviews that are wanted; fewer where the pool has fewer.
        seed: of the draw; the same one draws the same again.

    Returns:
        The columns of `candidates`.
    """
    generator = np.random.default_rng(seed)
    if pool is Pool.LEAST_CERTAIN:
        candidates = candidates.head(size)
    return candidates.iloc[generator.permutation(len(candidates))[:size]].reset_index(drop=True)
