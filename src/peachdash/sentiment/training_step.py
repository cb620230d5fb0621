"""One step of a fine-tuning: loss, gradients, clipping, update.

On a GPU the time of a step is that of starting some two thousand small kernels one by one. So forward and
backward of each padded shape are recorded once as a CUDA graph and replayed with new contents; batches are
padded up to one of a few lengths, and a short last batch by rows of weight 0. The CPU computes a batch in
parts, whose gradients it adds up: what a batch of long texts keeps for the way back would take
gigabytes. It has faster dropout masks (see `fast_dropout`), and computes in bf16 autocast like the GPU
where the processor has bf16 instructions; elsewhere bf16 would be emulated and slow.
"""

from __future__ import annotations

import logging
from bisect import bisect_left
from dataclasses import dataclass
from typing import Any

import numpy as np

from peachdash.sentiment.examples import Examples
from peachdash.sentiment.model import Network
from peachdash.sentiment.tokens import cut_batches
from peachdash.sentiment.training_settings import TrainingSettings

log = logging.getLogger(__name__)

GRAPH_LENGTHS = (16, 24, 32, 40, 48, 64, 80, 96, 128, 192, 256, 512)
MAXIMUM_NORM = 1.0
CPU_TOKENS_AT_ONCE = 2048
_WARM_UPS = 2
_BF16_CHECKS = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")


