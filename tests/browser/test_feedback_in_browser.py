"""A link's page on a phone, and the queue by keyboard alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from .conftest import PHRASE
from .tab import PHONE, settled, sideways, visit

pytestmark = pytest.mark.browser


@pytest.fixture
def phone(page):
    page.set_viewport_size(PHONE)
    return page


def test_a_phone_shows_the_links_page_and_takes_answers(phone, reported):
    visit(phone, f"{reported.address}/client_link?link={reported.token}")
    assert sideways(phone) <= 360
    assert phone.locator("[data-testid=stSidebar]").count() == 0
    assert phone.get_by_role("link", name="Overview").count() == 0
    for button in phone.locator("[data-testid=stMain] [data-testid=stButton] button").all():
        assert button.bounding_box()["height"] >= 38, "large enough for a thumb"
    phone.get_by_role("button", name="Right", exact=True).first.click()
    phone.get_by_text("You said: right. Thank you.").wait_for()
    settled(phone)
    phone.get_by_role("button", name="Wrong", exact=True).first.click()
    phone.get_by_text("What is it?", exact=True).wait_for()
    assert sideways(phone) <= 360
    phone.get_by_role("button", name="Not about us").last.click()
    phone.get_by_text("You said: not about us. Thank you.").wait_for()
    assert phone.beyond == []


def test_other_pages_stay_shut_for_whoever_holds_a_link(phone, reported):
    """Local mode lets everybody in; what a link adds is no navigation and no other data."""
    forged = reported.token[:-1] + ("A" if reported.token[-1] != "A" else "B")
    visit(phone, f"{reported.address}/client_link?link={forged}")
    assert phone.locator("h1").inner_text() == "This link does not work."
    assert phone.locator("[data-testid=stText]").count() == 0


def test_a_pass_phrase_is_asked_for_first(phone, reported):
    visit(phone, f"{reported.address}/client_link?link={reported.locked}")
    assert phone.locator("[data-testid=stText]").count() == 0
    phone.get_by_label("Pass phrase").fill("something else")
    phone.get_by_role("button", name="Open", exact=True).click()
    phone.get_by_text("That did not open the link.").wait_for()
    phone.get_by_label("Pass phrase").fill(PHRASE)
    phone.get_by_label("Pass phrase").press("Enter")
    expect(phone.locator("h1")).to_have_text("Do we read the reviews of North Foods right?", timeout=15_000)


def test_the_queue_works_by_keyboard_alone(page, reported):
    visit(page, f"{reported.address}/feedback?period=all")
    expect(page.locator("h1")).to_contain_text("wait for a decision")
    page.locator("h1").click()
    for key, said in (
        ("1", "now counts as spam."),
        ("x", "A rejection needs a reason"),
        ("l", "sent to labelling."),
    ):
        page.keyboard.press(key)
        page.get_by_text(said).wait_for()
        settled(page)
