"""The audit log: whatever changes stored data by a workflow leaves an event, in the same transaction."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlalchemy as sa

import peachdash
from peachdash.records import Role, Scope
from peachdash.storage import schema as t
from peachdash.workflows.promoting import make_preview, promote_candidate
from tests.integration.candidate_world import build_candidate_world
from tests.integration.isolation_calls import CALLS
from tests.integration.isolation_world import EAST, NORTH, SOUTH, build_world, trial
from tests.integration.test_isolation import FUNCTIONS, perform

SOURCES = Path(peachdash.__file__).parent
COMPUTED = {
    "workflows.evaluation.record_evaluation",
    "workflows.scoring.store_predictions",
    "workflows.evaluation.evaluate_revision",
    "workflows.describing.store_findings",
    "workflows.explaining.store_explanation",
    "workflows.issue_building.store_issues",
    "workflows.label_checks.store_check",
}
"""What is computed in the background, with what computed it in every row: no deed of a person."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory):
    made = build_world(tmp_path_factory.mktemp("audited") / "world", (NORTH, EAST, SOUTH))
    yield made
    made.database.close()


CHANGES = [
    (name, number)
    for name in sorted(FUNCTIONS)
    for number, how in enumerate(CALLS.get(name, []))
    if name.startswith("workflows.") and not how.heavy
]


def events(database) -> list[tuple[str, str]]:
    with database.read() as connection:
        columns = (t.audit_log.c.actor, t.audit_log.c.action)
        return [(row.actor, row.action) for row in connection.execute(sa.select(*columns))]


@pytest.mark.parametrize(("name", "number"), CHANGES)
def test_what_changes_anything_is_on_record(name, number, world):
    how = CALLS[name][number]
    for role in how.may or (Role.ADMIN,):
        scope = world.scope(role)
        with trial(world) as database:
            counts, before = database.counts(), len(events(database))
            _, error = perform(name, how, database, world, scope, world.ids[NORTH])
            if error is None and database.counts() != counts and name not in COMPUTED:
                assert len(events(database)) > before, role


def test_a_promotion_is_on_record_with_its_reason(database, home):
    ana = Scope("ana@house.example", Role.ANALYST, None)
    world = build_candidate_world(database, home)
    world.read_all()
    make_preview(database, ana, world.settings, world.candidate, world.champion)
    promote_candidate(
        database, ana, world.settings, world.candidate, " fewer wrong in October ",
        expected=world.champion, confirmed=True,
    )  # fmt: skip
    with database.read() as connection:
        rows = connection.execute(sa.select(t.audit_log).order_by(t.audit_log.c.at_utc)).mappings().all()
    event = rows[-1]
    assert (event["actor"], event["action"], event["object_id"]) == (ana.viewer, "promote", world.candidate)
    assert event["details"]["reason"] == "fewer wrong in October"
    assert event["details"]["previous"] == world.champion


def test_the_log_is_only_ever_appended_to():
    touched = re.compile(r"(update|delete)\(\s*t\.audit_log")
    assert [path.name for path in SOURCES.rglob("*.py") if touched.search(path.read_text())] == []
