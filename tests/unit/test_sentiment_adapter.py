"""Model folders: what is written is read again, what is unsafe is refused, what the revision covers."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from peachdash.errors import BadInput, ModelRefused
from peachdash.sentiment.adapter import (
    ModelManifest,
    full_revision,
    model_revision,
    read_adapter,
    read_manifest,
    short_revision,
    write_model,
)


def manifest(**changes: Any) -> ModelManifest:
    values: dict[str, Any] = {
        "role": "generic",
        "size": "small",
        "encoder": "all-MiniLM-L6-v2",
        "encoder_sha256": "a" * 64,
        "lora_rank": 2,
        "lora_alpha": 4.0,
        "lora_targets": ("query",),
        "temperature": 1.5,
        "threshold": 0.45,
        "training": {"seed": 1},
    }
    return ModelManifest(**{**values, **changes})


def tensors(scale: float = 1.0) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(0)
    return {
        "layer.0.query.lora_A": scale * generator.normal(size=(2, 6)),
        "layer.0.query.lora_B": generator.normal(size=(5, 2)),
        "head.weight": generator.normal(size=(3, 6)),
        "head.bias": np.zeros(3),
    }


def write(folder: Path, **changes: Any) -> Path:
    write_model(folder, manifest(**changes), tensors(), lambda complete: f"# {complete.role}\n")
    return folder


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    folder = write(tmp_path / "m")
    read = read_manifest(folder)
    assert dataclasses.replace(read, adapter_sha256="") == manifest()
    expected = {name: value.astype(np.float16) for name, value in tensors().items()}
    loaded = read_adapter(folder)
    assert set(loaded) == set(expected)
    assert all(
        (loaded[name] == expected[name]).all() and loaded[name].dtype == np.float16 for name in expected
    )
    assert (folder / "README.md").read_text() == "# generic\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m"]


def test_the_revision_is_a_short_name_of_the_full_hash(tmp_path: Path) -> None:
    folder = write(tmp_path / "m")
    complete = read_manifest(folder)
    assert model_revision(folder) == short_revision(complete) == f"small-{full_revision(complete)[:12]}"
    assert len(full_revision(complete)) == 64


@pytest.mark.parametrize(
    "change",
    [
        {"encoder_sha256": "b" * 64},
        {"adapter_sha256": "c" * 64},
        {"temperature": 1.6},
        {"threshold": 0.46},
        {"lora_alpha": 5.0},
        {"size": "base"},
        {"max_length": 128, "head_tokens": 64, "tail_tokens": 62},
        {"head_tokens": 127, "tail_tokens": 127},
    ],
)
def test_the_revision_covers_what_decides_a_prediction(change: dict[str, Any]) -> None:
    assert full_revision(manifest(**change)) != full_revision(manifest())


@pytest.mark.parametrize(
    "change",
    [{"training": {"seed": 2}}, {"figures": {"n": 3}}, {"created_utc": "2026-01-01"}, {"role": "champion"}],
)
def test_the_revision_leaves_out_what_does_not(change: dict[str, Any]) -> None:
    assert full_revision(manifest(**change)) == full_revision(manifest())


def test_other_weights_are_another_revision(tmp_path: Path) -> None:
    write(tmp_path / "one")
    write_model(tmp_path / "two", manifest(), tensors(1.01), lambda _: "")
    write(tmp_path / "three")
    assert model_revision(tmp_path / "one") != model_revision(tmp_path / "two")
    assert model_revision(tmp_path / "one") == model_revision(tmp_path / "three")


@pytest.mark.parametrize(
    "change",
    [
        {"labels": ("positive", "neutral", "negative")},
        {"labels": ()},
        {"role": "lexicon"},
        {"size": "../base"},
        {"temperature": 0.0},
        {"temperature": float("nan")},
        {"threshold": 1.5},
        {"threshold": True},
        {"max_length": 250},
        {"max_length": "256"},
        {"lora_rank": 0},
        {"encoder_sha256": "A" * 64},
        {"format_version": 2},
    ],
)
def test_a_manifest_that_no_model_can_have_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ModelRefused):
        manifest(**change)


def edit(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    content = json.loads((folder / "model.json").read_text())
    change(content)
    (folder / "model.json").write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: content.pop("labels"), "missing or unknown: labels"),
        (lambda content: content.update(labels="negative"), "labels"),
        (lambda content: content.update(auto_map={"AutoModel": "evil.Model"}), "never runs"),
        (lambda content: content.update(trust_remote_code=True), "never runs"),
        (lambda content: content.update(adapter_file="../../evil.safetensors"), "unknown: adapter_file"),
        (lambda content: content.update(adapter_sha256="0" * 64), "has sha256"),
    ],
)
def test_an_edited_manifest_is_refused(tmp_path: Path, change: Callable[[Any], Any], message: str) -> None:
    folder = write(tmp_path / "m")
    edit(folder, change)
    with pytest.raises(ModelRefused, match=message):
        read_manifest(folder)


def test_edited_weights_are_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "m")
    content = bytearray((folder / "adapter.safetensors").read_bytes())
    content[-1] ^= 1
    (folder / "adapter.safetensors").write_bytes(bytes(content) + b"")
    with pytest.raises(ModelRefused, match="has sha256"):
        read_adapter(folder)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "sub/adapter.pt", "head.PKL", "modeling.py"])
def test_pickles_and_code_are_refused(tmp_path: Path, name: str) -> None:
    folder = write(tmp_path / "m")
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(b"")
    with pytest.raises(ModelRefused, match="may not lie"):
        read_manifest(folder)


def test_a_link_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "m")
    (folder / "adapter.safetensors").rename(tmp_path / "elsewhere.safetensors")
    (folder / "adapter.safetensors").symlink_to(tmp_path / "elsewhere.safetensors")
    with pytest.raises(ModelRefused, match="may not lie"):
        read_manifest(folder)


@pytest.mark.parametrize("name", ["model.json", "adapter.safetensors"])
def test_an_incomplete_folder_is_refused(tmp_path: Path, name: str) -> None:
    folder = write(tmp_path / "m")
    (folder / name).unlink()
    with pytest.raises(ModelRefused, match=f"has no {name}"):
        read_manifest(folder)


@pytest.mark.parametrize("content", [b"not json", b"[]", b"\xff\xfe"])
def test_a_manifest_that_is_no_json_object_is_refused(tmp_path: Path, content: bytes) -> None:
    folder = write(tmp_path / "m")
    (folder / "model.json").write_bytes(content)
    with pytest.raises(ModelRefused):
        read_manifest(folder)


def test_a_folder_is_replaced_only_when_asked(tmp_path: Path) -> None:
    folder = write(tmp_path / "m")
    with pytest.raises(BadInput, match="exists"):
        write(folder)
    write_model(folder, manifest(threshold=0.6), tensors(), lambda _: "", replace=True)
    assert read_manifest(folder).threshold == 0.6
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def without_head(values: dict[str, np.ndarray]) -> None:
    del values["head.weight"]


def two_classes(values: dict[str, np.ndarray]) -> None:
    values["head.weight"] = values["head.weight"][:2]


def single_matrix(values: dict[str, np.ndarray]) -> None:
    del values["layer.0.query.lora_B"]


def overflowing(values: dict[str, np.ndarray]) -> None:
    values["head.bias"] = np.array([1e6, 0, 0])  # infinite in half precision


@pytest.mark.parametrize("change", [without_head, two_classes, single_matrix, overflowing])
def test_tensors_that_are_no_adapter_write_nothing(
    tmp_path: Path, change: Callable[[dict[str, np.ndarray]], None]
) -> None:
    values = tensors()
    change(values)
    with pytest.raises(ModelRefused), np.errstate(over="ignore"):
        write_model(tmp_path / "m", manifest(), values, lambda _: "")
    assert list(tmp_path.iterdir()) == []
