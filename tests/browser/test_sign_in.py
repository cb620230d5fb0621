"""Sign-in, roles, sign-out and expiry in a real browser, against an OpenID Connect provider on loopback."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
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
from .conftest import REPOSITORY, free_port, wait_for

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
EXPIRY_SECONDS = 12


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


@dataclass(frozen=True)
class Served:
    """A dashboard in server mode; its database can be looked into once it has stopped."""

    address: str
    home: Path
    process: subprocess.Popen

    def stop(self) -> Database:
        self.process.terminate()
        self.process.wait(timeout=20)
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


def serve(home: Path, provider: str, **settings: str) -> Served:
    port = free_port()
    environment = {
        **os.environ,
        "PEACHDASH_HOME": str(home),
        "PEACHDASH_MODE": "server",
        "PEACHDASH_SECRETS": str(write_secrets(home, port, provider)),
        "PYTHONPATH": str(REPOSITORY / "src"),
        **settings,
    }
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("serve_with_fixed_models.py")), str(port)],
        cwd=REPOSITORY,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_for(f"http://127.0.0.1:{port}")
    return Served(f"http://localhost:{port}", home, process)


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
    served = serve(filled_home(tmp_path_factory.mktemp("server")), provider)
    yield served
    if served.process.poll() is None:
        served.stop().close()


@pytest.fixture
def visit(browser, server) -> Iterator:
    """Opens pages in a browser of its own each, with the dashboard's address before what is given."""
    contexts = []

    def opened(path: str = "", name: str | None = None, address: str = server.address):
        context = browser.new_context(viewport={"width": 1300, "height": 900})
        contexts.append(context)
        page = context.new_page()
        page.goto(f"{address}/{path}")
        heading(page)
        if name is not None:
            sign_in(page, name)
        return page

    yield opened
    for context in contexts:
        context.close()


def heading(page) -> str:
    """The title of the page, once it stands."""
    title = page.locator("[data-testid=stMain] h1").first
    title.wait_for(timeout=30_000)
    page.locator("[data-testid=stStatusWidget]").wait_for(state="detached", timeout=30_000)
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


@pytest.mark.parametrize("path", ["", "business?business=creamery&review=3", "people", "audit", "upload"])
def test_who_is_not_signed_in_sees_one_button_and_nothing_else(visit, path):
    page = visit(path)
    assert heading(page) == "Welcome to Peachdash."
    button = page.locator("[data-testid=stMain] button")
    expect(button).to_have_count(1)
    expect(button).to_contain_text("Sign in")
    assert links(page) == set()
    assert not any(name in text_of(page) for name in NAMES)


def test_a_client_sees_their_own_and_signs_out(visit, server):
    page = visit(name="clara")
    assert "Upload" not in links(page)
    assert "People" not in links(page)
    assert "South" not in text_of(page)
    assert "Evil" not in text_of(page)
    sign_out(page, "clara")
    page.goto(f"{server.address}/business?business=creamery")
    assert heading(page) == "Welcome to Peachdash."


@pytest.mark.parametrize(
    ("name", "more"),
    [("clara", set()), ("mia", {"Upload"}), ("ana", set()), ("adam", {"Upload", "People", "Audit log"})],
)
def test_the_navigation_shows_what_a_role_may_use(visit, name, more):
    page = visit(name=name)
    everybody = {"Overview", "Business", "Before and after"}
    assert everybody | more <= links(page)
    assert not ({"Upload", "People", "Audit log"} - more) & links(page)


@pytest.mark.parametrize(("name", "path"), [("clara", "upload"), ("mia", "people"), ("ana", "audit")])
def test_a_page_that_is_not_for_a_role_is_refused_by_address(visit, server, name, path):
    page = visit(name=name)
    page.goto(f"{server.address}/{path}")
    expect(page.get_by_text("There is no such page for you")).to_be_visible(timeout=30_000)
    assert page.locator("[data-testid=stMain] h1").count() == 0


def test_a_guessed_review_and_business_are_not_there(visit, server):
    page = visit(name="clara")
    page.goto(f"{server.address}/business?business=evil&review=61")
    expect(page.get_by_text("There is no review 61")).to_be_visible(timeout=30_000)
    assert EVIL_NAME[:4] not in text_of(page)
    assert "One visit only" not in text_of(page)
    assert "is not known here" in text_of(page).replace("\u2060", "")


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
    first, second = visit(name="mia"), visit(name="mia")
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
    admin.get_by_text("Add a person").click()
    admin.get_by_label("E-mail").first.fill("stranger@example.com")
    admin.get_by_role("button", name="Add", exact=True).first.click()
    expect(admin.get_by_text("may sign in as manager")).to_be_visible(timeout=20_000)
    stranger = visit(name="stranger")
    assert heading(stranger) == "No business is assigned to you yet."


def test_a_session_ends_by_itself(browser, tmp_path, provider):
    home = tmp_path / "short"
    home.mkdir()
    served = serve(filled_home(home), provider, PEACHDASH_SESSION_HOURS=str(EXPIRY_SECONDS / 3600))
    context = browser.new_context()
    try:
        page = context.new_page()
        page.goto(served.address)
        heading(page)
        sign_in(page, "mia")
        assert "Upload" in links(page)
        time.sleep(EXPIRY_SECONDS)
        page.get_by_role("link", name="Business").click()
        expect(page.get_by_role("heading", name="Your session has ended.")).to_be_visible(timeout=20_000)
        assert not any(name in text_of(page) for name in NAMES)
        page.reload()
        assert heading(page) == "Your session has ended."
        sign_in(page, "mia")
        assert "Upload" in links(page)
    finally:
        context.close()
        database = served.stop()
    with database.read() as connection:
        events = connection.execute(sa.select(t.audit_log.c.action, t.audit_log.c.actor)).fetchall()
    database.close()
    assert [event for event in events if event[0] == "sign_in"] == [("sign_in", "mia@example.com")] * 2


def test_everything_is_on_record(server):
    """The last test of the module: it stops the server to look into its database."""
    database = server.stop()
    with database.read() as connection:
        events = connection.execute(sa.select(t.audit_log.c.action, t.audit_log.c.actor)).fetchall()
    database.close()
    assert {("sign_in", "clara@example.com"), ("sign_out", "clara@example.com")} <= set(events)
    refused = [actor for action, actor in events if action == "sign_in_refused"]
    assert {"stranger@example.com", "gone@example.com", "adam@example.com"} <= set(refused)
    assert ("add_person", "adam@example.com") in events
