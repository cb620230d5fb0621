"""`peachdash models`, `promote` and `rollback`, as a user runs them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from peachdash.sentiment.registry import list_models
from peachdash.storage.database import open_database
from peachdash.workflows.candidates import CANDIDATE, CHAMPION, GENERIC, record_measurement
from peachdash.workflows.promoting import make_preview
from tests.integration.candidate_world import ANA, CandidateWorld, build_candidate_world


@pytest.fixture
def world(tmp_path: Path, environment: dict[str, str]) -> CandidateWorld:
    """A home in which a candidate was measured and previewed; the database is closed."""
    home = tmp_path / "home"
    home.mkdir()
    database = open_database(home / "peachdash.duckdb")
    made = build_candidate_world(database, home)
    made.read_all()
    revisions = {GENERIC: made.generic, CHAMPION: made.champion, CANDIDATE: made.candidate}
    record_measurement(database, ANA, made.settings, revisions)
    make_preview(database, ANA, made.settings, made.candidate, made.champion)
    database.close()
    environment |= {
        "PEACHDASH_DATA": str(made.settings.data),
        "PEACHDASH_REAL_SETS": str(made.settings.real_sets),
        "PEACHDASH_DEVICE": "cpu",
    }
    return made


def test_models_are_listed_with_the_champion_first(peachdash, world):
    result = peachdash("models")
    assert result.status == 0, result.err
    lines = result.out.splitlines()
    assert lines[0] == f"{world.champion}  champion-small  champion now"
    assert "macro F1 0.75 (" in lines[1]
    listed = peachdash("models", "--json").json["models"]
    assert {item["revision"] for item in listed} >= {world.champion, world.generic, world.candidate}
    candidate = next(item for item in listed if item["revision"] == world.candidate)
    assert candidate["macro_f1"]["value"] == 1.0
    assert candidate["peachy_error"]["n"] == 60


def test_the_way_there_and_back(peachdash, world):
    result = peachdash("promote", world.candidate, "--reason", "fewer misread", "--yes")
    assert result.status == 0, result.err
    assert "test reviews: on record" in result.err
    assert "stored reviews: on record" in result.err
    assert "green         Better than the champion, or no worse. Better: macro F1" in result.out
    assert "not measured  Real reviews by others read no worse" in result.out
    assert "30 of 120 reviews would count as something else" in result.out
    assert "Ash: 10 of 40" in result.out
    assert result.out.splitlines()[-1] == (
        f"{world.candidate} is the champion now, in place of {world.champion}"
    )
    assert world.active == world.candidate
    back = peachdash("rollback", "--reason", "too many undecided", "--yes", "--json")
    assert back.json == {"revision": world.champion, "previous": world.candidate}
    assert world.active == world.champion
    peachdash("rollback", "--reason", "again", "--yes").assert_refused("no champion before")


def test_a_champion_whose_folder_is_gone_is_left_by_rollback(peachdash, world):
    assert peachdash("promote", world.candidate, "--reason", "better", "--yes").status == 0
    [folder] = [
        model.folder for model in list_models(world.settings.trained) if model.revision == world.candidate
    ]
    shutil.rmtree(folder)
    peachdash("models").assert_refused("active champion", "peachdash rollback", "champion.json")
    back = peachdash("rollback", "--reason", "it is gone", "--yes", "--json")
    assert back.json["revision"] == world.champion
    assert peachdash("models").out.startswith(world.champion)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("CANDIDATE", "--reason", "why"), "--yes has to say"),
        (("CANDIDATE", "--reason", " ", "--yes"), "--reason expects why"),
        (("small-000000000000", "--reason", "why", "--yes"), "There is no model"),
        (("GENERIC", "--reason", "why", "--yes"), "promote a fine-tuned one"),
    ],
)
def test_what_is_refused_says_why_and_switches_nothing(peachdash, world, arguments, words):
    names = {"CANDIDATE": world.candidate, "GENERIC": world.generic}
    result = peachdash("promote", *(names.get(word, word) for word in arguments))
    assert result.status == 2
    assert words in result.err.splitlines()[-1]
    assert "Traceback" not in result.err
    assert world.active == world.champion


def test_a_reason_is_demanded(peachdash, world):
    peachdash("promote", world.candidate).assert_refused("reason")


def test_an_interrupted_switch_is_finished_by_the_next_command(peachdash, world, monkeypatch):
    from peachdash.workflows import promoting

    class Killed(BaseException):
        pass

    def kill(*_: object) -> None:
        raise Killed

    database = open_database(world.settings.home / "peachdash.duckdb")
    with monkeypatch.context() as patch:
        patch.setattr(promoting, "confirm_champion", kill)
        with pytest.raises(Killed):
            promoting.promote_candidate(
                database, ANA, world.settings, world.candidate, "why", expected=world.champion, confirmed=True
            )
    database.close()
    assert world.active == world.champion
    assert peachdash("models").out.startswith(f"{world.candidate}  champion-small  champion now")


@pytest.mark.slow
def test_a_candidate_that_nobody_has_read_yet_is_measured_and_previewed_first(
    fresh_peachdash, tmp_path, environment
):
    """With the shipped small model itself: it reads, is measured, and differs from the champion in nothing
    but its threshold."""
    home = tmp_path / "home"
    home.mkdir()
    database = open_database(home / "peachdash.duckdb")
    made = build_candidate_world(database, home)
    database.close()
    environment |= {
        "PEACHDASH_DATA": str(made.settings.data),
        "PEACHDASH_REAL_SETS": str(made.settings.real_sets),
        "PEACHDASH_DEVICE": "cpu",
    }
    result = fresh_peachdash("promote", made.candidate, "--reason", "why", "--yes")
    assert result.status == 0, result.err
    assert "test reviews: 360 to read" in result.err
    assert "macro F1 +0.0 points (+0.0 to +0.0, n = 120)" in result.out
    assert made.active == made.candidate
