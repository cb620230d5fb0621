"""Attention by powers against plain softmax in float64."""

from __future__ import annotations

import pytest

from peachdash.sentiment.attention import attend, attend_by_powers
from peachdash.sentiment.host_memory import keep_freed_memory

torch = pytest.importorskip("torch")
TEXTS, LENGTH, HEADS, WIDTH = 3, 37, 4, 32


def projected(spread: float):
    generator = torch.Generator().manual_seed(3)
    shape = (TEXTS, LENGTH, 3, HEADS, WIDTH)
    return (torch.randn(shape, generator=generator) * spread).bfloat16()


def exact(values, bias=None):
    query, key, value = values.double().permute(2, 0, 3, 1, 4)
    scores = query @ key.transpose(-1, -2) / WIDTH**0.5
    shares = torch.softmax(scores if bias is None else scores + bias.double(), dim=-1)
    return (shares @ value).transpose(1, 2)


@pytest.mark.parametrize("spread", [0.01, 0.3, 1.0])
def test_powers_give_the_softmax(spread):
    values = projected(spread)
    with torch.inference_mode():
        found = attend_by_powers(values.clone(), None)
    assert found.shape == (TEXTS, LENGTH, HEADS, WIDTH)
    assert (found.double() - exact(values)).abs().max() < 0.02 * spread


def test_a_common_part_of_all_keys_changes_nothing():
    values = projected(1.0)
    shifted = values.clone()
    shifted[:, :, 1] += 64
    found, wanted = attend_by_powers(shifted.clone(), None), exact(shifted)
    assert torch.isfinite(found).all()
    assert (found.double() - wanted).abs().max() < 0.02


def test_scores_whose_powers_overflow_are_left_to_torch():
    values = projected(40.0)
    found = attend_by_powers(values.clone(), None)
    assert torch.isfinite(found).all()
    assert torch.equal(found, attend(values, None))


def test_a_bias_is_added_to_the_scores():
    values, bias = projected(1.0), torch.randn(1, HEADS, LENGTH, LENGTH).bfloat16()
    assert (attend_by_powers(values.clone(), bias).double() - exact(values, bias)).abs().max() < 0.03


def test_a_text_reads_the_same_beside_others():
    values = projected(1.0)
    together = attend_by_powers(values.clone(), None)[1]
    alone = attend_by_powers(values[1:2].clone(), None)[0]
    assert (together - alone).abs().max() < 0.01


def test_keeping_freed_memory_can_be_asked_for_anywhere():
    assert keep_freed_memory() in (True, False)
    assert keep_freed_memory() == keep_freed_memory()
