"""Dropout for training on a CPU: the same thing as torch's, with masks that are drawn faster.

torch draws a mask on a CPU from one Mersenne twister, a number for each element: with LoRA in every layer
that took up to half of a training step. Here four elements share one 64-bit number of NumPy's SFC64. The
share that is dropped is exact to 1 / 65,536. Scaled dot product attention draws its own masks inside, so
attention is computed as written where its module has a dropout of this kind.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_STEPS = 1 << 16
ATTENTION = "peachdash_cpu"


class MaskSource:
    """Draws the masks of all dropouts of a network; its state can be stored and put back."""

    def __init__(self, seed: int) -> None:
        self._bits = np.random.SFC64(seed)

    def keep(self, shape: tuple[int, ...], share_dropped: float) -> Any:
        """A bool tensor of a shape, each element False with a probability, drawn on the CPU."""
        import torch

        count = int(np.prod(shape))
        numbers = self._bits.random_raw(-(-count // 4)).view(np.int16)[:count]
        limit = round(share_dropped * _STEPS) - _STEPS // 2
        return torch.from_numpy(numbers).ge(limit).view(shape)

    @property
    def state(self) -> dict[str, Any]:
        """Plain values for JSON."""
        state: dict[str, Any] = dict(self._bits.state)
        inner = [int(value) for value in state["state"]["state"]]
        return {"state": inner, "has_uint32": int(state["has_uint32"]), "uinteger": int(state["uinteger"])}

    @state.setter
    def state(self, value: dict[str, Any]) -> None:
        inner = {"state": np.array(value["state"], dtype=np.uint64)}
        rest = {name: value[name] for name in ("has_uint32", "uinteger")}
        restored: Any = {"bit_generator": "SFC64", "state": inner, **rest}
        self._bits.state = restored


def use_fast_dropout(module: Any, source: MaskSource) -> int:
    """Replaces every `torch.nn.Dropout` inside a module, in place; how many there were."""
    import torch

    kind = _dropout_class()
    found = [
        (parent, name, child)
        for parent in module.modules()
        for name, child in parent.named_children()
        if type(child) is torch.nn.Dropout
    ]
    for parent, name, child in found:
        parent.add_module(name, kind(child.p, source).train(child.training))
    _use_written_attention(module)
    return len(found)


def drop(values: Any, share: float, source: MaskSource) -> Any:
    """Values with a share of them set to 0 and the others scaled up, as `torch.nn.functional.dropout`."""
    if share <= 0:
        return values
    mask = source.keep(tuple(values.shape), share).to(values.dtype)
    return values * mask.mul_(1 / (1 - round(share * _STEPS) / _STEPS))


def _dropout_class() -> Any:
    import torch

    class FastDropout(torch.nn.Module):  # type: ignore[misc]
        def __init__(self, p: float, source: MaskSource) -> None:
            super().__init__()
            self.p, self.source = p, source

        def forward(self, values: Any) -> Any:
            return drop(values, self.p, self.source) if self.training else values

    return FastDropout


def _use_written_attention(module: Any) -> None:
    """Has BERT's and RoBERTa's attention computed step by step, with the module's dropout on its weights."""
    config = getattr(module, "config", None)
    if getattr(config, "model_type", "") not in ("bert", "roberta", "xlm-roberta", "camembert"):
        return  # MPNet's attention is written out already; others keep what they have
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import eager_mask

    AttentionInterface.register(ATTENTION, _attention)
    AttentionMaskInterface.register(ATTENTION, eager_mask)
    module.set_attn_implementation(ATTENTION)


def _attention(
    module: Any, query: Any, key: Any, value: Any, attention_mask: Any, scaling: float | None = None, **_: Any
) -> tuple[Any, Any]:
    """Softmax attention (B, heads, L, width each) to (B, L, heads, width)."""
    import torch

    scores = torch.matmul(query, key.transpose(2, 3)) * (scaling or query.size(-1) ** -0.5)
    if attention_mask is not None:
        scores = scores + attention_mask
    weights = module.dropout(torch.softmax(scores, dim=-1).to(value.dtype))
    return torch.matmul(weights, value).transpose(1, 2).contiguous(), weights
