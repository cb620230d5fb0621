"""The Complaints page: what it says, what a click opens, and what its forms store."""

from __future__ import annotations

import datetime as dt
import io

import pandas as pd
import pytest
from openpyxl import load_workbook

from peachdash.insights.issues import summarise_issues
from peachdash.queries.complaints import fetch_issue
from peachdash.records import Scope
from peachdash.storage import issue_schema as i
from peachdash.storage.findings import append_languages
from peachdash.ui.downloads import safe_xlsx
from peachdash.ui.issue_detail import marked
from peachdash.workflows.issue_editing import rename_issue

from .conftest import fill_issues, words
from .test_business import metric
from .test_feedback import as_client, button

HOUSE = Scope.everything("ada")


@pytest.fixture
def issues(dashboard):
    """Two issues of the creamery and one of the diner; names with what Markdown would take for marks."""
    return fill_issues(dashboard.database)


def stored(dashboard, issue_id: str) -> dict:
    with dashboard.database.read() as connection:
        return fetch_issue(connection, HOUSE, issue_id)


def test_the_page_answers_first_and_lists_issues(dashboard, issues):
    app = dashboard.open("complaints", period="all", business="creamery")
    shown = words(app)
    assert shown.startswith("Sweet Creamery: most complaints are about “")
    table = app.dataframe(key="issue_table").value
    assert set(table["Issue"]) == {"*Soggy* <b>cones</b> · food or product", "=Long wait · waiting"}
    assert metric(app, "Issues") == "2"
    assert table.iloc[0]["Share"].endswith("%)")


def test_all_businesses_name_theirs(dashboard, issues):
    table = dashboard.open("complaints", period="all").dataframe(key="issue_table").value
    assert set(table["Business"]) == {"Sweet Creamery", "Blue Diner"}


def test_choices_narrow_the_list_and_say_when_nothing_is_left(dashboard, issues):
    app = dashboard.open("complaints", period="all", aspect="waiting")
    assert app.dataframe(key="issue_table").value["Issue"].tolist() == ["=Long wait · waiting"]
    app.text_input(key="issue_search").set_value("nowhere").run()
    assert "No issue matches." in words(app)


def test_before_anything_is_grouped_the_page_says_so(dashboard):
    assert "No issue has been found in these reviews yet." in words(dashboard.open("complaints"))


def test_an_issue_shows_its_sentences_and_opens_their_reviews(dashboard, issues):
    app = dashboard.open("complaints", period="all", business="creamery", issue=issues["odd"])
    shown = words(app)
    assert "Soggy <b>cones</b>" in shown
    assert "A negative peachy visit, the " in shown
    assert "needs an answer" in shown
    button(app, "Open the review").click().run()
    assert app.query_params["review"]
    button(app, "All issues").click().run()
    assert "issue" not in app.query_params


def test_an_issue_that_is_not_there_is_a_clear_line(dashboard, issues):
    assert "There is no such issue." in words(dashboard.open("complaints", issue="nonsense"))


def test_name_and_aspect_are_saved_and_undone(dashboard, issues):
    app = dashboard.open("complaints", period="all", issue=issues["odd"])
    app.text_input(key="issue_name").set_value("Soggy cones")
    app.selectbox(key="issue_aspect").select("price")
    button(app, "Save name and aspect").click().run()
    now = stored(dashboard, issues["odd"])
    assert (now["name"], now["aspect"]) == ("Soggy cones", "price")
    app.button(key="notice_undo_button").click().run()
    assert stored(dashboard, issues["odd"])["aspect"] == "food or product"


def test_work_and_fix_are_saved_and_the_business_page_marks_the_fix(dashboard, issues):
    app = dashboard.open("complaints", period="all", issue=issues["odd"])
    app.selectbox(key="work_state").select("in progress")
    app.text_input(key="work_owner").set_value("Tavon")
    button(app, "Save the state").click().run()
    assert (stored(dashboard, issues["odd"])["state"], stored(dashboard, issues["odd"])["owner"]) == (
        "in progress", "Tavon",
    )  # fmt: skip
    app.text_input(key="fix_label").set_value("New cone supplier")
    app.date_input(key="fix_date").set_value(dt.date(2026, 3, 3))
    button(app, "Save the fix").click().run()
    assert "Fixed from 3 Mar 2026" in words(app)
    business = dashboard.open("business", period="all", business="creamery")
    charts = [chart.proto.spec for chart in business.get("vega_lite_chart")]
    assert any("New cone supplier on 3 Mar 2026" in spec for spec in charts)


