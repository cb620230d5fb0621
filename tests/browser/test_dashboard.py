"""What only a real browser can show: clicks in tables, addresses, rendering of untrusted text, phones."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from ..pages.conftest import EVIL_NAME, PAYLOAD
from .tab import PHONE, faint, settled, sideways, still, visit

pytestmark = pytest.mark.browser
ROW, HEADER = 66, 38
PAGES = ("", "business", "feedback", "before_after", "upload", "people", "audit")
VIEWS = ("feedback?view=Reports", "feedback?view=Random+sample", "feedback?view=Links")


def query(page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def click_row(page, row: int, x: int) -> None:
    """Click into a row of the page's last table, which is brought to the top first."""
    table = page.locator("[data-testid=stDataFrame]").last
    table.evaluate("element => element.scrollIntoView({block: 'start', behavior: 'instant'})")
    box = still(page, table)
    page.mouse.click(box["x"] + x, box["y"] + HEADER + ROW * row + ROW / 2)


def wait_for_query(page, name: str, *, present: bool) -> None:
    script = "([name, present]) => new URLSearchParams(location.search).has(name) === present"
    page.wait_for_function(script, arg=[name, present], timeout=15_000)


def test_a_first_visit_by_a_deep_link_has_filter_and_navigation(page, served):
    visit(page, f"{served}/business?business=creamery&period=all")
    assert page.locator("h1").first.inner_text().startswith("Sweet Creamery: ")
    assert page.get_by_role("link", name="Before and after").count() == 1


@pytest.mark.parametrize("path", [*PAGES, *VIEWS])
def test_a_page_keeps_to_itself_in_both_themes_and_fits_a_phone(page, served, path):
    """It asks nobody else for anything, every word is read, and it never scrolls sideways on a phone."""
    address = f"{served}/{path}{'&' if '?' in path else '?'}period=all"
    visit(page, address)
    assert faint(page) == []
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(400)  # colours change by and by
    settled(page)
    assert faint(page) == []
    page.set_viewport_size(PHONE)
    settled(page)
    assert sideways(page) <= 360
    visit(page, address)
    assert sideways(page) <= 360
    assert page.beyond == []
    assert page.get_by_text("Traceback").count() == 0


def opened(page):
    """The dialog of a review, once it stands."""
    dialog = page.locator("[role=dialog]")
    dialog.locator("[data-testid=stText]").first.wait_for()
    settled(page)
    still(page, dialog)
    return dialog


def test_a_click_opens_a_review_and_another_click_opens_it_again(page, served):
    visit(page, f"{served}/business?period=all")
    for _ in range(2):
        click_row(page, 2, 200)
        wait_for_query(page, "review", present=True)
        opened(page)
        page.keyboard.press("Escape")
        wait_for_query(page, "review", present=False)
        page.locator("[role=dialog]").wait_for(state="detached")
        page.wait_for_timeout(500)  # for a run that should not come
        settled(page)
        assert "review" not in query(page), "closing must not open another review"


def test_several_complaints_are_answered_at_once_and_undone(page, served):
    visit(page, f"{served}/business?period=all&complaints=Open+complaints")
    figure = page.locator("[data-testid=stMetric]", has_text="Complaints open")
    figure = figure.locator("[data-testid=stMetricValue]")
    before = int(figure.inner_text())
    for row, label in enumerate(("Mark 1 complaint as answered", "Mark 2 complaints as answered")):
        click_row(page, row, 16)
        page.get_by_role("button", name=label).wait_for()
        settled(page)
    page.get_by_role("button", name="Mark 2 complaints as answered").click()
    expect(figure).to_have_text(str(before - 2), timeout=10_000)
    page.get_by_role("button", name="Undo").click()
    expect(figure).to_have_text(str(before), timeout=10_000)


def test_a_sorted_overview_opens_the_business_that_was_clicked(page, served):
    visit(page, f"{served}/?period=all")
    table = page.locator("[data-testid=stDataFrame]").first
    box = still(page, table)
    for _ in range(2):  # descending by name: Sweet Creamery comes first
        page.mouse.click(box["x"] + 60, box["y"] + 18)
        page.wait_for_timeout(400)  # the table is drawn on a canvas, which tells nothing of its order
    page.mouse.click(box["x"] + 60, box["y"] + HEADER + 21)
    page.wait_for_url("**/business?**")
    assert query(page) == {"business": "creamery", "period": "all"}


def test_the_navigation_takes_the_filter_along(page, served):
    visit(page, f"{served}/?business=diner&period=90")
    page.get_by_role("link", name="Feedback").click()
    page.wait_for_url("**/feedback?**")
    assert query(page) == {"business": "diner", "period": "90"}


PAYLOADS = "a, img, script, .katex, em, code, [style*='color: red']"


def rendered(page, inside: str) -> int:
    """How many elements inside a part of the page came from Markdown; anchors and icons of ours are named."""
    return page.locator(inside).locator(PAYLOADS).locator("visible=true").count()


def test_untrusted_text_is_never_rendered(page, served):
    visit(page, f"{served}/business?business=evil&period=all")
    name = page.locator("h1").first.inner_text().replace("\u2060", "")
    assert name.startswith(EVIL_NAME)
    assert rendered(page, "[data-testid=stHeading]") == 0
    assert rendered(page, "[data-testid=stCaptionContainer]") == 0
    visit(page, f"{served}/business?period=all&search=script")
    click_row(page, 0, 200)
    assert PAYLOAD in opened(page).inner_text()
    assert rendered(page, "[role=dialog] [data-testid=stText]") == 0
    assert page.beyond == []


def test_upload_preview_download_and_import(page, served, tmp_path):
    file = tmp_path / "export.csv"
    file.write_text('Review,Rating,Shop\n"Lovely *cone* $x$",5,Blue Diner\n=1+1,,\n')
    visit(page, f"{served}/upload")
    page.locator("input[type=file]").set_input_files(str(file))
    page.get_by_role("button", name="Import 1 review").wait_for(timeout=20_000)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the rejected rows").click()
    content = download.value.path().read_text(encoding="utf-8-sig")
    assert content.startswith("rejected row,rejected column,rejected because,Review,Rating,Shop")
    page.get_by_role("button", name="Import 1 review").click()
    page.get_by_text("1 review imported from export.csv").wait_for()
    assert page.get_by_role("button", name="Nothing new to import").is_disabled()
