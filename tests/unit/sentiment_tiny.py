"""A random BERT of two layers in place of the small encoder, and two models trained on it once a session.

PYTEST_DONT_REWRITE: test modules import its helpers before pytest loads its fixtures.
"""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from peachdash.records import LABELS
from peachdash.sentiment.builder import BuildData, build_model
from peachdash.sentiment.encoders import ENCODERS, SMALL, UNCHECKED_VARIABLE, file_sha256
from peachdash.sentiment.engine import score_texts
from peachdash.sentiment.registry import ModelReference, load_reference
from peachdash.sentiment.training import TrainedModel
from peachdash.sentiment.training_settings import TrainingSettings

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
    lora_alpha=16.0,
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


def relabelled(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(label=frame["label"].mask(frame["text"].str.contains("street"), "negative"))


def probabilities(table: pa.Table) -> np.ndarray:
    return np.stack([table[f"p_{label}"].to_numpy() for label in LABELS], axis=1)


def score(texts: list[str], models: list[ModelReference], encoders_dir: Path, **options: Any) -> pa.Table:
    return score_texts(texts, models, encoders_dir=encoders_dir, device="cpu", **options)


@dataclasses.dataclass(frozen=True)
class Built:
    """A generic model, how it was trained, and the frame that it was validated on."""

    reference: ModelReference
    trained: TrainedModel
    validation: pd.DataFrame


@contextmanager
def tiny_as_small(encoders_dir: Path) -> Iterator[None]:
    """Makes the random BERT pass for the published small encoder, and keeps torch to one thread."""
    import torch

    sha256 = file_sha256(encoders_dir / "small" / "model.safetensors")
    threads = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ENCODERS, "small", dataclasses.replace(SMALL, sha256=sha256, package=None))
        patch.delenv(UNCHECKED_VARIABLE, raising=False)
        torch.set_num_threads(1)
        yield
        torch.set_num_threads(threads)


@pytest.fixture
def tiny_encoder(encoders_dir: Path) -> Iterator[Path]:
    """The folder of the encoder while it passes for the small one."""
    with tiny_as_small(encoders_dir):
        yield encoders_dir / "small"


@pytest.fixture(scope="session")
def encoders_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a random BERT (2 layers, width 32) in place of the small encoder."""
    import torch
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


@pytest.fixture(scope="session")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def generic(models_dir: Path, encoders_dir: Path) -> Built:
    with tiny_as_small(encoders_dir):
        validation = make_frame(60, seed=2)
        data = BuildData(make_frame(160, seed=1), validation)
        out = models_dir / "generic-small"
        _, trained = build_model(
            "generic",
            "small",
            data,
            QUICK,
            out,
            encoders_dir=encoders_dir,
            device="cpu",
            command="the command",
        )
        return Built(load_reference(out), trained, validation)


@pytest.fixture(scope="session")
def champion(models_dir: Path, encoders_dir: Path, generic: Built) -> Built:
    """Continues the generic model on texts in which `street` is a complaint."""
    with tiny_as_small(encoders_dir):
        frame = relabelled(make_frame(90, seed=3))
        data = BuildData(frame, frame, replay=relabelled(make_frame(60, seed=4)), start=generic.reference)
        out = models_dir / "champion-small"
        settings = dataclasses.replace(QUICK, epochs=5)
        _, trained = build_model(
            "champion", "small", data, settings, out, encoders_dir=encoders_dir, device="cpu"
        )
        return Built(load_reference(out), trained, frame)
