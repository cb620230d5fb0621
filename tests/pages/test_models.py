"""The page Models: from a candidate to a champion and back, each step on record."""

from __future__ import annotations

import pytest

from peachdash.jobs import service as service_module
from peachdash.jobs.candidate_runs import MEASURE, PREVIEW, find_candidate_run
from peachdash.jobs.service import Service
from peachdash.jobs.supervisor import Supervisor
from peachdash.storage import schema as t
from peachdash.storage.database import open_database
from peachdash.ui.candidate_preview import business_rows, class_rows
from peachdash.ui.candidate_table import none_to_choose
from peachdash.workflows.candidate_list import Candidate
from peachdash.workflows.candidates import CANDIDATE, CHAMPION, GENERIC, record_measurement
from peachdash.workflows.promoting import make_preview, promote_candidate
from tests.integration.candidate_world import ANA, BEN, build_candidate_world, freeze

from .conftest import Dashboard, words


@pytest.fixture
def world(tmp_path, monkeypatch, entered):
    """A candidate beside the shipped models over 120 labelled reviews; nobody has read any yet."""
    home = tmp_path / "home"
    home.mkdir()
    database = open_database(home / "peachdash.duckdb")
    made = build_candidate_world(database, home)
    service = Service(made.settings, database, Supervisor(database, made.settings))
    monkeypatch.setattr(service_module, "_service", service)
    yield made
    database.close()


def open_page(world, **query):
    return Dashboard(world.database, world.settings).open("models", **query)


def table_with(app, column: str):
    """The first table that has a column."""
    return next(frame.value for frame in app.dataframe if column in frame.value)


def measure(world) -> None:
    world.read_all()
    revisions = {GENERIC: world.generic, CHAMPION: world.champion, CANDIDATE: world.candidate}
    record_measurement(world.database, ANA, world.settings, revisions)


def make_ready(world) -> None:
    measure(world)
    make_preview(world.database, ANA, world.settings, world.candidate, world.champion)


def rows(world, table):
    return Dashboard(world.database, world.settings).rows(table)


def test_what_is_measured_or_previewed_can_be_cancelled(world):
    app = open_page(world)
    for purpose, what in ((MEASURE, "The measurement"), (PREVIEW, "The preview")):
        if purpose == PREVIEW:
            measure(world)
            app = open_page(world)
        app.button(key=f"{purpose}_button").click().run()
        app.button(key=f"cancel_{purpose}").click().run()
        run = find_candidate_run(world.settings.jobs, purpose, world.candidate)
        assert run.state == "cancelled"
        app = open_page(world)
        assert f"{what} was stopped. Cancelled by" in words(app)
        assert f"{purpose}_button" in {button.key for button in app.button}


def test_what_no_process_works_on_is_not_said_to_be_read(world):
    app = open_page(world)
    app.button(key="measure_button").click().run()
    find_candidate_run(world.settings.jobs, MEASURE, world.candidate).set_state("running")
    app = open_page(world)
    assert "Interrupted; it goes on by itself" in str(app.get("progress")[0].proto.text)


def test_figures_on_demo_reviews_say_so(world):
    measure(world)
    assert "Demo data" in words(open_page(world))


def test_a_new_data_set_with_the_same_test_reviews_keeps_what_is_on_record(world):
    first = freeze(world, 1, 100)
    measure(world)
    second = freeze(world, 2, 100)
    assert first.reviews == second.reviews
    app = open_page(world)
    assert "Measured once on these reviews" in words(app)
    assert "3 others not measured" not in app.title[0].value
    freeze(world, 3, 99)
    assert "Measured once on these reviews" not in words(open_page(world))


