"""Which texts were met."""

from __future__ import annotations

import hashlib

import numpy as np

from peachdash.sentiment.seen import SeenHashes


def hashes(*texts: str) -> np.ndarray:
    digests = b"".join(hashlib.sha256(text.encode()).digest() for text in texts)
    return np.frombuffer(digests, dtype=np.uint8).reshape(-1, 32)


def test_each_is_new_once():
    seen = SeenHashes()
    assert seen.add_new(hashes("a", "b", "a")).tolist() == [True, True, False]
    assert seen.add_new(hashes("b", "c")).tolist() == [False, True]
    assert len(seen) == 3


def test_none_is_none():
    assert SeenHashes().add_new(np.zeros((0, 32), dtype=np.uint8)).tolist() == []


def test_it_agrees_with_a_set_over_many_calls():
    generator, seen, plain = np.random.default_rng(3), SeenHashes(), set()
    for _ in range(40):
        texts = [str(number) for number in generator.integers(0, 3000, size=200)]
        expected = []
        for text in texts:
            expected.append(text not in plain)
            plain.add(text)
        assert seen.add_new(hashes(*texts)).tolist() == expected
    assert len(seen) == len(plain)
    assert len(seen._layers) < 8
