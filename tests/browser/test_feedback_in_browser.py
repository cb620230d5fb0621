"""A link's page on a phone, and the queue by keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from peachdash.records import Role, Scope
from peachdash.storage.database import open_database
from peachdash.workflows.feedback import report_reading
from peachdash.workflows.links import make_link

from ..pages.conftest import MODELS, fill
from .conftest import serving
from .test_dashboard import leaves, visit

pytestmark = pytest.mark.browser
PHRASE = "soggy cones"


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str, str]]:
    """The address of a dashboard with three open reports, a link, and one with a pass phrase."""
    home = tmp_path_factory.mktemp("reported")
    database = open_database(f"duckdb:///{home / 'peachdash.duckdb'}")
    fill(database)
    house = Scope.everything("ada")
    client = Scope("ana@north.example", Role.CLIENT, frozenset({"creamery", "diner"}))
    for number in (5, 6, 7):
        report_reading(database, client, MODELS, number, "spam", "not ours")
    tokens = [make_link(database, house, "north", pass_phrase=phrase) for phrase in ("", PHRASE)]
    database.close()
    with serving(home) as address:
        yield address, *tokens


@pytest.fixture
def page(browser) -> Iterator:
    context = browser.new_context(viewport={"width": 360, "height": 740})
    page = context.new_page()
    page.beyond = []
    page.on("request", lambda request: page.beyond.append(request.url) if leaves(request.url) else None)
    yield page
    context.close()


def sideways(page) -> int:
    return int(page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth"))


def settled(page) -> None:
    """Wait for the end of the script run: until then buttons of the run before still stand in the page."""
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()


def test_a_phone_shows_the_links_page_and_takes_answers(page, reported):
    address, token, _ = reported
    visit(page, f"{address}/client_link?link={token}")
    assert sideways(page) <= 360
    assert page.locator("[data-testid=stSidebar]").count() == 0
    assert page.get_by_role("link", name="Overview").count() == 0
    page.get_by_role("button", name="Right", exact=True).first.click()
    page.get_by_text("You said: right. Thank you.").wait_for()
    settled(page)
    page.get_by_role("button", name="Wrong", exact=True).first.click()
    page.get_by_text("What is it?", exact=True).wait_for()
    assert sideways(page) <= 360
    page.get_by_role("button", name="Not about us").last.click()
    page.get_by_text("You said: not about us. Thank you.").wait_for()
    assert page.beyond == []


def test_buttons_are_large_enough_for_a_thumb(page, reported):
    address, token, _ = reported
    visit(page, f"{address}/client_link?link={token}")
    for button in page.locator("[data-testid=stMain] [data-testid=stButton] button").all():
        box = button.bounding_box()
        assert box["height"] >= 38


def test_other_pages_stay_shut_for_whoever_holds_a_link(page, reported):
    """Local mode lets everybody in; what a link adds is no navigation and no other data."""
    address, token, _ = reported
    visit(page, f"{address}/client_link?link={token[:-1]}A")
    assert page.locator("h1").inner_text() == "This link does not work."
    assert page.locator("[data-testid=stText]").count() == 0


def test_a_pass_phrase_is_asked_for_first(page, reported):
    address, _, token = reported
    visit(page, f"{address}/client_link?link={token}")
    assert page.locator("[data-testid=stText]").count() == 0
    page.get_by_label("Pass phrase").fill("something else")
    page.get_by_role("button", name="Open", exact=True).click()
    page.get_by_text("That did not open the link.").wait_for()
    page.get_by_label("Pass phrase").fill(PHRASE)
    page.get_by_label("Pass phrase").press("Enter")
    expect(page.locator("h1")).to_have_text("Do we read the reviews of North Foods right?", timeout=15_000)


def test_the_queue_works_by_keyboard_alone(page, reported):
    address, _, _ = reported
    page.set_viewport_size({"width": 1360, "height": 1200})
    visit(page, f"{address}/feedback?period=all")
    expect(page.locator("h1")).to_contain_text("wait for a decision")
    page.locator("h1").click()
    page.keyboard.press("1")
    page.get_by_text("now counts as spam.").wait_for()
    page.wait_for_timeout(800)
    page.keyboard.press("x")
    page.get_by_text("A rejection needs a reason").wait_for()
    page.wait_for_timeout(800)
    page.keyboard.press("l")
    page.get_by_text("sent to labelling.").wait_for()
