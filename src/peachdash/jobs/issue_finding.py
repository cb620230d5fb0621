"""The way from read reviews to issues: sentences cut and read, complaints grouped, step by step.

Each call does the next step that is due; the steps in between are runs of the worker, or of a command.
"""

from __future__ import annotations

from peachdash.config import Settings
from peachdash.insights.aspects import load_head
from peachdash.jobs.grouping import KIND as KIND
from peachdash.jobs.grouping import create_grouping_run, read_grouping
from peachdash.jobs.runs import RunFolder, forget_old_runs
from peachdash.jobs.scoring import create_scoring_run
from peachdash.records import ActiveModels, Scope
from peachdash.storage.database import Database
from peachdash.workflows.issue_building import (
    cut_sentences,
    find_material,
    find_unread_sentences,
    store_issues,
)
from peachdash.workflows.issue_work import reopen_returned

SENTENCES = "sentences"
"""What a scoring run reads, where it does not read reviews."""


def hand_out(database: Database, settings: Settings, scope: Scope, models: ActiveModels) -> RunFolder | None:
    """Create the run that is due next; None where every complaint is in an issue.

    Then resolved issues that came back are opened again: a correction, a move or a merge brings them back
    as a new review does, and gives the grouping nothing to do.

    Raises:
        ModelUnavailable: the aspect head is missing.
    """
    cut_sentences(database, scope)
    sentences = find_unread_sentences(database, scope, models.champion)
    if len(sentences):
        return create_scoring_run(settings.jobs, sentences, [models.champion], what=SENTENCES)
    material = find_material(database, scope, models, load_head(settings.models).space)
    if material is None:
        reopen_returned(database, scope, models)
        return None
    return create_grouping_run(settings.jobs, material)


def take_output(database: Database, settings: Settings, scope: Scope, run: RunFolder) -> None:
    """Take what a finished run of grouping found into the database."""
    found = read_grouping(run)
    if found is not None:
        store_issues(database, scope, found, load_head(settings.models).space)
    run.set_state("stored")
    run.discard_payload()
    forget_old_runs(settings.jobs)
