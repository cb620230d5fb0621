"""Correcting issues: rename, set the aspect, hide, merge, split, move a sentence. Later reviews follow."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from peachdash.errors import BadInput, NotFound
from peachdash.records import ASPECTS, Aspect, IssueEdit, Scope
from peachdash.storage.audit import append_audit
from peachdash.storage.database import Database
from peachdash.storage.feedback import new_id
from peachdash.storage.issue_edits import (
    append_edit,
    append_places,
    append_split,
    load_edit,
    load_issue_business,
    load_merged_into,
    load_placed,
    load_space,
)
from peachdash.storage.issues import load_namings

NAME_LIMIT = 80


def rename_issue(database: Database, scope: Scope, issue_id: str, name: str | None) -> None:
    """Give an issue another name; None or a blank one returns to the name in customers' words.

    Raises:
        BadInput: the name is longer than `NAME_LIMIT`.
        NotFound: the viewer has no such issue, or may not decide.
    """
    name = " ".join((name or "").replace("\0", "").split())
    if len(name) > NAME_LIMIT:
        raise BadInput(f"A name has at most {NAME_LIMIT} characters, this one {len(name)}.")
    _edit(database, scope, issue_id, IssueEdit.RENAME, name or None)


def set_aspect(database: Database, scope: Scope, issue_id: str, aspect: str | None) -> None:
    """Say what an issue is about; None returns to what the head says.

    Raises:
        BadInput: there is no such aspect.
        NotFound: the viewer has no such issue, or may not decide.
    """
    if aspect is not None and aspect not in ASPECTS:
        raise BadInput(f"An aspect is one of {', '.join(ASPECTS)}, not {aspect!r}.")
    _edit(database, scope, issue_id, IssueEdit.ASPECT, aspect)


def hide_issue(database: Database, scope: Scope, issue_id: str, *, hidden: bool = True) -> None:
    """Leave an issue out of the lists, or (hidden=False) show it again.

    Raises:
        NotFound: the viewer has no such issue, or may not decide.
    """
    _edit(database, scope, issue_id, IssueEdit.HIDE, "hidden" if hidden else None)


def _edit(database: Database, scope: Scope, issue_id: str, kind: IssueEdit, value: str | None) -> None:
    with database.write() as connection:
        editable_business(connection, scope, issue_id)
        if load_edit(connection, issue_id, kind) != value:
            append_edit(connection, issue_id, kind, value, scope.viewer)
            append_audit(connection, scope.viewer, f"{kind.value}_issue", "issue", issue_id)


def merge_issues(database: Database, scope: Scope, issue_id: str, into: str) -> list[str]:
    """Make an issue, with all that is part of it, part of another one of the same business.

    Returns:
        The issues that are part of the other one by this; `unmerge_issues` takes it back.

    Raises:
        BadInput: the two are the same, of different businesses, or the other one is itself part of one.
        NotFound: the viewer has not both, or may not decide.
    """
    with database.write() as connection:
        own, other = (editable_business(connection, scope, name) for name in (issue_id, into))
        if issue_id == into or own != other:
            raise BadInput("Two different issues of one business can be merged.")
        if load_edit(connection, into, IssueEdit.MERGE) is not None:
            raise BadInput("The issue to merge into is part of another one: choose that one.")
        moved = [issue_id, *load_merged_into(connection, issue_id)]
        for name in moved:
            append_edit(connection, name, IssueEdit.MERGE, into, scope.viewer)
        append_audit(connection, scope.viewer, "merge_issue", "issue", issue_id, {"into": into})
    return moved


def unmerge_issues(database: Database, scope: Scope, issue_ids: Iterable[str]) -> int:
    """Undo a merge: the first issue stands for itself again, with the others as parts of it; how many.

    Raises:
        NotFound: one of the issues is not the viewer's, or they may not decide.
    """
    names = list(issue_ids)
    with database.write() as connection:
        for name in names:
            editable_business(connection, scope, name)
            append_edit(
                connection, name, IssueEdit.MERGE, None if name == names[0] else names[0], scope.viewer
            )
            append_audit(connection, scope.viewer, "unmerge_issue", "issue", name)
    return len(names)


def split_issue(
    database: Database, scope: Scope, issue_id: str, sentences: Iterable[tuple[str, int]], name: str
) -> str:
    """Let some sentences of an issue be an issue of their own; the id of the new one.

    Args:
        database: the open database.
        scope: who splits.
        issue_id: where the sentences are.
        sentences: text_sha256 and position of each.
        name: of the new issue.

    Raises:
        BadInput: there is no name or no sentence, or one is not in the issue.
        NotFound: the viewer has no such issue, or may not decide.
    """
    name, chosen = " ".join(name.split()), sorted(set(sentences))
    if not name or len(name) > NAME_LIMIT:
        raise BadInput(f"The new issue needs a name of at most {NAME_LIMIT} characters.")
    with database.write() as connection:
        business = editable_business(connection, scope, issue_id)
        rows = _placed_here(connection, business, issue_id, chosen)
        new = new_id()
        append_split(connection, new, business, name, _aspect(connection, business, issue_id), scope.viewer)
        append_edit(connection, new, IssueEdit.RENAME, name, scope.viewer)
        space = load_space(connection, issue_id) or ""
        append_places(connection, rows, new, business, space, "split", scope.viewer)
        told = {"into": new, "sentences": len(rows)}
        append_audit(connection, scope.viewer, "split_issue", "issue", issue_id, told)
    return new


def _aspect(connection: sa.Connection, business: str, issue_id: str) -> str:
    """What an issue is about: as people say, else as the head does."""
    said = load_edit(connection, issue_id, IssueEdit.ASPECT)
    namings = load_namings(connection, [business])
    own = namings.loc[namings["issue_id"] == issue_id, "aspect"]
    return said or (str(own.iloc[0]) if len(own) else Aspect.OTHER.value)


def move_sentences(
    database: Database, scope: Scope, issue_id: str, sentences: Iterable[tuple[str, int]], into: str
) -> int:
    """Put sentences of an issue into another one of the same business; sentences like them follow.

    Returns:
        How many were moved.

    Raises:
        BadInput: there is no sentence, one is not in the issue, or the other is of another business.
        NotFound: the viewer has not both issues, or may not decide.
    """
    with database.write() as connection:
        own, other = (editable_business(connection, scope, name) for name in (issue_id, into))
        if issue_id == into or own != other:
            raise BadInput("A sentence moves between two different issues of one business.")
        rows = _placed_here(connection, own, issue_id, sorted(set(sentences)))
        space = load_space(connection, into) or load_space(connection, issue_id) or ""
        append_places(connection, rows, into, own, space, "moved", scope.viewer)
        told = {"into": into, "sentences": len(rows)}
        append_audit(connection, scope.viewer, "move_sentences", "issue", issue_id, told)
    return len(rows)


def _placed_here(
    connection: sa.Connection, business: str, issue_id: str, sentences: list[tuple[str, int]]
) -> list[sa.Row]:  # type: ignore[type-arg]
    """The places of sentences that are in an issue, or in one that is part of it."""
    if not sentences:
        raise BadInput("Choose at least one sentence.")
    parts = {issue_id, *load_merged_into(connection, issue_id)}
    rows = [row for row in load_placed(connection, business, sentences) if row.issue_id in parts]
    if len(rows) != len(sentences):
        raise BadInput("A sentence is not in this issue (any more). Look again.")
    return rows


def editable_business(connection: sa.Connection, scope: Scope, issue_id: str) -> str:
    """The business of an issue that the viewer may edit.

    Raises:
        NotFound: there is none in their scope, or they may not decide.
    """
    if not scope.may_decide:
        raise NotFound("Issues are edited by managers and analysts.")
    business = load_issue_business(connection, scope, issue_id)
    if business is None:
        raise NotFound("There is no such issue.")
    return business
