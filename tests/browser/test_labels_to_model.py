"""From labels to a promoted model and back, in a browser: real pages, supervisor, worker and small model.

The corpus is a small part of the shipped one, so that reading and training take seconds.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import expect

from .conftest import REPOSITORY, free_port, wait_for
from .part_of_corpus import write_part
from .tab import settled, visit

pytestmark = pytest.mark.browser

REVIEWS = 30
DIFFERS_EVERY = 6
KEYS = {"negative": "1", "neutral": "2", "positive": "3"}
LONG = 180_000


@dataclass(frozen=True)
class Live:
    """A served Peachdash: where it answers, and its home."""

    address: str
    home: Path

    @property
    def trained(self) -> list[str]:
        """The revisions of the models that were trained here."""
        return sorted(path.name for path in (self.home / "models").glob("small-*"))


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    """`peachdash serve` over a small corpus that both models have read."""
    write_part(REPOSITORY / "data", tmp_path / "data")
    environment = {
        **os.environ,
        "PEACHDASH_HOME": str(tmp_path / "home"),
        "PEACHDASH_DATA": str(tmp_path / "data"),
        "PEACHDASH_REAL_SETS": str(tmp_path / "none"),
        "PEACHDASH_DEVICE": "cpu",
        "PYTHONPATH": str(REPOSITORY / "src"),
        "HF_HUB_OFFLINE": "1",
    }
    command, port = [sys.executable, "-m", "peachdash.cli"], free_port()
    made = subprocess.run(
        [*command, "setup"], env=environment, cwd=REPOSITORY, check=False, capture_output=True, text=True
    )
    assert made.returncode == 0, made.stderr
    with (tmp_path / "serve.log").open("w") as log:
        process = subprocess.Popen(
            [*command, "serve", "--no-browser", "--port", str(port)],
            env=environment,
            cwd=REPOSITORY,
            stdout=log,
            stderr=log,
        )
        try:
            wait_for(f"http://127.0.0.1:{port}")
            yield Live(f"http://127.0.0.1:{port}", tmp_path / "home")
        finally:
            process.terminate()
            process.wait(timeout=30)


def test_labels_become_a_model_that_is_promoted_and_taken_back(page, live):
    first = champion(page, live)
    make_task(page, live)
    label(page, live, "Ada", agreed)
    label(page, live, "Ben", lambda number: agreed(number) if number % DIFFERS_EVERY else "neutral")
    settle(page, live)
    freeze(page, live)
    revision = train(page, live)
    assert revision != first
    promote(page, live, revision)
    assert champion(page, live) == revision
    roll_back(page, live, revision)
    assert champion(page, live) == first
    assert page.beyond == []


def agreed(number: int) -> str:
    """What both say of most reviews."""
    return "negative" if number % 2 else "positive"


def champion(page, live: Live) -> str:
    """The revision that Overview says its readings are by."""
    visit(page, f"{live.address}/overview")
    told = page.get_by_text("Reviews are read by").inner_text()
    return re.search(r"small-\w{12}", told).group()


def make_task(page, live: Live) -> None:
    visit(page, f"{live.address}/label")
    fill(page, "task_size", str(REVIEWS))
    fill(page, "task_annotator_1", "Ada")
    fill(page, "task_annotator_2", "Ben")
    press(page, "make_task")
    page.get_by_text("The labelling task is made.").wait_for()


def label(page, live: Live, who: str, choose: Callable[[int], str]) -> None:
    """Label every review of the task by keyboard alone, and find that the other's labels do not show."""
    visit(page, f"{live.address}/label")
    page.locator(".st-key-label_person input").fill(who)
    page.get_by_role("option", name=who).click()
    for number in range(REVIEWS):
        page.get_by_text(f"{number} of {REVIEWS} reviews").wait_for()
        settled(page)
        page.locator("h1").click()
        page.keyboard.press(KEYS[choose(number)])
    page.get_by_text("You have labelled every review of this task.").wait_for()


def settle(page, live: Live) -> None:
    """Adjudicate what the two differ on, each with a written reason."""
    visit(page, f"{live.address}/adjudicate")
    for left in range(REVIEWS // DIFFERS_EVERY, 0, -1):
        page.get_by_text(re.compile(rf"\b{left} reviews? to settle")).wait_for()
        settled(page)
        reason = page.get_by_label("Why (needed)")
        reason.fill("The text leans that way.")
        reason.press("Tab")
        settled(page)
        press(page, "adjudicate_neutral")
        page.get_by_text("Settled as neutral.").wait_for()
    page.get_by_text("Everything is settled.").wait_for()


def freeze(page, live: Live) -> None:
    visit(page, f"{live.address}/data_sets")
    press(page, "freeze_data_set")
    page.get_by_text("Data set 1 is frozen.").wait_for()


def train(page, live: Live) -> str:
    """One epoch without replay, watched until it ends; the revision that came of it."""
    visit(page, f"{live.address}/train")
    fill(page, "train_epochs_small", "1")
    fill(page, "train_replay_small", "0")
    press(page, "train_begin")
    page.get_by_text("The training is queued").wait_for()
    curves = page.locator("[class*='st-key-training_'] [data-testid=stVegaLiteChart]")
    curves.first.wait_for(timeout=LONG)
    expect(page.get_by_text("Tick one to see its curves")).to_be_visible(timeout=LONG)
    (revision,) = live.trained
    return revision


def promote(page, live: Live, revision: str) -> None:
    """Measure the candidate, see its gates and what would change, and promote it."""
    visit(page, f"{live.address}/models")
    press(page, "measure_button")
    page.get_by_text("Compared on the same reviews").wait_for(timeout=LONG)
    expect(page.locator("[class*='st-key-gate_']")).to_have_count(4)
    settled(page)
    press(page, "preview_button")
    expect(page.locator(".st-key-promote_button button")).to_be_visible(timeout=LONG)
    settled(page)
    page.get_by_label("Reason, kept in the history").first.fill("To see the way through.")
    typed = page.get_by_label("Revision, typed")
    if typed.count():
        typed.fill(revision)
    press(page, "promote_button")
    page.get_by_text(f"{revision} is the champion now").wait_for()


def roll_back(page, live: Live, revision: str) -> None:
    visit(page, f"{live.address}/models")
    press(page, "rollback_popover")
    page.get_by_label("Reason, kept in the history").last.fill("The old one was better.")
    press(page, "rollback_button")
    page.get_by_text(f"is the champion again, in place of {revision}").wait_for()


def fill(page, key: str, value: str) -> None:
    """Write into the input of a widget and leave it."""
    field = page.locator(f".st-key-{key} input")
    field.fill(value)
    field.press("Tab")
    settled(page)


def press(page, key: str) -> None:
    page.locator(f".st-key-{key} button").first.click()
