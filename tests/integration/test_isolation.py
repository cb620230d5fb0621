"""No query and no workflow gives anything of another client away, whatever role asks and whatever is guessed.

The functions are found by themselves: one that `isolation_calls` does not know fails the test.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from types import FunctionType
from typing import Any

import pytest

import peachdash.queries
import peachdash.workflows
from peachdash.errors import NotFound, PeachdashError
from peachdash.queries.readings import fetch_frame
from peachdash.records import Role, Scope
from tests.integration.isolation_calls import CALLS, Call
from tests.integration.isolation_world import (
    EAST,
    MARKER,
    NORTH,
    SOUTH,
    Ids,
    Trial,
    World,
    build_world,
    described,
    trial,
)

NARROW = (Role.CLIENT, Role.MANAGER)
WIDE = (Role.ANALYST, Role.ADMIN)
TAKES_DATA = {"connection", "database"}


def find_functions() -> dict[str, Callable[..., Any]]:
    """Public functions of queries and workflows that read or write stored data."""
    found = {}
    for package in (peachdash.queries, peachdash.workflows):
        for module_info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            module = importlib.import_module(module_info.name)
            for name, value in vars(module).items():
                own = isinstance(value, FunctionType) and value.__module__ == module.__name__
                if own and not name.startswith("_") and TAKES_DATA & set(inspect.signature(value).parameters):
                    found[f"{module.__name__.removeprefix('peachdash.')}.{name}"] = value
    return found


FUNCTIONS = find_functions()
UNSCOPED = {"queries.readings.fetch_frame"}
"""It runs a statement that was built within a scope."""

LINKS = {"workflows.links.open_link", "workflows.links.unlock_link"}
"""Whoever holds a link may open it; test_links.py has what it opens."""


def cases(wanted: Callable[[str, Call], bool] = lambda name, how: True) -> list[tuple[str, int]]:
    """Name and number of each call that a test is about."""
    return [
        (name, number)
        for name in sorted(FUNCTIONS)
        for number, how in enumerate(CALLS.get(name, []))
        if wanted(name, how)
    ]


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory):
    """The first client, some other, and the second client."""
    world = build_world(tmp_path_factory.mktemp("isolation") / "crowded", (NORTH, EAST, SOUTH))
    yield world
    world.database.close()


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory):
    """The same without the second client."""
    world = build_world(tmp_path_factory.mktemp("isolation") / "alone", (NORTH, EAST))
    yield world
    world.database.close()


def perform(
    name: str, how: Call, database: Trial, world: World, scope: Scope, ids: Ids
) -> tuple[Any, Exception | None]:
    """The answer of a call, or the refusal."""
    function = FUNCTIONS[name]
    given = how.arguments(world, ids)
    first = next(iter(inspect.signature(function).parameters))
    with database.read() as connection:
        leading = [connection if first == "connection" else database, *([] if how.scopeless else [scope])]
        try:
            if isinstance(given, dict):
                return how.kept(function(*leading, **given)), None
            return how.kept(function(*leading, *given)), None
        except PeachdashError as error:
            return None, error


def outcome(name: str, how: Call, world: World, role: Role, ids: Ids) -> Any:
    """What somebody gets, in plain values: the answer, or the class and words of the refusal."""
    scope = world.scope(role)
    with trial(world) as database:
        answer, error = perform(name, how, database, world, scope, ids)
    return described(answer) if error is None else described([type(error).__name__, str(error)])


def test_every_query_and_workflow_is_called_here():
    assert set(CALLS) == set(FUNCTIONS) - UNSCOPED


def test_the_functions_are_really_found():
    assert len(FUNCTIONS) > 60
    assert {"queries.reviews.fetch_review", "workflows.imports.import_export"} <= set(FUNCTIONS)


@pytest.mark.parametrize(("name", "number"), cases(lambda name, how: not how.heavy))
def test_nothing_of_the_other_client_comes_back(name, number, crowded, alone):
    """Asked for their own, they get what they would get were the other client not there."""
    how = CALLS[name][number]
    for role in NARROW:
        seen = outcome(name, how, crowded, role, crowded.ids[NORTH])
        assert seen == outcome(name, how, alone, role, alone.ids[NORTH]), role
        assert MARKER not in repr(seen).lower()


@pytest.mark.parametrize(("name", "number"), cases(lambda name, how: not how.heavy and name not in LINKS))
def test_what_is_guessed_is_as_if_it_did_not_exist(name, number, crowded, alone):
    """Asked for the other client's things by their ids, they get what they would get for no such id."""
    how = CALLS[name][number]
    foreign = crowded.ids[SOUTH]
    for role in NARROW:
        seen = outcome(name, how, crowded, role, foreign)
        assert seen == outcome(name, how, alone, role, foreign), role


