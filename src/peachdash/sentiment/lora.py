"""LoRA on an encoder by peft: put in, filled from an adapter, read out as an adapter.

peft does the wrapping (its dropout, initial values and autocast are tried and tested); the files are ours,
with plain names such as `encoder.layer.0.attention.self.query.lora_A`, so that scoring merges them in ten
lines without peft and a model folder does not depend on peft's format.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from peachdash.errors import BadInput
from peachdash.sentiment.adapter import HEAD_BIAS, HEAD_WEIGHT
from peachdash.sentiment.model import Network, set_head
from peachdash.sentiment.training_settings import TrainingSettings

_LAYER = re.compile(r"(?:^|\.)layer\.\d+\.")


def target_layers(encoder: Any, targets: Sequence[str]) -> list[str]:
    """Paths of the dense layers inside the transformer layers whose last part is one of `targets`.

    Raises:
        BadInput: there is none.
    """
    import torch

    found = [
        name
        for name, module in encoder.named_modules()
        if isinstance(module, torch.nn.Linear) and _LAYER.search(name) and name.rpartition(".")[2] in targets
    ]
    if not found:
        raise BadInput(f"The encoder has no dense layer called {', '.join(targets)}.")
    return found


def add_lora(network: Network, settings: TrainingSettings) -> list[str]:
    """Freezes the encoder and puts LoRA matrices on its target layers, in place; returns their paths."""
    from peft import LoraConfig, inject_adapter_in_model

    layers = target_layers(network.encoder, settings.targets)
    alpha: Any = settings.lora_alpha  # peft's annotation says int, but it only divides it
    config = LoraConfig(
        r=settings.lora_rank,
        lora_alpha=alpha,
        lora_dropout=settings.lora_dropout,
        target_modules=layers,
        bias="none",
    )
    inject_adapter_in_model(config, network.encoder)
    return layers


def trainable(network: Network) -> list[tuple[str, Any]]:
    """The parameters that learn, under their names in an adapter file."""
    return [*_matrices(network.encoder), (HEAD_WEIGHT, network.head.weight), (HEAD_BIAS, network.head.bias)]


def fill_lora(network: Network, tensors: Mapping[str, np.ndarray], scale: float = 1.0) -> None:
    """Continues from an adapter: copies its matrices and head into the network.

    An adapter of a lower rank fills the first of the network's components; the others stay as they are new, A
    random and B zero, and so add nothing yet.

    Args:
        tensors: as `adapter.read_adapter` gives them.
        scale: the adapter's alpha / rank over the network's; B is multiplied by it.

    Raises:
        BadInput: it has other layers or a higher rank.
    """
    import torch

    own = dict(_matrices(network.encoder))
    given = {name for name in tensors if not name.startswith("head.")}
    differing = sorted(set(own) ^ given) or [n for n in own if not _fits(n, tensors[n], own[n])]
    if differing:
        raise BadInput(
            f"The model to start from has other LoRA matrices than the settings ask for, "
            f"first {differing[0]}: use its targets, and its rank or a higher one."
        )
    with torch.no_grad():
        for name, parameter in own.items():
            factor = scale if name.endswith(".lora_B") else 1.0
            values = torch.from_numpy(tensors[name].astype(np.float32)) * factor
            parameter[: values.shape[0], : values.shape[1]] = values
    set_head(network.head, tensors)


def _fits(name: str, values: np.ndarray, parameter: Any) -> bool:
    """Whether a matrix has the parameter's width and its rank or a lower one."""
    rank_axis = 0 if name.endswith(".lora_A") else 1
    same_width = values.shape[1 - rank_axis] == parameter.shape[1 - rank_axis]
    return bool(same_width and values.shape[rank_axis] <= parameter.shape[rank_axis])


def adapter_tensors(network: Network) -> dict[str, np.ndarray]:
    """The matrices and the head as float16 arrays, as an adapter file holds them."""
    return {
        name: parameter.detach().cpu().numpy().astype(np.float16) for name, parameter in trainable(network)
    }


def _matrices(encoder: Any) -> Iterator[tuple[str, Any]]:
    """The LoRA parameters of an encoder; `<layer>.lora_A.default.weight` becomes `<layer>.lora_A`."""
    for name, parameter in encoder.named_parameters():
        if name.endswith((".lora_A.default.weight", ".lora_B.default.weight")):
            yield name.removesuffix(".default.weight"), parameter
