"""The Upload page: from a file to stored reviews, their history and undo."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from peachdash.jobs.importing import import_runs
from peachdash.jobs.progress import ScoringProgress
from peachdash.jobs.runs import RunFolder, create_run
from peachdash.records import Scope
from peachdash.storage import schema as t
from peachdash.ui.progress import progress_words
from peachdash.workflows.imports import ImportOptions, import_export, undo_import

from .conftest import words

NAMED = """Review,Rating,Date,Shop,Reviewer
"Soggy cone, never again",1,2026-10-02,Sweet Creamery,Ann
"Soggy cone, never again",1,2026-10-02,Sweet Creamery,Ann
,,2026-10-03,Sweet Creamery,Bea
"=1+1 lovely",5,2026-10-04,Corner Shop,Cam
"""
NAMELESS = 'Review,Rating,Date\n"Best cone in town",5,2026-10-02\n'


EXPORTS = Path(__file__).resolve().parents[3] / "shared" / "data" / "exports"


def upload(dashboard, content: str | bytes, name: str = "export.csv") -> AppTest:
    app = dashboard.open("upload")
    data = content.encode() if isinstance(content, str) else content
    return app.file_uploader(key="upload_file").upload(name, data, "text/csv").run()


def counts(app: AppTest) -> dict[str, str]:
    return {metric.label: str(metric.value) for metric in app.metric}


def test_a_file_is_shown_before_it_is_imported(dashboard):
    app = upload(dashboard, NAMED)
    assert counts(app) == {"New reviews": "2", "Duplicates": "1", "Rejected rows": "1"}
    assert "Recognised: CSV file" in words(app)
    assert "Would be added as new businesses: Corner Shop." in words(app)
    assert len(dashboard.rows(t.reviews)) == 61
    assert "neither text nor stars" in str(app.dataframe[2].value["Reason"].iloc[0])


def test_an_import_stores_the_new_rows_once(dashboard):
    app = upload(dashboard, NAMED)
    app.button(key="import").click().run()
    assert len(dashboard.rows(t.reviews)) == 63
    stored = max(dashboard.rows(t.imports), key=lambda row: row["imported_utc"])
    assert (stored["rows_read"], stored["accepted"], stored["duplicates"], stored["rejected"]) == (4, 2, 1, 1)
    assert stored["origin"] == "page"
    assert "2 reviews imported from export.csv" in words(app)
    assert counts(app)["New reviews"] == "0"
    assert app.button(key="import").disabled


def test_a_file_without_a_business_asks_for_it(dashboard):
    app = upload(dashboard, NAMELESS)
    assert "does not say whose reviews" in words(app)
    app.selectbox(key="upload_business").select("Blue Diner").run()
    assert counts(app)["New reviews"] == "1"
    app.button(key="import").click().run()
    assert [row["business_id"] for row in dashboard.rows(t.reviews) if "Best cone" in row["text"]] == [
        "diner"
    ]


def test_a_column_can_be_corrected(dashboard):
    app = upload(dashboard, 'Words,Note,Shop\n"A cone",good,Blue Diner\n')
    app.selectbox(key="upload_column_text").select_index(2).run()
    app.button(key="import").click().run()
    assert "good" in {row["text"] for row in dashboard.rows(t.reviews)}


# name: (new, duplicates, rejected), counted by hand in the files; True: the file names its businesses itself
REAL = {
    "apify_google_maps_reviews.json": (6, 0, 0, False),
    "clothing_utf8bom_crlf.csv": (150, 0, 0, False),
    "gaspa93_gm_reviews.csv": (60, 0, 0, False),
    "google_business_profile_takeout_reviews.json": (10, 0, 0, False),
    "google_competitor_reviews.csv": (60, 0, 0, True),
    "google_copy_paste_bangia.csv": (150, 0, 0, False),
    "google_maps_scraper_reviews.xlsx": (106, 0, 14, True),
    "google_pipe_delimited_relative_dates.csv": (200, 0, 0, False),
    "trustpilot_danish_isoZ_head.csv": (85, 15, 0, True),
    "trustpilot_isoZ_missing.csv": (105, 0, 24, False),
    "yelp_parsehub_multiline.csv": (60, 0, 0, True),
    "yelp_reviewer_rating_review.csv": (100, 0, 0, False),
}


@pytest.mark.skipif(not EXPORTS.is_dir(), reason="the folder with real exports is absent")
@pytest.mark.parametrize("name", REAL)
def test_real_exports(dashboard, name):
    new, duplicates, rejected, named = REAL[name]
    app = upload(dashboard, (EXPORTS / name).read_bytes(), name)
    if not named:
        app.selectbox(key="upload_business").select("Blue Diner").run()
    assert counts(app) == {
        "New reviews": str(new), "Duplicates": str(duplicates), "Rejected rows": str(rejected),
    }  # fmt: skip
    app.button(key="import").click().run()
    assert len(dashboard.rows(t.reviews)) == 61 + new
    assert counts(app)["New reviews"] == "0"


@pytest.mark.skipif(not EXPORTS.is_dir(), reason="the folder with real exports is absent")
def test_a_real_export_with_nothing_in_it_is_refused(dashboard):
    app = upload(dashboard, (EXPORTS / "broken_all_na.csv").read_bytes(), "broken_all_na.csv")
    app.selectbox(key="upload_business").select("Blue Diner").run()
    assert "All 3 rows of broken_all_na.csv are empty" in words(app)
    assert len(dashboard.rows(t.imports)) == 1


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "{", "\x00\x01\x02"])
def test_a_file_that_is_no_export_is_a_clear_line(dashboard, content):
    app = upload(dashboard, content)
    assert "Nothing was imported." in words(app)
    assert len(dashboard.rows(t.imports)) == 1


def test_the_history_reconciles(dashboard):
    table = dashboard.open("upload").dataframe(key="import_history").value
    assert (table["Accepted"] + table["Duplicates"] + table["Rejected"]).tolist() == table["Rows"].tolist()


def test_an_import_is_undone(dashboard):
    app = dashboard.open("upload")
    app.session_state["import_history"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    app.run()
    assert "stars: 1 to 5" in str(app.dataframe[1].value["Reason"].iloc[0])
    app.button(key="undo_import").click().run()
    assert [row["import_id"] for row in dashboard.rows(t.import_retractions)] == ["first"]
    assert "is undone; 61 reviews no longer count" in words(app)
    assert app.dataframe(key="import_history").value["State"].iloc[0] == "undone"
    assert dashboard.open("overview").title[0].value == "No reviews yet."


def test_files_waiting_in_the_inbox_are_shown_with_the_reason(dashboard):
    folder = dashboard.settings.inbox / "waiting"
    folder.mkdir(parents=True)
    (folder / "odd.csv.reason").write_text("odd.csv names no business.")
    app = dashboard.open("upload")
    assert app.dataframe[0].value.to_numpy().tolist() == [["odd.csv", "odd.csv names no business."]]


def scoring_run(dashboard) -> RunFolder:
    request = {"texts": 200, "models": []}
    return create_run(dashboard.settings.jobs, "score", request, pa.table({"text": ["a"]}))


def test_scoring_shows_counts_rate_and_time_left(dashboard):
    run = scoring_run(dashboard)
    run.set_state("running")
    run.append_event(event="progress", done=50, total=200, texts_per_second=25.0, seconds_left=6.0)
    app = dashboard.open("upload")
    assert [bar.proto.text for bar in app.get("progress")] == [
        "50 of 200 texts read, 25 a second, 6 seconds left"
    ]


def test_a_failed_scoring_says_why_while_reviews_wait(dashboard):
    with dashboard.database.write() as connection:
        connection.execute(t.predictions.delete())
    assert "61 reviews to be read by the models" in words(dashboard.open("upload"))
    scoring_run(dashboard).set_state("failed", "the model is gone.")
    assert "Reading the reviews failed: the model is gone. It is tried again" in words(
        dashboard.open("upload")
    )


def test_a_scoring_that_ended_long_ago_says_nothing(dashboard):
    scoring_run(dashboard).set_state("stored")
    app = dashboard.open("upload")
    assert not app.get("progress")
    assert "to be read" not in words(app)


@pytest.mark.parametrize(
    ("state", "done", "rate", "left", "expected"),
    [
        ("queued", 0, None, None, "200 texts to read, the model is being loaded"),
        ("running", 50, 25.0, 300.0, "50 of 200 texts read, 25 a second, 5 minutes left"),
        ("running", 199, 25.0, 0.04, "199 of 200 texts read, 25 a second, 1 second left"),
        ("done", 200, None, None, "All read; being stored"),
    ],
)
def test_progress_in_words(state, done, rate, left, expected):
    progress = ScoringProgress(state, done, 200, rate, left, "", dt.datetime.now(dt.UTC))
    assert progress_words(progress) == expected


def test_several_files_are_imported_at_once(dashboard):
    app = dashboard.open("upload")
    uploader = app.file_uploader(key="upload_file")
    uploader.upload("one.csv", NAMED.encode()).upload("two.csv", NAMELESS.encode()).run()
    assert "does not say whose reviews" in words(app)
    assert app.button(key="import_all").label == "Import 1 file"
    app.selectbox(key="upload_business_2").select("Blue Diner").run()
    assert "2 files, 3 new reviews in the 2 that can be imported now." in words(app)
    app.button(key="import_all").click().run()
    assert len(dashboard.rows(t.reviews)) == 64
    assert "3 reviews imported from 2 files." in words(app)


def test_open_dates_are_asked_for(dashboard):
    app = upload(dashboard, "Review,Date,Shop\nA fine soup,03/04/2026,Blue Diner\n")
    assert "can be read in two ways" in words(app)
    assert "--date-order" not in words(app)
    assert not [button for button in app.button if button.key == "import"]
    app.button_group(key="upload_open").select("dmy").run()
    app.button(key="import").click().run()
    stored = next(row for row in dashboard.rows(t.reviews) if row["text"] == "A fine soup")
    assert stored["review_date"] == dt.date(2026, 4, 3)


def test_what_was_settled_is_kept_and_recognised(dashboard):
    app = upload(dashboard, NAMELESS)
    app.selectbox(key="upload_business").select("Blue Diner").run()
    app.text_input(key="upload_profile").input("Diner").run()
    app.button(key="import").click().run()
    assert [row["name"] for row in dashboard.rows(t.import_profiles)] == ["Diner"]
    again = upload(dashboard, NAMELESS.replace("Best", "Worst"))
    assert "by your profile “Diner”" in words(again)
    assert counts(again)["New reviews"] == "1"
    again.selectbox(key="profile_to_remove").select("Diner").run()
    again.button(key="remove_profile").click().run()
    assert [row["active"] for row in dashboard.rows(t.import_profiles)] == [True, False]


def test_the_history_compares_with_the_platform(dashboard):
    app = upload(dashboard, NAMELESS)
    app.selectbox(key="upload_business").select("Blue Diner").run()
    app.number_input(key="upload_shown").set_value(4).run()
    app.button(key="import").click().run()
    table = app.dataframe(key="import_history").value
    assert table["Of the platform's"].tolist()[0] == "1 of 4 (25%)"


def test_a_large_file_is_read_elsewhere_and_stored_by_the_supervisor(dashboard, monkeypatch):
    from peachdash.jobs import background
    from peachdash.jobs.importing import take_import

    monkeypatch.setattr("peachdash.ui.upload_files.LARGE_BYTES", 10)
    app = upload(dashboard, NAMED)
    (run,) = import_runs(dashboard.settings.jobs)
    assert app.get("progress")
    assert not counts(app)
    background.take_run(run, dashboard.settings)
    take_import(dashboard.database, run)
    app.run()
    assert counts(app) == {"New reviews": "2", "Duplicates": "1", "Rejected rows": "1"}
    app.button(key="import").click().run()
    assert len(dashboard.rows(t.reviews)) == 61
    assert "export.csv is being stored" in words(app)
    assert not [button for button in app.button if button.key == "import"]
    take_import(dashboard.database, run)
    assert len(dashboard.rows(t.reviews)) == 63
    app.run()
    assert "2 reviews imported from export.csv, 1 duplicate and 1 rejected row left out." in words(app)


@pytest.fixture
def large(dashboard, monkeypatch) -> Callable[[], None]:
    """All files count as large; what does the work of the other process and of the supervisor."""
    from peachdash.jobs import background
    from peachdash.jobs.importing import take_import

    def work() -> None:
        for run in import_runs(dashboard.settings.jobs):
            if run.state == "queued":
                background.take_run(run, dashboard.settings)
            if run.state == "done":
                take_import(dashboard.database, run)

    monkeypatch.setattr("peachdash.ui.upload_files.LARGE_BYTES", 10)
    return work


def test_a_large_import_that_was_undone_can_be_done_again(dashboard, large):
    app = upload(dashboard, NAMED)
    large()
    app.run()
    app.button(key="import").click().run()
    large()
    stored = max(dashboard.rows(t.imports), key=lambda row: row["imported_utc"])
    undo_import(dashboard.database, Scope.everything("ada"), stored["import_id"])
    app.run()
    app.button(key="again").click().run()
    large()
    app.run()
    assert counts(app)["New reviews"] == "2"
    app.button(key="import").click().run()
    large()
    assert [row["accepted"] for row in dashboard.rows(t.imports)].count(2) == 2


def test_a_large_file_is_counted_again_after_another_import(dashboard, large):
    app = upload(dashboard, NAMED)
    large()
    app.run()
    other = (dashboard.database, Scope.everything("ada"), dashboard.settings.home, NAMED.encode(), "same.csv")
    result = import_export(*other, ImportOptions(), "command")
    app.run()
    assert not counts(app)
    large()
    app.run()
    assert counts(app) == {"New reviews": "0", "Duplicates": "3", "Rejected rows": "1"}
    undo_import(dashboard.database, Scope.everything("ada"), result.import_id)
    app.run()
    large()
    app.run()
    assert counts(app)["New reviews"] == "2"


def test_other_settings_close_what_reads_a_large_file(dashboard, large):
    app = upload(dashboard, NAMED)
    app.selectbox(key="upload_column_stars").select_index(-1).run()
    first, second = import_runs(dashboard.settings.jobs)
    assert (first.state, second.state) == ("failed", "queued")
    assert not (first.path / "upload.bin").exists()
    large()
    app.run()
    assert counts(app)["New reviews"] == "2"


def test_settings_of_a_large_file_are_kept_once_it_is_stored(dashboard, large):
    app = upload(dashboard, NAMED)
    large()
    app.run()
    app.text_input(key="upload_profile").input("Shops").run()
    app.button(key="import").click().run()
    assert not dashboard.rows(t.import_profiles)
    large()
    assert [row["name"] for row in dashboard.rows(t.import_profiles)] == ["Shops"]


def test_a_large_file_among_others_is_not_counted_before_it_is_stored(dashboard, large, monkeypatch):
    monkeypatch.setattr("peachdash.ui.upload_files.LARGE_BYTES", len(NAMELESS) + 5)
    app = dashboard.open("upload")
    uploader = app.file_uploader(key="upload_file")
    uploader.upload("one.csv", NAMED.encode()).upload("two.csv", NAMELESS.encode()).run()
    large()
    app.run()
    app.selectbox(key="upload_business_2").select("Blue Diner").run()
    app.button(key="import_all").click().run()
    assert "1 review imported from 1 file. 1 large file being stored" in words(app)
    large()
    assert len(dashboard.rows(t.reviews)) == 64


def test_a_profile_that_cannot_be_kept_takes_no_import_back(dashboard, monkeypatch):
    monkeypatch.setattr("peachdash.ui.upload_files.keep_profile", lambda *given: "It has no business.")
    app = upload(dashboard, NAMED)
    app.button(key="import").click().run()
    assert len(dashboard.rows(t.reviews)) == 63
    assert "2 reviews imported from export.csv" in words(app)
    assert "The settings were not kept as a profile: It has no business." in words(app)


def test_one_column_cannot_mean_two_things(dashboard):
    app = upload(dashboard, 'Words,Note,Shop\n"A cone",good,Blue Diner\n')
    for field in ("text", "title"):
        app.selectbox(key=f"upload_column_{field}").select_index(2).run()
    assert "The column 'Note' is chosen for title and text: a column means one thing." in words(app)
    app.selectbox(key="upload_column_title").select_index(0).run()
    assert counts(app)["New reviews"] == "1"


def test_a_profile_whose_columns_changed_is_named(dashboard):
    app = upload(dashboard, NAMELESS)
    app.selectbox(key="upload_business").select("Blue Diner").run()
    app.text_input(key="upload_profile").input("Diner").run()
    app.button(key="import").click().run()
    changed = upload(dashboard, NAMELESS.replace("Rating", "Points").replace("Best", "Worst"))
    assert "Your profile “Diner” was not taken: the file lacks “rating”." in words(changed)
    fitting = upload(dashboard, NAMELESS.replace("Best", "Worst"))
    assert "was not taken" not in words(fitting)


def test_a_large_file_that_is_refused_says_why(dashboard, monkeypatch):
    from peachdash.jobs import background

    monkeypatch.setattr("peachdash.ui.upload_files.LARGE_BYTES", 10)
    app = upload(dashboard, "Review,Date,Shop\nA fine soup,03/04/2026,Blue Diner\n")
    background.take_run(import_runs(dashboard.settings.jobs)[0], dashboard.settings)
    app.run()
    assert "can be read in two ways" in words(app)


def test_files_that_wait_can_be_tried_again(dashboard):
    folder = dashboard.settings.inbox / "waiting"
    folder.mkdir(parents=True)
    (folder / "odd.csv").write_text("Words\nfine\n")
    (folder / "odd.csv.reason").write_text("odd.csv names no business.")
    app = dashboard.open("upload")
    assert "1 file dropped into the inbox folder could not be imported" in words(app)
    app.button(key="inbox_retry").click().run()
    assert (dashboard.settings.inbox / "odd.csv").is_file()
    assert "put back into the inbox" in words(app)


def test_a_column_of_people_taken_for_businesses_is_asked_about(dashboard):
    rows = "".join(f"A fine cone number {n},Person {n}\n" for n in range(12))
    app = upload(dashboard, f"Review,Shop\n{rows}")
    assert "This would add 12 businesses for 12 reviews." in words(app)
    app = upload(dashboard, "Review,Shop\n" + "".join(f"Fine cone {n},Shop {n % 11}\n" for n in range(70)))
    assert "This would add" not in words(app)
