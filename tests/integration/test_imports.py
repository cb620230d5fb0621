"""Importing through the workflow: counts reconcile, nothing is stored twice, foreign rows stay out."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from peachdash.errors import BadInput, NotFound
from peachdash.queries.catalogue import fetch_businesses
from peachdash.queries.imports import fetch_imports, fetch_rejects
from peachdash.queries.overview import fetch_totals
from peachdash.records import ReviewFilter, Role, Scope
from peachdash.storage.reviews import append_reviews, load_identity
from peachdash.workflows.duplicates import find_matches
from peachdash.workflows.imports import ImportOptions, import_export, plan_import, undo_import
from tests.integration.conftest import EVERYTHING, MODELS

EXPORTS = Path(__file__).resolve().parents[3] / "shared" / "data" / "exports"

PLAIN = b"""text,date,stars,business,source
Warm cone and quick line,2026-05-01,5,Sweet Stack Creamery,google
,2026-05-02,,Sweet Stack Creamery,google
,2026-05-03,4,Sweet Stack Creamery,google
Cold broth,2026-05-04,2,Bun and Banchan,yelp
Cold broth,2026-05-04,2,Bun and Banchan,yelp
"""


def run(database, home, data=PLAIN, name="plain.csv", scope=EVERYTHING, **options):
    return import_export(database, scope, home, data, name, ImportOptions(**options), "command")


def reviews(database):
    with database.read() as connection:
        return fetch_totals(connection, EVERYTHING, ReviewFilter(), MODELS)["reviews"]


def test_counts_reconcile_and_reasons_are_kept(filled, home):
    result = run(filled, home)
    assert (result.accepted, result.duplicates, result.rejected) == (4, 0, 1)
    assert result.rejects[0]["row"] == 2
    assert reviews(filled) == 10
    with filled.read() as connection:
        history = fetch_imports(connection, EVERYTHING)
        rejects = fetch_rejects(connection, EVERYTHING, result.import_id)
    row = history.set_index("import_id").loc[result.import_id]
    assert row["rows_read"] == row["accepted"] + row["duplicates"] + row["rejected"] == 5
    assert rejects["row_number"].tolist() == [2]


def test_stars_without_text_are_kept_and_not_scored(filled, home):
    run(filled, home)
    with filled.read() as connection:
        found = fetch_totals(connection, EVERYTHING, ReviewFilter(), MODELS)
    assert found["unscored"] == 2
    assert found["waiting"] == 3


def test_the_same_file_again_adds_nothing(filled, home):
    run(filled, home)
    again = run(filled, home, name="renamed.csv")
    assert (again.accepted, again.duplicates, again.rejected) == (0, 4, 1)
    assert reviews(filled) == 10


def test_a_longer_file_adds_only_what_is_new(filled, home):
    run(filled, home)
    more = PLAIN + b"Best scoop of May,2026-05-09,5,Sweet Stack Creamery,google\n"
    assert run(filled, home, more).accepted == 1
    assert reviews(filled) == 11


def test_an_undone_file_can_be_imported_again(filled, home):
    first = run(filled, home)
    undo_import(filled, EVERYTHING, first.import_id)
    assert reviews(filled) == 6
    assert run(filled, home).accepted == 4


def test_a_business_that_only_an_undone_import_names_is_listed_no_more(filled, home):
    def listed():
        with filled.read() as connection:
            return set(fetch_businesses(connection, EVERYTHING)["business"])

    before = listed()
    data = b"text,business\nA fine cup of tea,Bea Reviewer\nA warm cone,Sweet Stack Creamery\n"
    first = run(filled, home, data)
    assert listed() == before | {"Bea Reviewer"}
    undo_import(filled, EVERYTHING, first.import_id)
    assert listed() == before
    run(filled, home, data)
    assert listed() == before | {"Bea Reviewer"}


def test_an_undo_waits_for_the_import_that_is_stored_and_both_hold(filled, home, monkeypatch):
    first = run(filled, home)
    reached, go_on = threading.Event(), threading.Event()

    def slowly(*given):
        reached.set()
        go_on.wait(20)
        return append_reviews(*given)

    monkeypatch.setattr("peachdash.workflows.imports.append_reviews", slowly)
    longer = PLAIN + b"Warm bread,2026-05-05,5,Bun and Banchan,yelp\n"
    with ThreadPoolExecutor(2) as pool:
        second = pool.submit(run, filled, home, longer, "longer.csv")
        assert reached.wait(20)
        undone = pool.submit(undo_import, filled, EVERYTHING, first.import_id)
        assert not undone.done()
        go_on.set()
        assert (second.result().accepted, second.result().duplicates) == (1, 4)
        assert undone.result() == 4, "the rows that the second file holds too go on counting"
    assert reviews(filled) == 11


def test_reviewers_make_duplicates_and_campaigns_are_flagged(filled, home):
    data = (
        b"reviewer,text,date,stars,business,source\n"
        b"Ann,This place is really the best place,2026-05-01,5,Bun and Banchan,google\n"
        b"Ann,This place is really the best place,2026-05-02,5,Bun and Banchan,google\n"
        b"Bob,This place is really the best place,2026-05-03,5,Bun and Banchan,google\n"
    )
    plan = plan_import(filled, EVERYTHING, home, data, "people.csv", ImportOptions())
    assert plan.rows["duplicate_of"].tolist() == [None, "row 1 of this file", None]
    assert plan.rows["possible_duplicate"].tolist() == [True, False, True], "row 2 is not stored"
    assert reviews(filled) == 6


def test_platform_ids_make_duplicates(filled, home):
    data = b"review id,text,date,stars,business,source\nx1,Fine,2026-05-01,4,Bun and Banchan,google\n"
    assert run(filled, home, data).accepted == 1
    assert run(filled, home, data).duplicates == 1
    elsewhere = data.replace(b"google", b"yelp")
    assert run(filled, home, elsewhere).accepted == 1


def test_an_unknown_business_is_made_and_named(filled, home):
    result = run(filled, home, PLAIN.replace(b"Bun and Banchan", b"New Noodle"))
    assert result.new_businesses == ["New Noodle"]
    with filled.read() as connection:
        found = fetch_businesses(connection, EVERYTHING).set_index("business")
    assert found.loc["New Noodle", "business_id"] == "new-noodle"


def test_a_new_business_is_not_taken_for_one_whose_id_looks_like_its_name(filled, home):
    rows = "text,reviewer,business\nA cone that was just right,Ada,{}\n"
    run(filled, home, rows.format("Sweet Stack Creamery").encode())
    matched = find_matches(*_compared(filled, "creamery"))
    assert matched["duplicate_of"].isna().all()
    assert not matched["possible_duplicate"].any()


def _compared(database, name):
    """A row of a business with a name that nobody bears, beside all that is stored of its namesake by id."""
    with database.read() as connection:
        known = load_identity(connection, ["creamery"])
    mine = known.tail(1).assign(business_id=None, business=name, row=1, owner_reply=None)
    return mine.assign(text="A cone that was just right"), known


def test_names_match_without_regard_to_case_and_apostrophes(filled, home):
    result = run(filled, home, PLAIN.replace(b"Sweet Stack Creamery", b"sweet  stack CREAMERY"))
    assert result.new_businesses == []


def test_another_clients_business_is_not_found(filled, home):
    scope = Scope("mia", Role.MANAGER, frozenset({"creamery"}))
    with pytest.raises(NotFound):
        run(filled, home, scope=scope)
    assert reviews(filled) == 6


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7 \x00\x01\x02", b"only,numbers\n1,2\n"])
def test_a_file_that_cannot_be_used_changes_nothing(filled, home, data):
    with pytest.raises(BadInput):
        run(filled, home, data)
    with filled.read() as connection:
        assert len(fetch_imports(connection, EVERYTHING)) == 1


def test_a_failure_half_way_leaves_nothing(filled, home, monkeypatch):
    def fail(*arguments, **named):
        raise RuntimeError("power cut")

    monkeypatch.setattr("peachdash.workflows.imports.append_reviews", fail)
    with pytest.raises(RuntimeError):
        run(filled, home, PLAIN.replace(b"Bun and Banchan", b"New Noodle"))
    with filled.read() as connection:
        assert len(fetch_imports(connection, EVERYTHING)) == 1
        assert "New Noodle" not in fetch_businesses(connection, EVERYTHING)["business"].tolist()


@pytest.mark.skipif(not EXPORTS.is_dir(), reason="the folder with real exports is absent")
@pytest.mark.parametrize(
    ("name", "accepted", "rejected", "unscored"),
    [("clothing_utf8bom_crlf.csv", 150, 0, 0), ("trustpilot_isoZ_missing.csv", 105, 24, 0)],
)
def test_real_exports(database, home, name, accepted, rejected, unscored):
    data = (EXPORTS / name).read_bytes()
    result = run(database, home, data, name, business="A Shop", source="web")
    assert (result.accepted, result.duplicates, result.rejected) == (accepted, 0, rejected)
    with database.read() as connection:
        found = fetch_totals(connection, EVERYTHING, ReviewFilter(), MODELS)
    assert (found["reviews"], found["unscored"]) == (accepted, unscored)
    again = run(database, home, data, name, business="A Shop", source="web")
    assert (again.accepted, again.duplicates, again.rejected) == (0, accepted, rejected)
