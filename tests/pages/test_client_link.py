"""The page behind a shared link, without an account and without navigation."""

from __future__ import annotations

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from peachdash.jobs import service as service_module
from peachdash.records import Scope
from peachdash.storage import schema as t
from peachdash.ui.client_link import RECENT
from peachdash.ui.share_links import link_address
from peachdash.workflows.checking import draw_sample
from peachdash.workflows.links import REFUSED, make_link, revoke_link

from .conftest import MODELS, words
from .test_business import number_of

HOUSE = Scope.everything("ada")
PHRASE = "soggy cones"


@pytest.fixture
def token(dashboard) -> str:
    return make_link(dashboard.database, HOUSE, "north")


def visit(dashboard, token: str) -> AppTest:
    return dashboard.open("client_link", link=token)


def labels(app: AppTest) -> list[str]:
    return [part.label for part in app.button]


def test_a_link_shows_recent_reviews_with_readings_and_nothing_else(dashboard, token):
    app = visit(dashboard, token)
    assert app.title[0].value == "Do we read the reviews of North Foods right?"
    assert len(app.text) == RECENT
    assert {"Right", "Wrong"} <= set(labels(app))
    assert not app.sidebar.selectbox
    assert not app.dataframe
    shown = words(app)
    assert "Evil" not in shown
    assert "We read it as negative." in shown


def test_a_reading_is_confirmed_with_one_tap(dashboard, token):
    number = number_of(dashboard, "the 2th.")
    app = visit(dashboard, token)
    app.button(key=f"right_{number}").click().run()
    assert "You said: right. Thank you." in words(app)
    (check,) = dashboard.rows(t.reading_checks)
    assert (check["review_id"], check["answer"], check["deciding"]) == (number, "positive", False)
    assert dashboard.rows(t.reports) == []


def test_a_reading_is_corrected_with_two_taps_and_a_note(dashboard, token):
    number = number_of(dashboard, "the 2th.")
    app = visit(dashboard, token)
    app.button(key=f"wrong_{number}").click().run()
    app.text_input(key=f"link_note_{number}").set_value("*sarcasm*")
    app.button(key=f"say_{number}_negative").click().run()
    assert "You said: negative. Thank you." in words(app)
    assert "You reported 1 reading, 0 accepted, 1 still open." in words(app)
    (report,) = dashboard.rows(t.reports)
    assert (report["suggestion"], report["note"], report["label"]) == ("negative", "*sarcasm*", "positive")
    assert dashboard.rows(t.decisions) == []
    app.button(key=f"change_{number}").click().run()
    app.button(key=f"say_{number}_neutral").click().run()
    assert [row["outcome"] for row in dashboard.rows(t.report_outcomes)] == ["withdrawn"]
    assert [row["suggestion"] for row in dashboard.rows(t.reports)] == ["negative", "neutral"]


def test_an_undecided_reading_asks_what_it_is(dashboard, token):
    number = number_of(dashboard, "the 0th.")
    app = visit(dashboard, token)
    assert "We are not sure how to read it." in words(app)
    app.button(key=f"say_{number}_neutral").click().run()
    assert [row["suggestion"] for row in dashboard.rows(t.reports)] == ["neutral"]


def test_sampled_readings_come_first_and_count(dashboard, token):
    draw_sample(dashboard.database, HOUSE, MODELS, "north", size=3, seed=5)
    first = min(dashboard.rows(t.sampled_readings), key=lambda row: row["sampled_id"])
    app = visit(dashboard, token)
    assert next(part for part in app.button if part.label == "Right").key == f"right_{first['review_id']}"
    app.button(key=f"right_{first['review_id']}").click().run()
    assert [row["sampled_id"] for row in dashboard.rows(t.reading_checks)] == [first["sampled_id"]]


def test_more_reviews_come_at_a_tap(dashboard, token):
    app = visit(dashboard, token)
    for times in (2, 3, 4, 5):
        app.button(key="show_more").click().run()
        assert len(app.text) == times * RECENT
    assert "Show more" not in labels(app)


@pytest.mark.parametrize("forged", ["", "nonsense", "000000000000." + "A" * 43])
def test_a_forged_link_is_a_polite_page(dashboard, forged):
    app = visit(dashboard, forged)
    assert app.title[0].value == "This link does not work."
    assert app.title[0].value in REFUSED
    assert not app.button
    assert not app.text


def test_a_revoked_link_ends_at_the_next_tap(dashboard, token):
    number = number_of(dashboard, "the 2th.")
    app = visit(dashboard, token)
    revoke_link(dashboard.database, HOUSE, token.split(".")[0])
    app.button(key=f"right_{number}").click().run()
    assert app.title[0].value == "This link does not work."
    assert not app.text
    assert dashboard.rows(t.reading_checks) == []


