"""Which revision made a number: on every page, in exports, under an earlier champion, and on a review."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest
import sqlalchemy as sa

from peachdash.queries.reviews import ReviewSelection
from peachdash.records import ReviewFilter, Role, Scope
from peachdash.storage import schema as t
from peachdash.storage import schema_training as training
from peachdash.storage.bulk import append_frame
from peachdash.storage.predictions import append_predictions
from peachdash.ui.access import Session
from peachdash.ui.learned_from import learned_words
from peachdash.ui.made_by import earlier_rows, made_by_words
from peachdash.ui.review_download import export_reviews

from .conftest import MODELS, make_predictions, make_reviews, words

OLDER = "small-older0000001"
PAGES = (
    "overview",
    "business",
    "complaints",
    "review_queue",
    "feedback",
    "before_after",
    "upload",
    "people",
    "audit",
)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_says_which_revision_made_its_numbers(dashboard, page):
    told = words(dashboard.open(page))
    assert f"Reviews are read by {MODELS.champion}, champion since" in told
    assert f"the generic model {MODELS.generic}" in told


def test_a_champion_that_is_not_on_record_has_no_date():
    assert "champion since" not in made_by_words(MODELS, None)


def add_older(dashboard, reads: int | None = None) -> None:
    """An earlier champion that took everything for positive, and read all texts or only some."""
    rows = make_predictions(make_reviews())
    rows = rows[rows["revision"] == MODELS.champion].assign(
        revision=OLDER, label="positive", p_positive=0.9, p_negative=0.05, p_neutral=0.05, needs_review=False
    )
    with dashboard.database.write() as connection:
        append_predictions(connection, rows if reads is None else rows.iloc[:reads])
        before = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        connection.execute(
            sa.insert(t.promotions).values(
                promotion_id="old", revision=OLDER, promoted_by="ada", promoted_utc=before, reason="first"
            )
        )


@pytest.mark.parametrize("page", ["overview", "business"])
def test_numbers_under_an_earlier_champion_are_marked_and_stand_beside_those_of_now(dashboard, page):
    add_older(dashboard)
    app = dashboard.open(page, period="all")
    assert "earlier champion" not in words(app)
    app.selectbox(key="revision").select(OLDER).run()
    told = words(app)
    assert f"Every number here is as the earlier champion {OLDER} reads" in told
    assert f"This page shows how {OLDER} reads them." in told
    table = next(frame.value for frame in app.dataframe if "Earlier" in frame.value)
    positive = table.set_index("Counts as").loc["positive"]
    assert positive["Earlier"] == "100% (61 of 61)"
    assert positive["Now"].startswith("3")
    assert dict(zip(table["Counts as"], table["Earlier"], strict=True))["negative"] == "0% (0 of 61)"
    app.button(key="revision_back").click().run()
    assert "Every number here" not in words(app)


def test_a_link_shows_the_same_earlier_champion(dashboard):
    add_older(dashboard)
    assert "Every number here" in words(dashboard.open("overview", period="all", revision=OLDER))
    assert "Every number here" not in words(dashboard.open("overview", period="all", revision="small-none"))


def test_a_champion_that_has_not_read_everything_is_not_offered(dashboard):
    add_older(dashboard, reads=10)
    app = dashboard.open("overview", period="all")
    assert app.selectbox(key="revision").options == [MODELS.champion]
    assert "has not read all reviews here" in words(app)


def test_without_an_earlier_champion_there_is_no_choice(dashboard):
    assert not [box for box in dashboard.open("overview").selectbox if box.key == "revision"]


def session_of(dashboard) -> Session:
    class Service:
        database, settings = dashboard.database, dashboard.settings

    return Session(Service, Scope.everything("ada"), MODELS, "1")


def test_exported_reviews_name_the_revisions(dashboard):
    frame = export_reviews(session_of(dashboard), ReviewFilter(), ReviewSelection())
    assert set(frame["model_revision"]) == {MODELS.champion}
    assert set(frame["generic_revision"]) == {MODELS.generic}


def test_shares_of_nothing_are_a_dash():
    nothing = dict.fromkeys(("read", "negative", "neutral", "positive", "undecided"), 0)
    assert set(earlier_rows(nothing, nothing)["Now"]) == {"–"}


def freeze(dashboard, split: str, revision: str | None = None) -> None:
    """A data set with the fourth review, and a training on it."""
    now = pd.Timestamp.now("UTC")
    with dashboard.database.write() as connection:
        version = {"data_set_id": "d", "number": 3, "note": "", "content_sha256": "x", "summary": {},
                   "made_by": "ada", "made_utc": now}  # fmt: skip
        append_frame(connection, training.data_sets, pd.DataFrame([version]))
        row = {"data_set_id": "d", "review_key": "4", "review_id": 4, "business_id": "creamery",
               "source": "google", "text_sha256": "y", "text": "z", "split": split, "label": "neutral",
               "slices": [], "label_origin": "feedback"}  # fmt: skip
        append_frame(connection, training.data_set_reviews, pd.DataFrame([row]))
        run = {"run_id": "r", "sweep_id": None, "data_set_id": "d", "size": "small", "start_revision": None,
               "settings": {}, "code_version": "1", "note": "", "requested_by": "ada",
               "requested_utc": now}  # fmt: skip
        append_frame(connection, training.training_runs, pd.DataFrame([run]))
        outcome = {"outcome_id": "o", "run_id": "r", "state": "done" if revision else "failed",
                   "revision": revision, "history": [], "figures": {}, "seconds": 1.0, "message": "",
                   "finished_utc": now}  # fmt: skip
        append_frame(connection, training.training_outcomes, pd.DataFrame([outcome]))


@pytest.mark.parametrize(
    ("split", "revision", "told"),
    [
        ("train", "small-new", "as neutral, feedback: small-new learned from it."),
        ("train", None, "no model was trained on it yet"),
        ("test", "small-new", "no model learned from it there"),
    ],
)
def test_a_review_says_which_data_set_holds_it_and_who_learned_from_it(dashboard, split, revision, told):
    freeze(dashboard, split, revision)
    with dashboard.database.write() as connection:
        place = sa.select(t.reviews.c.platform_id).where(t.reviews.c.review_id == 4)
        key = connection.execute(place).scalar_one()
        first = sa.select(sa.func.min(t.gold_labels.c.review_key)).scalar_subquery()
        connection.execute(
            sa.update(t.gold_labels).where(t.gold_labels.c.review_key == first).values(review_key=key)
        )
    text = words(dashboard.open("business", business="creamery", review="4"))
    assert "In data set 3" in text
    assert told in text
    assert "In the shipped labels (test, kept out of all training)" in text


def test_a_corrected_review_in_no_data_set_says_so(dashboard):
    with dashboard.database.write() as connection:
        connection.execute(t.gold_labels.delete())
    address = {"business": "creamery", "review": "4"}
    assert "What models learned" not in words(dashboard.open("business", **address))
    with dashboard.database.write() as connection:
        connection.execute(
            sa.insert(t.decisions).values(
                reason="",
                decision_id="d", review_id=4, verdict="negative", decided_by="ada", report_id=None,
                decided_utc=dt.datetime.now(dt.UTC), origin="page",
            )
        )  # fmt: skip
    assert "It is in no data set yet" in words(dashboard.open("business", **address))


def test_shipped_training_reviews_name_the_shipped_models():
    row = {"number": None, "made_utc": None, "split": "train", "label": "negative",
           "label_origin": "adjudicated", "learned": ["the shipped fine-tuned models"]}  # fmt: skip
    told = learned_words(row).replace("\\", "")
    assert told == (
        "In the shipped labels (train) as negative, adjudicated: the shipped fine-tuned models learned "
        "from it."
    )


def test_clients_are_not_told_of_data_sets():
    assert not Scope("clara", Role.CLIENT, frozenset({"creamery"})).may_decide
