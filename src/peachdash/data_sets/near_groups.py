"""Groups of texts that say nearly the same, so that no split learns what another is measured by.

MinHash finds candidates (Broder 1997, as datasketch has it), their common three-word pieces decide, and
groups are closed over pairs: if A is like B and B like C, all three are one group.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from peachdash.ingest.campaigns import SIMILAR, shingles

_PERMUTATIONS = 64
_CANDIDATE = 0.55
_WORD = re.compile(r"\w+")


def group_near_copies(texts: Sequence[str]) -> list[int]:
    """The number of each text's group; texts of one group are the same or nearly the same.

    Texts under eight words are grouped only where their words are the same. Nearly the same means at least
    70% common three-word pieces (Jaccard), as `ingest.campaigns` has it.
    """
    parents = list(range(len(texts)))
    first_with: dict[tuple[str, ...], int] = {}
    for number, text in enumerate(texts):
        words = tuple(_WORD.findall(text.casefold())) or (text,)
        _join(parents, number, first_with.setdefault(words, number))
    for one, other in _similar_pairs(texts, sorted(first_with.values())):
        _join(parents, one, other)
    return [_root(parents, number) for number in range(len(texts))]


def _similar_pairs(texts: Sequence[str], numbers: Sequence[int]) -> list[tuple[int, int]]:
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=_CANDIDATE, num_perm=_PERMUTATIONS)
    pieces: dict[int, frozenset[str]] = {}
    pairs = []
    for number in numbers:
        own = shingles(texts[number])
        if not own:
            continue
        signature = MinHash(_PERMUTATIONS)
        signature.update_batch([piece.encode() for piece in own])
        for twin in index.query(signature):
            if len(own & pieces[twin]) >= SIMILAR * len(own | pieces[twin]):
                pairs.append((number, twin))
        pieces[number] = own
        index.insert(number, signature)
    return pairs


def _root(parents: list[int], number: int) -> int:
    while parents[number] != number:
        parents[number] = parents[parents[number]]
        number = parents[number]
    return number


def _join(parents: list[int], one: int, other: int) -> None:
    first, second = sorted((_root(parents, one), _root(parents, other)))
    parents[second] = first
