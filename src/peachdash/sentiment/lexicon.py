"""VADER, a lexicon without learning, as a reference point: its compound score mapped to probabilities.

VADER gives a compound score c from -1 to 1; its authors read c >= 0.05 as positive, c <= -0.05 as
negative and the rest as neutral (Hutto and Gilbert, ICWSM 2014). The fixed map is a softmax,

    (p_negative, p_neutral, p_positive) = softmax(-5 c, 5 * 0.04995, 5 c),

whose largest entry agrees with those cut-offs for every compound, since VADER rounds c to 4 decimals
and 0.04995 lies between 0.0499 and 0.05. A top probability under 0.5, which is |c| under about 0.121
and so every neutral reading, needs review: the lexicon cannot tell "no opinion" from "no word that I know".
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from peachdash.errors import ModelUnavailable

STEEPNESS = 5.0
NEUTRAL_BAND = 0.04995
THRESHOLD = 0.5
VADER_VERSION = "3.3.2"


def lexicon_revision() -> str:
    """The revision string of the installed VADER, such as `lexicon-vader-3.3.2`; imports nothing of it.

    Raises:
        ModelUnavailable: vaderSentiment is not installed.
    """
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"lexicon-vader-{version('vaderSentiment')}"
    except PackageNotFoundError:
        raise ModelUnavailable(
            f"The lexicon is not installed: pip install vaderSentiment=={VADER_VERSION}."
        ) from None


def compound_to_probabilities(compound: Sequence[float] | np.ndarray) -> np.ndarray:
    """Compound scores (N,) in -1 to 1 as probabilities (N, 3) in the order of `LABELS`; rows sum to 1."""
    scores = np.asarray(compound, dtype=np.float64)
    if not np.all(np.abs(scores) <= 1):
        raise ValueError("a compound score lies between -1 and 1")
    logits = STEEPNESS * np.stack([-scores, np.full_like(scores, NEUTRAL_BAND), scores], axis=1)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def score_lexicon(texts: Sequence[str]) -> np.ndarray:
    """Probabilities (N, 3) of each scored text by VADER. A text without a known word reads neutral."""
    analyzer = _analyzer()
    compound = [analyzer.polarity_scores(text)["compound"] for text in texts]
    return compound_to_probabilities(np.asarray(compound, dtype=np.float64).reshape(len(texts)))


@lru_cache(maxsize=1)
def _analyzer() -> Any:
    lexicon_revision()
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return SentimentIntensityAnalyzer()
