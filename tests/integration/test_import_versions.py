"""What later files say of stored reviews: edits, replies, repeats of what was undone, counts of platforms."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from peachdash.errors import BadInput
from peachdash.queries.imports import fetch_imports, fetch_platform_counts
from peachdash.queries.reviews import fetch_reviews
from peachdash.records import ReviewFilter
from peachdash.storage.findings import append_twins
from peachdash.storage.issue_edits import load_latest_review_date
from peachdash.storage.issues import load_unsplit
from peachdash.workflows.imports import ImportOptions, import_export, plan_import, undo_import
from tests.integration.conftest import EVERYTHING, MODELS

HEADER = "review id,business,source,reviewer,date,stars,text,reply\n"
FIRST = "g1,Bun and Banchan,google,Ann,2026-05-01,1,The broth was cold and nobody cared,\n"
EDITED = (
    "g1,Bun and Banchan,google,Ann,2026-05-09,4,"
    "The broth was cold and nobody cared. EDIT: they called and all is sorted,\n"
)
OTHER = "g2,Bun and Banchan,google,Bob,2026-05-02,5,Lovely dumplings and a kind host,\n"
REPLIED = FIRST.replace(",\n", ",We are sorry\n")


def run(database, home, rows, **options):
    data = (HEADER + rows).encode()
    return import_export(database, EVERYTHING, home, data, "x.csv", ImportOptions(**options), "command")


def shown(database):
    """What counts of the diner's reviews on Google, by platform id."""
    criteria = ReviewFilter(business_id="diner", source="google")
    with database.read() as connection:
        rows = fetch_reviews(connection, EVERYTHING, criteria, MODELS, limit=100)
    return rows.set_index("platform_id")


def test_an_edited_review_takes_the_place_of_the_old_one(filled, home):
    run(filled, home, FIRST + OTHER)
    result = run(filled, home, EDITED + OTHER)
    assert (result.accepted, result.duplicates, result.newer_versions) == (1, 1, 1)
    rows = shown(filled)
    assert sorted(rows.index) == ["g1", "g2"]
    assert "EDIT: they called" in rows.loc["g1", "text"]
    assert rows.loc["g1", "stars"] == 4


def test_an_older_file_does_not_bring_the_old_words_back(filled, home):
    run(filled, home, FIRST)
    run(filled, home, EDITED)
    again = run(filled, home, FIRST)
    assert (again.accepted, again.duplicates, again.newer_versions) == (0, 1, 0)
    assert "EDIT" in shown(filled).loc["g1", "text"]


def test_a_review_that_is_dated_earlier_is_no_newer_version(filled, home):
    run(filled, home, EDITED)
    older = run(filled, home, FIRST)
    assert (older.accepted, older.duplicates) == (0, 1)
    assert "EDIT" in shown(filled).loc["g1", "text"]


def test_undoing_the_edit_brings_the_first_version_back(filled, home):
    run(filled, home, FIRST)
    second = run(filled, home, EDITED)
    undo_import(filled, EVERYTHING, second.import_id)
    assert shown(filled).loc["g1", "text"] == "The broth was cold and nobody cared"


def test_words_that_come_later_are_a_newer_version(filled, home):
    bare = "g3,Bun and Banchan,google,Cam,2026-05-01,2,,\n"
    run(filled, home, bare)
    assert run(filled, home, bare.replace(",,", ",Now with words,")).newer_versions == 1
    assert run(filled, home, bare).duplicates == 1
    assert shown(filled).loc["g3", "text"] == "Now with words"


def test_one_platform_id_twice_in_a_file_is_one_review(filled, home):
    result = run(filled, home, FIRST + EDITED)
    assert (result.accepted, result.duplicates) == (1, 1)
    assert result.duplicate_rows == [{"row": 2, "repeats": "row 1 of this file"}]


