"""How each query and workflow is called in the test of isolation; what is missing here fails that test."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from peachdash.ingest import Recognition, recognise
from peachdash.insights.issue_building import FoundIssues
from peachdash.labelling.label_errors import LabelCheck
from peachdash.queries.held_out import fetch_labelled
from peachdash.queries.held_out_sets import HeldOutSet
from peachdash.queries.people import AuditSearch
from peachdash.queries.reviews import ReviewSelection
from peachdash.queries.version import find_review_number
from peachdash.records import Pool, ReviewFilter, Role
from peachdash.sentiment.sweep_space import Axis, SweepSpace
from peachdash.storage.labelling import GivenLabel
from peachdash.storage.people import load_people
from peachdash.workflows.describing import language_rows
from peachdash.workflows.importing import ImportOptions, Prepared, prepare_import
from peachdash.workflows.sign_in import Identity
from peachdash.workflows.trainings import TrainingRequest
from tests.integration.conftest import MODELS, reading
from tests.integration.isolation_world import HOUSE, ISSUER, Ids, World, everything_of

EVERYBODY = frozenset(Role)
DECIDING = frozenset({Role.MANAGER, Role.ANALYST, Role.ADMIN})
CLIENT_WORK = frozenset({Role.MANAGER, Role.ADMIN})
HOUSE_ONLY = frozenset({Role.ANALYST, Role.ADMIN})
ADMINS = frozenset({Role.ADMIN})
NOBODY: frozenset[Role] = frozenset()
Arguments = Callable[[World, Ids], tuple[Any, ...] | dict[str, Any]]


@dataclass(frozen=True)
class Call:
    """One way to call a function.

    Attributes:
        arguments: what follows the database and the scope: a tuple, or a dict of names.
        may: the roles that are not refused as not found where the things are their own.
        kept: what of the answer is compared, where figures are for all; by default all of it.
        alike: why the house gets the same answer whether the other client exists or not; else that it
            differs proves that the call reaches what is to be hidden.
        heavy: it needs models or files, so that only refusals are looked at.
        figures: it records figures of the house, which are for all, whoever asks first.
        scopeless: it takes no scope, since it is where one comes from.
        quiet: roles that may not are not refused but told of nothing.
    """

    arguments: Arguments
    may: frozenset[Role] = EVERYBODY
    kept: Callable[[Any], Any] = lambda answer: answer
    alike: str = ""
    heavy: bool = False
    figures: bool = False
    scopeless: bool = False
    quiet: bool = False


def call(arguments: Arguments, **options: Any) -> Call:
    return Call(arguments, **options)


def _filtered(*more: Any) -> Arguments:
    return lambda world, ids: (everything_of(ids), *more)


def _unfiltered(*more: Any) -> Arguments:
    return lambda world, ids: (ReviewFilter(), *more)


_CANDIDATES = ("another", MODELS.champion, MODELS.generic)
_SHIPPED = HeldOutSet(None, None, 4)


def _labelled_number(world: World, ids: Ids) -> int:
    with world.database.read() as connection:
        return find_review_number(connection, HOUSE, ids.labelled_key) or 0


def _labelled(world: World) -> pd.DataFrame:
    with world.database.read() as connection:
        return fetch_labelled(connection, HOUSE, MODELS.champion)


WRITES = "what it gives back names nothing stored"
NEW_ID = "the id is a random one"
SIGNED_IN = "the annotators of this world sit at the machine; who signs in is none of them"


def _rows_of(*names: str) -> Callable[[Any], Any]:
    return lambda answer: {name: getattr(answer, name) for name in names}


CALLS: dict[str, list[Call]] = {
    # queries
    "queries.business.fetch_trend_counts": [call(_filtered(MODELS)), call(_unfiltered(MODELS, "week"))],
    "queries.business.fetch_split_counts": [
        call(_filtered(MODELS, "source")),
        call(_unfiltered(MODELS, "stars")),
    ],
    "queries.business.fetch_champion_changes": [
        call(lambda world, ids: (), alike="promotions are the house's")
    ],
    "queries.catalogue.fetch_businesses": [call(lambda world, ids: ())],
    "queries.catalogue.fetch_sources": [call(lambda world, ids: ())],
    "queries.catalogue.fetch_date_range": [call(lambda world, ids: ())],
    "queries.catalogue.fetch_clients": [call(lambda world, ids: ())],
    "queries.feedback.fetch_reports": [
        call(_filtered()),
        call(_unfiltered()),
        call(lambda world, ids: {"criteria": ReviewFilter(), "own": True}, alike="it gives one's own"),
    ],
    "queries.feedback.fetch_report_queue": [
        call(_filtered(MODELS), may=DECIDING),
        call(_unfiltered(MODELS), may=DECIDING),
    ],
    "queries.feedback.fetch_feedback_counts": [
        call(_filtered(MODELS)),
        call(_unfiltered(MODELS)),
        call(
            lambda world, ids: {"criteria": ReviewFilter(), "models": MODELS, "own": True},
            alike="it counts one's own",
        ),
    ],
    "queries.feedback.fetch_last_answers": [
        call(lambda world, ids: (ids.reviews,), alike="it gives one's own")
    ],
    "queries.complaints.fetch_issues": [call(lambda world, ids: ())],
    "queries.complaints.fetch_issue": [call(lambda world, ids: (ids.issue_id,))],
    "queries.complaints.fetch_volumes": [
        call(_filtered(MODELS)),
        call(_unfiltered(MODELS)),
        call(lambda world, ids: {"criteria": ReviewFilter(), "models": MODELS, "with_issues": True}),
    ],
    "queries.complaints.fetch_wrongly_flagged": [call(_filtered(MODELS)), call(_unfiltered(MODELS))],
    "queries.complaints.fetch_fixes": [call(lambda world, ids: ())],
    "queries.complaints.fetch_issue_history": [call(lambda world, ids: (ids.issue_id,))],
    "queries.issue_evidence.fetch_ungrouped": [call(lambda world, ids: (MODELS,))],
    "queries.issue_evidence.fetch_evidence": [
        call(_unfiltered(MODELS)),
        call(lambda world, ids: (ReviewFilter(business_id=ids.other_business), MODELS)),
        call(lambda world, ids: (ReviewFilter(), MODELS, ids.issue_id)),
    ],
    "queries.issue_evidence.fetch_members": [call(lambda world, ids: ([ids.business, ids.other_business],))],
    "queries.held_out.fetch_labelled": [call(lambda world, ids: (MODELS.champion,))],
    "queries.held_out.count_labelled": [
        call(lambda world, ids: (), kept=lambda answer: None, alike="figures of evaluations are for all")
    ],
    "queries.held_out.fetch_evaluation": [
        call(lambda world, ids: (MODELS.champion, "0" * 64), alike="figures of evaluations are for all")
    ],
    "queries.held_out.fetch_evaluations": [
        call(lambda world, ids: (MODELS.revisions,), alike="figures of evaluations are for all")
    ],
    "queries.held_out.fetch_evaluation_history": [
        call(
            lambda world, ids: (MODELS.champion,), may=HOUSE_ONLY, alike="figures of evaluations are for all"
        )
    ],
    "queries.held_out_sets.fetch_held_out_set": [call(lambda world, ids: (), may=HOUSE_ONLY)],
    "queries.held_out_sets.fetch_test_readings": [
        call(lambda world, ids: (_SHIPPED, MODELS.champion), may=HOUSE_ONLY)
    ],
    "queries.held_out_sets.fetch_test_texts": [call(lambda world, ids: (_SHIPPED,), may=HOUSE_ONLY)],
    "queries.held_out_sets.count_learned": [
        call(lambda world, ids: (_SHIPPED, "another"), may=HOUSE_ONLY, alike="no data set was frozen")
    ],
    "queries.held_out_sets.fetch_read_texts": [
        call(lambda world, ids: (MODELS.champion, [ids.text_sha256]), may=HOUSE_ONLY)
    ],
    "queries.flips.fetch_band_changes": [call(lambda world, ids: MODELS.revisions, may=HOUSE_ONLY)],
    "queries.flips.fetch_flipped_reviews": [call(lambda world, ids: MODELS.revisions, may=HOUSE_ONLY)],
    "queries.promotions.fetch_promotions": [
        call(lambda world, ids: (), may=HOUSE_ONLY, alike="promotions are the house's")
    ],
    "queries.promotions.fetch_preview": [
        call(lambda world, ids: MODELS.revisions, may=HOUSE_ONLY, alike="no preview was made")
    ],
    "queries.promotions.fetch_past_champions": [call(lambda world, ids: ("another",))],
    "queries.promotions.fetch_champion_since": [
        call(lambda world, ids: (MODELS.champion,), alike="promotions are the house's")
    ],
    "queries.review_learning.fetch_review_learning": [
        call(lambda world, ids: (_labelled_number(world, ids),))
    ],
    "queries.imports.fetch_imports": [call(lambda world, ids: ())],
    "queries.imports.fetch_platform_counts": [call(lambda world, ids: ())],
    "queries.profiles.fetch_profiles": [call(lambda world, ids: ())],
    "queries.imports.fetch_rejects": [call(lambda world, ids: (ids.import_id,))],
    "queries.label_checks.fetch_settled": [
        call(lambda world, ids: (), may=HOUSE_ONLY, alike="held-out labels are not there")
    ],
    "queries.label_checks.fetch_last_check": [
        call(lambda world, ids: (), may=HOUSE_ONLY, alike="nobody has looked for errors")
    ],
    "queries.label_checks.fetch_suspects": [
        call(lambda world, ids: ("none",), may=HOUSE_ONLY, alike="nobody has looked for errors")
    ],
    "queries.label_exports.fetch_label_items": [call(lambda world, ids: (), may=HOUSE_ONLY)],
    "queries.label_exports.fetch_label_rows": [call(lambda world, ids: (), may=HOUSE_ONLY)],
    "queries.label_exports.fetch_label_readings": [
        call(lambda world, ids: (MODELS.champion,), may=HOUSE_ONLY)
    ],
    "queries.label_exports.fetch_shipped_rows": [
        call(lambda world, ids: (), may=HOUSE_ONLY, alike="nobody annotated the reviews of this world")
    ],
    "queries.label_pairs.fetch_pairs": [
        call(lambda world, ids: (), may=HOUSE_ONLY),
        call(lambda world, ids: (ids.task_id,), may=HOUSE_ONLY),
    ],
    "queries.label_pairs.fetch_shipped_pairs": [
        call(lambda world, ids: (), may=HOUSE_ONLY, alike="nobody annotated the reviews of this world")
    ],
    "queries.label_pools.fetch_candidates": [
        call(lambda world, ids: (MODELS, Pool.UNLABELLED), may=HOUSE_ONLY),
        call(lambda world, ids: (MODELS, Pool.REPORTED), may=HOUSE_ONLY),
    ],
    "queries.label_pools.count_pools": [call(lambda world, ids: (MODELS, ["visit"]), may=HOUSE_ONLY)],
    "queries.labelling.fetch_tasks": [call(lambda world, ids: (), may=HOUSE_ONLY)],
    "queries.labelling.fetch_annotators": [
        call(
            lambda world, ids: (),
            may=HOUSE_ONLY,
            kept=lambda found: len(found["people"]),
            alike="only people of the house label",
        )
    ],
    "queries.labelling.fetch_label_work": [
        call(lambda world, ids: (ids.task_id, "Ada"), may=NOBODY, alike=SIGNED_IN)
    ],
    "queries.labelling.fetch_own_labels": [
        call(lambda world, ids: (ids.task_id, "Ada"), may=NOBODY, alike=SIGNED_IN)
    ],
    "queries.labelling.require_annotator": [
        call(lambda world, ids: (ids.task_id, "Ada"), may=NOBODY, alike=SIGNED_IN)
    ],
    "queries.labelled_reviews.fetch_labelled_reviews": [call(lambda world, ids: ())],
    "queries.links.fetch_links": [call(lambda world, ids: (), may=CLIENT_WORK)],
    "queries.overview.fetch_totals": [call(_filtered(MODELS)), call(_unfiltered(MODELS))],
    "queries.overview.has_reviews": [call(lambda world, ids: (), alike="both clients have reviews")],
    "queries.overview.fetch_window_counts": [
        call(_filtered(MODELS)),
        call(_unfiltered(MODELS)),
        call(
            lambda world, ids: (ReviewFilter(since=dt.date(2026, 3, 2)), MODELS, dt.date(2025, 1, 1)),
        ),
    ],
    "queries.overview.fetch_latest_date": [
        call(_filtered()),
        call(_unfiltered(), alike="the latest review of the two is the same"),
    ],
    "queries.people.fetch_people": [call(lambda world, ids: (), may=ADMINS)],
    "queries.people.fetch_all_clients": [call(lambda world, ids: (), may=ADMINS)],
    "queries.people.fetch_audit": [
        call(lambda world, ids: (AuditSearch(),), may=ADMINS),
        call(lambda world, ids: (AuditSearch(words=ids.email),), may=ADMINS),
    ],
    "queries.people.count_audit": [call(lambda world, ids: (AuditSearch(words=ids.email),), may=ADMINS)],
    "queries.people.fetch_audit_actions": [
        call(lambda world, ids: (), may=ADMINS, alike="both clients do the same things")
    ],
    "queries.reviews.count_reviews": [
        call(_filtered(MODELS)),
        call(_unfiltered(MODELS, ReviewSelection(search="visit"))),
    ],
    "queries.reviews.fetch_reviews": [
        call(_filtered(MODELS)),
        call(_unfiltered(MODELS)),
        call(lambda world, ids: {"criteria": ReviewFilter(), "models": MODELS, "limit": 3, "offset": 10}),
        call(_unfiltered(MODELS, ReviewSelection(search="visit", order="least_certain"))),
    ],
    "queries.reviews.fetch_review": [
        call(lambda world, ids: (MODELS, ids.reviews[0])),
        call(lambda world, ids: (MODELS, ids.reviews[-1])),
    ],
    "queries.reviews.fetch_twins": [call(lambda world, ids: (ids.reviews[0],))],
    "queries.review_queue.fetch_review_queue": [
        call(_filtered(MODELS), may=DECIDING),
        call(_unfiltered(MODELS), may=DECIDING),
    ],
    "queries.review_queue.fetch_queue_counts": [
        call(_unfiltered(MODELS, dt.date(2026, 6, 1)), may=DECIDING),
        call(_filtered(MODELS, None), may=DECIDING),
    ],
    "queries.review_queue.fetch_unsent_answers": [
        call(_unfiltered(MODELS), may=DECIDING, alike="no sampled reading was answered")
    ],
    "queries.samples.fetch_unchecked": [call(_filtered()), call(_unfiltered())],
    "queries.samples.fetch_sample_answers": [
        call(_filtered(), alike="no sampled reading was answered"),
        call(_unfiltered(), alike="no sampled reading was answered"),
    ],
    "queries.status.fetch_status": [
        call(lambda world, ids: (MODELS,), kept=lambda answer: {**answer, "labelled": "for all"})
    ],
    "queries.status.count_waiting": [call(lambda world, ids: (MODELS.champion,))],
    "queries.trail.fetch_review_trail": [
        call(lambda world, ids: (ids.reviews[0],)),
        call(lambda world, ids: (ids.reviews[1],)),
    ],
    "queries.version.fetch_data_version": [
        call(lambda world, ids: (), kept=len, alike="a hash that says that something changed, not what")
    ],
    "queries.version.find_review_number": [call(lambda world, ids: (ids.labelled_key,))],
    "queries.data_sets.fetch_data_sets": [
        call(lambda world, ids: (), may=HOUSE_ONLY, alike="no data set was frozen")
    ],
    "queries.data_sets.fetch_data_set": [
        call(lambda world, ids: (), may=frozenset(), alike="no data set was frozen")
    ],
    "queries.data_sets.fetch_data_set_reviews": [
        call(lambda world, ids: ("none",), may=HOUSE_ONLY, alike="no data set was frozen")
    ],
    "queries.data_sets.fetch_training_runs": [
        call(lambda world, ids: (), may=HOUSE_ONLY, alike="nothing was trained")
    ],
    "queries.data_sets.fetch_sweeps": [
        call(lambda world, ids: (), may=HOUSE_ONLY, alike="nothing was trained")
    ],
    "queries.data_sets.fetch_training_run": [
        call(lambda world, ids: ("none",), may=frozenset(), alike="nothing was trained")
    ],
    "queries.label_candidates.fetch_gold_reviews": [call(lambda world, ids: (), may=HOUSE_ONLY)],
    "queries.label_candidates.fetch_single_decisions": [call(lambda world, ids: (), may=HOUSE_ONLY)],
    "queries.label_candidates.fetch_excluded_reviews": [
        call(lambda world, ids: (), may=HOUSE_ONLY, alike="no review was left out")
    ],
    "queries.label_candidates.fetch_earlier_splits": [
        call(lambda world, ids: (), may=HOUSE_ONLY, alike="no data set was frozen")
    ],
    "queries.settled_labels.fetch_settled_labels": [
        call(lambda world, ids: (), may=HOUSE_ONLY, alike="nothing was labelled")
    ],
    # workflows
    "workflows.adjudicating.adjudicate": [
        call(lambda world, ids: (ids.task_id, ids.labelled_review, _NEUTRAL, "why"), may=HOUSE_ONLY)
    ],
    "workflows.adjudicating.look_again": [
        call(lambda world, ids: (ids.settled_review, _NEUTRAL, "why"), may=HOUSE_ONLY)
    ],
    "workflows.adjudicating.take_back_adjudication": [
        call(lambda world, ids: (ids.task_id, ids.settled_review), may=HOUSE_ONLY)
    ],
    "workflows.label_checks.find_check_work": [
        call(lambda world, ids: ("space",), may=HOUSE_ONLY, heavy=True)
    ],
    "workflows.label_checks.list_suspects": [
        call(lambda world, ids: (), may=HOUSE_ONLY, kept=lambda found: found.settled)
    ],
    "workflows.label_checks.store_check": [
        call(
            lambda world, ids: ("0" * 64, _CHECKED, _CHECK, _VECTORS, "space"),
            may=HOUSE_ONLY,
            quiet=True,
            alike=WRITES,
        )
    ],
    "workflows.label_exchange.export_labels": [call(lambda world, ids: (MODELS,), may=HOUSE_ONLY)],
    "workflows.label_exchange.find_task": [
        call(lambda world, ids: (ids.task_id,), may=HOUSE_ONLY, kept=lambda found: "found")
    ],
    "workflows.label_exchange.perform_label_request": [
        call(lambda world, ids: (MODELS, "export", {"task": ids.task_id}), may=HOUSE_ONLY)
    ],
    "workflows.label_import.import_labels": [
        call(
            lambda world, ids: (
                f"review_id,text,annotator,label\n{ids.reviews[5]},,x,neutral\n{ids.reviews[5]},,y,neutral\n".encode(),
                "labels.csv",
            ),
            may=HOUSE_ONLY,
        )
    ],
    "workflows.labelling.make_task": [
        call(
            lambda world, ids: {
                "models": MODELS,
                "pool": Pool.WORDS,
                "size": 9,
                "words": [f"{ids.client}"],
                "annotators": _house_people(world),
            },
            may=HOUSE_ONLY,
            alike="an unknown word finds nothing, whoever asks",
        )
    ],
    "workflows.labelling.give_label": [
        call(
            lambda world, ids: (ids.task_id, "Ada", ids.labelled_review, _NEUTRAL),
            may=NOBODY,
            alike=SIGNED_IN,
        )
    ],
    "workflows.labelling.take_back_label": [
        call(lambda world, ids: (ids.task_id, "Ada", ids.labelled_review), may=NOBODY, alike=SIGNED_IN)
    ],
    "workflows.labelling.set_task_open": [call(lambda world, ids: (ids.task_id, False), may=HOUSE_ONLY)],
    "workflows.catalogue.create_client": [
        call(lambda world, ids: (f"New of {ids.client}",), may=ADMINS, alike=WRITES)
    ],
    "workflows.catalogue.rename_client": [call(lambda world, ids: (ids.client, "Another"), may=ADMINS)],
    "workflows.catalogue.create_business": [call(lambda world, ids: ("New place", ids.client), may=ADMINS)],
    "workflows.catalogue.change_business": [
        call(lambda world, ids: {"business_id": ids.other_business, "name": "Another"}, may=ADMINS)
    ],
    "workflows.checking.check_reading": [
        call(lambda world, ids: (MODELS, ids.reviews[5], "positive")),
        call(lambda world, ids: (MODELS, ids.sampled_review, "spam", "note", ids.sampled_id)),
    ],
    "workflows.checking.store_check": [call(lambda world, ids: (MODELS, ids.reviews[5], "positive"))],
    "workflows.checking.draw_sample": [
        call(
            lambda world, ids: {"models": MODELS, "client_id": ids.client, "size": 2, "seed": 3}, may=DECIDING
        )
    ],
    "workflows.checking.visible_client": [call(lambda world, ids: (ids.client,))],
    "workflows.complaints.describe_complaints": [call(lambda world, ids: (MODELS, ids.other_business))],
    "workflows.issue_building.cut_sentences": [call(lambda world, ids: (), may=HOUSE_ONLY, quiet=True)],
    "workflows.issue_building.find_unread_sentences": [
        call(lambda world, ids: ("another",), may=HOUSE_ONLY, quiet=True)
    ],
    "workflows.issue_building.find_material": [
        call(lambda world, ids: (MODELS, "space"), may=HOUSE_ONLY, quiet=True)
    ],
    "workflows.issue_building.store_issues": [
        call(lambda world, ids: (_found(ids), "space"), may=HOUSE_ONLY, quiet=True, alike=WRITES)
    ],
    "workflows.issue_editing.rename_issue": [call(lambda world, ids: (ids.issue_id, "sauce"), may=DECIDING)],
    "workflows.issue_editing.set_aspect": [call(lambda world, ids: (ids.issue_id, "price"), may=DECIDING)],
    "workflows.issue_editing.hide_issue": [call(lambda world, ids: (ids.issue_id,), may=DECIDING)],
    "workflows.issue_editing.merge_issues": [
        call(lambda world, ids: (ids.issue_id, ids.other_issue), may=DECIDING),
        call(
            lambda world, ids: (world.ids["north"].issue_id, ids.other_issue),
            may=DECIDING,
            alike="they are of different businesses or none is there",
        ),
    ],
    "workflows.issue_editing.unmerge_issues": [call(lambda world, ids: ([ids.issue_id],), may=DECIDING)],
    "workflows.issue_editing.split_issue": [
        call(lambda world, ids: (ids.issue_id, [ids.sentence], "broth"), may=DECIDING)
    ],
    "workflows.issue_editing.move_sentences": [
        call(lambda world, ids: (ids.issue_id, [ids.sentence], ids.other_issue), may=DECIDING)
    ],
    "workflows.issue_editing.editable_business": [call(lambda world, ids: (ids.issue_id,), may=DECIDING)],
    "workflows.issue_work.set_work": [
        call(lambda world, ids: (MODELS, ids.issue_id, "resolved"), may=CLIENT_WORK)
    ],
    "workflows.issue_work.set_fix": [
        call(lambda world, ids: (ids.issue_id, "new cook", dt.date(2026, 6, 1)), may=CLIENT_WORK)
    ],
    "workflows.issue_work.reopen_returned": [
        call(lambda world, ids: (MODELS,), may=HOUSE_ONLY, quiet=True, alike="nothing was resolved")
    ],
    "workflows.deciding.accept_reports": [
        call(lambda world, ids: ([ids.report_id], "neutral"), may=DECIDING)
    ],
    "workflows.deciding.reject_reports": [
        call(lambda world, ids: ([ids.report_id], "it is fine"), may=DECIDING)
    ],
    "workflows.deciding.send_to_labelling": [call(lambda world, ids: ([ids.report_id],), may=DECIDING)],
    "workflows.deciding.reopen_reports": [call(lambda world, ids: ([ids.report_id],), may=DECIDING)],
    "workflows.evaluation.evaluate_revision": [
        call(
            lambda world, ids: (MODELS.champion, "champion"),
            kept=_rows_of("readings"),
            figures=True,
        )
    ],
    "workflows.evaluation.record_evaluation": [
        call(
            lambda world, ids: (_labelled(world), MODELS.champion, "champion", "peach", "test", None),
            kept=_rows_of("readings"),
            figures=True,
        )
    ],
    "workflows.evaluation.find_evaluation": [
        call(
            lambda world, ids: (_labelled(world), MODELS.champion, "champion", None),
            alike="figures of evaluations are for all",
        )
    ],
    "workflows.evaluation.compare_revisions": [
        call(lambda world, ids: MODELS.revisions[::-1], kept=_rows_of("disagreements"))
    ],
    "workflows.explaining.find_explanation": [
        call(
            lambda world, ids: (MODELS, ids.reviews[0], "space"),
            kept=lambda answer: {"text_sha256": answer.text_sha256, "texts": answer.texts},
        )
    ],
    "workflows.explaining.store_explanation": [
        call(
            lambda world, ids: (ids.text_sha256, "another", _EXPLAINED, _VECTORS, "space"),
            may=HOUSE_ONLY,
            quiet=True,
            alike="explanations belong to texts, whoever posted them",
        )
    ],
    "workflows.exports.record_export": [call(lambda world, ids: ("reviews", 3), alike=WRITES)],
    "workflows.feedback.report_reading": [
        call(lambda world, ids: (MODELS, ids.reviews[5], "spam", "a note"), alike="")
    ],
    "workflows.feedback.report_readings": [
        call(lambda world, ids: (MODELS, ids.reviews[4:6], "spam", "a note")),
        call(lambda world, ids: (MODELS, [world.ids["north"].reviews[5], ids.reviews[5]], "spam")),
    ],
    "workflows.feedback.store_report": [call(lambda world, ids: (MODELS, ids.reviews[5], "spam", ""))],
    "workflows.feedback.withdraw_reports": [call(lambda world, ids: (ids.reviews[0],))],
    "workflows.labelled_reports.settle_reports": [call(lambda world, ids: (ids.reviews,), alike=WRITES)],
    "workflows.feedback.store_withdrawals": [call(lambda world, ids: (ids.reviews[0],), alike=WRITES)],
    "workflows.feedback.take_back_decision": [call(lambda world, ids: (ids.reviews[1],), may=DECIDING)],
    "workflows.feedback.mark_answered": [
        call(lambda world, ids: (ids.reviews[:2],), may=CLIENT_WORK),
        call(lambda world, ids: ([world.ids["north"].reviews[0], ids.reviews[0]],), may=CLIENT_WORK),
    ],
    "workflows.feedback.visible_text": [call(lambda world, ids: (ids.reviews[0],))],
    "workflows.freezing.preview_freeze": [call(lambda world, ids: (), may=HOUSE_ONLY)],
    "workflows.freezing.freeze_data_set": [
        call(lambda world, ids: (), may=HOUSE_ONLY, kept=lambda answer: answer[1], alike=WRITES)
    ],
    "workflows.imports.plan_import": [
        call(
            lambda world, ids: (world.settings.home, ids.export, "again.csv", ImportOptions()),
            may=CLIENT_WORK,
        ),
        call(
            lambda world, ids: (
                world.settings.home,
                b"review,rating\nfine,4\n",
                "bare.csv",
                ImportOptions(business=ids.business),
            ),
            may=CLIENT_WORK,
        ),
    ],
    "workflows.imports.import_export": [
        call(
            lambda world, ids: (world.settings.home, ids.export, "again.csv", ImportOptions(), "page"),
            may=CLIENT_WORK,
        )
    ],
    "workflows.imports.plan_prepared": [
        call(
            lambda world, ids: (_prepared(world, ids), ImportOptions()),
            may=CLIENT_WORK,
        )
    ],
    "workflows.imports.import_prepared": [
        call(
            lambda world, ids: (_prepared(world, ids), ImportOptions(platform_count=9), "page"),
            may=CLIENT_WORK,
        )
    ],
    "workflows.profiles.apply_profile": [
        call(lambda world, ids: (ids.export, "again.csv", ImportOptions())),
        call(lambda world, ids: (ids.export, "again.csv", ImportOptions(profile=ids.profile))),
    ],
    "workflows.profiles.keep_profile": [
        call(lambda world, ids: _what_a_profile_keeps(ids), may=CLIENT_WORK, quiet=True)
    ],
    "workflows.profiles.save_profile": [call(lambda world, ids: _what_a_profile_keeps(ids), may=CLIENT_WORK)],
    "workflows.profiles.remove_profile": [call(lambda world, ids: (ids.profile,), may=CLIENT_WORK)],
    "workflows.profiles.perform_profile_request": [
        call(lambda world, ids: ("list", {})),
        call(lambda world, ids: ("remove", {"name": ids.profile}), may=CLIENT_WORK),
    ],
    "workflows.describing.find_undescribed": [call(lambda world, ids: (), may=HOUSE_ONLY, quiet=True)],
    "workflows.describing.store_findings": [
        call(
            lambda world, ids: (
                language_rows(pd.Series([ids.text_sha256]), ["Det var en rigtig god oplevelse her"]),
                pd.DataFrame(
                    {"review_id": ids.reviews[:1], "twin_id": ids.reviews[1:2], "similarity": [0.9]}
                ),
                pd.DataFrame({"import_id": [ids.import_id], "business_id": [ids.business]}),
            ),
            may=HOUSE_ONLY,
            quiet=True,
            alike=WRITES,
        )
    ],
    "workflows.imports.undo_import": [
        call(lambda world, ids: (ids.import_id,), may=CLIENT_WORK),
        call(lambda world, ids: (f"{ids.client}-plain",), may=CLIENT_WORK),
        call(lambda world, ids: ("mixed",), may=ADMINS, alike="the import is there with or without them"),
    ],
    "workflows.links.make_link": [
        call(lambda world, ids: (ids.client,), may=CLIENT_WORK, kept=lambda token: len(token))
    ],
    "workflows.links.revoke_link": [call(lambda world, ids: (ids.link_id,), may=CLIENT_WORK)],
    "workflows.links.open_link": [call(lambda world, ids: (ids.token,), scopeless=True)],
    "workflows.links.unlock_link": [call(lambda world, ids: (ids.token, "guess"), scopeless=True)],
    "workflows.links.answer_through_link": [
        call(
            lambda world, ids: (MODELS, world.ids["north"].token, b"", ids.reviews[5], "spam"),
            scopeless=True,
        )
    ],
    "workflows.maintenance.optimise": [call(lambda world, ids: (), may=HOUSE_ONLY, quiet=True)],
    "workflows.model_costs.record_cost": [
        call(lambda world, ids: (world.settings, None, None), may=HOUSE_ONLY, heavy=True)
    ],
    "workflows.model_costs.find_cost": [
        call(lambda world, ids: (world.settings, MODELS.champion), alike="figures of models are for all")
    ],
    "workflows.model_costs.measure_cost": [call(lambda world, ids: (world.settings, None, []), heavy=True)],
    "workflows.models.record_models": [
        call(lambda world, ids: (world.settings,), may=HOUSE_ONLY, heavy=True)
    ],
    "workflows.models.settle_champion": [
        call(lambda world, ids: (world.settings,), may=HOUSE_ONLY, quiet=True, alike="models are the house's")
    ],
    "workflows.candidate_list.list_candidates": [
        call(lambda world, ids: (world.settings,), may=HOUSE_ONLY, heavy=True)
    ],
    "workflows.candidate_list.compare_on_test": [call(lambda world, ids: MODELS.revisions, may=HOUSE_ONLY)],
    "workflows.candidates.find_test_pairs": [
        call(lambda world, ids: (world.settings, MODELS.champion, ()), may=HOUSE_ONLY, heavy=True)
    ],
    "workflows.candidates.find_stored_pairs": [
        call(lambda world, ids: (("another",),), may=HOUSE_ONLY),
    ],
    "workflows.candidates.record_measurement": [
        call(lambda world, ids: (world.settings, {}), may=HOUSE_ONLY, heavy=True)
    ],
    "workflows.candidates.load_case": [
        call(lambda world, ids: (world.settings, *_CANDIDATES), may=HOUSE_ONLY, heavy=True)
    ],
    "workflows.promoting.make_preview": [
        call(lambda world, ids: (world.settings, *_CANDIDATES[:2]), may=HOUSE_ONLY, heavy=True)
    ],
    "workflows.promoting.promote_candidate": [
        call(
            lambda world, ids: {
                "settings": world.settings,
                "revision": "another",
                "reason": "why",
                "expected": "x",
            },
            may=HOUSE_ONLY,
            heavy=True,
        )
    ],
    "workflows.promoting.roll_back": [
        call(
            lambda world, ids: {"settings": world.settings, "reason": "why", "expected": "x"},
            may=HOUSE_ONLY,
            heavy=True,
        )
    ],
    "workflows.promoting.find_previous": [
        call(lambda world, ids: (MODELS.champion,), may=HOUSE_ONLY, alike="promotions are the house's")
    ],
    "workflows.trainings.plan_training": [
        call(lambda world, ids: (world.settings, TrainingRequest()), may=HOUSE_ONLY, heavy=True)
    ],
    "workflows.trainings.request_training": [
        call(lambda world, ids: (world.settings, TrainingRequest()), may=HOUSE_ONLY, heavy=True)
    ],
    "workflows.trainings.plan_again": [
        call(lambda world, ids: (world.settings, "none"), may=HOUSE_ONLY, heavy=True)
    ],
    "workflows.trainings.store_outcome": [
        call(lambda world, ids: ("none", 1, {}), may=HOUSE_ONLY, heavy=True)
    ],
    "workflows.sweeps.request_sweep": [
        call(
            lambda world, ids: (
                world.settings,
                TrainingRequest(),
                SweepSpace({"epochs": Axis((1.0, 2.0))}),
            ),
            may=HOUSE_ONLY,
            heavy=True,
        )
    ],
    "workflows.sweeps.advance_sweep": [
        call(lambda world, ids: (world.settings, "none"), may=HOUSE_ONLY, heavy=True)
    ],
    "workflows.sweeps.describe_sweep": [call(lambda world, ids: ("none",), may=HOUSE_ONLY, heavy=True)],
    "workflows.sweeps.end_sweep": [call(lambda world, ids: ("none",), may=HOUSE_ONLY, heavy=True)],
    "workflows.people.add_person": [
        call(lambda world, ids: ("new@example.com", Role.CLIENT), may=ADMINS, alike=NEW_ID),
        call(lambda world, ids: (ids.email, Role.CLIENT), may=ADMINS),
    ],
    "workflows.people.change_person": [
        call(lambda world, ids: {"who": ids.email, "role": Role.ADMIN}, may=ADMINS),
        call(lambda world, ids: {"who": ids.user_id, "active": False}, may=ADMINS),
    ],
    "workflows.people.assign_client": [
        call(lambda world, ids: ("mia@north.example", ids.client), may=ADMINS)
    ],
    "workflows.people.end_sessions": [call(lambda world, ids: (ids.email,), may=ADMINS)],
    "workflows.people_requests.perform_people_request": [
        call(lambda world, ids: ("list", {}), may=ADMINS),
        call(lambda world, ids: ("change", {"email": ids.email, "active": False}), may=ADMINS),
    ],
    "workflows.real_sets.evaluate_stored_real_sets": [
        call(lambda world, ids: (None, None, world.settings.home), heavy=True)
    ],
    "workflows.real_sets.find_real_set_texts": [
        call(lambda world, ids: (MODELS.champion, world.settings.home), may=HOUSE_ONLY, heavy=True)
    ],
    "workflows.real_sets.evaluate_real_sets": [
        call(lambda world, ids: (world.settings, [], world.settings.home), heavy=True)
    ],
    "workflows.scoring.find_unread": [
        call(lambda world, ids: (MODELS.revisions,), may=HOUSE_ONLY, quiet=True)
    ],
    "workflows.scoring.store_predictions": [
        call(
            lambda world, ids: (pd.DataFrame([reading(ids.text_sha256, "another", "neutral")]),),
            may=HOUSE_ONLY,
            quiet=True,
            alike="predictions belong to texts, whoever posted them",
        )
    ],
    "workflows.queue_deciding.decide_queued": [
        call(lambda world, ids: (MODELS, ids.reviews[5], "spam"), may=DECIDING)
    ],
    "workflows.setup.load_demo": [call(lambda world, ids: (world.settings.data,), may=ADMINS, heavy=True)],
    "workflows.sign_in.load_scope": [
        call(lambda world, ids: (_stranger(ids),), scopeless=True),
    ],
    "workflows.sign_in.sign_in": [call(lambda world, ids: (_stranger(ids),), scopeless=True)],
    "workflows.sign_in.sign_out": [call(lambda world, ids: (_stranger(ids),), scopeless=True)],
    "workflows.sign_in.view_as": [
        call(lambda world, ids: {"role": Role.MANAGER, "client_ids": [ids.client]}, may=ADMINS),
        call(lambda world, ids: {"role": Role.CLIENT, "user_id": ids.user_id}, may=ADMINS),
    ],
    "workflows.status.describe_status": [
        call(
            lambda world, ids: (world.settings,),
            kept=lambda answer: {
                name: value
                for name, value in answer.items()
                if name
                not in (
                    "home",
                    "database",
                    "labelled",
                    "champion",
                    "generic",
                    "models_error",
                    "models_refused",
                )
            },
        )
    ],
}


def _prepared(world: World, ids: Ids) -> Prepared:
    return prepare_import(world.settings.home, ids.export, "again.csv", ImportOptions(source="google"))


def _what_a_profile_keeps(ids: Ids) -> tuple[str, Recognition, ImportOptions]:
    return ids.profile, recognise(ids.export, "again.csv"), ImportOptions(business=ids.business)


def _house_people(world: World) -> list[str]:
    with world.database.read() as connection:
        return [person.user_id for person in load_people(connection) if person.role in HOUSE_ONLY]


_NEUTRAL = GivenLabel("neutral")
_CHECKED = pd.DataFrame({"review_id": [1], "label": ["neutral"]})
_CHECK = LabelCheck(
    pd.DataFrame(
        {"p_negative": [0.9], "p_neutral": [0.1], "p_positive": [0.0], "quality": [0.1], "suspected": [True]}
    ),
    0.5,
)
_EXPLAINED = {"label": 0, "words": [[0, 3, 0.5]], "error": 0.1}
_VECTORS = pd.DataFrame({"text_sha256": ["f" * 64], "vector": [np.ones(8, dtype=np.float32)]})


def _found(ids: Ids) -> FoundIssues:
    """One more sentence for an issue, as a run of grouping finds it."""
    vector = np.ones(8, dtype=np.float32)
    sentences = pd.DataFrame(
        [
            {
                "issue_id": ids.issue_id,
                "business_id": ids.other_business,
                "text_sha256": ids.text_sha256,
                "position": 7,
                "similarity": 0.9,
                "vector": vector,
            }
        ]
    )
    return FoundIssues(
        pd.DataFrame(columns=["issue_id", "business_id", "vector"]),
        sentences,
        pd.DataFrame(columns=["issue_id", "name", "keywords", "aspect", "sentences"]),
    )


def _stranger(ids: Ids) -> Identity:
    """Somebody else's account at the provider, with an e-mail of theirs that nobody verified."""
    return Identity(ISSUER, "stranger", ids.email, "", False, dt.datetime.now(dt.UTC))