def test_the_last_answer_is_thanked_for_and_then_the_link_is_closed(dashboard):
    token = make_link(dashboard.database, HOUSE, "north", answer_limit=2)
    app = visit(dashboard, token)
    assert "This link takes 2 more answers." in words(app)
    app.button(key=f"right_{number_of(dashboard, 'the 2th.')}").click().run()
    assert "This link takes 1 more answer." in words(app)
    app.button(key=f"right_{number_of(dashboard, 'the 5th.')}").click().run()
    assert app.title[0].value == "Thank you."
    assert visit(dashboard, token).title[0].value == "This link does not work."


def test_a_pass_phrase_stands_before_everything(dashboard):
    token = make_link(dashboard.database, HOUSE, "north", pass_phrase=PHRASE)
    app = visit(dashboard, token)
    assert app.title[0].value == "Welcome."
    assert "pass phrase that whoever sent the link told you" in words(app)
    assert "North" not in words(app)
    app.text_input(key="link_phrase_given").set_value("wrong one")
    app.button[0].click().run()
    assert "That did not open the link." in words(app)
    app.text_input(key="link_phrase_given").set_value(PHRASE)
    app.button[0].click().run()
    assert app.title[0].value == "Do we read the reviews of North Foods right?"
    opened = [row["actor"] for row in dashboard.rows(t.audit_log) if row["action"] == "open_link"]
    assert opened == [f"link:{token.split('.')[0]}"], "an opening is logged once, not at every run"


def test_another_links_pass_phrase_opens_nothing(dashboard):
    first, second = (
        make_link(dashboard.database, HOUSE, client, pass_phrase=PHRASE) for client in ("north", "south")
    )
    app = visit(dashboard, first)
    app.text_input(key="link_phrase_given").set_value(PHRASE)
    app.button[0].click().run()
    app.query_params["link"] = second
    app.run()
    assert app.title[0].value == "Welcome."


def test_a_manager_makes_copies_and_revokes_a_link(dashboard):
    app = dashboard.open("feedback", view="Links")
    app.selectbox(key="link_client").select("north")
    app.text_input(key="link_purpose").set_value("*Ana*, by text")
    app.number_input(key="link_days").set_value(3)
    next(part for part in app.button if part.label == "Make the link").click().run()
    assert not app.exception
    token = app.code[0].value.partition("link=")[2]
    assert visit(dashboard, token).title[0].value == "Do we read the reviews of North Foods right?"
    assert "Ana, by text" in words(app)
    app.run()
    assert not app.code, "the address is shown once"
    (link,) = dashboard.rows(t.share_links)
    app.button(key=f"revoke_{link['link_id']}").click().run()
    assert "The link is revoked" in words(app)
    assert visit(dashboard, token).title[0].value == "This link does not work."


def test_a_short_pass_phrase_makes_no_link(dashboard):
    app = dashboard.open("feedback", view="Links")
    app.text_input(key="link_phrase").set_value("short")
    next(part for part in app.button if part.label == "Make the link").click().run()
    assert "8 to 200 characters" in words(app)
    assert dashboard.rows(t.share_links) == []


def test_addresses_stand_beside_the_open_page():
    assert link_address("t", "http://127.0.0.1:8501/feedback") == "http://127.0.0.1:8501/client_link?link=t"
    assert link_address("t", "https://a.example/dash/feedback?view=Links") == (
        "https://a.example/dash/client_link?link=t"
    )
    assert link_address("t", None) == "client_link?link=t"


def test_an_empty_database_has_no_links(empty_dashboard):
    assert visit(empty_dashboard, "000000000000." + "A" * 43).title[0].value == "This link does not work."


@pytest.fixture
def server_mode(dashboard, monkeypatch) -> None:
    """The same dashboard as a server, where nobody is signed in."""
    service = service_module._service
    settings = service.settings.model_copy(update={"mode": "server"})
    monkeypatch.setattr(service_module, "_service", replace(service, settings=settings))


def test_a_link_opens_without_an_account_and_opens_nothing_else(dashboard, token, server_mode):
    app = visit(dashboard, token)
    assert app.title[0].value == "Do we read the reviews of North Foods right?"
    app.button(key=f"right_{number_of(dashboard, 'the 2th.')}").click().run()
    assert len(dashboard.rows(t.reading_checks)) == 1
    for page in ("overview", "business", "feedback", "upload", "people", "audit"):
        other = dashboard.open(page, link=token, period="all", review="5")
        assert not other.text
        assert not other.dataframe
        assert not other.metric
        assert "North" not in words(other)