def test_before_anything_is_measured_the_page_says_so_and_offers_it(world):
    world.read(world.champion)
    app = open_page(world)
    told = words(app)
    assert f"{world.champion} reads all reviews now" in app.title[0].value.replace("\\", "")
    assert "gates green" not in told
    assert f"Reviews are read by {world.champion}, champion" in told
    assert "What base buys over small is not known here" in told
    assert "It is offered here as soon as the preview is complete." in told
    table = table_with(app, "Reviews a second")
    assert table["Model"].iloc[0] == world.champion
    assert set(table["Is"]) >= {"champion", "candidate", "generic"}
    app.button(key="measure_button").click().run()
    run = find_candidate_run(world.settings.jobs, MEASURE, world.candidate)
    assert run.state == "queued"
    assert run.request["requested_by"] == "local"
    assert not [button for button in app.button if button.key == "measure_button"]


def test_a_measured_candidate_shows_gates_and_everything_of_before_and_after(world):
    measure(world)
    app = open_page(world)
    told = words(app)
    assert "3 of 4 gates green." in told
    assert "Better: macro F1" in told
    assert "Only the candidate model is right on 30 reviews, only the champion one on 0" in told
    assert "Only the candidate model is right on 60 reviews, only the generic one on 0" in told
    assert [metric.label for metric in app.metric][:3] == ["generic", "champion", "candidate"]
    scores = table_with(app, "Score")
    assert list(scores.columns) == ["Score", "generic", "champion", "candidate"]
    differing = app.dataframe(key="differing_table").value
    assert len(differing) == 30
    assert set(differing["Right"]) == {"candidate right"}
    businesses = next(frame.value for frame in app.dataframe if "Candidate against champion" in frame.value)
    assert list(businesses["Business"]) == ["Ash", "Birch", "Cedar"]
    assert businesses["Candidate against champion"].str.startswith("-25.0 points error (").all()


def test_measuring_again_takes_a_reason(world):
    measure(world)
    app = open_page(world)
    app.button(key="measure_again_button").click().run()
    assert "A second measurement needs a reason" in words(app)
    assert find_candidate_run(world.settings.jobs, MEASURE, world.candidate) is None
    app.text_input(key="measure_reason").set_value("another machine")
    app.button(key="measure_again_button").click().run()
    assert (
        find_candidate_run(world.settings.jobs, MEASURE, world.candidate).request["reason"]
        == "another machine"
    )


def test_the_preview_is_asked_for_and_then_shows_flips_and_examples(world):
    measure(world)
    app = open_page(world)
    app.button(key="preview_button").click().run()
    assert find_candidate_run(world.settings.jobs, PREVIEW, world.candidate).state == "queued"
    make_preview(world.database, ANA, world.settings, world.candidate, world.champion)
    find_candidate_run(world.settings.jobs, PREVIEW, world.candidate).set_state("stored")
    app = open_page(world)
    assert "30 of 120 reviews would count as something else, 25% (18 to 33%, n = 120)" in words(app)
    table = table_with(app, "Flip")
    assert list(table["Flip"]) == [10, 10, 10]
    assert len(app.dataframe(key="flips_table").value) == 30
    app.selectbox(key="flips_business").select("ash").run()
    assert set(app.dataframe(key="flips_table").value["Business"]) == {"Ash"}


def promote_on_page(app, world, reason="fewer misread", typed=None):
    app.text_area(key="promote_reason").set_value(reason)
    app.text_input(key="promote_typed").set_value(world.candidate if typed is None else typed)
    app.button(key="promote_button").click().run()
    return app


def test_promoted_with_a_reason_and_a_typed_confirmation_and_back_by_one_form(world):
    make_ready(world)
    app = promote_on_page(open_page(world), world)
    assert world.active == world.candidate
    assert [row["reason"] for row in rows(world, t.promotions)] == [
        "shipped with this version",
        "fewer misread",
    ]
    assert f"{world.candidate} is the champion now" in words(app)
    assert app.title[0].value.replace("\\", "").startswith(f"{world.candidate} reads all reviews now")
    history = table_with(app, "In place of")
    assert list(history["How"]) == ["promotion", "recorded"]
    assert history["Gates"].iloc[0] == "3 green, 1 not measured"
    assert history["Flips"].iloc[0] == "30"
    app.text_input(key="rollback_reason").set_value("too many undecided")
    app.button(key="rollback_button").click().run()
    assert world.active == world.champion
    assert f"{world.champion} is the champion again" in words(app)


