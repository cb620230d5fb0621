"""Reports that were sent to labelling: closed when it settles their review."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from peachdash.labelling.exchange import ANNOTATOR
from peachdash.queries.feedback import fetch_feedback_counts, fetch_report_queue, fetch_reports
from peachdash.queries.label_candidates import fetch_single_decisions
from peachdash.queries.reviews import fetch_review
from peachdash.queries.trail import fetch_review_trail
from peachdash.records import Pool, ReviewFilter
from peachdash.storage import schema as t
from peachdash.storage.labelling import SECOND_LOOK, GivenLabel
from peachdash.workflows.adjudicating import adjudicate, look_again, take_back_adjudication
from peachdash.workflows.deciding import reopen_reports, send_to_labelling
from peachdash.workflows.feedback import report_reading
from peachdash.workflows.label_import import import_labels
from peachdash.workflows.labelling import give_label, make_task, set_task_open
from tests.integration.conftest import CREAMERY_ONLY, MODELS
from tests.integration.label_world import HOUSE, MACHINE, more_reviews, new_task, numbers

ALL = ReviewFilter()
ANA, BO = "Ana", "Bo"


@pytest.fixture
def world(filled):
    """A report by a client on a review that is being labelled; the task, the review and the report."""
    more_reviews(filled)
    task = new_task(filled, MACHINE, [ANA, BO])
    review_id = numbers(filled, task)[0]
    report_id = report_reading(filled, CREAMERY_ONLY, MODELS, review_id, "negative", "it was a sneer")
    send_to_labelling(filled, HOUSE, [report_id], "two should read it")
    return filled, task, review_id, report_id


def outcome(database, report_id):
    with database.read() as connection:
        rows = fetch_reports(connection, CREAMERY_ONLY, ALL, own=True)
    row = rows[rows["report_id"] == report_id].iloc[0]
    return row["outcome"], row["reason"]


def band(database, review_id):
    with database.read() as connection:
        return fetch_review(connection, HOUSE, MODELS, review_id)["band"]


def say(database, task, who, label, unsure=False, first=0):
    """Label a review and the one after it, so that the first label is given for good."""
    for review_id, said in zip(numbers(database, task)[first : first + 2], (label, "neutral"), strict=True):
        give_label(database, MACHINE, task, who, review_id, GivenLabel(said, unsure=unsure))


def test_two_annotators_who_agree_with_it_accept_it(world):
    database, task, review_id, report_id = world
    say(database, task, ANA, "negative")
    assert outcome(database, report_id)[0] == "labelling", "one label tells nothing"
    say(database, task, BO, "negative")
    assert outcome(database, report_id) == (
        "accepted",
        "Two people labelled it, and it was settled as negative.",
    )
    assert band(database, review_id) == "negative"
    with database.read() as connection:
        assert fetch_report_queue(connection, HOUSE, ALL, MODELS).empty
        counts = fetch_feedback_counts(connection, CREAMERY_ONLY, ALL, MODELS, own=True)
        assert (counts["labelling"], counts["accepted"], counts["in_force"]) == (0, 1, 1)
        assert fetch_single_decisions(connection, HOUSE)["review_id"].tolist() == [], "it is a double label"
        trail = fetch_review_trail(connection, CREAMERY_ONLY, review_id)
    assert trail["what"].tolist() == ["reported", "labelling", "decided"]
    assert trail["who"].iloc[-1] == "the agency"


def test_what_labelling_reads_otherwise_is_rejected_with_what_it_came_to_and_counts(world):
    database, task, review_id, report_id = world
    for who in (ANA, BO):
        say(database, task, who, "positive")
    assert outcome(database, report_id) == (
        "rejected",
        "Two people labelled it, and it was settled as positive.",
    )
    assert band(database, review_id) == "positive"


@pytest.mark.parametrize("unsure", [False, True])
def test_what_is_disputed_waits_for_the_adjudication(world, unsure):
    database, task, review_id, report_id = world
    say(database, task, ANA, "negative", unsure)
    say(database, task, BO, "negative" if unsure else "positive")
    assert outcome(database, report_id)[0] == "labelling"
    adjudicate(database, HOUSE, task, review_id, GivenLabel("negative"), "Bo of Ana's flat told me: a sneer")
    verdict, reason = outcome(database, report_id)
    assert verdict == "accepted"
    assert "sneer" not in reason, "what annotators write to each other is not for clients"


def test_an_adjudication_that_is_taken_back_lets_it_wait_again(world):
    database, task, review_id, report_id = world
    say(database, task, ANA, "negative")
    say(database, task, BO, "positive")
    before = band(database, review_id)
    adjudicate(database, HOUSE, task, review_id, GivenLabel("negative"), "a sneer")
    take_back_adjudication(database, HOUSE, task, review_id)
    assert outcome(database, report_id)[0] == "labelling"
    assert band(database, review_id) == before
    adjudicate(database, HOUSE, task, review_id, GivenLabel("positive"), "honest after all")
    assert outcome(database, report_id)[0] == "rejected"
    assert band(database, review_id) == "positive"


def test_a_second_look_decides_anew(world):
    database, task, review_id, report_id = world
    for who in (ANA, BO):
        say(database, task, who, "positive")
    look_again(database, HOUSE, review_id, GivenLabel("negative"), "both missed the sneer")
    assert outcome(database, report_id)[0] == "accepted"
    take_back_adjudication(database, HOUSE, SECOND_LOOK, review_id)
    assert outcome(database, report_id)[0] == "rejected"


def test_closing_the_task_hands_in_what_waits(world):
    database, task, review_id, report_id = world
    for who in (ANA, BO):
        give_label(database, MACHINE, task, who, review_id, GivenLabel("negative"))
    assert outcome(database, report_id)[0] == "labelling"
    set_task_open(database, MACHINE, task, False)
    assert outcome(database, report_id)[0] == "accepted"


def test_what_was_labelled_before_it_was_sent_is_settled_at_once(filled):
    more_reviews(filled)
    task = new_task(filled, MACHINE, [ANA, BO])
    for who in (ANA, BO):
        say(filled, task, who, "negative")
    review_id = numbers(filled, task)[0]
    report_id = report_reading(filled, CREAMERY_ONLY, MODELS, review_id, "negative")
    assert outcome(filled, report_id)[0] is None
    send_to_labelling(filled, HOUSE, [report_id])
    assert outcome(filled, report_id)[0] == "accepted"


def test_a_decision_that_somebody_took_meanwhile_stands(world):
    database, task, review_id, report_id = world
    report_reading(database, HOUSE, MODELS, review_id, "spam", "an advertisement")
    for who in (ANA, BO):
        say(database, task, who, "negative")
    assert outcome(database, report_id)[0] == "accepted"
    with database.read() as connection:
        verdicts = connection.execute(sa.select(t.decisions.c.verdict)).scalars().all()
    assert verdicts == ["spam"]


def test_it_can_be_opened_again_like_any_other(world):
    database, task, review_id, report_id = world
    before = band(database, review_id)
    for who in (ANA, BO):
        say(database, task, who, "negative")
    reopen_reports(database, HOUSE, [report_id])
    assert outcome(database, report_id)[0] is None
    assert band(database, review_id) == before
    say(database, task, ANA, "negative", first=2)
    assert outcome(database, report_id)[0] is None, "it waits in the queue, not for labelling"


def test_labels_from_a_file_settle_it_too(filled):
    more_reviews(filled)
    with filled.read() as connection:
        statement = sa.select(t.reviews.c.review_id, t.reviews.c.text).order_by(t.reviews.c.review_id.desc())
        review_id, text = connection.execute(statement.limit(1)).one()
    report_id = report_reading(filled, CREAMERY_ONLY, MODELS, review_id, "negative")
    send_to_labelling(filled, HOUSE, [report_id])
    rows = "".join(f'{review_id},"{text}",{ANNOTATOR},{who},negative\n' for who in (ANA, BO))
    content = f"review_id,text,role,annotator,label\n{rows}".encode()
    assert import_labels(filled, HOUSE, content, "labels.csv")["accepted"] == 1
    assert outcome(filled, report_id)[0] == "accepted"


def test_a_reported_review_is_drawn_from_its_pool_and_settled(filled):
    more_reviews(filled, 3)
    with filled.read() as connection:
        review_id = connection.execute(sa.select(sa.func.max(t.reviews.c.review_id))).scalar_one()
    report_id = report_reading(filled, CREAMERY_ONLY, MODELS, review_id, "neutral")
    send_to_labelling(filled, HOUSE, [report_id])
    task = make_task(filled, MACHINE, MODELS, Pool.REPORTED, 5, [ANA, BO])
    assert numbers(filled, task) == [review_id]
    for who in (ANA, BO):
        give_label(filled, MACHINE, task, who, review_id, GivenLabel("neutral"))
    assert outcome(filled, report_id)[0] == "accepted"
