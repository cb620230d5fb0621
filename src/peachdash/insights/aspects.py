"""The aspect of a complaint: a linear head over sentence vectors, trained on the corpus's aspect labels.

The shipped file also holds the mean of the corpus's sentence vectors. Vectors are centred by it before they
are compared or read, so that what all review sentences share does not make them alike.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from peachdash.errors import ModelUnavailable
from peachdash.insights.grouping import centred
from peachdash.records import ASPECTS

FOLDER, HEAD_FILE = "complaints", "head.safetensors"


@dataclass(frozen=True)
class AspectHead:
    """A linear softmax over centred unit vectors.

    Attributes:
        mean: (D,) what vectors are centred by.
        weights, bias: (7, D) and (7,), in the order of `ASPECTS`.
        encoder: which encoder's vectors it reads.
        about: how it was made, for the record.
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
        """Probabilities (N, 7) of the aspects of centred vectors (N, D), rows summing to 1."""
        scores = np.asarray(vectors, np.float64) @ self.weights.T.astype(np.float64) + self.bias
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))

    def aspects(self, vectors: np.ndarray) -> list[str]:
        """The most probable aspect of each centred vector."""
        return [ASPECTS[column] for column in self.probabilities(vectors).argmax(axis=1)]


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
    if parts["weights"].shape != (len(ASPECTS), len(parts["mean"])) or list(about["aspects"]) != list(
        ASPECTS
    ):
        raise ModelUnavailable(f"{path} is for other aspects than {', '.join(ASPECTS)}.")
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
