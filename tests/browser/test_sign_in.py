"""Sign-in, roles, sign-out and expiry in a real browser, against an OpenID Connect provider on loopback."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa
from oidc_provider_mock import User, run_server_in_thread
from playwright.sync_api import expect

from peachdash.records import Role, Scope
from peachdash.storage import schema as t
from peachdash.storage.database import Database, open_database
from peachdash.workflows.people import add_person, assign_client, change_person

from ..pages.conftest import EVIL_NAME, fill
from .conftest import free_port, serving
from .tab import settled, still

pytestmark = pytest.mark.browser
HOUSE = Scope.everything("test")
PEOPLE = {
    "adam": (Role.ADMIN, None),
    "ana": (Role.ANALYST, None),
    "mia": (Role.MANAGER, "north"),
    "clara": (Role.CLIENT, "north"),
    "gone": (Role.MANAGER, "north"),
    "idle": (Role.MANAGER, None),
}
SESSION_HOURS = 12


def claims(name: str, *, verified: bool = True) -> User:
    return User(
        sub=f"sub-{name}",
        claims={"email": f"{name}@example.com", "email_verified": verified, "name": name.title()},
    )


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """The address of a provider that knows some people, one of them without a verified e-mail."""
    known = [*map(claims, PEOPLE), claims("stranger")]
    thief = User(sub="sub-thief", claims={"email": "adam@example.com", "email_verified": False})
    with run_server_in_thread(user_claims=[*known, thief]) as server:
        yield f"http://localhost:{server.server_port}"


@dataclass
class Served:
    """A dashboard in server mode; its database can be looked into once it has stopped."""

    address: str
    home: Path
    running: ExitStack = field(default_factory=ExitStack)

    def put_clock_ahead(self, hours: float) -> None:
        """Let the server take the time for later than it is, from its next look on."""
        (self.home / "clock-ahead-hours").write_text(str(hours))

    def stop(self) -> Database:
        self.running.close()
        return open_database(self.home / "peachdash.duckdb")


def write_secrets(home: Path, port: int, provider: str) -> Path:
    path = home / "secrets.toml"
    path.write_text(
        f"""[auth]
