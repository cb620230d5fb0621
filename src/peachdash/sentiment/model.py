"""The network: an encoder, the mean over its tokens, dropout, and a linear head for the three classes.

The classes stand in the order of `LABELS`. A trained model is its encoder with the LoRA matrices of its
adapter added into the weights (W + alpha / rank * B A), so that scoring costs what the bare encoder costs
and needs no peft. Weights are read from safetensors only; no code of a model folder ever runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from peachdash.errors import BadInput, ModelRefused, ModelUnavailable
from peachdash.records import LABELS
from peachdash.sentiment.adapter import HEAD_BIAS, HEAD_WEIGHT

PRECISIONS = ("fp32", "bf16", "fp16")


@dataclass
class Network:
    """Encoder and head as torch modules; `head_dropout` acts in training mode only."""

    encoder: Any
    head: Any
    head_dropout: float = 0.0

    def logits(self, ids: Any, mask: Any) -> Any:
        """Token ids and mask (B, L) as logits (B, 3) in fp32."""
        hidden = self.encoder(input_ids=ids, attention_mask=self._attention_mask(mask)).last_hidden_state
        return self.head(self._dropped(mean_pool(hidden, mask)))

    def _attention_mask(self, mask: Any) -> Any:
        """The mask as the encoder adds it to its scores where it does that itself, else as it is.

        transformers' own conversion makes a tensor on the CPU, which no CUDA graph can record.
        """
        import torch

        if self.encoder.config._attn_implementation != "eager":
            return mask
        dtype = self.encoder.dtype
        return (1.0 - mask[:, None, None, :].to(dtype)) * torch.finfo(dtype).min

    def _dropped(self, pooled: Any) -> Any:
        import torch

        return torch.nn.functional.dropout(pooled, self.head_dropout, training=self.head.training)

    def train(self, mode: bool = True) -> None:
        """Switches dropout on or off."""
        self.encoder.train(mode)
        self.head.train(mode)

    def to(self, device: str, precision: str = "fp32") -> Network:
        """Moves to a device; the encoder takes the precision, the head stays in fp32."""
        self.encoder.to(device, torch_dtype(precision))
        self.head.to(device)
        return self


def mean_pool(hidden: Any, mask: Any) -> Any:
    """The mean of the token vectors (B, L, H) where the mask (B, L) is 1, as (B, H) in fp32."""
    weights = mask.unsqueeze(-1).float()
    return (hidden.float() * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1.0)


def torch_dtype(precision: str) -> Any:
    """The torch dtype of fp32, bf16 or fp16.

    Raises:
        BadInput: another name.
    """
    import torch

    if precision not in PRECISIONS:
        raise BadInput(f"precision must be one of {', '.join(PRECISIONS)}, not {precision!r}.")
    return {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]


def resolve_device(device: str) -> str:
    """`cpu` or `cuda` for auto, cpu or cuda.

    Raises:
        BadInput: cuda was asked for and there is none, or the name is unknown.
    """
    import torch

    if device not in ("auto", "cpu", "cuda"):
        raise BadInput(f"device must be auto, cpu or cuda, not {device!r}.")
    has_cuda = torch.cuda.is_available()
    if device == "cuda" and not has_cuda:
        raise BadInput("device is cuda, but torch finds no GPU here: use auto or cpu.")
    return "cuda" if has_cuda and device != "cpu" else "cpu"


def load_encoder(path: Path) -> Any:
    """The bare encoder of a folder as a torch module in fp32 on the CPU, in evaluation mode.

    Raises:
        ModelUnavailable: the files cannot be read.
    """
    return _load_encoder(path)[0]


def missing_weights(path: Path) -> list[str]:
    """Parameters of the bare encoder that the file of its weights lacks; loading draws them at random.

    Raises:
        ModelUnavailable: the files cannot be read.
    """
    return sorted(_load_encoder(path)[1]["missing_keys"])


def _load_encoder(path: Path) -> tuple[Any, dict[str, Any]]:
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModel

    options: dict[str, Any] = {
        "local_files_only": True,
        "trust_remote_code": False,
        "use_safetensors": True,
        "add_pooling_layer": False,
        "output_loading_info": True,
        "dtype": torch.float32,
    }
    with _quiet_transformers():
        try:
            module, report = AutoModel.from_pretrained(path, **options)
        except (OSError, ValueError, RuntimeError, SafetensorError) as error:
            reason = (str(error).strip().splitlines() or ["no message"])[0]
            raise ModelUnavailable(f"The encoder in {path} cannot be loaded: {reason}") from error
    return module.eval(), report


def new_head(width: int) -> Any:
    """A linear layer (width to 3 classes) with small random weights from torch's current seed and no bias."""
    import torch

    head = torch.nn.Linear(width, len(LABELS))
    torch.nn.init.normal_(head.weight, std=0.02)
    torch.nn.init.zeros_(head.bias)
    return head


def load_network(encoder_path: Path, tensors: Mapping[str, np.ndarray], scale: float) -> Network:
    """Encoder with an adapter merged into it, ready to score, in fp32 on the CPU.

    Args:
        tensors: from `read_adapter`.
        scale: alpha / rank.

    Raises:
        ModelRefused: the adapter does not fit this encoder.
        ModelUnavailable: the encoder cannot be loaded.
    """
    encoder = load_encoder(encoder_path)
    head = new_head(int(encoder.config.hidden_size))
    if tensors[HEAD_WEIGHT].shape != tuple(head.weight.shape):
        raise ModelRefused("The adapter's head does not fit this encoder's width.")
    set_head(head, tensors)
    merge_adapter(encoder, tensors, scale)
    return Network(encoder, head.eval())


def set_head(head: Any, tensors: Mapping[str, np.ndarray]) -> None:
    """Copies `head.weight` and `head.bias` into a linear layer."""
    import torch

    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(np.asarray(tensors[HEAD_WEIGHT], dtype=np.float32)))
        head.bias.copy_(torch.from_numpy(np.asarray(tensors[HEAD_BIAS], dtype=np.float32)))


def merge_adapter(encoder: Any, tensors: Mapping[str, np.ndarray], scale: float) -> None:
    """Adds scale * B A to the weight of every adapted layer of the encoder, in place.

    Raises:
        ModelRefused: the encoder has no such layer, or its shape differs.
    """
    import torch

    layers = dict(encoder.named_modules())
    for name in sorted(name.removesuffix(".lora_A") for name in tensors if name.endswith(".lora_A")):
        first = tensors[f"{name}.lora_A"].astype(np.float32)
        second = tensors[f"{name}.lora_B"].astype(np.float32)
        weight = getattr(layers.get(name), "weight", None)
        if weight is None or tuple(weight.shape) != (second.shape[0], first.shape[1]):
            raise ModelRefused(f"The adapter's layer {name} does not fit this encoder.")
        with torch.no_grad():
            weight.add_(torch.from_numpy(second @ first), alpha=scale)


@contextmanager
def _quiet_transformers() -> Iterator[None]:
    """Silences transformers' progress bar and its report on the encoder's unused pooler."""
    from transformers.utils import logging

    logger: Any = logging
    before = logger.get_verbosity()
    logger.set_verbosity_error()
    logger.disable_progress_bar()
    try:
        yield
    finally:
        logger.set_verbosity(before)
        logger.enable_progress_bar()