@pytest.mark.parametrize(
    ("name", "number"),
    cases(lambda name, how: name.startswith("workflows") and not (how.heavy or how.scopeless or how.figures)),
)
def test_nothing_of_the_other_client_is_changed(name, number, crowded):
    """A call with foreign ids by a narrow role writes what it would write for itself at most."""
    how = CALLS[name][number]
    for role in NARROW:
        scope = crowded.scope(role)
        with trial(crowded) as database:
            before = database.counts()
            _, error = perform(name, how, database, crowded, scope, crowded.ids[SOUTH])
            if error is None and database.counts() != before:
                pytest.fail(f"{role}: a call with foreign ids was performed")


@pytest.mark.parametrize(("name", "number"), cases(lambda name, how: not how.scopeless))
def test_roles_get_what_is_theirs_and_no_more(name, number, crowded):
    how = CALLS[name][number]
    for role in Role:
        if how.heavy and role in how.may:
            continue
        scope = crowded.scope(role)
        with trial(crowded) as database:
            before = database.counts()
            _, error = perform(name, how, database, crowded, scope, crowded.ids[NORTH])
            if role in how.may:
                assert not isinstance(error, NotFound), (role, error)
            else:
                assert how.quiet or isinstance(error, NotFound), role
                assert database.counts() == before, role


@pytest.mark.parametrize(
    ("name", "number"), cases(lambda name, how: not (how.heavy or how.scopeless or how.alike))
)
def test_the_house_sees_the_difference(name, number, crowded, alone):
    """The same calls by the house do reach the other client: the tests above would notice a leak."""
    how = CALLS[name][number]
    role = Role.ADMIN
    ids = crowded.ids[SOUTH]
    assert outcome(name, how, crowded, role, ids) != outcome(name, how, alone, role, ids)


def test_a_query_that_forgot_its_scope_would_be_noticed(crowded, alone, monkeypatch):
    from peachdash.queries import reviews

    def forgetful(connection, scope, *arguments, **named):
        return reviews.fetch_reviews(connection, Scope.everything(), *arguments, **named)

    name = "queries.reviews.fetch_reviews"
    how = CALLS[name][1]
    monkeypatch.setitem(FUNCTIONS, name, forgetful)
    seen = outcome(name, how, crowded, Role.CLIENT, crowded.ids[NORTH])
    assert seen != outcome(name, how, alone, Role.CLIENT, alone.ids[NORTH])
    assert MARKER in repr(seen)


def test_scopes_come_from_the_assignments_of_the_moment(crowded):
    assert crowded.scope(Role.CLIENT).business_ids == {"north-one", "north-two"}
    assert crowded.scope(Role.ADMIN).business_ids is None


@pytest.mark.parametrize("role", NARROW)
def test_no_narrow_role_ever_sees_everything(role):
    with pytest.raises(ValueError, match="named businesses only"):
        Scope("mia", role, None)


def test_a_raw_statement_is_the_one_thing_without_a_scope():
    assert set(inspect.signature(fetch_frame).parameters) == {"connection", "statement"}


def test_cached_answers_belong_to_their_scope(crowded):
    """Pages ask through `ask`, whose cache all sessions of a process share."""
    from peachdash.queries.catalogue import fetch_businesses
    from peachdash.queries.imports import fetch_imports
    from peachdash.ui.access import Session
    from peachdash.ui.data import ask
    from tests.integration.conftest import MODELS

    class Served:
        settings, database = crowded.settings, crowded.database

    sessions = {role: Session(Served(), crowded.scope(role), MODELS, "1") for role in Role}
    names = {role: set(ask(session, fetch_businesses)["business"]) for role, session in sessions.items()}
    assert len(names[Role.ADMIN]) == 6
    assert all(MARKER not in name for role in NARROW for name in names[role])
    assert len({session.cache_key for session in sessions.values()}) == len(Role)
    again = {role: len(ask(session, fetch_imports)) for role, session in sessions.items()}
    assert again[Role.MANAGER] < again[Role.ADMIN]
