"""Likely label errors: planted ones are found, and no reading is of a review that was learned."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from peachdash.errors import BadInput
from peachdash.labelling import label_errors
from peachdash.labelling.label_errors import check_labels, content_sha256
from peachdash.records import LABELS


def clouds(n: int = 120, width: int = 8) -> tuple[np.ndarray, list[str], pd.Series, pd.Series]:
    """Three clouds of vectors, one for each label, which a line tells apart; a text of its own each."""
    draw = np.random.default_rng(3)
    codes = np.arange(n) % 3
    vectors = 3 * np.eye(3, width)[codes] + draw.normal(0, 0.4, (n, width))
    texts = [f"visit {LABELS[code]} number{place}" for place, code in enumerate(codes)]
    return vectors, texts, pd.Series([LABELS[code] for code in codes]), pd.Series(map(str, range(n)))


def test_planted_errors_are_found_and_few_others():
    vectors, texts, labels, groups = clouds()
    planted = [4, 31, 77]
    labels[planted] = ["positive" if label != "positive" else "negative" for label in labels[planted]]
    found = check_labels(vectors, texts, labels, groups)
    suspected = set(np.flatnonzero(found.rows["suspected"]))
    assert set(planted) <= suspected
    assert len(suspected) <= 6
    assert set(found.rows["quality"].nsmallest(3).index) == set(planted)
    assert found.agreement == pytest.approx(1 - 3 / 120, abs=0.02)


def test_right_labels_are_left_alone():
    found = check_labels(*clouds())
    assert not found.rows["suspected"].any()
    sums = found.rows[["p_negative", "p_neutral", "p_positive"]].sum(axis=1)
    assert sums.to_numpy() == pytest.approx(np.ones(120))
    assert found.rows["quality"].between(0, 1).all()


def test_a_text_is_never_learned_and_read_by_the_same_classifier():
    """Vectors that say nothing but which text it is: only who has learned a copy can read its label."""
    draw = np.random.default_rng(5)
    found = draw.normal(size=(60, 200))
    labels = pd.Series([LABELS[number % 3] for number in range(60)])
    vectors, twice = np.repeat(found, 2, axis=0), labels.repeat(2).reset_index(drop=True)
    groups = pd.Series(np.repeat(np.arange(60), 2).astype(str))
    texts = [f"text{number // 2}" for number in range(120)]
    apart = check_labels(vectors, texts, twice, groups)
    together = check_labels(vectors, texts, twice, pd.Series(map(str, range(120))))
    assert apart.agreement < 0.55 < 0.8 < together.agreement


def test_two_classes_are_enough_and_the_third_is_zero():
    vectors, texts, labels, groups = clouds()
    kept = labels != "neutral"
    texts = [text for text, keep in zip(texts, kept, strict=True) if keep]
    kept_labels = labels[kept].reset_index(drop=True)
    found = check_labels(vectors[kept], texts, kept_labels, groups[kept])
    assert (found.rows["p_neutral"] == 0).all()


def test_too_little_is_refused_in_words():
    with pytest.raises(BadInput, match="two or more"):
        label_errors.require_checkable(pd.Series(["negative"] * 50))
    with pytest.raises(BadInput, match="two or more"):
        label_errors.require_checkable(pd.Series([], dtype=object))
    with pytest.raises(BadInput, match="there are 3 of neutral"):
        label_errors.require_checkable(pd.Series(["negative"] * 50 + ["neutral"] * 3))


def test_a_search_is_known_by_its_labels_and_texts():
    rows = pd.DataFrame({"review_id": [1, 2], "text_sha256": ["a", "b"], "label": ["negative", "neutral"]})
    same = content_sha256(rows)
    assert content_sha256(rows.copy()) == same
    assert content_sha256(rows.assign(label=["negative", "positive"])) != same
