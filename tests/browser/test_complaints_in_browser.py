"""Complaints and the review queue as a manager works them: opened, read, corrected, decided by keyboard."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from peachdash.storage.database import open_database

from ..pages.conftest import fill, fill_issues
from .conftest import serving
from .tab import PHONE, faint, settled, sideways, visit

pytestmark = pytest.mark.browser
SECONDS = 15_000
"""How long a busy machine may take, in milliseconds as Playwright counts."""


@pytest.fixture(scope="module")
def complaining(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str]]]:
    """A served dashboard with issues of its own, since the tests change them, and the issues' ids."""
    home = tmp_path_factory.mktemp("complaining")
    database = open_database(f"duckdb:///{home / 'peachdash.duckdb'}")
    fill(database)
    ids = fill_issues(database)
    database.close()
    with serving(home) as address:
        yield address, ids


def test_an_issue_opens_with_its_evidence_and_a_review(page, complaining):
    address, ids = complaining
    visit(page, f"{address}/complaints?period=all&business=creamery&single=true")
    expect(page.locator("h1")).to_contain_text("most complaints are about")
    table = page.locator("[data-testid=stDataFrame]").first
    box = table.bounding_box()
    page.mouse.click(box["x"] + 60, box["y"] + 60)
    page.wait_for_url(re.compile(r"issue="))
    settled(page)
    expect(page.get_by_text("What customers say")).to_be_visible()
    assert any(issue in page.url for issue in ids.values())
    page.get_by_role("button", name="Open the review").first.click()
    page.get_by_role("dialog").wait_for()
    assert page.beyond == page.dialogs == []


def test_a_new_name_shows_at_once_and_can_be_undone(page, complaining):
    address, ids = complaining
    visit(page, f"{address}/complaints?period=all&issue={ids['even']}")
    page.get_by_text("Correct this issue").click()
    field = page.get_by_label("Name", exact=True)
    field.fill("Nobody at the counter")
    page.get_by_role("button", name="Save name and aspect").click()
    page.get_by_text("is saved. Later reviews follow the correction.").first.wait_for()
    settled(page)
    expect(page.locator("h3").first).to_have_text("Nobody at the counter", timeout=SECONDS)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("h3").first).to_contain_text("Long wait", timeout=SECONDS)


def test_a_merge_shows_the_course_before_and_after_before_it_is_saved(page, complaining):
    address, ids = complaining
    visit(page, f"{address}/complaints?period=all&issue={ids['even']}")
    charts = page.locator("[data-testid=stVegaLiteChart]")
    before = charts.count()
    page.get_by_text("Correct this issue").click()
    page.get_by_role("tab", name="Merge").click()
    settled(page)
    choice = page.get_by_label("Make it part of")
    choice.click()
    choice.press("ArrowDown")
    page.get_by_role("option").first.click()
    expect(page.locator(".st-key-merge_issue button")).to_be_visible(timeout=SECONDS)
    settled(page)
    expect(charts).to_have_count(before + 2, timeout=SECONDS)
    visit(page, f"{address}/complaints?period=all&issue={ids['even']}")
    expect(page.locator("h3").first).to_contain_text("Long wait", timeout=SECONDS)


def test_the_queue_is_decided_by_keyboard_alone(page, complaining):
    address, _ = complaining
    visit(page, f"{address}/review_queue?period=all")
    expect(page.locator("h1")).to_contain_text("wait for a person")
    page.locator("h1").click()
    waiting = page.locator("h1").inner_text()
    page.keyboard.press("n")
    settled(page)
    page.keyboard.press("2")
    page.get_by_text("counts as neutral.").wait_for()
    settled(page)
    assert page.locator("h1").inner_text() != waiting
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("h1")).to_have_text(waiting, timeout=SECONDS)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("where", ["complaints?period=all", "review_queue?period=all"])
def test_a_phone_shows_both_pages_whole(page, complaining, where, scheme):
    address, _ = complaining
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size(PHONE)
    visit(page, f"{address}/{where}")
    assert sideways(page) <= PHONE["width"]
    assert faint(page) == []