def test_a_merge_shows_before_and_after_and_is_saved(dashboard, issues):
    app = dashboard.open("complaints", period="all", issue=issues["even"])
    app.selectbox(key="merge_into").select(issues["odd"]).run()
    told = " ".join(chart.proto.spec for chart in app.get("vega_lite_chart"))
    assert told.count("Bars of reviews by month.") == 3, "its course, and the other's before and after"
    app.button(key="merge_issue").click().run()
    assert stored(dashboard, issues["even"])["issue_id"] == issues["odd"]
    app.button(key="notice_undo_button").click().run()
    assert stored(dashboard, issues["even"])["issue_id"] == issues["even"]


def test_sentences_are_split_off_and_moved(dashboard, issues):
    app = dashboard.open("complaints", period="all", issue=issues["odd"])
    app.multiselect(key="split_sentences").set_value([0]).run()
    app.text_input(key="split_name").set_value("Something else").run()
    app.button(key="split_issue").click().run()
    assert "is an issue of its own" in words(app)
    app.multiselect(key="move_sentences").set_value([0]).run()
    app.selectbox(key="move_into").select(issues["even"]).run()
    app.button(key="move_issue").click().run()
    origins = [row["origin"] for row in dashboard.rows(i.issue_sentences)]
    assert (origins.count("split"), origins.count("moved")) == (1, 1)


def test_hiding_takes_an_issue_out_of_list_and_headline(dashboard, issues):
    app = dashboard.open("complaints", period="all", issue=issues["odd"])
    app.button(key="issue_hide").click().run()
    table = dashboard.open("complaints", period="all", business="creamery").dataframe(key="issue_table").value
    assert len(table) == 1
    shown = dashboard.open("complaints", period="all", business="creamery", hidden="true")
    assert len(shown.dataframe(key="issue_table").value) == 2


def test_a_client_reads_and_changes_nothing(dashboard, issues):
    app = as_client(dashboard, "complaints", period="all", issue=issues["odd"])
    labels = [part.label for part in app.button]
    assert "Open the review" in labels
    assert not {"Save the state", "Save the fix", "Save name and aspect", "Merge"} & set(labels)


def test_marked_words_cannot_become_marks():
    text = marked("My <b>cone</b> was *soggy*, [x](http://e.example)", ["cone", "soggy"])
    assert "**cone**" in text
    assert "**soggy**" in text
    assert "](http" not in text


def test_a_workbook_holds_no_formula():
    content = safe_xlsx(pd.DataFrame({"issue": ["=1+1", "+x", None], "n": [1, 2, 3]}), "complaints")
    sheet = load_workbook(io.BytesIO(content)).active
    assert [cell.value for cell in sheet["A"]] == ["issue", "'=1+1", "'+x", None]
    assert {cell.data_type for cell in sheet["A"]} <= {"s", "n"}


def test_the_tests_of_issues_are_not_done_again_for_other_news(dashboard, issues, monkeypatch):
    times = []

    def counted(*given, **more):
        times.append(1)
        return summarise_issues(*given, **more)

    monkeypatch.setattr("peachdash.ui.issue_data.summarise_issues", counted)
    app = dashboard.open("complaints", period="all", business="creamery")
    known = len(times)
    found = {"language": "en", "confidence": 0.9, "readable": True, "detector": "x"}
    with dashboard.database.write() as connection:
        append_languages(connection, pd.DataFrame([{"text_sha256": "of another business", **found}]))
    app.run()
    assert len(times) == known
    rename_issue(dashboard.database, HOUSE, issues["odd"], "Another name")
    app.run()
    assert len(times) > known
    assert "Another name" in str(app.dataframe(key="issue_table").value)
