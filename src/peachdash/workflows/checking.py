"""Confirming and correcting readings, and drawing the random samples that ask for it."""

from __future__ import annotations

import secrets

import numpy as np
import sqlalchemy as sa

from peachdash.errors import BadInput, NotFound
from peachdash.records import ActiveModels, Scope
from peachdash.storage.audit import append_audit
from peachdash.storage.database import Database
from peachdash.storage.feedback import load_reading, load_standing
from peachdash.storage.links import load_client_businesses
from peachdash.storage.samples import (
    append_check,
    append_sample,
    load_last_answer,
    load_population,
    load_sampled,
)
from peachdash.workflows.feedback import (
    clean_note,
    known_verdict,
    store_report,
    store_withdrawals,
    visible_text,
)

SAMPLE_SIZE, MOST_SAMPLED = 30, 500


def check_reading(
    database: Database,
    scope: Scope,
    models: ActiveModels,
    review_id: int,
    answer: str,
    note: str = "",
    sampled_id: str | None = None,
) -> None:
    """Store what somebody answers to "did we read this right?": the label again, or what it should be.

    An answer that differs from what the review counts as is a report too, and from those who may decide a
    decision. The same answer of the same person again adds nothing; another one replaces it, and withdraws
    the report that the first one made.

    Args:
        database: the open database.
        scope: who answers.
        models: what is shown to them.
        review_id: the review.
        answer: a verdict.
        note: what the report says beside it.
        sampled_id: the sampled reading that was asked for; None where they answer on their own account.

    Raises:
        BadInput: the answer is no verdict, or the note is too long.
        NotFound: the viewer has no such review, or it is not the one that was sampled.
    """
    with database.write() as connection:
        store_check(connection, scope, models, review_id, answer, note, sampled_id)


def store_check(
    connection: sa.Connection,
    scope: Scope,
    models: ActiveModels,
    review_id: int,
    answer: str,
    note: str = "",
    sampled_id: str | None = None,
) -> None:
    """`check_reading` within the caller's transaction."""
    answer, note = known_verdict(answer), clean_note(note)
    text_sha256 = visible_text(connection, scope, review_id)
    revision, label = _shown(connection, models, review_id, text_sha256, sampled_id)
    if load_last_answer(connection, review_id, scope.viewer, sampled_id) == answer:
        return
    append_check(connection, review_id, revision, label, answer, scope, sampled_id)
    told = {"answer": answer, "sampled": sampled_id}
    append_audit(connection, scope.viewer, "check_reading", "review", review_id, told)
    store_withdrawals(connection, scope, review_id, but=answer)
    if answer != load_standing(connection, review_id, text_sha256, models.champion):
        store_report(connection, scope, models, review_id, answer, note)


def _shown(
    connection: sa.Connection,
    models: ActiveModels,
    review_id: int,
    text_sha256: str,
    sampled_id: str | None,
) -> tuple[str | None, str | None]:
    """Revision and label that were in front of whoever answers."""
    if sampled_id is None:
        label = load_reading(connection, text_sha256, models.champion)
        return (models.champion if label else None), label
    sampled = load_sampled(connection, sampled_id)
    if sampled is None or int(sampled.review_id) != review_id:
        raise NotFound(f"Review {review_id} was not sampled.")
    return str(sampled.revision), str(sampled.label)


def draw_sample(
    database: Database,
    scope: Scope,
    models: ActiveModels,
    client_id: str,
    *,
    size: int = SAMPLE_SIZE,
    seed: int | None = None,
) -> int:
    """Draw readings of a client at random, without replacement, for people to confirm or correct.

    Args:
        database: the open database.
        scope: who draws.
        models: whose champion's readings are drawn from.
        client_id: the client.
        size: how many, 1 to `MOST_SAMPLED`; fewer where fewer are left.
        seed: of the drawing, stored with it; None takes one from the system.

    Returns:
        How many readings were drawn.

    Raises:
        BadInput: the size cannot be, or every sure reading has been asked for.
        NotFound: the viewer has no such client, or may not decide.
    """
    if not 1 <= size <= MOST_SAMPLED:
        raise BadInput(f"A sample has 1 to {MOST_SAMPLED} readings, not {size}.")
    if not scope.may_decide:
        raise NotFound("Samples are drawn by managers and analysts.")
    seed = secrets.randbits(31) if seed is None else seed
    with database.write() as connection:
        if not visible_client(connection, scope, client_id):
            raise NotFound("There is no such client.")
        population = load_population(connection, scope, client_id, models.champion)
        if population.empty:
            raise BadInput("Every sure reading of this client has been asked for already.")
        chosen = np.random.default_rng(seed).permutation(len(population))[:size]
        drawn = population.iloc[chosen]
        sample_id = append_sample(connection, scope, client_id, models.champion, seed, drawn)
        told = {"client": client_id, "readings": len(drawn), "of": len(population), "seed": seed}
        append_audit(connection, scope.viewer, "draw_sample", "sample", sample_id, told)
    return len(drawn)


def visible_client(connection: sa.Connection, scope: Scope, client_id: str) -> list[str]:
    """The businesses of a client, if the viewer may see all of them and there is one; else none."""
    businesses = load_client_businesses(connection, client_id)
    return businesses if all(scope.allows(business) for business in businesses) else []
