"""The encoders without padding: the tokens of all texts of a batch stand one after the other.

transformers computes a batch as a rectangle, padding included. Here a batch is (tokens, width), so that no
layer computes padding. Only attention must know where texts begin and end (`steps`).

The weights are those of the transformers module, LoRA merged; query, key and value are one product. That the
logits are the same is tested for both encoders (`tests/unit/test_sentiment_packed.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from peachdash.errors import ModelUnavailable
from peachdash.sentiment.attention import without_plans
from peachdash.sentiment.dense import Dense, make_dense
from peachdash.sentiment.model import Network, torch_dtype
from peachdash.sentiment.packing import PackedBatch
from peachdash.sentiment.steps import Norm, Shape, choose_steps

SHIFTED_KINDS = ("mpnet", "roberta", "xlm-roberta", "camembert")
"""Their positions are counted from behind the padding token's number."""

KINDS = ("bert", *SHIFTED_KINDS)


@dataclass(frozen=True)
class _Layer:
    projected: Dense
    attended: Dense
    up: Dense
    down: Dense
    norms: tuple[Norm, Norm]


class PackedEncoder:
    """An encoder and its head that read packed batches.

    Args:
        network: encoder and head in fp32 on the CPU; it stays as it is.
        device: cpu or cuda.
        precision: fp32, bf16, fp16 or int8 (CPU; dense layers only).

    Raises:
        ModelUnavailable: an encoder of another kind.
    """

    def __init__(self, network: Network, device: str, precision: str) -> None:
        config = network.encoder.config
        if config.model_type not in KINDS or config.hidden_act != "gelu":
            raise ModelUnavailable(f"An encoder of kind {config.model_type} cannot be packed.")
        self.device = device
        products = torch_dtype("fp32" if precision == "int8" else precision)
        self._sums = torch_dtype("fp32") if device == "cpu" else products
        self._epsilon = float(config.layer_norm_eps)
        self._words, self._places, self._first_norm = self._embeddings(network.encoder)
        self._layers = [self._layer(layer, precision) for layer in network.encoder.encoder.layer]
        self._head = (network.head.weight.detach().to(device), network.head.bias.detach().to(device))
        heads, longest = int(config.num_attention_heads), len(self._places) - len(self._places) % 8
        shape = Shape(heads, int(config.hidden_size), longest, self._epsilon)
        self.steps = choose_steps(
            device, self._sums, products, shape, self._position_bias(network.encoder, longest)
        )

    def logits(self, batch: PackedBatch) -> Any:
        """Logits (B, 3) in fp32, on the device."""
        import torch.nn.functional as functional

        return functional.linear(self.pooled(batch), *self._head)

    def pooled(self, batch: PackedBatch) -> Any:
        """The mean token vector of each text (B, width) in fp32, on the device."""
        return _mean_of_texts(self.hidden(batch), batch)

    def hidden(self, batch: PackedBatch) -> Any:
        """Token vectors (tokens, width) of the last layer."""
        import torch.nn.functional as functional

        vectors = functional.embedding(batch.ids, self._words)
        vectors += functional.embedding(batch.positions, self._places)
        hidden = functional.layer_norm(vectors, vectors.shape[-1:], *self._first_norm, self._epsilon)
        with without_plans():
            for layer in self._layers:
                context = self.steps.attend(layer.projected(hidden), batch)
                hidden = self.steps.add_norm(layer.attended, context, hidden, layer.norms[0])
                hidden = self.steps.add_norm(layer.down, layer.up(hidden), hidden, layer.norms[1])
        return hidden

    def _send(self, tensor: Any) -> Any:
        """What lies between the products; a CPU computes that in fp32, which costs nothing there."""
        return tensor.detach().to(self.device, self._sums).contiguous()

    def _norm(self, module: Any) -> Norm:
        return self._send(module.weight), self._send(module.bias)

    def _embeddings(self, encoder: Any) -> tuple[Any, Any, Norm]:
        """Vectors of words, of positions (what all tokens share added), and the first normalisation."""
        module = encoder.embeddings
        places = module.position_embeddings.weight
        if encoder.config.model_type in SHIFTED_KINDS:
            places = places[int(encoder.config.pad_token_id) + 1 :]
        if hasattr(module, "token_type_embeddings"):
            places = places + module.token_type_embeddings.weight[0]
        return self._send(module.word_embeddings.weight), self._send(places), self._norm(module.LayerNorm)

    def _layer(self, layer: Any, precision: str) -> _Layer:
        import torch

        attention = layer.attention
        if hasattr(attention, "attn"):
            parts, attended = [getattr(attention.attn, name) for name in "qkv"], attention.attn.o
            norm = attention.LayerNorm
        else:
            parts = [getattr(attention.self, name) for name in ("query", "key", "value")]
            attended, norm = attention.output.dense, attention.output.LayerNorm
        projection = torch.nn.utils.skip_init(
            torch.nn.Linear, parts[0].in_features, 3 * parts[0].out_features
        )
        with torch.no_grad():
            projection.weight.copy_(torch.cat([part.weight for part in parts]))
            projection.bias.copy_(torch.cat([part.bias for part in parts]))

        def dense(module: Any, gelu: bool = False) -> Dense:
            return make_dense(module.weight, module.bias, self.device, precision, gelu=gelu)

        return _Layer(
            projected=dense(projection),
            attended=dense(attended),
            up=dense(layer.intermediate.dense, gelu=True),
            down=dense(layer.output.dense),
            norms=(self._norm(norm), self._norm(layer.output.LayerNorm)),
        )

    def _position_bias(self, encoder: Any, longest: int) -> Any:
        """What mpnet adds to the attention scores, (1, heads, longest, longest) in fp32; None for others."""
        import torch

        if encoder.config.model_type != "mpnet":
            return None
        with torch.no_grad():
            shape = torch.empty(1, longest, 1)
            return encoder.encoder.compute_position_bias(shape)[:1].to(self.device).contiguous()


def _mean_of_texts(hidden: Any, batch: PackedBatch) -> Any:
    """The mean vector of each text, (B, width) in fp32."""
    import torch
    import torch.nn.functional as functional

    tokens = torch.arange(len(hidden), dtype=torch.int32, device=hidden.device)
    return functional.embedding_bag(tokens, hidden.float(), batch.starts[:-1], mode="mean")
