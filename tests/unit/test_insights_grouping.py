"""Grouping: what is alike comes together, and what is grouped stays where it is."""

from __future__ import annotations

import numpy as np
import pytest

from peachdash.errors import BadInput
from peachdash.insights.grouping import GroupingSettings, centred, group_sentences, unit

A, B, C = np.eye(3, dtype=np.float32)


def near(vector: np.ndarray, other: np.ndarray, share: float = 0.1) -> np.ndarray:
    return unit((1 - share) * vector + share * other)


def test_like_sentences_found_one_group_each():
    result = group_sentences(np.stack([A, near(A, B), B, near(B, C)]), np.zeros((0, 3)), [])
    assert result.groups.tolist() == ["new-0", "new-0", "new-1", "new-1"]
    assert list(result.founded) == ["new-0", "new-1"]
    assert np.allclose(np.linalg.norm(np.stack(list(result.founded.values())), axis=1), 1, atol=1e-5)


def test_new_sentences_join_the_nearest_group_and_found_only_what_is_new():
    result = group_sentences(np.stack([near(A, B), C]), np.stack([A, B]), ["cone", "wait"])
    assert result.groups.tolist() == ["cone", "new-0"]
    assert result.similarity[0] == pytest.approx(float(near(A, B) @ A))


def test_several_prototypes_bear_one_name():
    result = group_sentences(np.stack([A, B]), np.stack([A, B]), ["cone", "cone"])
    assert result.groups.tolist() == ["cone", "cone"]


def test_a_days_reviews_do_not_move_what_was_grouped():
    first = group_sentences(np.stack([A, near(A, C), B]), np.zeros((0, 3)), [])
    names, prototypes = list(first.founded), np.stack(list(first.founded.values()))
    later = group_sentences(np.stack([A, near(A, C), B, C]), prototypes, names)
    assert later.groups[:3].tolist() == first.groups.tolist()


def test_rounds_know_the_groups_of_the_rounds_before():
    settings = GroupingSettings(clustered_at_once=2)
    result = group_sentences(np.stack([A, B, near(A, B), near(B, A)]), np.zeros((0, 3)), [], settings)
    assert result.groups.tolist() == ["new-0", "new-1", "new-0", "new-1"]


def test_one_sentence_and_none():
    assert group_sentences(A[None], np.zeros((0, 3)), []).groups.tolist() == ["new-0"]
    assert group_sentences(np.zeros((0, 3)), np.zeros((0, 3)), []).groups.tolist() == []


def test_bad_input_is_told():
    with pytest.raises(BadInput, match="a name for each of 1"):
        group_sentences(A[None], A[None], [])
    with pytest.raises(BadInput, match="between 0 and 1"):
        GroupingSettings(similarity=0)


def test_centring_takes_out_what_all_share():
    shared = np.array([5, 0, 0], dtype=np.float32)
    vectors = centred(np.stack([shared + B, shared + C]), shared)
    assert np.allclose(vectors, np.stack([B, C]))
    assert np.allclose(centred(shared[None], shared), 0)
