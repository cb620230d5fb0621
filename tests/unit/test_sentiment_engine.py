"""Scoring with models on a tiny encoder."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sentiment_tiny import Built, make_frame, probabilities, score

from peachdash.errors import BadInput, ModelUnavailable
from peachdash.records import LABELS
from peachdash.sentiment.batches import BatchReader, Finished
from peachdash.sentiment.engine import TEXTS_IN_A_CHUNK, Scorer, score_texts
from peachdash.sentiment.loading import LoadedModel
from peachdash.sentiment.packing import PackedBatch
from peachdash.sentiment.predictions import PREDICTION_SCHEMA
from peachdash.sentiment.registry import resolve_model
from peachdash.sentiment.text import text_sha256
from peachdash.sentiment.tokens import TextEncoder

torch = pytest.importorskip("torch")
pytest_plugins = ["sentiment_tiny"]
pytestmark = pytest.mark.usefixtures("tiny_encoder")


def read_all(reader: BatchReader, *chunk: Any) -> list[Finished]:
    return [*reader.read(0, *chunk), *reader.finish()]


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
    assert rows.sum(axis=1) == pytest.approx(np.ones(6), abs=1e-5)
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
    assert probabilities(single) == pytest.approx(probabilities(whole), abs=1e-5)
    assert probabilities(backwards)[::-1] == pytest.approx(probabilities(whole), abs=1e-5)


def test_finished_batches_add_up_to_the_result(
    generic: Built, champion: Built, encoders_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TEXTS_IN_A_CHUNK, "cpu", 20)
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
    encode = TextEncoder.__call__
    monkeypatch.setattr(TextEncoder, "__call__", lambda self, texts: calls.append(1) or encode(self, texts))
    score(["good", "bad"], [generic.reference, champion.reference], encoders_dir)
    assert len(calls) == 1


def test_a_batch_that_does_not_fit_is_halved(
    generic: Built, encoders_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = list(dict.fromkeys(make_frame(30, seed=13)["text"]))
    expected = score(texts, [generic.reference], encoders_dir)
    sizes = []
    logits = LoadedModel.logits

    def small_memory(self: LoadedModel, batch: PackedBatch) -> Any:
        sizes.append(len(batch.lengths))
        if len(batch.lengths) > 4:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")
        return logits(self, batch)

    monkeypatch.setattr(LoadedModel, "logits", small_memory)
    found = score(texts, [generic.reference], encoders_dir)
    assert max(sizes) > 4
    assert probabilities(found) == pytest.approx(probabilities(expected), abs=1e-5)


def test_one_text_that_does_not_fit_and_other_errors_are_raised(generic: Built, encoders_dir: Path) -> None:
    loaded = Scorer(encoders_dir, device="cpu").loaded(generic.reference)
    encoded = loaded.encode(["good", "bad"])

    class Broken:
        def __init__(self, message: str) -> None:
            self.message = message

        def logits(self, batch: PackedBatch) -> None:
            raise RuntimeError(self.message)

    for message, rows in (("out of memory", [0]), ("shapes differ", [0, 1])):
        reader = BatchReader([dataclasses.replace(loaded, scorer=Broken(message))], 64)
        with pytest.raises(RuntimeError, match=message):
            read_all(reader, encoded, np.array(rows))


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
    assert rows[0] == pytest.approx(rows[1], abs=1e-5)


def test_bf16_is_recorded_and_close(generic: Built, encoders_dir: Path) -> None:
    texts = list(dict.fromkeys(make_frame(30, seed=14)["text"]))
    exact = score(texts, [generic.reference], encoders_dir)
    half = score(texts, [generic.reference], encoders_dir, precision="bf16")
    assert set(half["precision"].to_pylist()) == {"bf16"}
    assert probabilities(half) == pytest.approx(probabilities(exact), abs=0.25)
    assert not (probabilities(half) == probabilities(exact)).all()


@pytest.mark.parametrize(
    "options", [{"precision": "fp16"}, {"precision": "int4"}, {"batch_tokens": -1}, {"threads": -1}]
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
        read_all(BatchReader([loaded], 64), loaded.encode(["good"]))


def test_a_hub_classifier_is_read_in_our_order_of_classes(
    encoders_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    config = BertConfig.from_pretrained(encoders_dir / "small")
    config.id2label = {0: "positive", 1: "negative", 2: "neutral"}
    config.label2id = {label: number for number, label in config.id2label.items()}
    module = BertForSequenceClassification(config).eval()
    module.classifier.bias.data = torch.tensor([1.0, 5.0, 3.0])
    module.save_pretrained(tmp_path)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(encoders_dir / "small" / "tokenizer.json"), pad_token="[PAD]"
    )
    tokenizer.save_pretrained(tmp_path)
    monkeypatch.setattr("huggingface_hub.snapshot_download", lambda *_, **__: str(tmp_path))
    reference = resolve_model(f"hub:owner/model@{'0' * 40}", tmp_path, tmp_path)
    table = score(["good soup", "the bad shop was open"], [reference], encoders_dir)
    ids = torch.tensor(tokenizer("good soup")["input_ids"])[None]
    with torch.inference_mode():
        expected = torch.softmax(module(ids).logits, dim=1)[0, [1, 2, 0]].numpy()
    assert probabilities(table)[0] == pytest.approx(expected, abs=1e-5)
    assert table["label"].to_pylist() == ["negative", "negative"]
    assert not any(table["needs_review"].to_pylist())