redirect_uri = "http://localhost:{port}/oauth2callback"
cookie_secret = "{secrets.token_hex(32)}"
client_id = "peachdash"
client_secret = "{secrets.token_hex(16)}"
server_metadata_url = "{provider}/.well-known/openid-configuration"
"""
    )
    return path


def filled_home(home: Path) -> Path:
    database = open_database(home / "peachdash.duckdb")
    fill(database)
    for name, (role, client) in PEOPLE.items():
        user_id = add_person(database, HOUSE, f"{name}@example.com", role)
        if client is not None:
            assign_client(database, HOUSE, user_id, client)
    change_person(database, HOUSE, "gone@example.com", active=False)
    database.close()
    return home


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, provider: str) -> Iterator[Served]:
    home, port = filled_home(tmp_path_factory.mktemp("server")), free_port()
    settings = {
        "PEACHDASH_MODE": "server",
        "PEACHDASH_SECRETS": str(write_secrets(home, port, provider)),
        "PEACHDASH_SESSION_HOURS": str(SESSION_HOURS),
    }
    served = Served(f"http://localhost:{port}", home)
    with served.running as running:
        running.enter_context(serving(home, host="localhost", port=port, **settings))
        yield served


@pytest.fixture
def visit(page, browser, server) -> Iterator:
    """Opens pages of the dashboard: in the tab, signed in or out, or in another browser beside it."""
    contexts = []

    def opened(path: str = "", name: str | None = None, *, beside: bool = False):
        where = page
        if beside:
            contexts.append(browser.new_context())
            where = contexts[-1].new_page()
        where.context.clear_cookies()
        where.goto(f"{server.address}/{path}")
        heading(where)
        if name is not None:
            sign_in(where, name)
        return where

    yield opened
    for context in contexts:
        context.close()


def heading(page) -> str:
    """The title of the page, once it stands."""
    title = page.locator("[data-testid=stMain] h1").first
    title.wait_for(timeout=30_000)
    settled(page)
    return title.inner_text()


def sign_in(page, name: str) -> None:
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name=f"sub-{name}", exact=True).click()
    page.wait_for_url("http://localhost:*/**")
    page.locator("[data-testid=stMain] h1").first.wait_for(timeout=30_000)
    expect(page.locator("[data-testid=stMain] h1").first).not_to_have_text("Welcome to Peachdash.")
    heading(page)


def text_of(page) -> str:
    return page.locator("body").inner_text()


def links(page) -> set[str]:
    """The titles in the navigation, without the names of their icons."""
    found = page.locator("[data-testid=stSidebarNavLink]").all_inner_texts()
    return {text.splitlines()[-1] for text in found}


def sign_out(page, name: str) -> None:
    page.locator("[data-testid=stSidebar]").get_by_role("button", name=name).click()
    page.get_by_role("button", name="Sign out").click()
    end_at_provider(page)


def end_at_provider(page) -> None:
    """The provider asks before it ends its own session, then sends back."""
    page.get_by_role("button", name="End session").click()
    expect(page.get_by_role("heading", name="Welcome to Peachdash.")).to_be_visible(timeout=30_000)


NAMES = ("Sweet Creamery", "Blue Diner", "North Foods", "South & Sons", "Café")


def test_who_is_not_signed_in_sees_one_button_and_nothing_else(visit):
    for path in ("", "business?business=creamery&review=3", "people", "audit", "upload"):
        page = visit(path)
        assert heading(page) == "Welcome to Peachdash."
        button = page.locator("[data-testid=stMain] button")
        expect(button).to_have_count(1)
        expect(button).to_contain_text("Sign in")
        assert links(page) == set()
        assert not any(name in text_of(page) for name in NAMES)


EVERYBODY, HOUSE_PAGES = {"Overview", "Business", "Before and after"}, {"Upload", "People", "Audit log"}


@pytest.mark.parametrize(
    ("name", "more", "refused"),
    [
        ("clara", set(), "upload"),
        ("mia", {"Upload"}, "people"),
        ("ana", set(), "audit"),
        ("adam", HOUSE_PAGES, None),
    ],
)
def test_a_role_is_shown_what_it_may_use_and_refused_the_rest_by_address(visit, server, name, more, refused):
    page = visit(name=name)
    assert EVERYBODY | more <= links(page)
    assert not (HOUSE_PAGES - more) & links(page)
    if refused is not None:
        page.goto(f"{server.address}/{refused}")
        expect(page.get_by_text("There is no such page for you")).to_be_visible(timeout=30_000)
        assert page.locator("[data-testid=stMain] h1").count() == 0


def test_a_client_sees_their_own_guesses_in_vain_and_signs_out(visit, server):
    page = visit(name="clara")
    assert "South" not in text_of(page)
    assert "Evil" not in text_of(page)
    page.goto(f"{server.address}/business?business=evil&review=61")
    expect(page.get_by_text("There is no review 61")).to_be_visible(timeout=30_000)
    assert EVIL_NAME[:4] not in text_of(page)
    assert "One visit only" not in text_of(page)
    assert "is not known here" in text_of(page).replace("\u2060", "")
    page.goto(server.address)
    heading(page)
    sign_out(page, "clara")
    page.goto(f"{server.address}/business?business=creamery")
    assert heading(page) == "Welcome to Peachdash."


@pytest.mark.parametrize("name", ["stranger", "gone", "thief"])
def test_the_unknown_the_deactivated_and_the_unverified_are_told_the_same(visit, name):
    page = visit(name=name)
    assert heading(page) == "This account has no access here."
    assert links(page) == set()
    assert not any(found in text_of(page) for found in NAMES)
    page.get_by_role("button", name="Use another account").click()
    end_at_provider(page)


def test_a_manager_without_a_client_is_told_so(visit):
    page = visit(name="idle")
    assert heading(page) == "No business is assigned to you yet."
    assert not any(name in text_of(page) for name in NAMES)


def test_signing_out_ends_the_session_in_every_browser(visit, server):
    first, second = visit(name="mia"), visit(name="mia", beside=True)
    kept = second.context.cookies()
    sign_out(first, "mia")
    second.reload()
    assert heading(second) == "This account has no access here."
    replayed = visit()
    replayed.context.add_cookies(kept)
    replayed.goto(server.address)
    assert heading(replayed) == "This account has no access here."


def test_a_forged_cookie_is_no_sign_in(visit, server):
    page = visit(name="ana")
    (cookie,) = [item for item in page.context.cookies() if item["name"] == "_streamlit_user"]
    page.context.clear_cookies()
    half = len(cookie["value"]) // 2
    forged = (
        cookie["value"][:half] + ("A" if cookie["value"][half] != "A" else "B") + cookie["value"][half + 1 :]
    )
    page.context.add_cookies([{**cookie, "value": forged}])
    page.goto(server.address)
    assert heading(page) == "Welcome to Peachdash."


def test_an_admin_lets_somebody_in_and_out_again(visit):
    admin = visit("people", name="adam")
    admin.goto(admin.url.split("?")[0].rstrip("/") + "/people")
    heading(admin)
    settled(admin)
    admin.get_by_text("Add a person").click()
    admin.get_by_label("E-mail").first.fill("stranger@example.com")
    settled(admin)
    admin.get_by_role("button", name="Add", exact=True).first.click()
    expect(admin.get_by_text("may sign in as manager")).to_be_visible(timeout=20_000)
    stranger, idle = (visit(name=name, beside=True) for name in ("stranger", "idle"))
    assert heading(stranger) == "No business is assigned to you yet."
    settled(admin)
    people = still(admin, admin.locator("[data-testid=stDataFrame]").first)
    fifth = people["y"] + 38 + 35 * 4.5  # by e-mail: adam, ana, clara, gone, idle
    admin.mouse.click(people["x"] + 16, fifth)
    admin.get_by_role("button", name="Deactivate").click()
    expect(admin.get_by_text("is deactivated and signed out")).to_be_visible(timeout=20_000)
    idle.reload()
    assert heading(idle) == "This account has no access here.", "the cookie is worth nothing any more"


def test_a_session_ends_by_itself(visit, server):
    page = visit(name="mia")
    assert "Upload" in links(page)
    server.put_clock_ahead(SESSION_HOURS - 0.1)
    page.get_by_role("link", name="Business").click()
    page.wait_for_url("**/business*")
    assert heading(page).startswith("All businesses")
    server.put_clock_ahead(SESSION_HOURS + 0.1)
    page.get_by_role("link", name="Overview").click()
    expect(page.get_by_role("heading", name="Your session has ended.")).to_be_visible(timeout=20_000)
    assert not any(name in text_of(page) for name in NAMES)
    page.reload()
    assert heading(page) == "Your session has ended."
    page.get_by_role("button", name="Sign in").click()
    again = page.get_by_role("button", name="sub-mia", exact=True)
    again.wait_for()
    server.put_clock_ahead(0)
    again.click()
    expect(page.locator("[data-testid=stSidebarNavLink]", has_text="Upload")).to_be_visible(timeout=30_000)


def test_everything_is_on_record(server):
    """The last test of the module: it stops the server to look into its database."""
    database = server.stop()
    with database.read() as connection:
        events = connection.execute(sa.select(t.audit_log.c.action, t.audit_log.c.actor)).fetchall()
    database.close()
    assert {("sign_in", "clara@example.com"), ("sign_out", "clara@example.com")} <= set(events)
    refused = [actor for action, actor in events if action == "sign_in_refused"]
    assert {"stranger@example.com", "gone@example.com", "adam@example.com"} <= set(refused)
    assert "idle@example.com" in refused, "by the cookie of somebody who was deactivated meanwhile"
    assert {("add_person", "adam@example.com"), ("change_person", "adam@example.com")} <= set(events)
