"""Fifty payloads in every text that people can write: nothing runs, nothing loads, nothing is rendered."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from peachdash.storage.database import open_database
from peachdash.ui.formatting import safe_cell

from .conftest import REPOSITORY, serving
from .payloads import FORMULAS, OUTSIDE, PAYLOADS
from .poison import poison
from .tab import settled, visit

pytestmark = pytest.mark.browser
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
EVERY_PAGE = sorted(path.stem for path in (REPOSITORY / "pages").glob("*.py"))
VIEWS = {
    "feedback": ["", "&view=Reports", "&view=Random+sample", "&view=Links"],
    "business": ["", "&business=b03", "&business=b30", "&search=%3Cimg", "&business=b00&page=2"],
}


@pytest.fixture(scope="module")
def poisoned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of a dashboard full of payloads, and a link's token."""
    home = tmp_path_factory.mktemp("poisoned")
    database = open_database(f"duckdb:///{home / 'peachdash.duckdb'}")
    token = poison(database)
    database.close()
    with serving(home) as address:
        yield address, token


@pytest.fixture
def page(page):
    """The tab, so tall that tables and charts below are drawn too."""
    page.set_viewport_size({"width": 1360, "height": 3000})
    return page


def addresses(token: str) -> list[str]:
    found = []
    for name in EVERY_PAGE:
        if name == "client_link":
            found.append(f"client_link?link={token}")
            continue
        path = "" if name == "overview" else name
        found += [f"{path}?period=all{view}" for view in VIEWS.get(name, [""])]
    return found


CAME_FROM_TEXT = """() => {
  const evil = element => [...element.attributes].some(
    ({name, value}) => /evil\\.example|javascript:|__ran/i.test(value)
      && !/^(aria-label|title|alt|value|placeholder|content|data-.*|class|id|href-label)$/i.test(name));
  const found = [];
  const look = root => {
    for (const element of root.querySelectorAll('*')) {
      if (evil(element)) found.push(element.outerHTML.slice(0, 200));
      if (element.matches('.katex, [data-testid=stMarkdownContainer] :is(iframe, object, video, form, svg'
          + ' script, style, link, details)')) found.push(element.outerHTML.slice(0, 200));
      if (element.shadowRoot) look(element.shadowRoot);
    }
  };
  look(document);
  return found;
}"""


def assert_harmless(page) -> None:
    assert page.evaluate("window.__ran") is None
    assert page.dialogs == []
    assert page.beyond == []
    assert page.evaluate(CAME_FROM_TEXT) == []
    shown = page.locator("body").inner_text()
    assert "1337" not in shown, "a template was filled in"
    assert "Traceback" not in shown


def open_everything(page) -> None:
    """Open what is folded, so that it is rendered."""
    for summary in page.locator("[data-testid=stExpander] summary").all()[:5]:
        summary.click()
    settled(page)


def exported_cells(path: Path) -> list[str]:
    rows = csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig")))
    return [cell for row in rows for cell in row]


def assert_exports_are_safe(page) -> int:
    """Press the download buttons that show, and look for those of tables; how many files came."""
    buttons = page.locator("[data-testid=stDownloadButton] button").locator("visible=true").all()[:3]
    for button in buttons:
        with page.expect_download() as download:
            button.click()
        cells = exported_cells(download.value.path())
        assert cells
        assert [cell for cell in cells if cell.startswith(FORMULA_STARTS)] == []
        assert OUTSIDE not in download.value.suggested_filename
    for table in page.locator("[data-testid=stDataFrame]").locator("visible=true").all()[:1]:
        table.hover()
        toolbar = page.locator("[data-testid=stElementToolbar]")
        assert toolbar.get_by_role("button", name="Download as CSV").count() == 0
    return len(buttons)


def test_there_are_fifty_payloads():
    assert len(set(PAYLOADS)) == len(PAYLOADS) == 50


def test_the_check_itself_finds_what_was_rendered(page, poisoned):
    visit(page, poisoned[0])
    page.evaluate(f"document.querySelector('h1').innerHTML = '<a href=\"https://{OUTSIDE}\">x</a>'")
    with pytest.raises(AssertionError):
        assert_harmless(page)
    page.evaluate("document.querySelector('h1').innerHTML = '<img src=x onerror=window.__ran=1>'")
    page.wait_for_function("window.__ran === 1")


def test_nothing_runs_or_loads_on_any_page_or_in_any_export(page, poisoned):
    address, token = poisoned
    exports = 0
    for path in addresses(token):
        visit(page, f"{address}/{path}")
        open_everything(page)
        assert_harmless(page)
        exports += assert_exports_are_safe(page)
    assert exports, "there was something to export"


def test_payloads_are_shown_letter_by_letter(page, poisoned):
    address, token = poisoned
    visit(page, f"{address}/client_link?link={token}")
    texts = page.locator("[data-testid=stText]").all_inner_texts()
    shown = {text.strip() for text in texts}
    expected = {payload.strip() for payload in PAYLOADS}
    assert len(expected & shown) >= 15


@pytest.mark.slow
def test_nothing_runs_or_loads_in_the_dark_either_or_in_any_review(page, poisoned):
    address, token = poisoned
    page.emulate_media(color_scheme="dark")
    for path in addresses(token):
        visit(page, f"{address}/{path}")
        open_everything(page)
        assert_harmless(page)
    for number in range(1, len(PAYLOADS) + 1):
        visit(page, f"{address}/business?period=all&review={number}")
        page.locator("[role=dialog] [data-testid=stText]").first.wait_for()
        assert_harmless(page)


@pytest.mark.parametrize("payload", FORMULAS)
def test_formulas_are_defused(payload):
    assert not str(safe_cell(payload)).startswith(FORMULA_STARTS)


@pytest.mark.slow
def test_uploaded_files_are_as_harmless(page, poisoned, tmp_path):
    """Payloads as file name, headings, cells and businesses, through the preview and the import."""
    address, imported = poisoned[0], 0
    for number, payload in enumerate(PAYLOADS):
        name = "".join(letter for letter in payload if letter not in '/\\\0"\n')[:120] + ".csv"
        with (tmp_path / name).open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["Review", "Rating", payload, "Date", "Shop"])
            writer.writerow([f"{payload} {number}", "5", payload, "2026-10-01", f"{number} {payload}"])
            writer.writerow(["", "", payload, payload, payload])
        visit(page, f"{address}/upload")
        page.locator("input[type=file]").set_input_files(str(tmp_path / name))
        # two where the payload as a heading is taken for a title, so that the second row has text
        button = page.get_by_role("button", name=re.compile(r"Import [12] reviews?$"))
        asked = page.get_by_text("Whose reviews are these?")  # a shop that is an address is taken for none
        button.or_(asked).first.wait_for()
        settled(page)
        assert_harmless(page)
        if button.count():
            button.click()
            page.get_by_text(re.compile(r"\d reviews? imported from")).wait_for()
            settled(page)
            assert_harmless(page)
            imported += 1
    assert imported >= 45
