"""Reports and decisions: who may, what follows, what is told to whom, and that nothing counts twice."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa

from peachdash.errors import BadInput, NotFound
from peachdash.queries.feedback import (
    fetch_feedback_counts,
    fetch_report_queue,
    fetch_reports,
)
from peachdash.queries.reviews import fetch_review
from peachdash.queries.trail import fetch_review_trail
from peachdash.records import ReviewFilter, Role, Scope
from peachdash.storage import schema as t
from peachdash.workflows.deciding import (
    OTHER_ACCEPTED,
    accept_reports,
    reject_reports,
    reopen_reports,
    send_to_labelling,
)
from peachdash.workflows.feedback import (
    report_reading,
    report_readings,
    take_back_decision,
    withdraw_reports,
)
from tests.integration.conftest import CREAMERY_ONLY, EVERYTHING, MODELS

ALL = ReviewFilter()
BOUTIQUE, SOGGY, LOVELY, UNSURE, DINER = 1, 2, 3, 4, 6
MANAGER = Scope("mia", Role.MANAGER, frozenset({"creamery", "diner"}))
OTHER_CLIENT = Scope("bo", Role.CLIENT, frozenset({"boutique"}))
COLLEAGUE = Scope("cora", Role.CLIENT, frozenset({"creamery"}))


def test_the_numbers_above_are_those_of_the_texts(filled):
    with filled.read() as connection:
        rows = connection.execute(sa.select(t.reviews.c.review_id, t.reviews.c.text)).all()
    texts = {row.review_id: row.text for row in rows}
    assert [texts[number].split()[0] for number in (SOGGY, LOVELY, DINER, BOUTIQUE)] == [
        "Soggy", "Lovely", "Cold", "The",
    ]  # fmt: skip


def ask(database, query, *args, scope=EVERYTHING, **kwargs):
    with database.read() as connection:
        return query(connection, scope, *args, **kwargs)


def band(database, number):
    return ask(database, fetch_review, MODELS, number)["band"]


def stored(database, table):
    with database.read() as connection:
        return [dict(row) for row in connection.execute(sa.select(table)).mappings()]


def counts(database, scope=EVERYTHING, **kwargs):
    return ask(database, fetch_feedback_counts, ALL, MODELS, scope=scope, **kwargs)


def test_a_client_reports_and_nothing_counts_until_it_is_decided(filled):
    report_reading(filled, CREAMERY_ONLY, MODELS, SOGGY, "positive", "a compliment")
    assert band(filled, SOGGY) == "negative"
    assert stored(filled, t.decisions) == []
    (row,) = stored(filled, t.reports)
    assert (row["reported_by"], row["revision"], row["label"], row["note"]) == (
        "clem", MODELS.champion, "negative", "a compliment",
    )  # fmt: skip
    assert counts(filled)["open"] == 1


def test_an_accepted_report_counts_at_once_as_human(filled):
    report = report_reading(filled, CREAMERY_ONLY, MODELS, SOGGY, "positive")
    assert accept_reports(filled, MANAGER, [report], "positive", "a regular") == 1
    review = ask(filled, fetch_review, MODELS, SOGGY)
    assert (review["band"], review["human"], review["decided_by"]) == ("positive", True, "mia")
    assert counts(filled) | {"read_right": 0} == {
        "reported": 1, "open": 0, "accepted": 1, "rejected": 0, "labelling": 0, "in_force": 1,
        "accepted_labels": 1, "read_right": 0,
    }  # fmt: skip
    assert ask(filled, fetch_report_queue, ALL, MODELS).empty


def test_conflicting_reports_are_settled_together(filled):
    mine = report_reading(filled, CREAMERY_ONLY, MODELS, SOGGY, "positive")
    theirs = report_reading(filled, COLLEAGUE, MODELS, SOGGY, "neutral")
    queue = ask(filled, fetch_report_queue, ALL, MODELS)
    assert queue["suggestion"].tolist() == ["positive", "neutral"]
    assert set(queue["review_id"]) == {SOGGY}
    assert accept_reports(filled, MANAGER, [mine, theirs], "neutral") == 2
    found = ask(filled, fetch_reports, ALL).set_index("report_id")
    assert found["outcome"].to_dict() == {mine: "rejected", theirs: "accepted"}
    assert found.loc[mine, "reason"] == OTHER_ACCEPTED
    assert band(filled, SOGGY) == "neutral"
    assert len(stored(filled, t.decisions)) == 1


def test_a_rejection_needs_a_reason_which_the_reporter_reads(filled):
    report = report_reading(filled, CREAMERY_ONLY, MODELS, SOGGY, "positive")
    with pytest.raises(BadInput, match="reason"):
        reject_reports(filled, MANAGER, [report], "  ")
    assert reject_reports(filled, MANAGER, [report], "It is a sneer.") == 1
    row = ask(filled, fetch_reports, ALL, scope=CREAMERY_ONLY).iloc[0]
    assert (row["outcome"], row["reason"], row["decided_by"]) == ("rejected", "It is a sneer.", "the agency")
    assert band(filled, SOGGY) == "negative"


def test_labelling_is_an_outcome_and_the_reading_stays(filled):
    report = report_reading(filled, CREAMERY_ONLY, MODELS, SOGGY, "positive")
    assert send_to_labelling(filled, MANAGER, [report]) == 1
    assert counts(filled)["labelling"] == 1
    assert band(filled, SOGGY) == "negative"
    assert ask(filled, fetch_report_queue, ALL, MODELS).empty


def test_whoever_decides_second_changes_nothing(filled):
    report = report_reading(filled, CREAMERY_ONLY, MODELS, SOGGY, "positive")
    assert accept_reports(filled, MANAGER, [report], "positive") == 1
    assert accept_reports(filled, EVERYTHING, [report], "positive") == 0
    assert reject_reports(filled, EVERYTHING, [report], "too late") == 0
    assert len(stored(filled, t.decisions)) == len(stored(filled, t.report_outcomes)) == 1


def test_opening_again_restores_what_stood_before(filled):
    report_reading(filled, EVERYTHING, MODELS, SOGGY, "neutral", "my own view")
    report = report_reading(filled, CREAMERY_ONLY, MODELS, SOGGY, "positive")
    accept_reports(filled, MANAGER, [report], "positive")
    assert reopen_reports(filled, MANAGER, [report]) == 1
    assert band(filled, SOGGY) == "neutral"
    assert ask(filled, fetch_report_queue, ALL, MODELS)["report_id"].tolist() == [report]
    accept_reports(filled, MANAGER, [report], "positive")
    assert band(filled, SOGGY) == "positive"


def test_opening_again_leaves_a_later_decision_alone(filled):
    report = report_reading(filled, CREAMERY_ONLY, MODELS, SOGGY, "positive")
    accept_reports(filled, MANAGER, [report], "positive")
    report_reading(filled, EVERYTHING, MODELS, SOGGY, "neutral", "I looked again")
    reopen_reports(filled, MANAGER, [report])
    assert band(filled, SOGGY) == "neutral"


def test_only_a_suggestion_can_be_accepted(filled):
    report = report_reading(filled, CREAMERY_ONLY, MODELS, SOGGY, "positive")
    with pytest.raises(BadInput, match="No open report suggests"):
        accept_reports(filled, MANAGER, [report], "spam")
    other = report_reading(filled, CREAMERY_ONLY, MODELS, LOVELY, "positive")
    with pytest.raises(BadInput, match="one review"):
        accept_reports(filled, MANAGER, [report, other], "positive")
    assert stored(filled, t.decisions) == []


@pytest.mark.parametrize("decide", [accept_reports, reject_reports, send_to_labelling])
def test_neither_clients_nor_strangers_decide(filled, decide):
    report = report_reading(filled, CREAMERY_ONLY, MODELS, SOGGY, "positive")
    stranger = Scope("sid", Role.MANAGER, frozenset({"boutique"}))
    for scope in (CREAMERY_ONLY, OTHER_CLIENT, stranger):
        with pytest.raises(NotFound):
            decide(filled, scope, [report], "positive")
        with pytest.raises(NotFound):
            reopen_reports(filled, scope, [report])
    with pytest.raises(NotFound):
        ask(filled, fetch_report_queue, ALL, MODELS, scope=CREAMERY_ONLY)
    assert stored(filled, t.report_outcomes) == []


def test_guessed_ids_are_not_found_and_nothing_is_half_done(filled):
    report = report_reading(filled, CREAMERY_ONLY, MODELS, SOGGY, "positive")
    with pytest.raises(NotFound):
        reject_reports(filled, MANAGER, [report, "guessed"], "no")
    with pytest.raises(NotFound):
        report_readings(filled, CREAMERY_ONLY, MODELS, [SOGGY, BOUTIQUE], "spam")
    assert len(stored(filled, t.reports)) == 1
    assert stored(filled, t.report_outcomes) == []


def test_many_are_reported_at_once(filled):
    ids = report_readings(filled, MANAGER, MODELS, [SOGGY, DINER, SOGGY], "spam", "a campaign")
    assert len(set(ids)) == 2
    assert [row["verdict"] for row in stored(filled, t.decisions)] == ["spam", "spam"]


@pytest.mark.parametrize("scope", [CREAMERY_ONLY, MANAGER])
def test_a_second_click_adds_nothing(filled, scope):
    first = report_reading(filled, scope, MODELS, SOGGY, "positive", "note")
    assert report_reading(filled, scope, MODELS, SOGGY, "positive", "note") == first
    assert len(stored(filled, t.reports)) == 1
    report_reading(filled, scope, MODELS, SOGGY, "positive", "another note")
    assert len(stored(filled, t.reports)) == 2


def test_a_report_can_be_withdrawn_while_it_is_open_and_only_by_its_reporter(filled):
    report_reading(filled, CREAMERY_ONLY, MODELS, SOGGY, "positive")
    assert withdraw_reports(filled, COLLEAGUE, SOGGY) == 0
    assert withdraw_reports(filled, CREAMERY_ONLY, SOGGY) == 1
    assert withdraw_reports(filled, CREAMERY_ONLY, SOGGY) == 0
    assert counts(filled)["reported"] == 0
    assert ask(filled, fetch_reports, ALL).empty
    with pytest.raises(NotFound):
        withdraw_reports(filled, OTHER_CLIENT, SOGGY)


def test_a_client_reads_no_name_and_no_note_of_others(filled):
    mine = report_reading(filled, CREAMERY_ONLY, MODELS, SOGGY, "positive", "my note")
    theirs = report_reading(filled, COLLEAGUE, MODELS, SOGGY, "neutral", "their secret")
    accept_reports(filled, MANAGER, [mine, theirs], "positive", "the reason")
    frames = {
        "reports": ask(filled, fetch_reports, ALL, scope=CREAMERY_ONLY),
        "trail": ask(filled, fetch_review_trail, SOGGY, scope=CREAMERY_ONLY),
    }
    for frame in frames.values():
        text = frame.to_json()
        for hidden in ("cora", "mia", "their secret"):
            assert hidden not in text
        for shown in ("clem", "another person", "the agency", "my note", "the reason"):
            assert shown in text
    assert "mia" not in str(ask(filled, fetch_review, MODELS, SOGGY, scope=CREAMERY_ONLY))
    assert "cora" in ask(filled, fetch_review_trail, SOGGY, scope=MANAGER).to_json()


def test_reports_of_another_client_are_not_there(filled):
    report_reading(filled, CREAMERY_ONLY, MODELS, SOGGY, "positive")
    report_reading(filled, OTHER_CLIENT, MODELS, BOUTIQUE, "positive")
    assert ask(filled, fetch_reports, ALL, scope=OTHER_CLIENT)["review_id"].tolist() == [BOUTIQUE]
    assert counts(filled, OTHER_CLIENT)["reported"] == 1
    assert ask(filled, fetch_review_trail, SOGGY, scope=OTHER_CLIENT).empty
    assert ask(filled, fetch_report_queue, ALL, MODELS, scope=MANAGER)["review_id"].tolist() == [SOGGY]


def test_the_trail_tells_the_whole_story(filled):
    report = report_reading(filled, CREAMERY_ONLY, MODELS, SOGGY, "positive")
    reject_reports(filled, MANAGER, [report], "a sneer")
    reopen_reports(filled, MANAGER, [report])
    accept_reports(filled, MANAGER, [report], "positive", "asked the reviewer")
    take_back_decision(filled, MANAGER, SOGGY, "on second thought")
    trail = ask(filled, fetch_review_trail, SOGGY)
    assert list(zip(trail["who"], trail["what"], trail["detail"], strict=True)) == [
        ("clem", "reported", "positive"),
        ("mia", "rejected", "positive"),
        ("mia", "reopened", "positive"),
        ("mia", "decided", "positive"),
        ("mia", "decided", "taken back"),
    ]
    assert not ask(filled, fetch_reports, ALL)["in_force"].item()


def test_what_the_model_now_reads_by_itself_is_counted(filled):
    right = report_reading(filled, CREAMERY_ONLY, MODELS, LOVELY, "positive")
    wrong = report_reading(filled, CREAMERY_ONLY, MODELS, SOGGY, "positive")
    left_out = report_reading(filled, COLLEAGUE, MODELS, SOGGY, "spam")
    accept_reports(filled, MANAGER, [right], "positive")
    accept_reports(filled, MANAGER, [wrong], "positive")
    accept_reports(filled, MANAGER, [left_out], "spam")
    found = counts(filled)
    assert (found["accepted"], found["accepted_labels"], found["read_right"]) == (3, 1, 1)
    assert (found["in_force"], counts(filled, CREAMERY_ONLY, own=True)["reported"]) == (2, 2)
    unsure = report_reading(filled, CREAMERY_ONLY, MODELS, UNSURE, "neutral")
    accept_reports(filled, MANAGER, [unsure], "neutral")
    found = counts(filled)
    assert (found["accepted_labels"], found["read_right"]) == (2, 1), "an unsure reading would not count"
    changed = report_reading(filled, COLLEAGUE, MODELS, LOVELY, "not_about_us")
    accept_reports(filled, MANAGER, [changed], "not_about_us")
    found = counts(filled)
    assert (found["accepted_labels"], found["read_right"]) == (1, 0), (
        "what was decided anew later is no label"
    )


def test_every_step_is_in_the_audit_log(filled):
    report = report_reading(filled, CREAMERY_ONLY, MODELS, SOGGY, "positive", "secret note")
    accept_reports(filled, MANAGER, [report], "positive", "secret reason")
    rows = stored(filled, t.audit_log)
    assert [(row["actor"], row["action"]) for row in rows] == [("clem", "report"), ("mia", "accept_report")]
    assert "secret" not in str(rows)


def test_two_deciders_at_once_decide_once(filled):
    reports = [
        report_reading(filled, Scope(f"client{number}", Role.CLIENT, frozenset({"creamery"})), MODELS, SOGGY,
                       "positive")
        for number in range(8)
    ]  # fmt: skip
    done: list[int] = []

    def decide(who: int) -> None:
        scope = Scope(f"manager{who}", Role.MANAGER, frozenset({"creamery"}))
        done.append(accept_reports(filled, scope, reports, "positive"))

    threads = [threading.Thread(target=decide, args=(who,)) for who in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [0] * 7 + [8]
    assert len(stored(filled, t.decisions)) == 1
    assert len(stored(filled, t.report_outcomes)) == 8