def test_a_reply_that_came_later_answers_the_complaint(filled, home):
    run(filled, home, FIRST)
    assert not shown(filled).loc["g1", "answered"]
    later = run(filled, home, REPLIED)
    assert (later.accepted, later.duplicates, later.late_replies) == (0, 1, 1)
    row = shown(filled).loc["g1"]
    assert (row["owner_reply"], bool(row["answered"])) == ("We are sorry", True)
    assert run(filled, home, REPLIED).late_replies == 0
    undo_import(filled, EVERYTHING, later.import_id)
    assert not shown(filled).loc["g1", "answered"]


def test_rows_that_a_later_file_holds_go_on_counting(filled, home):
    first = run(filled, home, FIRST + OTHER)
    second = run(filled, home, OTHER)
    assert second.duplicates == 1
    assert undo_import(filled, EVERYTHING, first.import_id) == 1
    assert list(shown(filled).index) == ["g2"]
    third = run(filled, home, OTHER)
    assert third.duplicates == 1, "it is still known"
    undo_import(filled, EVERYTHING, second.import_id)
    assert list(shown(filled).index) == ["g2"], "the third file holds it too"
    undo_import(filled, EVERYTHING, third.import_id)
    assert shown(filled).empty
    assert run(filled, home, OTHER).accepted == 1


def test_duplicates_say_what_they_repeat(filled, home):
    run(filled, home, FIRST)
    number = int(shown(filled).loc["g1", "review_id"])
    data = (HEADER + FIRST + FIRST.replace("g1", "g9")).encode()
    plan = plan_import(filled, EVERYTHING, home, data, "x.csv", ImportOptions())
    assert plan.rows["duplicate_of"].tolist() == [f"review {number}"] * 2


def test_the_count_of_the_platform_is_compared(filled, home):
    run(filled, home, FIRST + OTHER, platform_count=4)
    with filled.read() as connection:
        found = fetch_platform_counts(connection, EVERYTHING).iloc[0]
    assert (found["business"], found["source"]) == ("Bun and Banchan", "google")
    assert (found["shown"], found["stored"]) == (4, 2)
    with pytest.raises(BadInput, match="one business and one platform"):
        run(filled, home, OTHER + FIRST.replace("google", "yelp"), platform_count=4)


def test_history_reconciles_after_versions_and_repeats(filled, home):
    for rows in (FIRST + OTHER, EDITED + OTHER, FIRST + "g5,Bun and Banchan,google,,2026-05-01,9,,\n"):
        run(filled, home, rows)
    with filled.read() as connection:
        history = fetch_imports(connection, EVERYTHING)
    parts = history["accepted"] + history["duplicates"] + history["rejected"]
    assert parts.tolist() == history["rows_read"].tolist()


def cut_texts(database):
    """The scored texts that would be cut into sentences."""
    with database.read() as connection:
        return set(load_unsplit(connection)["text"])


def test_sentences_are_cut_of_reviews_that_stand_and_of_no_others(filled, home):
    first = run(filled, home, FIRST + OTHER)
    run(filled, home, FIRST + OTHER)
    undo_import(filled, EVERYTHING, first.import_id)
    assert {"The broth was cold and nobody cared", "Lovely dumplings and a kind host"} <= cut_texts(filled)
    run(filled, home, EDITED)
    texts = cut_texts(filled)
    assert "The broth was cold and nobody cared" not in texts
    assert any("EDIT: they called" in text for text in texts)
    with filled.read() as connection:
        assert load_latest_review_date(connection, "diner") >= dt.date(2026, 5, 9)


def test_a_review_is_no_possible_duplicate_of_one_that_is_undone(filled, home):
    run(filled, home, FIRST)
    twin = run(filled, home, OTHER)
    numbers = shown(filled)["review_id"]
    pair = pd.DataFrame({"review_id": [numbers["g1"]], "twin_id": [numbers["g2"]], "similarity": [0.9]})
    with filled.write() as connection:
        append_twins(connection, pair)
    assert shown(filled).loc["g1", "possible_duplicate"]
    undo_import(filled, EVERYTHING, twin.import_id)
    assert not shown(filled).loc["g1", "possible_duplicate"]
