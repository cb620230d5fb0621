"""The home that the Complaints page is measured on, and how the end of a page is told."""

from __future__ import annotations

import pandas as pd
import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from peachdash.config import Settings
from peachdash.errors import JobFailed
from peachdash.queries.complaints import fetch_issues
from peachdash.queries.issue_evidence import fetch_evidence
from peachdash.records import ReviewFilter
from peachdash.storage.database import open_database
from scripts.measuring import page
from tests.integration.conftest import MODELS


def test_the_measured_home_is_full_of_complaints_in_issues(tmp_path, monkeypatch):
    sentences = ["The cone was soggy today.", "Nobody answered the phone.", "The floor was very sticky."]
    monkeypatch.setattr(page, "REVIEWS", 40)
    monkeypatch.setattr(page, "ISSUES", 4)
    monkeypatch.setattr(page, "corpus_sentences", lambda settings: pd.DataFrame({"sentence": sentences}))
    database = open_database(f"duckdb:///{tmp_path / 'large.duckdb'}")
    counts, first = page.fill(database, Settings(home=tmp_path), MODELS)
    with database.read() as connection:
        issues = fetch_issues(connection, page.HOUSE)
        evidence = fetch_evidence(connection, page.HOUSE, ReviewFilter(business_id=page.BUSINESS), MODELS)
    database.close()
    assert (counts["reviews"], counts["issues"]) == (40, 4)
    assert first in set(issues["issue_id"])
    assert len(evidence) == counts["sentences in issues"] >= 20
    assert set(evidence["issue_id"]) == set(issues["issue_id"])


def test_a_page_ends_when_its_script_has_run_and_an_error_on_it_is_told():
    finished, drawn, failed = ForwardMsg(), ForwardMsg(), ForwardMsg()
    finished.script_finished = ForwardMsg.FINISHED_SUCCESSFULLY
    drawn.delta.new_element.text.body = "a table"
    failed.delta.new_element.exception.message = "no such column"
    assert page.is_end(finished.SerializeToString())
    assert not page.is_end(drawn.SerializeToString())
    with pytest.raises(JobFailed, match="no such column"):
        page.is_end(failed.SerializeToString())


def test_every_address_asks_for_dates_of_its_own():
    queries = page.addresses(600, "&issue=7")
    assert len(set(queries)) == page.TIMES
    assert all("business=large" in query and query.endswith("&issue=7") for query in queries)
