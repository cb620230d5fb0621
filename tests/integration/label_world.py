"""A database whose reviews two people label, for the tests of labelling."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import sqlalchemy as sa

from peachdash.records import Pool, Role, Scope
from peachdash.storage import schema as t
from peachdash.storage.bulk import append_frame
from peachdash.storage.database import Database
from peachdash.storage.labelling import GivenLabel, load_items
from peachdash.workflows.labelling import give_label, make_task
from peachdash.workflows.people import add_person
from tests.integration.conftest import MODELS, add_reviews, review_rows

HOUSE = Scope.everything("ada")
MACHINE = Scope.everything("local")
ANA = Scope("ana@house.example", Role.ANALYST, None)
BO = Scope("bo@house.example", Role.ADMIN, None)
CYD = Scope("cyd@house.example", Role.ANALYST, None)


def more_reviews(database: Database, count: int = 12) -> None:
    """Some more reviews of the creamery, none of which a model has read."""
    texts = [f"Visit number {number}, just peachy on Peachtree" for number in range(count)]
    add_reviews(database, "more", review_rows([{"text": text} for text in texts]))


def add_people(database: Database) -> dict[str, str]:
    """Three people who may label; their ids by first name."""
    roles = {"ana": Role.ANALYST, "bo": Role.ADMIN, "cyd": Role.ANALYST}
    return {name: add_person(database, HOUSE, f"{name}@house.example", role) for name, role in roles.items()}


def new_task(database: Database, scope: Scope, annotators: Sequence[str], size: int = 4, **more) -> str:
    """A task over reviews without a label, in a fixed draw."""
    return make_task(database, scope, MODELS, Pool.UNLABELLED, size, annotators, seed=7, **more)


def numbers(database: Database, task_id: str) -> list[int]:
    """The reviews of a task in the order of labelling."""
    with database.read() as connection:
        return load_items(connection, task_id)


def label_all(
    database: Database, scope: Scope, task_id: str, annotator: str, labels: Sequence[str | GivenLabel]
):
    """Give labels to the reviews of a task, in its order."""
    for review_id, said in zip(numbers(database, task_id), labels, strict=False):
        given = said if isinstance(said, GivenLabel) else GivenLabel(said)
        give_label(database, scope, task_id, annotator, review_id, given)


def ship(database: Database, texts: dict[str, str]) -> None:
    """One labelled review of the shipped corpus in each split that is named, which is its key too."""
    rows = review_rows([{"text": text, "platform_id": split} for split, text in texts.items()])
    add_reviews(database, "shipped", rows)
    gold = pd.DataFrame({"review_key": list(texts), "split": list(texts)})
    gold = gold.assign(label="positive", slices=[[]] * len(gold), reason_words="", aspect=None)
    with database.write() as connection:
        shipped = sa.update(t.imports).where(t.imports.c.import_id == "shipped")
        connection.execute(shipped.values(origin="demo"))
        append_frame(connection, t.gold_labels, gold.assign(adjudicated=False, reason=""))
