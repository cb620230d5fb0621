"""Training settings, class weights, and the model card."""

import json
from typing import Any

import pytest

from peachdash.errors import BadInput
from peachdash.sentiment.adapter import ModelManifest, short_revision
from peachdash.sentiment.model_card import render_model_card
from peachdash.sentiment.training_settings import TrainingSettings, class_weights


def test_settings_go_to_json_and_back() -> None:
    settings = TrainingSettings(epochs=7, targets=("query", "dense"), class_weights="balanced")
    assert TrainingSettings.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings
    assert TrainingSettings.from_dict({}) == TrainingSettings()


@pytest.mark.parametrize(
    "change",
    [
        {"learning_rate": 0.0},
        {"learning_rate": 0.2},
        {"batch_size": 0},
        {"epochs": 0},
        {"lora_rank": 0},
        {"seed": -1},
        {"seed": 2**31},
        {"lora_alpha": -1.0},
        {"lora_dropout": 1.0},
        {"head_dropout": -0.1},
        {"replay_share": 1.0},
        {"warmup_share": 1.0},
        {"weight_decay": -1.0},
        {"patience": -1},
        {"label_smoothing": 1.0},
        {"class_weights": "heavy"},
        {"max_length": 4},
        {"targets": ()},
        {"distil_temperature": 0.5},
        {"distil_weight": 0.0},
        {"learning_rate": float("nan")},
    ],
)
def test_values_that_no_training_can_use_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match=next(iter(change))):
        TrainingSettings(**change)


@pytest.mark.parametrize("values", [{"learning_rat": 0.1}, {"learning_rate": "fast"}])
def test_unknown_keys_and_wrong_types_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        TrainingSettings.from_dict(values)


@pytest.mark.parametrize(
    ("length", "cut"), [(256, (128, 126)), (128, (63, 63)), (8, (3, 3)), (512, (257, 253))]
)
def test_a_long_text_is_cut_in_two_halves(length: int, cut: tuple[int, int]) -> None:
    assert TrainingSettings(max_length=length).cut == cut


def test_class_weights_by_hand() -> None:
    counts = {"negative": 60, "neutral": 10, "positive": 30}
    assert class_weights(counts, "none") == {"negative": 1, "neutral": 1, "positive": 1}
    expected = {"negative": 100 / 180, "neutral": 100 / 30, "positive": 100 / 90}
    assert class_weights(counts, "balanced") == pytest.approx(expected)
    assert class_weights({"negative": 5}, "balanced") == {"negative": 1, "neutral": 1, "positive": 1}


def card_manifest(role: str) -> ModelManifest:
    return ModelManifest(
        role=role,
        size="small",
        encoder="all-MiniLM-L6-v2",
        encoder_sha256="a" * 64,
        lora_rank=16,
        lora_alpha=32.0,
        lora_targets=("query",),
        temperature=1.31,
        threshold=0.4567,
        training={"settings": {"epochs": 3}},
        figures={"n": 1234, "macro_f1": 0.7123, "accuracy": 0.8},
    )


@pytest.mark.parametrize("role", ["generic", "champion"])
def test_a_card_says_what_was_measured_and_what_is_not_known(role: str) -> None:
    manifest = card_manifest(role)
    data = [{"use": "training", "name": "some reviews", "n": 99, "sha256": "b" * 64}]
    slices = [{"slice": "sarcasm", "n": 20, "accuracy": 0.55}]
    card = render_model_card(manifest, data, "python -m build it", slices)
    assert card.startswith(f"# {role}-small ({short_revision(manifest)})\n")
    for part in [
        "1,234 validation rows",
        "| macro f1 | 0.712 |",
        "| sarcasm | 20 | 0.550 |",
        "1.31",
        "0.4567",
    ]:
        assert part in card
    for part in [
        "| training | some reviews | 99 | bbb",
        "python -m build it",
        "Sarcasm is read wrongly",
        '"epochs": 3',
    ]:
        assert part in card
    assert ("made and adjudicated by language models" in card) == (role == "champion")


def test_a_card_without_slices_has_no_table_of_them() -> None:
    assert "| slice |" not in render_model_card(card_manifest("generic"), [], "command")
