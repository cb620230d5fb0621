"""Writing random samples of readings, and the checks that people made of readings."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd
import sqlalchemy as sa

from peachdash.records import EXCLUDING_VERDICTS, Scope
from peachdash.storage import schema as t
from peachdash.storage.bulk import append_frame
from peachdash.storage.feedback import latest_decisions, new_id
from peachdash.storage.standing import scored, stands


def load_population(connection: sa.Connection, scope: Scope, client_id: str, revision: str) -> pd.DataFrame:
    """The readings that a sample of a client may draw from: review_id, label; in the order of review_id.

    Those are the readings that a revision is sure enough of, whether or not people corrected them since:
    without corrected ones the sample would flatter the model. Undone imports, reviews that people left
    out of all counts and readings that a sample has asked for before are not among them.
    """
    decision = latest_decisions()
    asked = sa.select(t.sampled_readings.c.review_id).where(
        t.sampled_readings.c.client_id == client_id, t.sampled_readings.c.revision == revision
    )
    statement = (
        sa.select(t.reviews.c.review_id, t.predictions.c.label)
        .join(t.businesses, t.businesses.c.business_id == t.reviews.c.business_id)
        .join(t.predictions, t.predictions.c.text_sha256 == t.reviews.c.text_sha256)
        .outerjoin(decision, decision.c.review_id == t.reviews.c.review_id)
        .where(
            t.businesses.c.client_id == client_id,
            t.predictions.c.revision == revision,
            ~t.predictions.c.needs_review,
            scored(),
            stands(),
            sa.func.coalesce(decision.c.verdict, "").not_in(EXCLUDING_VERDICTS),
            t.reviews.c.review_id.not_in(asked),
        )
        .order_by(t.reviews.c.review_id)
    )
    if scope.business_ids is not None:
        statement = statement.where(t.reviews.c.business_id.in_(sorted(scope.business_ids)))
    return pd.DataFrame.from_records(connection.execute(statement).fetchall(), columns=["review_id", "label"])


def append_sample(
    connection: sa.Connection, scope: Scope, client_id: str, revision: str, seed: int, drawn: pd.DataFrame
) -> str:
    """Store a drawn sample (review_id, label), whose order is that of asking; its id."""
    sample_id = new_id()
    frame = drawn.assign(
        sampled_id=[f"{sample_id}-{position:04}" for position in range(len(drawn))],
        sample_id=sample_id,
        client_id=client_id,
        revision=revision,
        seed=seed,
        drawn_by=scope.viewer,
        drawn_utc=pd.Timestamp.now("UTC"),
    )
    append_frame(connection, t.sampled_readings, frame)
    return sample_id


def load_sampled(connection: sa.Connection, sampled_id: str) -> sa.Row[Any] | None:
    """One sampled reading: sampled_id, review_id, revision, label; None where there is none."""
    table = t.sampled_readings
    statement = sa.select(table.c.sampled_id, table.c.review_id, table.c.revision, table.c.label).where(
        table.c.sampled_id == sampled_id
    )
    found: sa.Row[Any] | None = connection.execute(statement).one_or_none()  # type: ignore[assignment]
    return found


def load_answered_samples(connection: sa.Connection, review_id: int, who: str) -> list[sa.Row[Any]]:
    """The sampled readings of a review that somebody answered: sampled_id, revision, label."""
    table, checks = t.sampled_readings, t.reading_checks
    answered = sa.select(checks.c.sampled_id).where(
        checks.c.review_id == review_id, checks.c.checked_by == who
    )
    statement = (
        sa.select(table.c.sampled_id, table.c.revision, table.c.label)
        .where(table.c.review_id == review_id, table.c.sampled_id.in_(answered))
        .order_by(table.c.sampled_id)
    )
    return list(connection.execute(statement))


def load_last_answer(
    connection: sa.Connection, review_id: int, who: str, sampled_id: str | None
) -> str | None:
    """What somebody answered last on a review, or on a sampled reading of it."""
    table = t.reading_checks
    same = table.c.sampled_id.is_(None) if sampled_id is None else table.c.sampled_id == sampled_id
    statement = (
        sa.select(table.c.answer)
        .where(table.c.review_id == review_id, table.c.checked_by == who, same)
        .order_by(table.c.checked_utc.desc(), table.c.check_id.desc())
        .limit(1)
    )
    return connection.execute(statement).scalar_one_or_none()


def append_check(
    connection: sa.Connection,
    review_id: int,
    revision: str | None,
    label: str | None,
    answer: str,
    scope: Scope,
    sampled_id: str | None = None,
) -> None:
    """Append what somebody answered when a reading was shown to them."""
    connection.execute(
        sa.insert(t.reading_checks).values(
            check_id=new_id(),
            review_id=review_id,
            sampled_id=sampled_id,
            revision=revision,
            label=label,
            answer=answer,
            deciding=scope.may_decide,
            checked_by=scope.viewer,
            checked_utc=dt.datetime.now(dt.UTC),
        )
    )


def settle_answered_samples(
    connection: sa.Connection, scope: Scope, review_id: int, who: str, verdict: str | None
) -> None:
    """Where somebody had answered a sampled reading of a review, let what was decided be the answer.

    A verdict of None means that the reading stands.
    """
    for sampled in load_answered_samples(connection, review_id, who):
        answer = verdict or sampled.label
        append_check(
            connection, review_id, sampled.revision, sampled.label, answer, scope, sampled.sampled_id
        )
