"""Labelling and adjudicating on their pages: blind, by two people, settled with a reason."""

from __future__ import annotations

import pytest

from peachdash.storage import schema_labelling as s
from peachdash.ui.label_words import SLICE_KEYS, guide_text

from .conftest import _UNESCAPED, PAYLOAD, words
from .test_feedback import as_client


def make(dashboard, size: int = 3, **fields: str):
    """The Label page after making a task for Ada and Ben."""
    app = dashboard.open("label")
    app.number_input(key="task_size").set_value(size)
    app.text_input(key="task_annotator_1").set_value(fields.get("first", "Ada"))
    app.text_input(key="task_annotator_2").set_value(fields.get("second", "Ben"))
    app.run()
    app.button(key="make_task").click().run()
    return app


def sit_down(app, name: str):
    app.selectbox(key="label_person").set_value(name).run()
    assert not app.exception
    return app


def label(app, *names: str):
    for name in names:
        app.button(key=f"label_{name}").click().run()
        assert not app.exception, app.exception[0].value
    return app


def test_a_task_is_made_and_each_annotator_labels_by_themselves(dashboard):
    app = make(dashboard)
    (task,) = dashboard.rows(s.labelling_tasks)
    assert task["annotators"] == ["Ada", "Ben"]
    assert len(dashboard.rows(s.labelling_items)) == 3
    assert app.title[0].value == "Say who you are, and label\\."
    sit_down(app, "Ada")
    assert app.title[0].value == "3 reviews to label\\."
    app.button(key="tag_sarcasm").click().run()
    app.button(key="tag_unsure").click().run()
    label(app, "negative")
    (draft,) = dashboard.rows(s.label_drafts)
    assert (draft["label"], draft["slices"], draft["unsure"]) == ("negative", ["sarcasm"], True)
    assert dashboard.rows(s.given_labels) == []
    label(app, "neutral", "positive")
    assert [row["label"] for row in dashboard.rows(s.given_labels)] == ["negative", "neutral", "positive"]
    assert "You have labelled every review" in words(app)


def test_the_screen_of_an_annotator_shows_the_text_and_nothing_else(dashboard):
    app = sit_down(make(dashboard), "Ada")
    shown = words(app).replace(guide_text().translate(_UNESCAPED), "")
    for secret in ("Sweet Creamery", "Blue Diner", "★", "google", "yelp", "%", "sure"):
        assert secret not in shown
    sit_down(app, "Ben")
    label(app, "positive", "positive", "positive")
    sit_down(app, "Ada")
    assert "positive" not in words(app).replace(guide_text().translate(_UNESCAPED), "")


def test_the_last_label_can_be_taken_back_after_a_pause(dashboard):
    label(sit_down(make(dashboard), "Ada"), "negative")
    app = sit_down(dashboard.open("label"), "Ada")
    assert "1 of 3 reviews" in str(app.get("progress")[0].proto.text)
    app.button(key="label_undo").click().run()
    assert [row["label"] for row in dashboard.rows(s.label_drafts)] == ["negative", None]
    assert app.title[0].value == "3 reviews to label\\."


def test_the_last_label_of_all_can_be_taken_back_until_both_are_in(dashboard):
    app = sit_down(make(dashboard), "Ada")
    label(app, "positive", "positive", "positive")
    assert "labelled every review" in words(app)
    app.button(key="label_undo").click().run()
    assert app.title[0].value == "1 review to label\\."
    label(app, "negative")
    app = sit_down(dashboard.open("label"), "Ben")
    label(app, "neutral", "neutral", "neutral")
    assert "Both of you have labelled it, so it stays" in words(app)
    assert "label_undo" not in {button.key for button in app.button}
    app = sit_down(dashboard.open("label"), "Ada")
    assert "label_undo" not in {button.key for button in app.button}


def test_later_puts_a_review_behind_the_others(dashboard):
    app = sit_down(make(dashboard), "Ada")
    first = app.text[0].value
    app.button(key="label_later_button").click().run()
    assert app.text[0].value != first
    label(app, "neutral", "neutral")
    assert app.text[0].value == first


def test_words_and_aspect_go_with_a_negative_label(dashboard):
    app = sit_down(make(dashboard), "Ada")
    field = next(part for part in app.text_input if str(part.key).startswith("label_reason_words"))
    field.set_value("soggy cone").run()
    chosen = next(part for part in app.selectbox if str(part.key).startswith("label_aspect"))
    chosen.set_value("service").run()
    label(app, "negative")
    (draft,) = dashboard.rows(s.label_drafts)
    assert (draft["reason_words"], draft["aspect"]) == ("soggy cone", "service")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"second": "ada"}, "the same person"),
        ({"second": ""}, "Two annotators"),
        ({"first": "a@b.c"}, "no @"),
    ],
)
def test_bad_annotators_are_refused_in_words(dashboard, fields, told):
    app = make(dashboard, **fields)
    assert told in words(app)
    assert dashboard.rows(s.labelling_tasks) == []


