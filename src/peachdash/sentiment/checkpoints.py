"""A checkpoint of a training: one safetensors file, appearing whole, from which it goes on as if undisturbed.

Tensors hold the trained weights (`weights.<name>`, fp32), the optimizer's moments
(`optimizer.<number>.<key>`), the best state so far (`best.<name>`, float16) and torch's random states
(`random.torch`, `random.cuda`). The rest is one JSON object in the file's metadata: how far the training
came, its losses, the schedule, and the random states of Python, NumPy and the dropout masks. Nothing is
pickled.
"""

from __future__ import annotations

import json
import logging
import os
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

log = logging.getLogger(__name__)
_STATE = "state"


@dataclass
class Progress:
    """How far a training came.

    Attributes:
        fingerprint: of its settings, data and start; another training does not go on from it.
        epoch: the running epoch, from 1; `position` of its batches are done.
        losses: of the steps of the running epoch.
        first_loss: mean loss of the first steps, by which a diverging one is told; None until then.
        history: one event for each finished epoch.
        best_rank, best_epoch: macro-F1 and negative loss of the best epoch, and its number; 0 for none.
        tokens: that were learned from, padding left out.
        seconds: of all processes that worked on it.
        finished: whether no epoch is left.
    """

    fingerprint: str
    epoch: int = 1
    position: int = 0
    losses: list[float] = field(default_factory=list)
    first_loss: float | None = None
    history: list[dict[str, Any]] = field(default_factory=list)
    best_rank: tuple[float, float] = (-1.0, 0.0)
    best_epoch: int = 0
    tokens: int = 0
    seconds: float = 0.0
    finished: bool = False


def write_checkpoint(path: Path, tensors: Mapping[str, np.ndarray], state: Mapping[str, Any]) -> None:
    """Writes beside the place and renames there: a kill leaves the checkpoint before or the new one."""
    from safetensors.numpy import save_file

    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    arrays = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    save_file(arrays, beside, metadata={_STATE: json.dumps(state)})
    with beside.open("rb") as file:
        os.fsync(file.fileno())
    beside.replace(path)


def read_checkpoint(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
    """Tensors and state of a checkpoint; None where there is none, or it cannot be read."""
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="numpy") as file:
            state = json.loads((file.metadata() or {})[_STATE])
            return {name: file.get_tensor(name) for name in file.keys()}, state  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        log.warning("the checkpoint %s cannot be read, so its training starts anew: %s", path, error)
        return None


def random_states(device: str) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The random states of torch (tensors) and of Python and NumPy (plain values)."""
    import torch

    tensors = {"random.torch": torch.get_rng_state().numpy()}
    if device == "cuda":
        tensors["random.cuda"] = torch.cuda.get_rng_state().numpy()
    version, inner, gauss = random.getstate()
    legacy: Any = np.random.get_state(legacy=False)
    plain = {
        "python": [version, list(inner), gauss],
        "numpy": {**legacy["state"], "key": legacy["state"]["key"].tolist()},
    }
    return tensors, plain


def restore_random_states(tensors: Mapping[str, np.ndarray], plain: Mapping[str, Any], device: str) -> None:
    """Puts back what `random_states` gave."""
    import torch

    torch.set_rng_state(torch.from_numpy(tensors["random.torch"].copy()))
    if device == "cuda" and "random.cuda" in tensors:
        torch.cuda.set_rng_state(torch.from_numpy(tensors["random.cuda"].copy()))
    version, inner, gauss = plain["python"]
    random.setstate((version, tuple(inner), gauss))
    key = np.array(plain["numpy"]["key"], dtype=np.uint32)
    np.random.set_state({"bit_generator": "MT19937", "state": {"key": key, "pos": plain["numpy"]["pos"]}})