@pytest.mark.parametrize(
    ("reason", "typed", "told"),
    [("", None, "needs a reason"), ("why not", "small", "has to be confirmed")],
)
def test_without_reason_or_confirmation_nothing_is_promoted(world, reason, typed, told):
    make_ready(world)
    app = promote_on_page(open_page(world), world, reason, typed)
    assert told in words(app)
    assert "Nothing was changed." in words(app)
    assert (world.active, rows(world, t.promotions)) == (world.champion, [])


def test_whoever_looked_at_an_older_champion_is_told(world):
    """The page was drawn, somebody else promoted, then the button was pressed."""
    make_ready(world)
    app = open_page(world)
    promote_candidate(
        world.database, BEN, world.settings, world.candidate, "mine", expected=world.champion, confirmed=True
    )
    promote_on_page(app, world)
    told = words(app)
    assert "Somebody else was faster." in told
    assert "ben made it so" in told
    assert len(rows(world, t.promotions)) == 2


def test_other_pages_read_by_the_new_champion_at_once(world):
    make_ready(world)
    board = Dashboard(world.database, world.settings)
    before = board.open("overview", period="all")
    positive = table_with(before, "Positive")["Positive"].map(str).tolist()
    promote_candidate(
        world.database, ANA, world.settings, world.candidate, "why", expected=world.champion, confirmed=True
    )
    before.run()
    after = table_with(before, "Positive")["Positive"].map(str).tolist()
    assert after != positive


def test_reviews_that_came_in_since_the_preview_put_the_promotion_off(world):
    make_ready(world)
    with world.database.write() as connection:
        gone = t.predictions.c.revision == world.candidate
        connection.execute(t.predictions.delete().where(gone, t.predictions.c.label == "neutral"))
    app = open_page(world)
    assert "missing of what came in since the preview" in words(app)
    assert not [button for button in app.button if button.key == "promote_button"]


def test_without_labels_and_reviews_the_page_still_opens(tmp_path, monkeypatch, entered):
    home = tmp_path / "home"
    home.mkdir()
    database = open_database(home / "peachdash.duckdb")
    made = build_candidate_world(database, home)
    with database.write() as connection:
        for table in (t.gold_labels, t.reviews):
            connection.execute(table.delete())
    service = Service(made.settings, database, Supervisor(database, made.settings))
    monkeypatch.setattr(service_module, "_service", service)
    app = open_page(made)
    assert "There are no labelled test reviews yet" in words(app)
    assert "No champion is on record yet" in words(app)
    database.close()


def test_a_model_without_its_encoder_is_said_with_the_command():
    def made(role: str, size: str, *, installed: bool) -> Candidate:
        return Candidate(
            f"{size}-000000000000", f"{role}-{size}", role, size, False, False, installed,
            None, None, None, None, "", "", None, "shipped",
        )  # fmt: skip

    generic, base = made("generic", "base", installed=False), made("champion", "base", installed=False)
    assert none_to_choose([generic, base]).startswith("champion-base is here but cannot read")
    assert "`make install-base`" in none_to_choose([generic, base])
    assert "Train makes one" in none_to_choose([generic, made("champion", "base", installed=True)])


def test_rows_of_a_preview():
    changes = {
        "by_class": [{"before": "neutral", "after": "negative", "n": 3}],
        "by_business": [
            {"business": "Ash", "reviews": 9, "flips": 3, "negative_before": 1, "negative_after": 4,
             "positive_before": 2, "positive_after": 2, "undecided_before": 0, "undecided_after": 0},
            {"business": "Birch", "reviews": 9, "flips": 0},
        ],
    }  # fmt: skip
    assert class_rows(changes).values.tolist() == [["neutral", "negative", 3]]
    assert business_rows(changes).values.tolist() == [["Ash", 9, 3, "1 → 4", "2 → 2", "0 → 0"]]