class TrainingStep:
    """Trains a network batch by batch with AdamW and a linear schedule with warm-up.

    Args:
        network: on its device; its trainable parameters are those of `lora.trainable`.
        steps: how many steps there will be, for the schedule.
        pad_id: id of the padding token.
    """

    def __init__(self, network: Network, settings: TrainingSettings, device: str, steps: int, pad_id: int):
        from peachdash.sentiment.lora import trainable

        named = trainable(network)
        self.parameters = [parameter for _, parameter in named]
        self.optimizer, self.schedule = _optimizer(named, settings, steps)
        weight = settings.consistency_weight
        self.precision = training_precision(device)
        self.gradients: _Gradients = _Gradients(network, self.parameters, device, weight, self.precision)
        if device == "cuda":
            self.gradients = _GraphedGradients(network, self.parameters, settings.batch_size, pad_id, weight)

    def take(self, examples: Examples, rows: np.ndarray) -> Any:
        """Learn from the rows; their mean loss as a tensor on the device."""
        import torch

        loss = self.gradients.compute(examples, rows)
        torch.nn.utils.clip_grad_norm_(self.parameters, MAXIMUM_NORM)
        self.optimizer.step()
        self.schedule.step()
        return loss

    def state(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Weights and the optimizer's moments as fp32 arrays, and the schedule as plain values."""
        arrays = {
            f"weights.{number}": parameter.detach().cpu().numpy().copy()
            for number, parameter in enumerate(self.parameters)
        }
        for number, moments in self.optimizer.state_dict()["state"].items():
            for key, tensor in moments.items():
                arrays[f"optimizer.{number}.{key}"] = tensor.detach().float().cpu().numpy().copy()
        rates = [group["lr"] for group in self.optimizer.param_groups]
        return arrays, {"schedule": self.schedule.state_dict(), "rates": rates}

    def load(self, arrays: dict[str, np.ndarray], plain: dict[str, Any]) -> None:
        """Goes on where `state` was taken; before the first step."""
        import torch

        with torch.no_grad():
            for number, parameter in enumerate(self.parameters):
                parameter.copy_(torch.from_numpy(arrays[f"weights.{number}"].copy()))
        moments: dict[int, dict[str, Any]] = {}
        for name, array in arrays.items():
            if name.startswith("optimizer."):
                _, number_text, key = name.split(".")
                moments.setdefault(int(number_text), {})[key] = torch.from_numpy(array.copy())
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": moments, "param_groups": groups})
        for group, rate in zip(self.optimizer.param_groups, plain["rates"], strict=True):
            group["lr"] = rate
        self.schedule.load_state_dict({**self.schedule.state_dict(), **plain["schedule"]})


class _Gradients:
    """Fills the parameters' gradients from a batch."""

    def __init__(
        self,
        network: Network,
        parameters: list[Any],
        device: str,
        consistency_weight: float = 0.0,
        precision: str = "fp32",
    ) -> None:
        self.network, self.parameters, self.device = network, parameters, device
        self.consistency_weight, self.precision = consistency_weight, precision

    def compute(self, examples: Examples, rows: np.ndarray) -> Any:
        import torch

        for parameter in self.parameters:
            parameter.grad = None
        weight, whole = float(examples.weights[rows].sum()), torch.zeros((), device=self.device)
        for part in self._parts(examples, rows):
            arrays = (*examples.tokens.padded(part), *_soft_targets(examples, part))
            loss = self._loss(*(torch.from_numpy(array).to(self.device) for array in arrays))
            loss = loss * (float(examples.weights[part].sum()) / weight)
            loss.backward()
            whole += loss.detach()
        return whole

    def _parts(self, examples: Examples, rows: np.ndarray) -> list[np.ndarray]:
        """The rows as they are computed at once: all of them on a GPU."""
        if self.device == "cuda":
            return [rows]
        return [rows[part] for part in cut_batches(examples.tokens.lengths[rows], CPU_TOKENS_AT_ONCE)]

    def _loss(self, ids: Any, mask: Any, targets: Any, weights: Any, temperatures: Any) -> Any:
        """Weighted cross-entropy against soft targets, each row at its temperature T and times T squared.

        With a consistency weight each text is read twice, and the weighted symmetric divergence of the two
        readings is added (R-Drop: Wu et al., "Regularized Dropout for Neural Networks", NeurIPS 2021).
        """
        import torch

        first = self._log_probabilities(ids, mask, temperatures)
        per_row = -(targets * first).sum(dim=1)
        if self.consistency_weight:
            second = self._log_probabilities(ids, mask, temperatures)
            per_row = (per_row - (targets * second).sum(dim=1)) / 2
            divergence = ((torch.exp(first) - torch.exp(second)) * (first - second)).sum(dim=1) / 2
            per_row = per_row + self.consistency_weight * divergence
        return (per_row * temperatures**2 * weights).sum() / weights.sum()

    def _log_probabilities(self, ids: Any, mask: Any, temperatures: Any) -> Any:
        import torch

        half = self.precision == "bf16"
        with torch.autocast(self.device, dtype=torch.bfloat16, enabled=half, cache_enabled=False):
            logits = self.network.logits(ids, mask)
        return torch.log_softmax(logits.float() / temperatures[:, None], dim=1)


@dataclass
class _Recorded:
    """A recorded shape: its graph, the tensors that it reads, and the loss that it writes."""

    graph: Any
    inputs: list[Any]
    loss: Any


class _GraphedGradients(_Gradients):
    """The same by CUDA graphs, one for each padded length; where recording fails, as written."""

    def __init__(
        self,
        network: Network,
        parameters: list[Any],
        batch_size: int,
        pad_id: int,
        consistency_weight: float = 0.0,
    ) -> None:
        super().__init__(network, parameters, "cuda", consistency_weight, "bf16")
        self.batch_size, self.pad_id = batch_size, pad_id
        self.recorded: dict[int, _Recorded] = {}
        self.pool: Any = None
        self.usable = True

    def compute(self, examples: Examples, rows: np.ndarray) -> Any:
        import torch

        if not self.usable:
            return super().compute(examples, rows)
        arrays = self._padded(examples, rows)
        length = arrays[0].shape[1]
        if length not in self.recorded:
            try:
                self.recorded[length] = self._record(arrays)
            except RuntimeError as error:
                log.warning("no CUDA graphs here, training step by step: %s", error)
                self.usable = False
                return super().compute(examples, rows)
        shape = self.recorded[length]
        for tensor, array in zip(shape.inputs, arrays, strict=True):
            tensor.copy_(torch.from_numpy(array), non_blocking=True)
        shape.graph.replay()
        return shape.loss.clone()

    def _padded(self, examples: Examples, rows: np.ndarray) -> list[np.ndarray]:
        """The batch as arrays of a recorded shape: ids and mask (B, L), targets (B, 3), two of (B,)."""
        ids, mask = examples.tokens.padded(rows)
        length = GRAPH_LENGTHS[min(bisect_left(GRAPH_LENGTHS, ids.shape[1]), len(GRAPH_LENGTHS) - 1)]
        missing = self.batch_size - len(rows)
        shape = ((0, missing), (0, length - ids.shape[1]))
        padded = [np.pad(ids, shape, constant_values=self.pad_id), np.pad(mask, shape)]
        padded[1][len(rows) :, 0] = 1
        targets, weights, temperatures = _soft_targets(examples, rows)
        padded += [np.pad(targets, ((0, missing), (0, 0)), constant_values=1 / 3)]
        return [*padded, np.pad(weights, (0, missing)), np.pad(temperatures, (0, missing), constant_values=1)]

    def _record(self, arrays: list[np.ndarray]) -> _Recorded:
        import torch

        inputs = [torch.from_numpy(array).to("cuda") for array in arrays]
        for parameter in self.parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(_WARM_UPS):
                self._loss(*inputs).backward()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self.pool):
            torch._foreach_zero_([parameter.grad for parameter in self.parameters])
            loss = self._loss(*inputs)
            loss.backward()
        self.pool = self.pool or graph.pool()
        return _Recorded(graph, inputs, loss.detach())


def training_precision(device: str) -> str:
    """In which precision forward and backward are computed: bf16 where the device has it, else fp32."""
    import torch

    if device == "cuda":
        return "bf16"
    has_bf16 = [getattr(torch.cpu, name, None) for name in _BF16_CHECKS]
    return "bf16" if any(check is not None and check() for check in has_bf16) else "fp32"


def _soft_targets(examples: Examples, rows: np.ndarray) -> list[np.ndarray]:
    """Targets (B, 3), weights (B,) and temperatures (B,) of some rows, fp32."""
    parts = (examples.targets, examples.weights, examples.temperatures)
    return [part[rows].astype(np.float32) for part in parts]


def _optimizer(named: list[tuple[str, Any]], settings: TrainingSettings, steps: int) -> tuple[Any, Any]:
    """AdamW without decay on the bias, and a linear schedule with warm-up."""
    import torch

    groups = [
        {"params": [p for _, p in named if p.ndim > 1], "weight_decay": settings.weight_decay},
        {"params": [p for _, p in named if p.ndim == 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=settings.learning_rate, fused=True)
    warmup = max(1, round(steps * settings.warmup_share))

    def factor(step: int) -> float:
        return min((step + 1) / warmup, max(0.0, (steps - step) / max(1, steps - warmup)))

    return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
