"""Dropout with masks that are drawn faster."""

import json

import pytest

from peachdash.sentiment.fast_dropout import ATTENTION, MaskSource, drop, use_fast_dropout

torch = pytest.importorskip("torch")


def test_a_share_is_dropped_and_the_rest_scaled_up():
    values = torch.ones(200, 500)
    found = drop(values, 0.1, MaskSource(1))
    assert float((found == 0).float().mean()) == pytest.approx(0.1, abs=0.005)
    assert float(found.mean()) == pytest.approx(1, abs=0.005)
    assert found.unique().tolist() == pytest.approx([0, 1 / 0.9], abs=1e-4)
    assert drop(values, 0.0, MaskSource(1)) is values


def test_gradients_pass_where_values_do():
    values = torch.ones(40, requires_grad=True)
    found = drop(values, 0.5, MaskSource(2))
    found.sum().backward()
    assert (values.grad == found.detach()).all()


def test_the_state_can_be_stored_and_put_back():
    source = MaskSource(3)
    source.keep((7,), 0.5)
    state = json.loads(json.dumps(source.state))
    first = source.keep((1000,), 0.5)
    other = MaskSource(99)
    assert not (other.keep((1000,), 0.5) == first).all()
    other.state = state
    assert (other.keep((1000,), 0.5) == first).all()


@pytest.mark.parametrize("kind", ["bert", "roberta", "xlm-roberta", "camembert"])
def test_attention_without_dropout_reads_as_before(kind):
    from transformers import AutoConfig, AutoModel

    shape = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    config = AutoConfig.for_model(kind, vocab_size=20, **shape)
    torch.manual_seed(0)
    model = AutoModel.from_config(config, add_pooling_layer=False).eval()
    ids = torch.randint(2, 20, (3, 6))
    mask = torch.tensor([[1] * 6, [1] * 4 + [0] * 2, [1] * 2 + [0] * 4])
    before = model(input_ids=ids, attention_mask=mask).last_hidden_state
    assert use_fast_dropout(model, MaskSource(1)) == 7  # embeddings, and three in each layer
    assert model.config._attn_implementation == ATTENTION
    after = model(input_ids=ids, attention_mask=mask).last_hidden_state
    where = mask.bool()
    assert torch.allclose(before[where], after[where], atol=1e-5)
    model.train()
    assert not torch.allclose(model(input_ids=ids, attention_mask=mask).last_hidden_state, after)


def test_attention_weights_are_dropped_too():
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=20,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.5,
    )
    model = BertModel(config, add_pooling_layer=False)
    use_fast_dropout(model, MaskSource(1))
    model.train()
    ids = torch.randint(0, 20, (1, 6))
    first, second = (model(input_ids=ids).last_hidden_state for _ in range(2))
    assert not torch.allclose(first, second)
