"""From names to models."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from peachdash.errors import BadInput, ChampionMissing, ModelRefused, ModelUnavailable
from peachdash.sentiment import registry
from peachdash.sentiment.adapter import ModelManifest, write_model
from peachdash.sentiment.registry import (
    ModelReference,
    default_size,
    list_models,
    list_refused,
    resolve_model,
)

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def put_model(folder: Path, role: str, size: str, threshold: float = 0.5) -> str:
    tensors = {
        "layer.0.query.lora_A": np.ones((1, 2)),
        "layer.0.query.lora_B": np.ones((2, 1)),
        "head.weight": np.ones((3, 2)),
        "head.bias": np.ones(3),
    }
    manifest = ModelManifest(role, size, "e", "a" * 64, 1, 1.0, ("query",), 1.25, threshold)
    write_model(folder, manifest, tensors, lambda _: "")
    return registry.load_reference(folder).revision


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    """Models of both roles and sizes, and both encoders as empty files."""
    models, encoders = tmp_path / "models", tmp_path / "encoders"
    for number, (role, size) in enumerate(
        [("champion", "small"), ("champion", "base"), ("generic", "small"), ("generic", "base")]
    ):
        put_model(models / f"{role}-{size}", role, size, 0.4 + number / 100)
    for size in ("small", "base"):
        (encoders / size).mkdir(parents=True)
        for name in ("model.safetensors", "config.json", "tokenizer.json"):
            (encoders / size / name).touch()
    return models, encoders


@pytest.mark.parametrize("name", ["champion-small", "champion-base", "generic-small", "generic-base"])
def test_a_full_name_is_its_folder(places: tuple[Path, Path], name: str) -> None:
    found = resolve_model(name, *places)
    assert (found.name, found.folder) == (name, places[0] / name)
    assert f"{found.role}-{found.size}" == name
    assert found.temperature == 1.25


@pytest.mark.parametrize(("device", "size"), [("cpu", "small"), ("cuda", "base")])
def test_the_device_decides_the_size(places: tuple[Path, Path], device: str, size: str) -> None:
    assert resolve_model("champion", *places, device=device).size == size
    assert resolve_model("generic", *places, device=device).size == size


def test_without_the_base_encoder_the_small_one_serves_and_torch_is_not_asked(
    places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    (places[1] / "base" / "config.json").unlink()
    monkeypatch.setitem(sys.modules, "torch", None)
    assert resolve_model("champion", *places, device="auto").size == "small"
    assert default_size(places[1], "cuda") == "small"


def test_a_size_without_a_model_falls_back_to_the_other(places: tuple[Path, Path]) -> None:
    shutil.rmtree(places[0] / "generic-base")
    assert resolve_model("generic", *places, device="cuda").size == "small"


def _cut_weights(folder: Path) -> None:
    os.truncate(folder / "adapter.safetensors", 100)


def _spoil_manifest(folder: Path) -> None:
    (folder / "model.json").write_text("{bad")


def _lose_manifest(folder: Path) -> None:
    (folder / "model.json").unlink()


def _lose_weights(folder: Path) -> None:
    (folder / "adapter.safetensors").unlink()


@pytest.mark.parametrize("damage", [_cut_weights, _spoil_manifest, _lose_manifest, _lose_weights])
@pytest.mark.parametrize(("device", "size"), [("cpu", "small"), ("cuda", "base")])
def test_no_other_size_and_no_candidate_takes_the_place_of_a_damaged_folder(
    places: tuple[Path, Path], tmp_path: Path, damage, device: str, size: str
) -> None:
    put_model(tmp_path / "trained" / "run-7", "champion", size, 0.66)
    damage(places[0] / f"champion-{size}")
    folders = [places[0], tmp_path / "trained"]
    for name in ("champion", f"champion-{size}"):
        with pytest.raises(ModelRefused, match=rf"champion-{size} is refused.*champion-{size}") as caught:
            resolve_model(name, folders, places[1], device=device)
        assert "\n" not in str(caught.value)
    assert resolve_model("generic", folders, places[1], device=device).size == size
    assert list(list_refused(folders)) == [places[0] / f"champion-{size}"]


def test_a_damaged_folder_that_was_not_asked_for_stands_in_nobodys_way(places: tuple[Path, Path]) -> None:
    _spoil_manifest(places[0] / "champion-base")
    assert resolve_model("champion", *places, device="cpu").size == "small"


def test_the_active_champion_comes_first_where_its_size_fits(places: tuple[Path, Path]) -> None:
    revision = put_model(places[0] / "retrained", "champion", "small", 0.7)
    names = ("champion", "champion-small", "champion-base", "generic")
    found = {name: resolve_model(name, *places, active_champion=revision, device="cpu") for name in names}
    assert found["champion"].revision == found["champion-small"].revision == revision
    assert found["champion-base"].folder == places[0] / "champion-base"
    assert found["generic"].folder == places[0] / "generic-small"
    assert resolve_model("champion-small", *places).folder == places[0] / "champion-small"


def test_an_active_champion_that_is_gone_is_said(places: tuple[Path, Path]) -> None:
    gone = "small-000000000000"
    with pytest.raises(ChampionMissing, match="active champion"):
        resolve_model("champion", *places, active_champion=gone)
    for name in ("champion-small", "champion-base"):
        assert resolve_model(name, *places, active_champion=gone).folder == places[0] / name


def test_a_revision_short_or_full_is_found_in_any_folder(places: tuple[Path, Path], tmp_path: Path) -> None:
    revision = put_model(tmp_path / "home" / "run-7", "champion", "small", 0.66)
    folders = [places[0], tmp_path / "home", tmp_path / "absent"]
    found = resolve_model(revision, folders, places[1])
    assert found.folder == tmp_path / "home" / "run-7"
    assert resolve_model(found.full_revision, folders, places[1]) == found


@pytest.mark.parametrize("name", ["nonsense", "champion-huge", "", "../models/generic-small", "small-"])
def test_an_unknown_name_lists_what_exists(places: tuple[Path, Path], name: str) -> None:
    with pytest.raises(ModelUnavailable) as caught:
        resolve_model(name, *places)
    assert "champion-small, generic-base, generic-small, lexicon" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_encoder_is_said_with_the_command(places: tuple[Path, Path]) -> None:
    (places[1] / "base" / "model.safetensors").unlink()
    with pytest.raises(ModelUnavailable, match=r"run `make install-base`, or .*encoder_install"):
        resolve_model("champion-base", *places)


def test_unsound_folders_are_left_out(places: tuple[Path, Path]) -> None:
    (places[0] / "generic-small" / "evil.pkl").touch()
    assert len(list_models(places[0])) == 3
    with pytest.raises(ModelRefused, match=r"generic-small is refused.*evil\.pkl may not lie"):
        resolve_model("generic-small", *places)
    assert resolve_model("champion-small", *places).role == "champion"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda content: content.pop("labels"), "labels"),
        (lambda content: content.update(labels=["positive", "neutral", "negative"]), "in this order"),
        (lambda content: content.update(adapter_sha256="0" * 64), "has sha256"),
        (lambda content: content.update(auto_map={"AutoModel": "code.Model"}), "code from elsewhere"),
    ],
    ids=["no label order", "another label order", "wrong hash", "remote code"],
)
def test_a_refused_folder_is_said_in_one_line(places: tuple[Path, Path], change, said: str) -> None:
    path = places[0] / "generic-small" / "model.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    with pytest.raises(ModelRefused, match=said) as caught:
        resolve_model("generic-small", *places)
    assert "\n" not in str(caught.value)


def test_the_lexicon_needs_no_folder(tmp_path: Path) -> None:
    found = resolve_model("lexicon", tmp_path, tmp_path)
    assert (found.role, found.folder, found.threshold) == ("lexicon", None, 0.5)


def test_a_hub_model_with_a_commit_needs_no_network(tmp_path: Path) -> None:
    found = resolve_model(f"hub:Owner/Model@{COMMIT}", tmp_path, tmp_path)
    assert found == ModelReference(f"hub:Owner/Model@{COMMIT}", "hub", "", found.name, None, 0.0, 1.0)


@pytest.mark.parametrize("name", ["hub:", "hub:a/b/c", "hub:../x", "hub:a/b@", "hub:a b", "hub:a/b@x;y"])
def test_a_malformed_hub_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match="no hub model"):
        resolve_model(name, tmp_path, tmp_path)


def test_the_size_is_chosen_without_importing_torch(tmp_path):
    folder = tmp_path / "base"
    folder.mkdir()
    for name in ("model.safetensors", "config.json", "tokenizer.json"):
        (folder / name).write_text("{}")
    script = (
        "import sys; from pathlib import Path; from peachdash.sentiment.registry import default_size\n"
        f"assert default_size(Path({str(tmp_path)!r}), 'cuda') == 'base'\n"
        f"assert default_size(Path({str(tmp_path)!r}), 'auto') in ('small', 'base')\n"
        "assert 'torch' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
