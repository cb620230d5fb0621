"""The two modes: what local mode refuses, what the server mode needs, and what claims are worth."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from peachdash.config import Settings, is_loopback
from peachdash.errors import BadInput
from peachdash.records import Role, Scope
from peachdash.serve import streamlit_options
from peachdash.ui.providers import read_providers
from peachdash.ui.signed_in import SessionEnded, make_identity, require_fresh
from peachdash.workflows.sign_in import Identity

COMMON = 'redirect_uri = "https://reviews.example.com/oauth2callback"\ncookie_secret = "{}"\n'.format(
    "x" * 40
)
PROVIDER = (
    'client_id = "a"\nclient_secret = "b"\n'
    'server_metadata_url = "https://id.example.com/.well-known/openid-configuration"\n'
)
NOW = dt.datetime.now(dt.UTC)


@pytest.fixture
def settings(tmp_path: Path):
    def make(content: str | None = None, **values: object) -> Settings:
        path = tmp_path / "secrets.toml"
        if content is not None:
            path.write_text(content)
        return Settings(home=tmp_path, secrets=path, **{"mode": "server", **values})

    return make


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "localhost", "LOCALHOST", "::1", "[::1]"])
def test_addresses_of_this_machine(address, settings):
    assert is_loopback(address)
    assert streamlit_options(settings(mode="local"), address, 8501)["server.address"] == address


@pytest.mark.parametrize(
    "address", ["0.0.0.0", "::", "192.168.1.4", "example.com", "", "127.0.0.1.a.example"]
)
def test_local_mode_refuses_every_other_address(address, settings):
    assert not is_loopback(address)
    with pytest.raises(BadInput, match="PEACHDASH_MODE=server"):
        streamlit_options(settings(mode="local"), address, 8501)


def test_the_server_mode_takes_any_address_once_people_can_sign_in(settings):
    options = streamlit_options(settings("[auth]\n" + COMMON + PROVIDER), "0.0.0.0", 8501)
    assert options["browser.serverAddress"] == "reviews.example.com"
    assert options["server.enableXsrfProtection"] is True
    assert options["shown"] == "https://reviews.example.com"


@pytest.mark.parametrize("mode", ["local", "server"])
def test_streamlits_own_download_of_tables_is_off(settings, mode):
    options = streamlit_options(settings("[auth]\n" + COMMON + PROVIDER, mode=mode), "127.0.0.1", 8501)
    assert options["client.disableDataExport"] is True


def test_one_provider_or_several(settings):
    assert read_providers(settings("[auth]\n" + COMMON + PROVIDER)).names == (None,)
    several = "[auth]\n" + COMMON + "[auth.google]\n" + PROVIDER + "[auth.keycloak]\n" + PROVIDER
    assert read_providers(settings(several)).names == ("google", "keycloak")
    told = "[auth]\n" + COMMON + PROVIDER + 'client_kwargs = {scope = "openid email"}\n'
    assert read_providers(settings(told)).names == (None,)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "needs sign-in secrets"),
        ("x = [", "as TOML"),
        ("[other]\n", r"no section \[auth\]"),
        ("[auth]\n", "redirect_uri"),
        ("[auth]\n" + COMMON.replace("/oauth2callback", "/"), "redirect_uri"),
        ("[auth]\n" + COMMON.replace("https", "http") + PROVIDER, "https://"),
        ("[auth]\n" + COMMON.replace("x" * 40, "short") + PROVIDER, "cookie_secret"),
        ("[auth]\n" + COMMON + PROVIDER.replace("https", "http"), "server_metadata_url"),
        ("[auth]\n" + COMMON + 'client_id = "a"\n', "client_secret, server_metadata_url"),
        ("[auth]\n" + COMMON + "[auth.google]\nclient_id = 'a'\n", r"\[auth.google\] lacks"),
    ],
)
def test_incomplete_secrets_are_refused_without_telling_them(settings, content, words):
    with pytest.raises(BadInput, match=words) as refused:
        read_providers(settings(content))
    assert "x" * 40 not in str(refused.value)


def test_claims_become_an_identity(settings):
    claims = {"iss": "i", "sub": "s", "email": "A@b.c", "email_verified": True, "iat": 1_700_000_000}
    found = make_identity(claims, settings())
    assert found == Identity(
        "i", "s", "A@b.c", "", True, dt.datetime(2023, 11, 14, 22, 13, 20, tzinfo=dt.UTC)
    )


@pytest.mark.parametrize(
    ("verified", "trusted", "expected"),
    [
        (True, False, True),
        ("true", False, True),
        (False, False, False),
        (None, False, False),
        (None, True, True),
        (False, True, False),
        ("false", True, False),
        ("yes", True, False),
    ],
)
def test_an_email_counts_where_the_provider_vouches_for_it(settings, verified, trusted, expected):
    claims = {"sub": "s", "email": "a@b.c"} | ({} if verified is None else {"email_verified": verified})
    assert make_identity(claims, settings(trust_email=trusted)).email_verified is expected


@pytest.mark.parametrize("iat", [None, "soon", True, float("inf"), -1e30, 0])
def test_a_sign_in_that_does_not_say_when_it_was_made_has_ended(settings, iat):
    with pytest.raises(SessionEnded):
        require_fresh(make_identity({"sub": "s", "iat": iat}, settings()), settings())


@pytest.mark.parametrize(("hours", "stands"), [(0.0, True), (11.9, True), (12.1, False), (-1.0, False)])
def test_a_sign_in_lasts_as_long_as_it_was_set(settings, hours, stands):
    now = dt.datetime.now(dt.UTC)
    identity = Identity("i", "s", issued_utc=now - dt.timedelta(hours=hours))
    if stands:
        require_fresh(identity, settings(session_hours=12))
    else:
        with pytest.raises(SessionEnded):
            require_fresh(identity, settings(session_hours=12))


def test_what_roles_may():
    scopes = {role: Scope("x", role, frozenset()) for role in Role}
    rights = ("may_decide", "may_import", "may_answer", "may_share", "may_label", "may_manage_people")
    table = {role.value: "".join("x" if getattr(scope, name) else "." for name in rights)
             for role, scope in scopes.items()}  # fmt: skip
    assert table == {"client": "......", "manager": "xxxx..", "analyst": "x...x.", "admin": "xxxxxx"}


def test_the_key_of_a_scope_tells_all_that_differs():
    scopes = [
        Scope("x", Role.ADMIN, None),
        Scope("x", Role.ADMIN, frozenset()),
        Scope("x", Role.CLIENT, frozenset()),
        Scope("y", Role.CLIENT, frozenset()),
        Scope("x", Role.CLIENT, frozenset({"a", "b"})),
        Scope("x", Role.CLIENT, frozenset({"a,b"})),
        Scope("x", Role.CLIENT, frozenset({'a", "b'})),
        Scope("x", Role.CLIENT, frozenset({"all"})),
    ]
    assert len({scope.key for scope in scopes}) == len(scopes)
