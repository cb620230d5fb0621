"""People, rights, catalogue and the audit log over a real database."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from peachdash.errors import BadInput, NotFound, SignInRefused
from peachdash.queries.catalogue import fetch_businesses
from peachdash.queries.imports import fetch_imports
from peachdash.queries.people import AuditSearch, count_audit, fetch_all_clients, fetch_audit, fetch_people
from peachdash.queries.version import fetch_data_version
from peachdash.records import Role, Scope
from peachdash.storage import schema as t
from peachdash.workflows.catalogue import change_business, create_business, create_client, rename_client
from peachdash.workflows.imports import ImportOptions, import_export, undo_import
from peachdash.workflows.people import add_person, assign_client, change_person, end_sessions
from peachdash.workflows.people_requests import perform_people_request
from peachdash.workflows.sign_in import Identity, load_scope, sign_in, sign_out, view_as
from tests.integration.conftest import EVERYTHING, add_reviews, review_rows

ISSUER = "https://issuer.example"


def identity(name: str, **changes: object) -> Identity:
    now = dt.datetime.now(dt.UTC)
    known = Identity(ISSUER, f"sub-{name}", f"{name}@example.com", name, True, now)
    return replace(known, **changes)  # type: ignore[arg-type]


def actions(database) -> list[tuple[str, str]]:
    with database.read() as connection:
        statement = sa.select(t.audit_log.c.action, t.audit_log.c.actor).order_by(t.audit_log.c.event_id)
        return [tuple(row) for row in connection.execute(statement)]


@pytest.fixture
def staffed(filled):
    """Ada the admin, Mia who manages the first client, and Clara of the second."""
    add_person(filled, EVERYTHING, "ada@example.com", Role.ADMIN, "Ada")
    add_person(filled, EVERYTHING, " Mia@Example.com ", Role.MANAGER)
    add_person(filled, EVERYTHING, "clara@example.com", Role.CLIENT)
    assign_client(filled, EVERYTHING, "mia@example.com", "doravale")
    assign_client(filled, EVERYTHING, "clara@example.com", "magnolia")
    return filled


def test_a_sign_in_gives_role_and_businesses(staffed):
    mia = sign_in(staffed, identity("mia"))
    assert mia == Scope("mia@example.com", Role.MANAGER, frozenset({"creamery", "diner"}))
    assert sign_in(staffed, identity("ada")) == Scope("ada@example.com", Role.ADMIN, None)
    assert load_scope(staffed, identity("clara")).business_ids == {"boutique"}
    assert actions(staffed)[-2:] == [("sign_in", "mia@example.com"), ("sign_in", "ada@example.com")]


def test_rights_are_those_of_the_moment(staffed):
    assign_client(staffed, EVERYTHING, "mia@example.com", "doravale", assigned=False)
    assert load_scope(staffed, identity("mia")).business_ids == frozenset()
    assign_client(staffed, EVERYTHING, "mia@example.com", "doravale")
    create_business(staffed, EVERYTHING, "New Place", "doravale")
    assert "new-place" in load_scope(staffed, identity("mia")).business_ids


@pytest.mark.parametrize(
    "who",
    [
        identity("stranger"),
        identity("mia", email_verified=False),
        identity("mia", email=""),
        identity("mia", subject=""),
    ],
)
def test_the_unknown_and_the_unverified_are_refused_alike_and_logged_once(staffed, who):
    for _ in range(3):
        with pytest.raises(SignInRefused, match=r"^This account has no access here\.$"):
            sign_in(staffed, who)
    assert [action for action, _ in actions(staffed)].count("sign_in_refused") == 1


def test_the_deactivated_are_refused_in_the_same_words(staffed):
    sign_in(staffed, identity("mia"))
    change_person(staffed, EVERYTHING, "mia@example.com", active=False)
    with pytest.raises(SignInRefused, match=r"^This account has no access here\.$"):
        load_scope(staffed, identity("mia"))
    change_person(staffed, EVERYTHING, "mia@example.com", active=True)
    assert load_scope(staffed, identity("mia")).role is Role.MANAGER


def test_a_person_is_the_account_that_signed_in_first(staffed):
    sign_in(staffed, identity("mia"))
    assert load_scope(staffed, identity("mia", email="new@example.com", email_verified=False))
    with pytest.raises(SignInRefused):
        load_scope(staffed, identity("mia", subject="somebody-else"))
    end_sessions(staffed, EVERYTHING, "mia@example.com", forget_identity=True)
    later = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1)
    assert sign_in(staffed, identity("mia", subject="somebody-else", issued_utc=later))
    with pytest.raises(SignInRefused):
        load_scope(staffed, identity("mia", issued_utc=later))


def test_a_new_email_has_to_sign_in_afresh(staffed):
    sign_in(staffed, identity("mia"))
    change_person(staffed, EVERYTHING, "mia@example.com", email="max@example.com")
    with pytest.raises(SignInRefused):
        load_scope(staffed, identity("mia"))
    assert sign_in(staffed, identity("max")).viewer == "max@example.com"


def test_signing_out_ends_earlier_sign_ins_only(staffed):
    early = identity("mia")
    sign_in(staffed, early)
    sign_out(staffed, early)
    with pytest.raises(SignInRefused):
        load_scope(staffed, early)
    with pytest.raises(SignInRefused):
        load_scope(staffed, replace(early, issued_utc=None))
    later = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1)
    assert load_scope(staffed, replace(early, issued_utc=later))
    assert load_scope(staffed, identity("ada"))


def test_the_last_active_admin_stays(staffed):
    for change in ({"active": False}, {"role": Role.ANALYST}):
        with pytest.raises(BadInput, match="last active admin"):
            change_person(staffed, EVERYTHING, "ada@example.com", **change)
    add_person(staffed, EVERYTHING, "adam@example.com", Role.ADMIN)
    change_person(staffed, EVERYTHING, "ada@example.com", active=False)
    with pytest.raises(BadInput, match="last active admin"):
        change_person(staffed, EVERYTHING, "adam@example.com", role=Role.CLIENT)


def test_an_email_belongs_to_one_person(staffed):
    with pytest.raises(BadInput, match="known already"):
        add_person(staffed, EVERYTHING, "MIA@example.com", Role.ADMIN)
    with pytest.raises(BadInput, match="known already"):
        change_person(staffed, EVERYTHING, "ada@example.com", email="mia@example.com")
    for email in ("", "mia", "mia@", "a b@example.com", '"<script>"@x', "x" * 300 + "@example.com"):
        with pytest.raises(BadInput, match="no e-mail"):
            add_person(staffed, EVERYTHING, email, Role.CLIENT)


@pytest.mark.parametrize("role", [Role.CLIENT, Role.MANAGER, Role.ANALYST])
def test_people_and_catalogue_are_for_admins(staffed, role):
    scope = Scope("x", role, None if role is Role.ANALYST else frozenset({"creamery"}))
    attempts = (
        lambda: add_person(staffed, scope, "x@example.com", Role.ADMIN),
        lambda: change_person(staffed, scope, "mia@example.com", role=Role.ADMIN),
        lambda: assign_client(staffed, scope, "mia@example.com", "magnolia"),
        lambda: end_sessions(staffed, scope, "mia@example.com"),
        lambda: create_client(staffed, scope, "X"),
        lambda: rename_client(staffed, scope, "doravale", "X"),
        lambda: create_business(staffed, scope, "X", "doravale"),
        lambda: change_business(staffed, scope, "creamery", client_id="magnolia"),
        lambda: view_as(staffed, scope, Role.ANALYST),
        lambda: perform_people_request(staffed, scope, "list", {}),
    )
    before = actions(staffed)
    for attempt in attempts:
        with pytest.raises(NotFound):
            attempt()
    assert actions(staffed) == before


def test_every_state_of_a_person_stays_on_record(staffed):
    change_person(staffed, EVERYTHING, "mia@example.com", role=Role.ANALYST, name="Mia")
    change_person(staffed, EVERYTHING, "mia@example.com", role=Role.ANALYST)
    with staffed.read() as connection:
        people = fetch_people(connection, EVERYTHING).set_index("email")
        states = connection.execute(
            sa.select(t.user_states.c.role)
            .where(t.user_states.c.email == "mia@example.com")
            .order_by(t.user_states.c.state_id)
        ).scalars()
        assert list(states) == ["manager", "analyst"], "what changes nothing is not written"
    assert (people.loc["mia@example.com", "role"], people.loc["mia@example.com", "name"]) == (
        "analyst",
        "Mia",
    )
    assert people.loc["clara@example.com", "client_ids"] == ["magnolia"]


def test_names_change_in_place_and_the_log_keeps_the_old_ones(staffed):
    with staffed.read() as connection:
        before = fetch_data_version(connection, EVERYTHING)
    rename_client(staffed, EVERYTHING, "doravale", "Doravale & Co")
    change_business(staffed, EVERYTHING, "diner", name="Banchan", client_id="magnolia")
    change_business(staffed, EVERYTHING, "diner", name="Banchan Bar")
    with staffed.read() as connection:
        assert fetch_data_version(connection, EVERYTHING) != before
        businesses = fetch_businesses(connection, EVERYTHING).set_index("business_id")
        log = fetch_audit(connection, EVERYTHING, AuditSearch(words="Bun Banchan"))
    assert tuple(businesses.loc["diner", ["business", "client"]]) == ("Banchan Bar", "Magnolia Rack")
    assert list(log["action"]) == ["change_business"]
    assert load_scope(staffed, identity("clara")).business_ids == {"boutique", "diner"}


def test_names_are_unique_among_clients_and_businesses(staffed):
    with pytest.raises(BadInput, match="already"):
        create_client(staffed, EVERYTHING, " doravale  FOODS ")
    with pytest.raises(BadInput, match="already"):
        create_business(staffed, EVERYTHING, "Peach Blossom", "doravale")
    with pytest.raises(BadInput, match="already"):
        change_business(staffed, EVERYTHING, "diner", name="creamery")
    with pytest.raises(BadInput, match="needs a name"):
        create_client(staffed, EVERYTHING, " \n")
    with pytest.raises(BadInput, match="at most 200"):
        create_client(staffed, EVERYTHING, "x" * 201)
    rename_client(staffed, EVERYTHING, "doravale", "DORAVALE Foods")
    with staffed.read() as connection:
        assert "DORAVALE Foods" in set(fetch_all_clients(connection, EVERYTHING)["client"])


def test_businesses_without_a_client_are_assigned_to_nobody(staffed):
    data = b"business,rating,review\nSome Place,4,fine\n"
    import_export(
        staffed, EVERYTHING, staffed_home(staffed), data, "x.csv", ImportOptions(source="x"), "page"
    )
    with pytest.raises(BadInput, match="no client yet"):
        assign_client(staffed, EVERYTHING, "mia@example.com", "unassigned")


def staffed_home(database):
    return Path(database.engine.url.database).parent


def test_imports_are_seen_and_undone_by_those_who_see_all_they_name(staffed):
    rows = [{"text": "ours", "business_id": "creamery"}, {"text": "theirs", "business_id": "boutique"}]
    add_reviews(staffed, "mixed", review_rows(rows))
    add_reviews(staffed, "own", review_rows([{"text": "own", "business_id": "diner"}]))
    mia = load_scope(staffed, identity("mia"))
    with staffed.read() as connection:
        assert list(fetch_imports(connection, mia)["import_id"]) == ["own"]
        assert set(fetch_imports(connection, EVERYTHING)["import_id"]) == {"first", "mixed", "own"}
    with pytest.raises(NotFound):
        undo_import(staffed, mia, "mixed")
    undo_import(staffed, mia, "own")
    assert ("undo_import", "mia@example.com") in actions(staffed)


def test_an_import_of_duplicates_alone_belongs_to_the_businesses_that_it_names(staffed):
    data = b"business,rating,review,date\nPeach Blossom,1,The linen bled again,2026-01-02\n"
    clara = load_scope(staffed, identity("clara"))
    manager = Scope("max@example.com", Role.MANAGER, clara.business_ids)
    for name in ("a.csv", "b.csv"):
        again = import_export(
            staffed, manager, staffed_home(staffed), data, name, ImportOptions(source="x"), "page"
        )
    assert (again.accepted, again.duplicates) == (0, 1)
    mia = load_scope(staffed, identity("mia"))
    with pytest.raises(NotFound):
        undo_import(staffed, mia, again.import_id)
    with staffed.read() as connection:
        assert fetch_imports(connection, mia).empty
        assert set(fetch_imports(connection, manager)["file_name"]) == {"a.csv", "b.csv"}
    undo_import(staffed, manager, again.import_id)


@pytest.mark.parametrize("name", ["Peach Blossom", "boutique", "No Such Place"])
def test_an_import_outside_the_scope_is_refused_as_not_found(staffed, name):
    mia = load_scope(staffed, identity("mia"))
    data = f"business,rating,review\n{name},4,fine\n".encode()
    with pytest.raises(NotFound) as refused:
        import_export(staffed, mia, staffed_home(staffed), data, "x.csv", ImportOptions(source="x"), "page")
    assert str(refused.value) == f"There is no business named {name!r} among yours."


@pytest.mark.parametrize("role", [Role.CLIENT, Role.ANALYST])
def test_imports_are_for_managers(staffed, role):
    scope = Scope("x", role, None if role is Role.ANALYST else frozenset({"creamery"}))
    data = b"business,rating,review\nSweet Stack Creamery,4,fine\n"
    with pytest.raises(NotFound, match="for managers"):
        import_export(staffed, scope, staffed_home(staffed), data, "x.csv", ImportOptions(), "page")


def test_the_log_is_searched_by_words_action_and_day(staffed):
    today = dt.datetime.now(dt.UTC).date()
    with staffed.read() as connection:
        found = fetch_audit(connection, EVERYTHING, AuditSearch(words="MIA assign"))
        assert list(found["action"]) == ["assign_client"]
        assert count_audit(connection, EVERYTHING, AuditSearch(action="add_person")) == 3
        assert count_audit(connection, EVERYTHING, AuditSearch(since=today, until=today)) == 5
        assert count_audit(connection, EVERYTHING, AuditSearch(until=today - dt.timedelta(days=1))) == 0
        assert count_audit(connection, EVERYTHING, AuditSearch(words="%")) == 0
        assert list(fetch_audit(connection, EVERYTHING, AuditSearch(), limit=1)["action"]) == [
            "assign_client"
        ]


def test_local_mode_looks_as_somebody_with_their_rights(staffed):
    with staffed.read() as connection:
        people = fetch_people(connection, EVERYTHING).set_index("email")["user_id"]
    as_mia = view_as(staffed, EVERYTHING, Role.MANAGER, user_id=people["mia@example.com"])
    assert as_mia == Scope("ada as mia@example.com", Role.MANAGER, frozenset({"creamery", "diner"}))
    assert view_as(staffed, EVERYTHING, Role.CLIENT, client_ids=["magnolia"]).business_ids == {"boutique"}
    assert view_as(staffed, EVERYTHING, Role.ANALYST).business_ids is None
    assert not view_as(staffed, EVERYTHING, Role.ANALYST).may_manage_people
    with pytest.raises(NotFound):
        view_as(staffed, as_mia, Role.ADMIN)


def test_the_command_s_requests(filled):
    request = {"email": "mia@example.com", "role": "manager", "clients": ["Doravale foods"]}
    (mia,) = perform_people_request(filled, EVERYTHING, "add", request)["people"]
    assert (mia["role"], mia["clients"], mia["last_sign_in"]) == ("manager", ["Doravale Foods"], None)
    with pytest.raises(NotFound, match="no client"):
        perform_people_request(filled, EVERYTHING, "add", {**request, "email": "b@x.y", "clients": ["Nope"]})
    with pytest.raises(BadInput, match="role"):
        perform_people_request(filled, EVERYTHING, "add", {"email": "b@x.y", "role": "boss"})
    with pytest.raises(BadInput, match="same version"):
        perform_people_request(filled, EVERYTHING, "dance", {})
    assert len(perform_people_request(filled, EVERYTHING, "list", {})["people"]) == 1, "all or nothing"


def test_downloads_hold_what_is_in_scope_and_no_formula(staffed):
    from peachdash.queries.reviews import ReviewSelection
    from peachdash.records import ReviewFilter
    from peachdash.ui.access import Session
    from peachdash.ui.formatting import safe_csv
    from peachdash.ui.review_download import export_reviews
    from tests.integration.conftest import MODELS

    class Served:
        database = staffed

    add_reviews(staffed, "odd", review_rows([{"text": '=HYPERLINK("http://evil.example")', "title": "+1"}]))
    mia = Session(Served(), load_scope(staffed, identity("mia")), MODELS, "1")
    frame = export_reviews(mia, ReviewFilter(), ReviewSelection())
    assert set(frame["business"]) == {"Sweet Stack Creamery", "Bun and Banchan"}
    assert export_reviews(mia, ReviewFilter(business_id="boutique"), ReviewSelection()).empty
    content = safe_csv(frame).decode("utf-8-sig")
    assert "'=HYPERLINK" in content
    assert ",'+1," in content
