"""Which words speak for and against a reading: Integrated Gradients over the token embeddings, by captum.

Sundararajan, Taly and Yan (2017). The path starts at a text of the same length whose tokens are all padding,
so that nothing is said; what a word adds on the way is its weight. Weights sum to the difference of the two
texts' scores, up to an error that is kept beside them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from peachdash.errors import BadInput
from peachdash.sentiment.loading import LoadedModel

STEPS = 32
_WORD = re.compile(r"\w+(?:['’\-]\w+)*|[^\w\s]")


@dataclass(frozen=True)
class Explanation:
    """Weights of the words of one text for the label that was read.

    Attributes:
        label: index of the class that the weights are for, in the order of `LABELS`.
        words: (start, end, weight): a place in the text, and what it adds to the score of the label over the
            mean of the others, in logits; negative ones speak against it. Words that were cut out of a long
            text are left out.
        error: score that the weights leave unexplained, in logits.
    """

    label: int
    words: list[tuple[int, int, float]]
    error: float


def explain_reading(model: LoadedModel, text: str, *, steps: int = STEPS) -> Explanation:
    """The words for and against what a model reads.

    Args:
        model: an adapter, loaded; its network's encoder must be a torch module with `embeddings`. The network
            computes in fp32 on the CPU, whatever the model scores with.
        text: a scored text.
        steps: points on the path; more of them make the error smaller.

    Raises:
        BadInput: the text is blank, or the model is none whose embeddings can be looked into.
    """
    import torch
    from captum.attr import LayerIntegratedGradients

    encoder = getattr(model.network, "encoder", None)
    if not text.strip() or not hasattr(encoder, "embeddings"):
        raise BadInput("Only a text that an adapter model has read can be explained.")
    ids, mask, places = _tokens(model, text)
    with torch.inference_mode():
        logits = model.network.logits(ids, mask)[:, list(model.columns)].float().numpy()
    label = int(model.probabilities(logits)[0].argmax())
    explainer = LayerIntegratedGradients(_score_of(model, label), encoder.embeddings)  # type: ignore[union-attr]
    attributions, delta = explainer.attribute(
        ids, baselines=_baseline(ids, model.encode.pad_id), additional_forward_args=(mask,), n_steps=steps,
        internal_batch_size=8, return_convergence_delta=True,
    )  # fmt: skip
    weights = attributions.sum(dim=-1)[0].detach().float().cpu().numpy()
    return Explanation(label, _by_word(text, places, weights), float(abs(delta[0])))


def _tokens(model: LoadedModel, text: str) -> tuple[Any, Any, list[tuple[int, int]]]:
    """Ids and mask as the model reads the text, and the place of each token; special ones have (0, 0)."""
    import torch

    encoding, (head, tail) = model.tokenizer.encode(text), model.encode.cut
    keep = list(range(len(encoding.ids)))
    if len(keep) > head + tail + 2:
        keep = [*keep[: head + 1], *keep[-(tail + 1) :]]
    ids = torch.tensor([[encoding.ids[token] for token in keep]])
    places = [
        (0, 0) if encoding.special_tokens_mask[token] else tuple(encoding.offsets[token]) for token in keep
    ]
    return ids, torch.ones_like(ids), places


def _baseline(ids: Any, pad_id: int) -> Any:
    """The same length of padding between the two special tokens."""
    empty = ids.clone()
    empty[:, 1:-1] = pad_id
    return empty


def _score_of(model: LoadedModel, label: int) -> Any:
    others = [column for column in range(3) if column != label]

    def score(ids: Any, mask: Any) -> Any:
        logits = model.network.logits(ids, mask.expand(ids.shape[0], -1))[:, list(model.columns)].float()
        return logits[:, label] - logits[:, others].mean(dim=1)

    return score


def _by_word(text: str, places: list[tuple[int, int]], weights: np.ndarray) -> list[tuple[int, int, float]]:
    """Weights of tokens added up over the words that they are pieces of."""
    spans = [match.span() for match in _WORD.finditer(text)]
    starts = np.array([start for start, _ in spans])
    totals: dict[int, float] = {}
    for (start, end), weight in zip(places, weights, strict=True):
        if start < end and len(starts):
            word = max(int(np.searchsorted(starts, start, side="right")) - 1, 0)
            totals[word] = totals.get(word, 0.0) + float(weight)
    return [(*spans[word], weight) for word, weight in sorted(totals.items())]
