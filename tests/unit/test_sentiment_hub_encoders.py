"""Encoders of the hub: found, refused, fetched once, pinned; by the cache and by a hub on this machine."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hub_files import COMMIT, IDENTIFIER, OTHER_COMMIT, hub_server, put_in_cache
from safetensors.numpy import load_file, save_file

from peachdash.errors import BadInput, ModelRefused, ModelUnavailable
from peachdash.sentiment.encoders import file_sha256, locate_encoder
from peachdash.sentiment.hub_encoder_install import install_hub_encoder, main
from peachdash.sentiment.hub_encoder_rules import check_config, check_files
from peachdash.sentiment.hub_encoders import find_hub_encoder, short_hub_name

pytest.importorskip("torch")
pytest_plugins = ["sentiment_tiny", "hub_files"]

NAME = f"hub:{IDENTIFIER}"
PINNED = f"{NAME}@{COMMIT}"
CONFIG = {
    "model_type": "bert",
    "hidden_act": "gelu",
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "max_position_embeddings": 256,
}


@pytest.fixture
def repository(encoders_dir: Path, tmp_path: Path) -> Path:
    """The files of a sound encoder."""
    return shutil.copytree(encoders_dir / "small", tmp_path / "repository")


@pytest.mark.parametrize("name", [NAME, f"{NAME}@main", PINNED, f" {NAME} "])
def test_without_a_network_the_cache_answers(hub_cache, repository, tmp_path, name):
    put_in_cache(hub_cache, repository)
    found = find_hub_encoder(name, tmp_path / "encoders")
    assert found.name == PINNED
    assert found.sha256 == file_sha256(repository / "model.safetensors")
    assert (found.kind, found.layers, found.width, found.licence) == ("bert", 2, 32, "mit")
    assert found.words.startswith("tiny/encoder at 0123456: bert, 2 layers, width 32, 0 MB, licence mit")


def test_no_network_and_no_copy_is_one_clear_line(hub_cache, tmp_path, monkeypatch):
    with pytest.raises(ModelUnavailable, match=r"no route to host\), and the local Hugging Face") as caught:
        find_hub_encoder(NAME, tmp_path)
    assert "\n" not in str(caught.value)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ModelUnavailable, match="start with HF_HUB_OFFLINE=0"):
        find_hub_encoder(f"{NAME}-other", tmp_path)


@pytest.mark.parametrize("name", ["hub:../../etc", "hub:", "hub:a/b/c", "hub:a/b@", "hub:a b"])
def test_what_is_no_name_is_refused(hub_cache, tmp_path, name):
    with pytest.raises(BadInput, match="no hub model"):
        find_hub_encoder(name, tmp_path)


def test_an_encoder_is_kept_under_its_commit_and_needs_nothing_afterwards(hub_cache, repository, tmp_path):
    encoders = tmp_path / "encoders"
    snapshot = put_in_cache(hub_cache, repository)
    (snapshot / "evil.py").write_text("raise SystemExit")
    (snapshot / "pytorch_model.bin").write_bytes(b"pickle")
    done = install_hub_encoder(find_hub_encoder(NAME, encoders), encoders)
    folder = locate_encoder(done.spec, encoders)
    assert folder == encoders / "hub" / f"tiny--encoder@{COMMIT}"
    assert sorted(path.name for path in folder.iterdir()) == [
        "config.json", "model.safetensors", "source.json", "tokenizer.json",
    ]  # fmt: skip
    shutil.rmtree(hub_cache)
    assert find_hub_encoder(PINNED, encoders) == done
    assert install_hub_encoder(done, encoders) == done


def test_weights_with_another_hash_are_refused(hub_cache, repository, tmp_path):
    encoders = tmp_path / "encoders"
    put_in_cache(hub_cache, repository)
    found = find_hub_encoder(NAME, encoders)
    done = install_hub_encoder(found, encoders)
    weights = locate_encoder(done.spec, encoders) / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.unlink()
    weights.write_bytes(content)
    with pytest.raises(ModelUnavailable, match=r"not the published hub:tiny/encoder.*hub_encoder_install"):
        install_hub_encoder(found, encoders)
    shutil.rmtree(encoders)
    put_in_cache(hub_cache, repository, OTHER_COMMIT)
    other = find_hub_encoder(f"{NAME}@{OTHER_COMMIT}", encoders)
    with pytest.raises(ModelUnavailable, match="nothing was kept"):
        install_hub_encoder(type(other)(**{**other.to_dict(), "sha256": "0" * 64}), encoders)
    assert list((encoders / "hub").iterdir()) == []


def change_weights(folder: Path, change: Any) -> None:
    tensors = load_file(folder / "model.safetensors")
    save_file(change(tensors), folder / "model.safetensors")


def without_query(tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: value for name, value in tensors.items() if "layer.1.attention.self.query" not in name}


def test_weights_that_would_be_drawn_at_random_are_refused(hub_cache, repository, tmp_path):
    change_weights(repository, without_query)
    put_in_cache(hub_cache, repository)
    with pytest.raises(ModelRefused, match=r"lack 2 of its layers, first encoder\.layer\.1"):
        install_hub_encoder(find_hub_encoder(NAME, tmp_path), tmp_path)


def test_a_classifier_lends_its_encoder(hub_cache, repository, tmp_path):
    head = {"classifier.weight": np.zeros((3, 32), dtype=np.float32)}
    change_weights(repository, lambda tensors: head | {f"bert.{n}": v for n, v in tensors.items()})
    put_in_cache(hub_cache, repository)
    assert install_hub_encoder(find_hub_encoder(NAME, tmp_path), tmp_path).kind == "bert"


def test_what_is_no_safetensors_file_is_refused(hub_cache, repository, tmp_path):
    (repository / "model.safetensors").write_bytes(b"pickled")
    put_in_cache(hub_cache, repository)
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        install_hub_encoder(find_hub_encoder(NAME, tmp_path), tmp_path)


def test_a_tokenizer_of_another_make_is_refused(hub_cache, repository, tmp_path):
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(repository / "tokenizer.json"))
    tokenizer.add_tokens(["onemore"])
    tokenizer.save(str(repository / "tokenizer.json"))
    put_in_cache(hub_cache, repository)
    with pytest.raises(ModelRefused, match="knows more words than its encoder"):
        install_hub_encoder(find_hub_encoder(NAME, tmp_path), tmp_path)
    parts = json.loads(tokenizer.to_str())
    (repository / "tokenizer.json").write_text(json.dumps({**parts, "post_processor": None}))
    put_in_cache(hub_cache, repository, OTHER_COMMIT)
    with pytest.raises(ModelRefused, match="one special token at each end"):
        install_hub_encoder(find_hub_encoder(f"{NAME}@{OTHER_COMMIT}", tmp_path), tmp_path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"auto_map": {"AutoModel": "evil.Model"}}, "never runs here"),
        ({"model_type": "llama"}, "of the family llama: only bert, mpnet, roberta"),
        ({"model_type": None}, "of the family of no name"),
        ({"hidden_act": "relu"}, "its activation is not gelu"),
        ({"is_decoder": True}, "it is a decoder"),
        ({"quantization_config": {}}, "its weights are quantized"),
        ({"position_embedding_type": "relative_key"}, "its positions are not absolute"),
        ({"max_position_embeddings": 128}, "it reads fewer than 256 tokens"),
        ({"hidden_size": "768"}, "gives no width"),
        ({"model_type": "roberta"}, "names no padding token"),
        ({"model_type": "roberta", "pad_token_id": 1}, "it reads fewer than 256 tokens"),
    ],
)
def test_encoders_that_cannot_be_trained_are_refused_by_their_config(change, words):
    check_config("a/b", CONFIG)
    with pytest.raises(ModelRefused, match=words):
        check_config("a/b", CONFIG | change)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model.safetensors": None}, "pickled weights, and weights in several files, are not read"),
        ({"model.safetensors": 2_240_000_000}, r"has 2,240 MB: at most 1,500 are taken"),
        ({"tokenizer.json": None}, r"has no tokenizer\.json"),
    ],
)
def test_files_are_checked_before_they_are_fetched(change, words):
    sizes = {"model.safetensors": 438_000_000, "config.json": 600, "tokenizer.json": 700_000}
    check_files("a/b", sizes)
    changed = {name: size for name, size in (sizes | change).items() if size is not None}
    with pytest.raises(ModelRefused, match=words):
        check_files("a/b", changed)


@pytest.fixture
def online(hub_cache, repository, monkeypatch):
    """A hub on this machine, and what it was asked for."""
    from huggingface_hub import HfApi

    with hub_server(repository) as (address, asked):
        api = HfApi(endpoint=address)
        monkeypatch.setattr(
            "huggingface_hub.HfApi.model_info",
            lambda _, *arguments, **options: _MODEL_INFO(api, *arguments, **options),
        )
        template = f"{address}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
        yield asked


def _model_info() -> Any:
    from huggingface_hub import HfApi

    return HfApi.model_info


_MODEL_INFO = _model_info()


def test_the_hub_is_asked_once_and_tells_how_far_it_is(online, repository, tmp_path, monkeypatch):
    monkeypatch.setattr("peachdash.sentiment.hub_encoder_install.TELL_SECONDS", 0.0)
    found = find_hub_encoder(NAME, tmp_path)
    assert (found.name, found.licence) == (PINNED, "apache-2.0")
    assert found.sha256 == file_sha256(repository / "model.safetensors")
    assert not any("model.safetensors" in path for path in online), "only described so far"
    told: list[tuple[int, int]] = []
    install_hub_encoder(found, tmp_path, lambda done, total: told.append((done, total)))
    size = (repository / "model.safetensors").stat().st_size
    assert told[-1] == (size, size)
    before = len(online)
    assert find_hub_encoder(NAME, tmp_path) == found
    install_hub_encoder(found, tmp_path)
    assert len(online) == before


def test_an_unknown_id_is_one_clear_line(online, tmp_path):
    with pytest.raises(ModelUnavailable, match="RepositoryNotFoundError") as caught:
        find_hub_encoder("hub:nobody/nothing", tmp_path)
    assert "\n" not in str(caught.value)


def test_the_command_fetches_an_encoder(hub_cache, repository, tmp_path, capsys):
    put_in_cache(hub_cache, repository)
    assert main([str(tmp_path / "encoders"), NAME]) == 0
    assert "licence mit" in capsys.readouterr().out
    assert main([str(tmp_path / "encoders"), "hub:nobody/nothing"]) == 2
    assert "no route to host" in capsys.readouterr().err


def test_names_are_shortened():
    assert short_hub_name(PINNED) == "tiny/encoder at 0123456"
    assert short_hub_name(NAME) == "tiny/encoder"
