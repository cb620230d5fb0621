"""Nearly the same text by different reviewers of one business: MinHash candidates, checked exactly.

Broder 1997 for MinHash, Leskovec, Rajaraman and Ullman, "Mining of Massive Datasets", chapter 3, for banding;
both as datasketch has them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

import pandas as pd

MIN_WORDS = 8
SHINGLE_WORDS = 3
SIMILAR = 0.7
"""Share of common three-word pieces from which two texts are nearly the same."""

_PERMUTATIONS = 64
_CANDIDATE = 0.55
_WORD = re.compile(r"\w+")


def find_near_duplicates(
    reviews: pd.DataFrame, on_progress: Callable[[int], None] = lambda done: None
) -> pd.DataFrame:
    """Pairs of reviews of one business that say nearly the same, by different reviewers.

    Args:
        reviews: review_id, text and reviewer_hash (missing where unknown) of one business.
        on_progress: called with the number of texts that were hashed.

    Returns:
        review_id, twin_id and similarity (Jaccard of three-word pieces, `SIMILAR` to 1), one row for each
        review with a twin, which is its most similar one.
    """
    from datasketch import MinHash, MinHashLSH

    pieces = {int(row.review_id): shingles(row.text) for row in reviews.itertuples()}
    pieces = {number: found for number, found in pieces.items() if found}
    people = dict(zip(reviews["review_id"], reviews["reviewer_hash"], strict=True))
    index = MinHashLSH(threshold=_CANDIDATE, num_perm=_PERMUTATIONS)
    best: dict[int, tuple[float, int]] = {}
    for count, (number, found) in enumerate(pieces.items(), start=1):
        signature = MinHash(_PERMUTATIONS)
        signature.update_batch([piece.encode() for piece in found])
        for twin, share in _similar(number, index.query(signature), pieces, people):
            best[number] = max(best.get(number, (0.0, 0)), (share, twin))
            best[twin] = max(best.get(twin, (0.0, 0)), (share, number))
        index.insert(number, signature)
        if count % 500 == 0:
            on_progress(count)
    rows = [(number, twin, share) for number, (share, twin) in sorted(best.items())]
    return pd.DataFrame(rows, columns=["review_id", "twin_id", "similarity"])


def _similar(
    number: int, candidates: Iterable[int], pieces: dict[int, frozenset[str]], people: dict[int, object]
) -> Iterator[tuple[int, float]]:
    """The candidates by other reviewers that are really similar; the first hundred of a large campaign do."""
    own = pieces[number]
    for twin in sorted(candidates)[:100]:
        if isinstance(people[number], str) and people[number] == people[twin]:
            continue
        share = len(own & pieces[twin]) / len(own | pieces[twin])
        if share >= SIMILAR:
            yield twin, share


def shingles(text: str) -> frozenset[str]:
    """The three-word pieces of a text, in lower case; none of a text under eight words."""
    words = _WORD.findall(text.casefold())
    if len(words) < MIN_WORDS:
        return frozenset()
    return frozenset(
        " ".join(words[start : start + SHINGLE_WORDS]) for start in range(len(words) - SHINGLE_WORDS + 1)
    )
