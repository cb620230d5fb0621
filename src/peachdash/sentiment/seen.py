"""Which texts were met before, by their hashes; ten million take 160 MB."""

from __future__ import annotations

import numpy as np


class SeenHashes:
    """A set of 16-byte hashes in sorted arrays that are merged as they grow.

    Texts are told apart by 104 bits of their SHA-256; that two of a billion share them has a chance of 1 in
    40 million million.
    """

    def __init__(self) -> None:
        self._layers: list[np.ndarray] = []

    def __len__(self) -> int:
        return sum(len(layer) for layer in self._layers)

    def add_new(self, hashes: np.ndarray) -> np.ndarray:
        """Adds hashes and says which were new; of equal ones in one call the first is.

        Args:
            hashes: (N, 32) uint8.

        Returns:
            (N,) bool.
        """
        keys = _keys(hashes)
        unique, first = np.unique(keys, return_index=True)
        known = np.zeros(len(unique), dtype=bool)
        for layer in self._layers:
            known |= _contained(unique, layer)
        new = np.zeros(len(keys), dtype=bool)
        new[first[~known]] = True
        self._append(unique[~known])
        return new

    def _append(self, layer: np.ndarray) -> None:
        if not len(layer):
            return
        while self._layers and len(self._layers[-1]) <= 2 * len(layer):
            layer = np.sort(np.concatenate([self._layers.pop(), layer]), kind="stable")
        self._layers.append(layer)


def _keys(hashes: np.ndarray) -> np.ndarray:
    """52 bits of each of the first two eights of bytes, as complex numbers, which sort by both parts."""
    halves = np.ascontiguousarray(hashes[:, :16]).view(np.uint64) >> np.uint64(12)
    return np.ascontiguousarray(halves.astype(np.float64)).view(np.complex128)[:, 0]


def _contained(keys: np.ndarray, layer: np.ndarray) -> np.ndarray:
    places = np.minimum(np.searchsorted(layer, keys), len(layer) - 1)
    return np.asarray(layer[places] == keys)
