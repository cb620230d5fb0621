"""Every page over a filled and an empty database, and in states that are not a page's fault."""

from __future__ import annotations

import pytest

from peachdash.errors import DatabaseLocked, ModelRefused, ModelUnavailable
from peachdash.jobs import service as service_module
from peachdash.sentiment.active import find_active

from .conftest import words

PAGES = (
    "overview",
    "business",
    "complaints",
    "review_queue",
    "feedback",
    "before_after",
    "label",
    "adjudicate",
    "data_sets",
    "train",
    "upload",
)
EVERY_PAGE = (*PAGES, "models")
"""With the one that needs models which are really there, where the others are content with names."""

NO_FIGURES = ("upload", "label", "adjudicate", "train")


@pytest.mark.parametrize("page", PAGES)
def test_a_filled_page_opens_with_one_computed_sentence(dashboard, page):
    app = dashboard.open(page)
    assert len(app.title) == 1
    assert app.title[0].value.endswith((".", ")"))
    assert not app.error


@pytest.mark.parametrize("page", PAGES)
def test_demo_data_says_so_where_reviews_are_shown(dashboard, page):
    assert ("Demo data" in words(dashboard.open(page))) == (page not in NO_FIGURES)


@pytest.mark.parametrize("filled", [True, False])
def test_models_opens_over_a_filled_and_an_empty_database(make_dashboard, entered, monkeypatch, filled):
    made = make_dashboard(filled)
    monkeypatch.setattr(service_module, "find_active", find_active)
    app = made.open("models")
    assert len(app.title) == 1
    assert "reads all reviews now" in app.title[0].value
    assert app.title[0].value.endswith(".")
    assert not app.error
    assert "Demo data" not in words(app), "nothing was measured"


def test_other_businesses_are_not_called_demo(dashboard):
    assert "Demo data" not in words(dashboard.open("overview", client="south"))


@pytest.mark.parametrize("page", ["overview", "business", "complaints", "review_queue", "feedback"])
def test_an_empty_database_says_what_to_do_next(empty_dashboard, page):
    app = empty_dashboard.open(page)
    assert app.title[0].value == "No reviews yet."
    assert "peachdash setup" in words(app)


def test_without_labels_there_is_nothing_to_compare(empty_dashboard):
    app = empty_dashboard.open("before_after")
    assert app.title[0].value == "No labelled reviews yet."
    assert "peachdash setup" in words(app)
    assert app.button(key="to_labelling").label == "To labelling"


def test_an_empty_database_takes_uploads(empty_dashboard):
    app = empty_dashboard.open("upload")
    assert app.title[0].value == r"Nothing is imported yet\."
    assert app.file_uploader(key="upload_file") is not None


@pytest.mark.parametrize("page", EVERY_PAGE)
def test_a_locked_database_is_a_clear_line(dashboard, page, monkeypatch):
    def held() -> None:
        raise DatabaseLocked("peachdash.duckdb is held by process 7. Stop it.")

    monkeypatch.setattr("peachdash.ui.access.get_service", held)
    app = dashboard.open(page)
    assert "in use by another process" in words(app)
    assert "held by process 7" in words(app)
    assert "Nothing was changed" in words(app)


def words_without_models(dashboard, page, monkeypatch, error):
    """What a page says where the search for models fails."""

    def fail(settings: object) -> None:
        raise error

    monkeypatch.setattr(service_module, "find_active", fail)
    return words(dashboard.open(page))


@pytest.mark.parametrize("page", EVERY_PAGE)
def test_a_missing_model_is_a_clear_line(dashboard, page, monkeypatch):
    error = ModelUnavailable("champion-small is not installed: run make models.")
    said = words_without_models(dashboard, page, monkeypatch, error)
    assert "A model is missing." in said
    assert "run make models" in said


@pytest.mark.parametrize("page", ["overview", "models", "train"])
def test_a_damaged_model_is_a_clear_line(dashboard, page, monkeypatch):
    error = ModelRefused("The model champion-small is refused: restore the folder.")
    said = words_without_models(dashboard, page, monkeypatch, error)
    assert "A model is refused." in said
    assert "champion-small is refused: restore the folder" in said


def test_a_mended_failure_is_gone_at_the_next_run(dashboard, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(service_module, "find_active", _refuse)
        app = dashboard.open()
        assert app.error
    app.button(key="failure_retry").click().run()
    assert not app.error
    assert app.metric


def _refuse(settings: object) -> None:
    raise ModelUnavailable("gone")


def test_a_first_visit_by_a_deep_link_still_gets_the_frame(make_dashboard):
    """Until a server's first visit, Streamlit runs a file in pages/ by itself, without its frame."""
    app = make_dashboard(True).open("business", business="creamery", review="3")
    assert words(app).startswith("Sweet Creamery: ")
    assert app.text, "the entry script opens the review that the address names; a page alone does not"
