"""Fetches an encoder of the Hugging Face hub once, so that trainings and scoring need no network afterwards.

Its three files (weights, config, tokenizer; nothing else is fetched) come from the hub, or from the local
Hugging Face cache, into `ENCODERS/hub/<owner>--<name>@<commit>`, in one rename.

`python -m peachdash.sentiment.hub_encoder_install ENCODERS_DIR hub:<id>[@revision]` does it on its own.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from peachdash.errors import ModelUnavailable, PeachdashError
from peachdash.sentiment.encoders import HUB_SIZE, REQUIRED_FILES, WEIGHTS, file_sha256, locate_encoder
from peachdash.sentiment.hub_encoder_rules import CONFIG, check_config, check_loaded
from peachdash.sentiment.hub_encoders import (
    SOURCE_FILE,
    HubEncoder,
    find_hub_encoder,
    installed_hub_encoder,
    no_copy,
    read_config,
    short_hub_name,
)

TELL_SECONDS = 2.0
Tell = Callable[[int, int], None]


def install_hub_encoder(
    encoder: HubEncoder, encoders_dir: Path, tell: Tell = lambda done, total: None
) -> HubEncoder:
    """Puts an encoder into its folder and returns it with the hash of its weights; a second call is free.

    Args:
        tell: gets the bytes of the weights that are here and all of them, every two seconds at most. What it
            raises stops the download, which goes on from there the next time.

    Raises:
        ModelUnavailable: it cannot be fetched, or a file is not what it should be.
        ModelRefused: its files do not fit each other; see `hub_encoder_rules.check_loaded`.
    """
    here = installed_hub_encoder(encoder.hub_id, encoder.commit, encoders_dir)
    if here is not None:
        locate_encoder(encoder.spec if encoder.sha256 else here.spec, encoders_dir)
        return here
    parent = encoders_dir / HUB_SIZE
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent, prefix=".fetch-") as work:
        staged = Path(work) / "encoder"
        staged.mkdir()
        for file in REQUIRED_FILES:
            _link(_fetch(encoder, file, tell), staged / file)
        complete = _accepted(encoder, staged)
        target = encoders_dir / complete.spec.folder
        if not target.exists():
            staged.rename(target)
    return complete


def _accepted(encoder: HubEncoder, staged: Path) -> HubEncoder:
    """The encoder with its hash, after all that can be checked; its description is written beside it."""
    found = file_sha256(staged / WEIGHTS)
    if encoder.sha256 and found != encoder.sha256:
        raise ModelUnavailable(
            f"The weights of {short_hub_name(encoder.name)} have the sha256 {found[:12]}, expected "
            f"{encoder.sha256[:12]}; nothing was kept."
        )
    check_config(short_hub_name(encoder.name), read_config(encoder.name, staged / CONFIG))
    check_loaded(short_hub_name(encoder.name), staged)
    complete = replace(encoder, sha256=found)
    (staged / SOURCE_FILE).write_text(json.dumps(complete.to_dict(), indent=2), encoding="utf-8")
    return complete


def _fetch(encoder: HubEncoder, file: str, tell: Tell = lambda done, total: None) -> Path:
    """A file of the encoder, from the local Hugging Face cache or else the hub."""
    from huggingface_hub import hf_hub_download

    bar = _progress(tell, encoder.weight_bytes) if file == WEIGHTS else _progress(lambda *_: None, 0)
    try:
        return Path(hf_hub_download(encoder.hub_id, file, revision=encoder.commit, tqdm_class=bar))
    except PeachdashError:
        raise
    except Exception as error:
        raise ModelUnavailable(no_copy(encoder.name, error)) from error


def _progress(tell: Tell, total: int) -> Any:
    """What huggingface_hub takes for a progress bar; it draws nothing."""
    from huggingface_hub import utils

    plain: Any = utils.tqdm  # type: ignore[attr-defined]

    class Bar(plain):  # type: ignore[misc]
        told = 0.0

        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **{**options, "disable": True})
            self.done = int(options.get("initial") or 0)

        def update(self, n: float | None = 1) -> None:
            self.done += int(n or 0)
            if time.monotonic() - self.told >= TELL_SECONDS:
                self.told = time.monotonic()
                tell(min(self.done, total), total)

    return Bar


def _link(source: Path, target: Path) -> None:
    """The same file under another name, which costs no room; a copy where the disk is another one."""
    try:
        os.link(source.resolve(), target)
    except OSError:
        shutil.copyfile(source, target)


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line of the installation; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m peachdash.sentiment.hub_encoder_install")
    parser.add_argument("encoders_dir", type=Path, help="folder in which `hub` is created")
    parser.add_argument("name", help="hub:<id>[@revision]")
    options = parser.parse_args(arguments)

    def tell(done: int, total: int) -> None:
        sys.stderr.write(f"{done / 1e6:,.0f} of {total / 1e6:,.0f} MB\n")

    try:
        found = find_hub_encoder(options.name, options.encoders_dir)
        found = install_hub_encoder(found, options.encoders_dir, tell)
    except PeachdashError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{found.words}\n{options.encoders_dir / found.spec.folder}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
