"""The documents say what the program does: commands, settings, links, tables."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command

from peachdash.cli import app
from peachdash.config import Settings

REPOSITORY = Path(__file__).resolve().parents[2]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "data/*.md", "models/*/*.md")
    for path in REPOSITORY.glob(pattern)
)


def test_every_command_is_documented():
    commands = get_command(app).commands  # type: ignore[attr-defined]
    documented = set(re.findall(r"^\| `peachdash (\w+)", README, re.M))
    assert documented == set(commands)


def test_every_setting_is_documented():
    documented = set(re.findall(r"PEACHDASH_([A-Z_]+)", README))
    assert {name.upper() for name in Settings.model_fields} <= documented


def test_make_targets_are_described_and_exist():
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.M))
    assert {"run", "test", "help", "install", "test-slow", "lint", "types", "bench", "clean"} <= targets
    mentioned = {name for path in DOCUMENTS for name in re.findall(r"`make ([a-z-]+)`", path.read_text())}
    assert mentioned <= targets


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#]+)", path.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (path.parent / target).exists(), target


def test_the_data_card_shows_what_the_script_computes():
    from scripts.data_card import BEGIN, END, tables

    card = (REPOSITORY / "data" / "README.md").read_text(encoding="utf-8")
    assert card.partition(BEGIN)[2].partition(END)[0].strip() == tables()


def test_shipped_models_are_whole_and_named_in_the_readme():
    from peachdash.sentiment.registry import list_models

    names = {model.name: model for model in list_models(REPOSITORY / "models")}
    assert set(names) == {"generic-small", "champion-small", "generic-base", "champion-base"}
    assert names["champion-small"].revision in README
    size = sum(path.stat().st_size for path in (REPOSITORY / "models").rglob("*") if path.is_file())
    assert size < 12_000_000
