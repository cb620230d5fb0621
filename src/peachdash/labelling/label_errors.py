"""Likely label errors, by confident learning on readings of reviews that the classifiers had not learned.

Two logistic regressions, one on sentence vectors and one on words and pairs of words, are trained on four
fifths of the labelled reviews and read the fifth, five times round; their probabilities are averaged. So
every reading is out of sample: those of a model that has learned a wrong label repeat it. Reviews with the
same words are always in the same fifth. cleanlab then finds labels that the readings contradict more often
than chance lets them (Northcutt, Jiang and Chuang 2021, "Confident learning: estimating uncertainty in
dataset labels"). Such classifiers err more often than annotators, so only the least likely twentieth of the
labels is offered, the least likely first.
"""

from __future__ import annotations

import hashlib
import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from peachdash.errors import BadInput
from peachdash.records import LABELS

FOLDS = 5
FEWEST_OF_A_CLASS = 10
OFFERED_SHARE = 0.05
METHOD = f"logistic regressions on sentence vectors and on words, {FOLDS} folds by text, cleanlab, 2"
"""Part of the hash that a search is kept under: another method finds anew."""


@dataclass(frozen=True)
class LabelCheck:
    """What a search found.

    Attributes:
        rows: one for each label, in the order given: p_negative, p_neutral, p_positive (sum 1), quality (0
            to 1, the probability of the label that was given), suspected.
        agreement: share of the labels that the most probable reading repeats, 0 to 1.
    """

    rows: pd.DataFrame
    agreement: float


def require_checkable(labels: pd.Series) -> None:
    """Refuse labels that say too little for a search.

    Raises:
        BadInput: there are fewer than two classes, or one of those that occur has too few labels.
    """
    counts = labels.value_counts()
    if len(counts) < 2:
        raise BadInput("Likely errors are found by comparing classes: expected labels of two or more.")
    if int(counts.min()) < FEWEST_OF_A_CLASS:
        raise BadInput(
            f"Likely errors take {FEWEST_OF_A_CLASS} settled labels of each class; there are "
            f"{int(counts.min())} of {counts.idxmin()}. Label more first."
        )


def check_labels(
    vectors: np.ndarray, texts: Sequence[str], labels: pd.Series, groups: pd.Series, seed: int = 0
) -> LabelCheck:
    """Find labels that are likely wrong.

    Args:
        vectors: (N, width) sentence vectors.
        texts: N texts.
        labels: N of `LABELS`.
        groups: N keys; reviews of one group are learned or read together, never both.
        seed: of folds and training.

    Raises:
        BadInput: see `require_checkable`.
    """
    require_checkable(labels)
    present = [label for label in LABELS if (labels == label).any()]
    codes = labels.map({label: place for place, label in enumerate(present)}).to_numpy()
    by_vector = _read_out_of_sample(np.asarray(vectors, np.float64), codes, groups, 1e-4, seed)
    by_words = _read_out_of_sample(_word_weights(texts), codes, groups, 2e-5, seed)
    return _suspect((by_vector + by_words) / 2, codes, present)


def _word_weights(texts: Sequence[str]) -> Any:
    """Weights of words and pairs of words, (N, at most 50,000), sparse; no label goes into them."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, max_features=50_000).fit_transform(texts)


def _read_out_of_sample(
    features: Any, codes: np.ndarray, groups: pd.Series, alpha: float, seed: int
) -> np.ndarray:
    """Probabilities (N, classes) by classifiers that had not learned the group of the review."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import SGDClassifier
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict

    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    model = SGDClassifier("log_loss", alpha=alpha, max_iter=60, average=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the average of sixty passes is near enough
        read = cross_val_predict(model, features, codes, groups=groups, cv=folds, method="predict_proba")
    return np.asarray(read)


def _suspect(read: np.ndarray, codes: np.ndarray, present: list[str]) -> LabelCheck:
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    quality = get_label_quality_scores(codes, read, method="self_confidence")
    least = np.argsort(quality, kind="stable")[: math.ceil(OFFERED_SHARE * len(codes))]
    suspected = find_label_issues(codes, read, filter_by="both", n_jobs=1)
    suspected &= np.isin(np.arange(len(codes)), least)
    columns = {f"p_{label}": np.zeros(len(codes)) for label in LABELS}
    columns |= {f"p_{label}": read[:, place] for place, label in enumerate(present)}
    frame = pd.DataFrame({**columns, "quality": quality, "suspected": suspected})
    return LabelCheck(frame, float((read.argmax(axis=1) == codes).mean()))


def content_sha256(settled: pd.DataFrame) -> str:
    """A hash (64 digits) of what is checked and how: reviews, texts and labels, in order, and the method.

    Args:
        settled: review_id, text_sha256, label.
    """
    told = hashlib.sha256(METHOD.encode())
    for row in settled[["review_id", "text_sha256", "label"]].itertuples(index=False):
        told.update(f"\n{row[0]} {row[1]} {row[2]}".encode())
    return told.hexdigest()
