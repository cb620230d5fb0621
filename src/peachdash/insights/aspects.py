"""What a sentence speaks of: a linear head over sentence vectors, trained on the corpus's aspect labels.

A sentence may speak of several aspects or of none, so each has a probability of its own. The shipped file
also holds the mean of the corpus's sentence vectors. Vectors are centred by it before they are compared or
read, so that what all review sentences share does not make them alike.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.special import expit

from peachdash.errors import ModelUnavailable
from peachdash.insights.grouping import centred
from peachdash.records import ASPECTS

FOLDER, HEAD_FILE = "complaints", "head.safetensors"
OTHER = "other"
LEAST_LIKELY = 0.1
"""What has no aspect that is at least so probable is a complaint of another kind."""


@dataclass(frozen=True)
class AspectHead:
    """A logistic regression for each aspect over centred unit vectors.

    Attributes:
        mean: (D,) what vectors are centred by.
        weights, bias: (7, D) and (7,), in the order of `ASPECTS`.
        encoder: which encoder's vectors it reads.
        about: how it was made, for the record, and the `threshold`.
    """

    mean: np.ndarray
    weights: np.ndarray
    bias: np.ndarray
    encoder: str
    about: dict[str, object]

    @property
    def space(self) -> str:
        """What stored vectors are kept under; those of another encoder or mean cannot be compared."""
        return f"{self.encoder}-{hashlib.sha256(self.mean.tobytes()).hexdigest()[:12]}"

    def centre(self, vectors: np.ndarray) -> np.ndarray:
        """Vectors (N, D) as the encoder gives them, centred, at unit length."""
        return centred(vectors, self.mean)

    def probabilities(self, vectors: np.ndarray) -> np.ndarray:
        """Probabilities (N, 7) that centred vectors (N, D) speak of each aspect; "other" is none of the six.

        Each is between 0 and 1; rows need not sum to 1.
        """
        scores = np.asarray(vectors, np.float64) @ self.weights.T.astype(np.float64) + self.bias
        return np.asarray(expit(scores))

    def speaks_of(self, probabilities: np.ndarray) -> np.ndarray:
        """Which aspects sentences of these probabilities (N, 7) speak of, as booleans: several or "other".

        Each counts from the threshold on that was chosen when the head was made.
        """
        found = probabilities >= float(str(self.about["threshold"]))
        found[:, ASPECTS.index(OTHER)] = ~np.delete(found, ASPECTS.index(OTHER), axis=1).any(axis=1)
        return np.asarray(found)

    def aspects(self, vectors: np.ndarray) -> list[str]:
        """The one aspect that each centred vector speaks of most."""
        return most_probable(self.probabilities(vectors))


def most_probable(probabilities: np.ndarray) -> list[str]:
    """The one aspect of each row of probabilities (N, 7): "other" only where all six are improbable."""
    named = [aspect for aspect in ASPECTS if aspect != OTHER]
    six = probabilities[:, [ASPECTS.index(aspect) for aspect in named]]
    return [
        named[column] if top >= LEAST_LIKELY else OTHER
        for column, top in zip(six.argmax(axis=1), six.max(axis=1), strict=True)
    ]


def load_head(models: Path) -> AspectHead:
    """The head of a folder of models.

    Raises:
        ModelUnavailable: the file is missing or not what it should be.
    """
    from safetensors import SafetensorError, safe_open

    path = models / FOLDER / HEAD_FILE
    try:
        with safe_open(path, framework="numpy") as file:
            about = json.loads((file.metadata() or {}).get("about", "{}"))
            parts = {name: file.get_tensor(name) for name in ("mean", "weights", "bias")}
    except (OSError, SafetensorError, ValueError) as error:
        raise ModelUnavailable(
            f"{path} cannot be read ({error}). It belongs to the repository; "
            "`python -m scripts.build_aspects` makes it anew."
        ) from error
    fits = parts["weights"].shape == (len(ASPECTS), len(parts["mean"]))
    if not fits or about.get("aspects") != list(ASPECTS) or "threshold" not in about:
        raise ModelUnavailable(
            f"{path} is for other aspects than {', '.join(ASPECTS)}, or says no threshold. "
            "`python -m scripts.build_aspects` makes it anew."
        )
    return AspectHead(**parts, encoder=str(about["encoder"]), about=about)


def save_head(head: AspectHead, models: Path) -> Path:
    """Write a head beside the other models; its path."""
    from safetensors.numpy import save_file

    path = models / FOLDER / HEAD_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = {
        name: np.ascontiguousarray(getattr(head, name), dtype=np.float32)
        for name in ("mean", "weights", "bias")
    }
    save_file(parts, path, metadata={"about": json.dumps(head.about)})
    return path
