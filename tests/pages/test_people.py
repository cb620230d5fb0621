"""The pages People and Audit log, the navigation by role, and local mode's "View as"."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from peachdash.queries.people import AuditSearch, fetch_audit
from peachdash.records import Role, Scope
from peachdash.storage import schema as t
from peachdash.ui.audit_table import MOST_EXPORTED, audit_rows, details_words
from peachdash.ui.formatting import safe_csv
from peachdash.ui.view_as import Guise
from peachdash.workflows.exports import record_export
from peachdash.workflows.people import add_person, assign_client, change_person

from .conftest import EVIL_NAME, words

HOUSE = Scope.everything("ada")


@pytest.fixture
def staffed(dashboard):
    add_person(dashboard.database, HOUSE, "ada@example.com", Role.ADMIN, "Ada *Admin*")
    add_person(dashboard.database, HOUSE, "mia@example.com", Role.MANAGER)
    assign_client(dashboard.database, HOUSE, "mia@example.com", "north")
    return dashboard


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def tick(app: AppTest, table: str, row: int) -> AppTest:
    app.session_state[table] = {"selection": {"rows": [row], "columns": [], "cells": []}}
    return app.run()


def latest_state(dashboard, email: str) -> dict:
    return [row for row in dashboard.rows(t.user_states) if row["email"] == email][-1]


def view(app: AppTest, guise: Guise) -> AppTest:
    app.session_state["view_as"] = guise
    return app.run()


def test_the_page_says_who_may_sign_in(staffed):
    app = staffed.open("people")
    assert app.title[0].value == r"2 people may sign in: 1 admin and 1 manager\."
    rows = app.dataframe(key="people_table").value
    assert list(rows["Name"]) == ["Ada *Admin*", "–"]
    assert list(rows["Clients"]) == ["all", "North Foods"]
    assert list(rows["Last sign-in (UTC)"]) == ["never", "never"]


def test_nobody_yet(empty_dashboard):
    app = empty_dashboard.open("people")
    assert app.title[0].value == r"Nobody may sign in yet\."
    assert "Add yourself first" in words(app)
    assert "No business yet" in words(app)


def test_somebody_is_added_with_clients(dashboard):
    app = dashboard.open("people")
    app.text_input(key="new_person_email").set_value("Zoe@Example.com")
    app.selectbox(key="new_person_role").set_value(Role.CLIENT)
    app.multiselect(key="new_person_clients").set_value(["north", "south"])
    app = press(app, "Add")
    assert "may sign in as client" in words(app)
    assert latest_state(dashboard, "zoe@example.com")["role"] == "client"
    assert {row["client_id"] for row in dashboard.rows(t.assignments)} == {"north", "south"}


def test_a_bad_email_is_a_clear_line_and_changes_nothing(dashboard):
    app = dashboard.open("people")
    app.text_input(key="new_person_email").set_value("![x](http://evil.example)")
    app = press(app, "Add")
    assert "is no e-mail" in words(app)
    assert dashboard.rows(t.users) == []


def test_a_person_is_changed_deactivated_and_activated(staffed):
    app = tick(staffed.open("people"), "people_table", 1)
    user_id = latest_state(staffed, "mia@example.com")["user_id"]
    app.selectbox(key=f"role_{user_id}").set_value(Role.ANALYST)
    app.multiselect(key=f"clients_{user_id}").set_value(["south"])
    app = press(app, "Save")
    assert latest_state(staffed, "mia@example.com")["role"] == "analyst"
    moves = [(row["client_id"], row["assigned"]) for row in staffed.rows(t.assignments)][1:]
    assert moves == [("north", False), ("south", True)]
    app = press(tick(app, "people_table", 1), "Deactivate")
    assert latest_state(staffed, "mia@example.com")["active"] is False
    app = press(tick(app, "people_table", 1), "Activate again")
    assert latest_state(staffed, "mia@example.com")["active"] is True


def test_the_last_admin_stays(staffed):
    app = press(tick(staffed.open("people"), "people_table", 0), "Deactivate")
    assert "last active admin" in words(app)
    assert latest_state(staffed, "ada@example.com")["active"] is True


def test_a_business_is_moved_and_renamed(dashboard):
    app = dashboard.open("people")
    row = list(app.dataframe(key="catalogue_table").value["Business"]).index("Blue Diner")
    app = tick(app, "catalogue_table", row)
    app.text_input(key="b_name_diner").set_value("Blue Diner <b>2</b>")
    app.selectbox(key="b_client_diner").set_value("south")
    app = press(app, "Save")
    stored = {row["business_id"]: row for row in dashboard.rows(t.businesses)}["diner"]
    assert (stored["name"], stored["client_id"]) == ("Blue Diner <b>2</b>", "south")
    assert "Blue Diner <b>2</b>" in list(app.dataframe(key="catalogue_table").value["Business"])
    assert "Blue Diner <b>2</b>" in words(dashboard.open("overview", business="diner", period="all"))


def test_clients_and_businesses_are_added(dashboard):
    app = dashboard.open("people")
    app.text_input(key="new_client").set_value("West Side")
    app = next(b for b in app.button if b.key and "add_client" in b.key).click().run()
    assert "West Side" in {row["name"] for row in dashboard.rows(t.clients)}
    app.text_input(key="new_business").set_value("Corner Shop")
    app.selectbox(key="new_business_client").set_value("west-side")
    app = next(b for b in app.button if b.key and "add_business" in b.key).click().run()
    assert {row["business_id"]: row["client_id"] for row in dashboard.rows(t.businesses)}[
        "corner-shop"
    ] == "west-side"


def test_the_log_tells_and_is_searched(staffed):
    change_person(staffed.database, HOUSE, "mia@example.com", role=Role.ANALYST)
    app = staffed.open("audit")
    assert app.title[0].value.startswith("4 events on record, the latest on ")
    assert "manager → analyst" in app.dataframe[0].value.iloc[0]["Details"]
    app.text_input(key="audit_words").set_value("assign").run()
    assert list(app.dataframe[0].value["What"]) == ["Assign client"]
    app.text_input(key="audit_words").set_value("nothing such").run()
    assert "Nothing on record matches" in words(app)


def test_the_log_says_when_to_the_second_what_and_to_what():
    events = {"at_utc": dt.datetime(2026, 3, 3, 14, 5, 9, tzinfo=dt.UTC), "actor": "ada", "action": "freeze",
              "object_kind": "data_set", "object_id": "7", "details": "{}"}  # fmt: skip
    row = audit_rows(pd.DataFrame([events])).iloc[0]
    assert list(row) == ["3 Mar 2026, 14:05:09", "Freeze", "data set 7", "ada", ""]


def test_an_empty_log(empty_dashboard):
    assert empty_dashboard.open("audit").title[0].value == r"Nothing is on record yet\."


def test_formulas_in_the_log_s_download_are_escaped(dashboard):
    record_export(dashboard.database, Scope.everything("=cmd()"), "+1+1", 1)
    with dashboard.database.read() as connection:
        frame = fetch_audit(connection, HOUSE, AuditSearch(), limit=MOST_EXPORTED)
    content = safe_csv(frame).decode("utf-8-sig")
    assert "'=cmd()" in content
    assert "'+1+1" in content


def test_details_in_words():
    assert details_words('{"role": {"from": "client", "to": "admin"}, "rows": 11054}') == (
        "role: client → admin, rows: 11,054"
    )
    assert details_words("{}") == ""


@pytest.mark.parametrize("page", ["people", "audit", "upload"])
@pytest.mark.parametrize("role", [Role.CLIENT, Role.MANAGER, Role.ANALYST])
def test_pages_refuse_roles_that_they_are_not_for(staffed, page, role):
    app = staffed.open(page)
    app = view(app, Guise(role, "" if role is Role.ANALYST else "client:north", "x"))
    refused = "There is no such page for you" in words(app)
    assert refused == (not (page == "upload" and role is Role.MANAGER))
    assert bool(app.title) != refused


def test_viewing_as_a_client_narrows_everything(dashboard):
    app = dashboard.open("overview", period="all")
    assert len(app.dataframe[0].value) == 3
    app = view(app, Guise(Role.CLIENT, "client:south", "client of South & Sons"))
    assert "Seen as client of South & Sons would see it" in words(app)
    assert "Sweet Creamery" not in words(app)
    assert list(app.dataframe[0].value["Business"]) == [EVIL_NAME]
    assert list(app.selectbox(key="filter_client").options) == ["All clients", "South & Sons"]


def test_viewing_as_a_person_and_back(staffed):
    app = staffed.open("overview", period="all")
    app.selectbox(key="view_as_role").set_value("manager").run()
    whose = app.selectbox(key="view_as_whose")
    assert whose.options == ["North Foods", "South & Sons", "mia@example.com"]
    user_id = latest_state(staffed, "mia@example.com")["user_id"]
    whose.set_value(f"user:{user_id}").run()
    assert len(app.dataframe[0].value) == 2
    app.button(key="view_as_end").click().run()
    assert len(app.dataframe[0].value) == 3


def test_a_foreign_review_is_not_there_for_a_client(dashboard):
    app = dashboard.open("business", business="creamery", review="1", period="all")
    app = view(app, Guise(Role.CLIENT, "client:south", "x"))
    assert "There is no review 1" in words(app)
    assert "is not known here" in words(app)


def test_a_viewer_without_businesses_is_told_so(staffed):
    add_person(staffed.database, HOUSE, "new@example.com", Role.MANAGER)
    user_id = latest_state(staffed, "new@example.com")["user_id"]
    app = view(staffed.open("overview"), Guise(Role.MANAGER, f"user:{user_id}", "new@example.com"))
    assert app.title[0].value == "No business is assigned to you yet."


def test_what_is_done_in_a_guise_is_told_apart(staffed):
    app = view(staffed.open("people"), Guise(Role.ADMIN, "", "an admin"))
    app = press(tick(app, "people_table", 1), "Deactivate")
    assert latest_state(staffed, "mia@example.com")["changed_by"] == "local as admin"
