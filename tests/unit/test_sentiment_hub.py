"""Hub models: names, label names, refusals, no network."""

import json
from pathlib import Path
from typing import Any

import pytest

from peachdash.errors import ModelRefused, ModelUnavailable
from peachdash.sentiment.hub import (
    check_hub_folder,
    download_hub_model,
    label_columns,
    parse_hub_name,
    resolve_hub_revision,
)

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("names", "columns"),
    [
        ({0: "negative", 1: "neutral", 2: "positive"}, (0, 1, 2)),
        ({0: "Positive", 1: "Negative", 2: "Neutral"}, (1, 2, 0)),
        ({0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2"}, (0, 1, 2)),
        ({0: "POS", 1: "NEU", 2: "NEG"}, (2, 1, 0)),
    ],
)
def test_label_names_become_columns(names: dict[int, str], columns: tuple[int, int, int]) -> None:
    assert label_columns(names) == columns


@pytest.mark.parametrize(
    "names",
    [
        {},
        {0: "NEGATIVE", 1: "POSITIVE"},
        {0: "1 star", 1: "2 stars", 2: "3 stars"},
        {0: "negative", 1: "neutral", 2: "positive", 3: "mixed"},
        {0: "negative", 1: "neutral", 2: "negative"},
    ],
)
def test_other_classes_are_refused(names: dict[int, str]) -> None:
    with pytest.raises(ModelRefused, match="expected negative, neutral and positive"):
        label_columns(names)


def test_names_are_taken_apart() -> None:
    assert parse_hub_name("owner/model-1.0") == ("owner/model-1.0", None)
    assert parse_hub_name("owner/model@refs/pr/3") == ("owner/model", "refs/pr/3")


def put_config(folder: Path, **config: Any) -> Path:
    names = {"0": "negative", "1": "neutral", "2": "positive"}
    (folder / "config.json").write_text(json.dumps({"id2label": names, **config}))
    return folder


def test_pickled_weights_are_refused(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").touch()
    with pytest.raises(ModelRefused, match="no safetensors"):
        check_hub_folder(put_config(tmp_path), "a/b")
    (tmp_path / "model.safetensors").touch()
    check_hub_folder(tmp_path, "a/b")


def test_code_of_its_own_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").touch()
    with pytest.raises(ModelRefused, match="never runs"):
        check_hub_folder(put_config(tmp_path, auto_map={"AutoModel": "evil.Model"}), "a/b")


def test_no_network_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: Any, **options: Any) -> None:
        raise ConnectionError("no route\nto host")

    monkeypatch.setattr("huggingface_hub.HfApi.model_info", fail)
    monkeypatch.setattr("huggingface_hub.snapshot_download", fail)
    for call in (lambda: resolve_hub_revision("a/b"), lambda: download_hub_model(f"hub:a/b@{COMMIT}")):
        with pytest.raises(ModelUnavailable, match="ConnectionError: no route") as caught:
            call()
        assert "\n" not in str(caught.value)


def test_a_moving_revision_is_pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    class Info:
        sha = COMMIT

    monkeypatch.setattr("huggingface_hub.HfApi.model_info", lambda *_, **__: Info)
    assert resolve_hub_revision("a/b@main") == resolve_hub_revision("a/b") == f"hub:a/b@{COMMIT}"
