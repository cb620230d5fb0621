"""Making labelling tasks, labelling, taking labels back. Both annotators stay blind to each other."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from peachdash.errors import BadInput, NotFound
from peachdash.insights import formatting
from peachdash.labelling.drawing import draw_items
from peachdash.queries.label_pools import fetch_candidates
from peachdash.queries.labelling import require_annotator
from peachdash.records import ASPECTS, LABELS, SLICES, ActiveModels, Pool, Scope
from peachdash.storage.annotators import is_at_machine, load_labelling_people, looks_like_user_id
from peachdash.storage.audit import append_audit
from peachdash.storage.database import Database
from peachdash.storage.labelling import (
    IMPORTED,
    GivenLabel,
    append_draft,
    append_given,
    append_task_state,
    count_given,
    hand_in_drafts,
    insert_task,
    load_items,
    load_own,
    load_task,
)
from peachdash.workflows.labelled_reports import settle_reports

MOST_REVIEWS = 5_000
NAME_LIMIT, WORDS_LIMIT, REASON_LIMIT, MOST_WORDS = 120, 200, 2_000, 20
NOT_FOR_YOU = "Labelling is for analysts."


def make_task(
    database: Database,
    scope: Scope,
    models: ActiveModels,
    pool: Pool,
    size: int,
    annotators: Sequence[str],
    *,
    words: Iterable[str] = (),
    name: str = "",
    seed: int | None = None,
) -> str:
    """Draw reviews for two annotators to label; the id of the task.

    Args:
        database: the open database.
        scope: who makes it.
        models: whose champion is meant by "least certain".
        pool: from which reviews.
        size: how many; fewer where the pool has fewer.
        annotators: two ids of analysts or admins; at the machine, where nobody signs in, two names.
        words: of which the reviews have one or more, for `Pool.WORDS`.
        name: what the task is called; made of pool and words where it is blank.
        seed: of the draw; a random one where it is None.

    Raises:
        NotFound: the viewer may not label.
        BadInput: a value cannot be used, or the pool is empty; the message says which.
    """
    if not scope.may_label:
        raise NotFound(NOT_FOR_YOU)
    if not 1 <= size <= MOST_REVIEWS:
        raise BadInput(f"A task has 1 to {MOST_REVIEWS:,} reviews, not {size}.")
    chosen = _clean_words(words) if pool is Pool.WORDS else []
    drawn_by = secrets.randbelow(2**31) if seed is None else seed
    with database.write() as connection:
        both = _clean_annotators(connection, scope, annotators)
        candidates = fetch_candidates(connection, scope, models, pool, chosen)
        if candidates.empty:
            raise BadInput(f"No review is left in the pool “{pool.value}”. Choose another one.")
        items = draw_items(candidates, pool, size, drawn_by)
        values = {
            "name": _clean_name(name) or _made_name(pool, chosen),
            "pool": pool.value,
            "words": chosen,
            "seed": drawn_by,
            "annotators": both,
            "made_by": scope.viewer,
        }
        task_id = insert_task(connection, values, items)
        told = {"pool": pool.value, "reviews": len(items), "annotators": both}
        append_audit(connection, scope.viewer, "make_labelling_task", "labelling_task", task_id, told)
    return task_id


def _made_name(pool: Pool, words: list[str]) -> str:
    """The pool, its words and the day, so that tasks can be told apart."""
    told = f"{pool.value.capitalize()}: {', '.join(words)}" if words else pool.value.capitalize()
    day = formatting.date(dt.datetime.now(dt.UTC).date())
    return f"{told[: NAME_LIMIT - 20]}, {day}"


def _clean_name(name: str) -> str:
    name = " ".join(name.split())
    if len(name) > NAME_LIMIT:
        raise BadInput(f"A task's name has at most {NAME_LIMIT} characters, this one has {len(name)}.")
    return name


def _clean_words(words: Iterable[str]) -> list[str]:
    found = list(dict.fromkeys(" ".join(word.split()) for word in words if word.strip()))
    if not found:
        raise BadInput("Name one word or more that the reviews should mention, such as peachy.")
    if len(found) > MOST_WORDS or max(map(len, found)) > WORDS_LIMIT:
        raise BadInput(f"At most {MOST_WORDS} words of {WORDS_LIMIT} characters each can be looked for.")
    return found


def _clean_annotators(connection: sa.Connection, scope: Scope, annotators: Sequence[str]) -> list[str]:
    names = [" ".join(name.split()) for name in annotators]
    if len(names) != 2 or not all(names):
        raise BadInput("Two annotators are expected, who label without seeing each other's labels.")
    if names[0].casefold() == names[1].casefold():
        raise BadInput("The two annotators are the same person: a second label has to be somebody else's.")
    if not is_at_machine(scope):
        unknown = set(names) - set(load_labelling_people(connection))
        if unknown:
            raise BadInput("Annotators are active analysts and admins; one of these is not.")
    elif any(len(name) > NAME_LIMIT or looks_like_user_id(name) or "@" in name for name in names):
        raise BadInput(f"A name has at most {NAME_LIMIT} characters and no @.")
    return names


def clean_label(said: GivenLabel) -> GivenLabel:
    """A label whose parts are all known; words and aspect are kept of negative ones only.

    Raises:
        BadInput: label, slices or aspect are none that there are, or the words are too long.
    """
    if said.label not in LABELS:
        raise BadInput(f"A label is one of {', '.join(LABELS)}, not {said.label!r}.")
    unknown = [name for name in said.slices if name not in SLICES]
    if unknown:
        raise BadInput(f"A slice is one of {', '.join(SLICES)}, not {unknown[0]!r}.")
    slices = tuple(name for name in SLICES if name in said.slices)
    if said.label != "negative":
        return GivenLabel(said.label, slices, said.unsure)
    words = " ".join(said.reason_words.split())
    if len(words) > WORDS_LIMIT:
        raise BadInput(f"The words of a reason have at most {WORDS_LIMIT} characters, these {len(words)}.")
    if said.aspect is not None and said.aspect not in ASPECTS:
        raise BadInput(f"An aspect is one of {', '.join(ASPECTS)}, not {said.aspect!r}.")
    return GivenLabel(said.label, slices, said.unsure, words, said.aspect)


def give_label(
    database: Database, scope: Scope, task_id: str, annotator: str, review_id: int, said: GivenLabel
) -> None:
    """Label a review of a task.

    The label waits as a draft, which can be taken back, until the annotator gives the next one or has none
    left. So nobody learns what the other said and then changes their own.

    Raises:
        NotFound: there is no such task or review in it, or the viewer is not this annotator.
        BadInput: the label is none, the task is closed, or the annotator has labelled the review.
    """
    said = clean_label(said)
    with database.write() as connection:
        require_annotator(connection, scope, task_id, annotator)
        _require_open(connection, task_id)
        items, own = load_items(connection, task_id), load_own(connection, task_id, annotator)
        if review_id not in items:
            raise NotFound("There is no such review in this labelling task.")
        if review_id in own:
            raise BadInput("You have labelled this review. Take the label back to give another one.")
        handed_in = hand_in_drafts(connection, task_id, annotator)
        is_last = set(items) <= {*own, review_id}
        append = append_given if is_last else append_draft
        append(connection, task_id, review_id, annotator, said)
        append_audit(connection, scope.viewer, "label", "review", review_id, {"task": task_id})
        settle_reports(connection, scope, [*handed_in, review_id])


def take_back_label(database: Database, scope: Scope, task_id: str, annotator: str, review_id: int) -> None:
    """Take an own label back, so that the review is to be labelled again.

    Raises:
        NotFound: there is no such task, the viewer is not this annotator, or they gave no such label.
        BadInput: both annotators have labelled the review for good, or the task is closed.
    """
    with database.write() as connection:
        require_annotator(connection, scope, task_id, annotator)
        _require_open(connection, task_id)
        own = load_own(connection, task_id, annotator)
        if review_id not in own:
            raise NotFound("You gave no label on this review.")
        if own[review_id]:
            append_draft(connection, task_id, review_id, annotator, GivenLabel(None))
        elif count_given(connection, task_id, review_id) < 2:
            append_given(connection, task_id, review_id, annotator, GivenLabel(None))
        else:
            raise BadInput(
                "Both annotators have labelled this review, so the labels can be seen and stay as they are. "
                "If yours was a slip, it is settled in the adjudication."
            )
        append_audit(connection, scope.viewer, "take_back_label", "review", review_id, {"task": task_id})


def set_task_open(database: Database, scope: Scope, task_id: str, is_open: bool, reason: str = "") -> None:
    """Close a task, or open it again. Labels that waited are then given for good.

    Raises:
        NotFound: there is no such task, or the viewer may not label.
        BadInput: the labels of the task came from a file; or the reason is too long.
    """
    reason = clean_reason(reason)
    with database.write() as connection:
        task = load_task(connection, task_id) if scope.may_label else None
        if task is None:
            raise NotFound("There is no such labelling task for you.")
        if task.pool == IMPORTED:
            raise BadInput("The labels of this task came from a file; it cannot be opened.")
        if task.is_open == is_open:
            return
        handed_in = hand_in_drafts(connection, task_id)
        append_task_state(connection, task_id, is_open, reason, scope.viewer)
        action = "reopen_labelling_task" if is_open else "close_labelling_task"
        append_audit(connection, scope.viewer, action, "labelling_task", task_id)
        settle_reports(connection, scope, handed_in)


def clean_reason(reason: str) -> str:
    """A reason without needless white space.

    Raises:
        BadInput: it is too long.
    """
    reason = " ".join(reason.split())
    if len(reason) > REASON_LIMIT:
        raise BadInput(f"A reason has at most {REASON_LIMIT:,} characters, this one has {len(reason):,}.")
    return reason


def _require_open(connection: sa.Connection, task_id: str) -> None:
    task = load_task(connection, task_id)
    if task is None or not task.is_open:
        raise BadInput("This labelling task is closed. Whoever made it can open it again.")
