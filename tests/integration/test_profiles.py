"""Named profiles: kept, recognised, overruled, taken away."""

from __future__ import annotations

import pytest

from peachdash.errors import BadInput, NotFound
from peachdash.ingest import recognise
from peachdash.queries.profiles import fetch_profiles
from peachdash.records import Role, Scope
from peachdash.workflows.importing import ImportOptions
from peachdash.workflows.imports import import_export
from peachdash.workflows.profiles import find_outgrown_profile, remove_profile, save_profile
from tests.integration.conftest import EVERYTHING

ODD = b'Words,Points,When\n"A fine soup indeed",5,03/04/2026\n'
NEXT = b'When,Words,Points\n05/04/2026,"A cold soup indeed",1\n'
MAPPING = {"text": "Words", "stars": "Points", "review_date": "When"}
SETTLED = ImportOptions("Bun and Banchan", "google", dict(MAPPING), "dmy")
MANAGER = Scope("mia", Role.MANAGER, frozenset({"diner"}))


def save(database, scope=EVERYTHING, name="Soup", options=SETTLED):
    save_profile(database, scope, name, recognise(ODD, "odd.csv"), options)


def profiles(database, scope=EVERYTHING):
    with database.read() as connection:
        return fetch_profiles(connection, scope)


def run(database, home, data, **options):
    return import_export(database, EVERYTHING, home, data, "next.csv", ImportOptions(**options), "inbox")


def test_a_file_with_the_same_columns_is_recognised(filled, home):
    save(filled)
    result = run(filled, home, NEXT)
    assert (result.accepted, result.profile) == (1, "Soup")
    assert result.mapping == {"review_date": "When", "stars": "Points", "text": "Words"}


def test_what_is_given_goes_before_the_profile(filled, home):
    save(filled)
    result = run(filled, home, NEXT, business="Sweet Stack Creamery", mapping={"stars": None})
    assert result.mapping == {"review_date": "When", "text": "Words"}
    assert result.accepted == 1


def test_a_file_with_other_columns_is_not(filled, home):
    save(filled)
    with pytest.raises(BadInput, match="No column"):
        run(filled, home, b"Words\nfine soup\n")
    with pytest.raises(BadInput, match="lacks the column"):
        run(filled, home, b"Words\nfine soup\n", profile="soup")


def test_a_name_is_used_again_and_taken_away(filled):
    save(filled)
    save(filled, name="soup ", options=ImportOptions("Sweet Stack Creamery", None, dict(MAPPING), "mdy"))
    kept = profiles(filled)[["name", "business", "date_order"]].to_numpy().tolist()
    assert kept == [["Soup", "Sweet Stack Creamery", "mdy"]]
    remove_profile(filled, EVERYTHING, "SOUP")
    assert profiles(filled).empty
    with pytest.raises(NotFound):
        remove_profile(filled, EVERYTHING, "Soup")


def test_who_sees_some_businesses_sees_their_profiles_only(filled):
    save(filled)
    save(filled, name="Creamery", options=ImportOptions("Sweet Stack Creamery", None, dict(MAPPING)))
    save(filled, MANAGER, name="Mine", options=ImportOptions(mapping=dict(MAPPING)))
    assert profiles(filled, MANAGER)["name"].tolist() == ["Mine (mia)", "Soup"]
    assert profiles(filled)["name"].tolist() == ["Creamery", "Mine (mia)", "Soup"]


@pytest.mark.parametrize("name", ["", "   ", "x" * 81])
def test_names_that_cannot_be_used(filled, name):
    with pytest.raises(BadInput, match="1 to 80"):
        save(filled, name=name)


def test_an_unknown_business_is_refused(filled):
    with pytest.raises(BadInput, match="import the file"):
        save(filled, options=ImportOptions("Nowhere", None, dict(MAPPING)))
    with pytest.raises(NotFound):
        save(filled, Scope("cleo", Role.CLIENT, frozenset({"diner"})))


def test_a_profile_that_a_file_has_outgrown_is_named_with_what_it_lacks(filled):
    save(filled)
    known = profiles(filled)
    assert find_outgrown_profile(known, ("Words", "When", "Marks")) == ("Soup", ["points"])
    assert find_outgrown_profile(known, ("Words", "Points", "When", "More")) is None
    assert find_outgrown_profile(known, ("Words", "Marks")) is None
    assert find_outgrown_profile(known.head(0), ("Words", "When")) is None


def test_a_column_that_is_given_another_meaning_loses_that_of_the_profile(filled, home):
    save(filled)
    result = run(filled, home, NEXT, mapping={"title": "Points"})
    assert result.mapping == {"review_date": "When", "title": "Points", "text": "Words"}