def test_words_choose_the_pool(dashboard):
    app = dashboard.open("label")
    app.selectbox(key="task_pool").select_index(2).run()
    assert app.button(key="make_task").disabled
    app.text_input(key="task_words").set_value("nothing like it, 52th").run()
    assert "1 review in this pool" in words(app)


def both_label(dashboard, ada: tuple[str, ...], ben: tuple[str, ...]):
    app = make(dashboard, size=len(ada))
    label(sit_down(app, "Ada"), *ada)
    label(sit_down(app, "Ben"), *ben)


def test_a_disagreement_is_settled_with_a_reason_and_can_be_taken_back(dashboard):
    both_label(dashboard, ("negative", "positive", "neutral"), ("negative", "neutral", "neutral"))
    app = dashboard.open("adjudicate")
    assert app.title[0].value == "1 of 3 reviews with two labels waits for a third reading\\."
    app.button(key="adjudicate_positive").click().run()
    assert "Write why" in words(app)
    assert dashboard.rows(s.adjudications) == []
    reason = next(part for part in app.text_input if str(part.key).startswith("ruling_reason"))
    reason.set_value("praise, the fault is in passing")
    app.button(key="adjudicate_positive").click().run()
    (ruling,) = dashboard.rows(s.adjudications)
    assert (ruling["label"], ruling["reason"]) == ("positive", "praise, the fault is in passing")
    assert app.title[0].value.startswith("Nothing waits for a third reading")
    app.button(key="notice_undo_button").click().run()
    assert [row["label"] for row in dashboard.rows(s.adjudications)] == ["positive", None]
    assert app.title[0].value.startswith("1 of 3")


def test_who_said_what_is_not_shown(dashboard):
    both_label(dashboard, ("negative",), ("positive",))
    shown = words(dashboard.open("adjudicate"))
    assert "A: negative" in shown or "A: positive" in shown
    assert "Ada" not in shown
    assert "Ben" not in shown


def test_agreement_is_shown_with_n_and_too_few_below_the_minimum(dashboard):
    both_label(dashboard, ("negative", "positive"), ("negative", "neutral"))
    app = dashboard.open("adjudicate", adjudicate_view="Agreement")
    assert "too few" in app.title[0].value
    table = app.dataframe[0].value
    assert set(table["Cohen's kappa"]) == {"too few reviews"}
    assert int(table["n"].iloc[0]) == 2


def test_the_shipped_annotations_have_their_agreement_too(dashboard):
    app = dashboard.open("adjudicate", adjudicate_view="Agreement")
    assert app.title[0].value == "No review has two labels yet\\."
    assert dashboard.open("adjudicate").button(key="to_labelling").label == "To labelling"


def test_likely_errors_need_labels_and_say_so(dashboard):
    app = dashboard.open("adjudicate", adjudicate_view="Likely errors")
    assert "Validation and test reviews are left out" in words(app)
    app.button(key="check_labels").click().run()
    assert "expected labels of two or more" in words(app)


def test_exports_are_offered_and_the_interface_shown(dashboard):
    app = dashboard.open("adjudicate", adjudicate_view="Export and import")
    assert app.title[0].value == "0 reviews with two labels can be exported\\."
    assert '<Choices name="label" toName="text"' in app.code[0].value


@pytest.mark.parametrize("page", ["label", "adjudicate"])
def test_an_empty_database_says_what_to_do(empty_dashboard, page):
    assert empty_dashboard.open(page).title[0].value == "No reviews yet."


@pytest.mark.parametrize("page", ["label", "adjudicate"])
def test_clients_have_no_such_page(dashboard, page):
    assert "There is no such page for you" in words(as_client(dashboard, page))


def test_no_key_is_given_twice_and_all_slices_have_one():
    keys = [*SLICE_KEYS.values(), "1", "2", "3", "u", "z", "n"]
    assert len(keys) == len(set(keys))
    assert not {"c", "r"} & set(keys), "Streamlit keeps these for itself"


def test_the_guide_opens_on_the_page(dashboard):
    assert "just peachy" in guide_text()
    assert "Polite understatement" in words(dashboard.open("label"))


def test_foreign_text_is_shown_letter_by_letter(dashboard):
    app = sit_down(make(dashboard, size=16, first="A *bold* one"), "Ben")
    texts = []
    for _ in range(16):
        texts += [part.value for part in app.text]
        if any(PAYLOAD in text for text in texts):
            break
        label(app, "neutral")
    assert "bold" in words(app)
