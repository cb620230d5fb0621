"""Two databases that differ in one thing: in one of them there is a second client.

Whatever a viewer of the first client gets must be the same in both. That covers rows and names, and
counts, orders, messages and numbers of things too, without anybody having to think of them one by one.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa

from peachdash.config import Settings
from peachdash.ingest import recognise
from peachdash.insights.issue_building import FoundIssues
from peachdash.jobs.grouping import new_issue_id
from peachdash.queries.issue_evidence import fetch_ungrouped
from peachdash.records import Pool, ReviewFilter, Role, Scope
from peachdash.sentiment.text import scored_texts, text_sha256s
from peachdash.storage import schema as t
from peachdash.storage.bulk import append_frame
from peachdash.storage.catalogue import add_business, ensure_client
from peachdash.storage.database import Database, open_database
from peachdash.storage.findings import append_twins
from peachdash.storage.labelling import GivenLabel, load_items
from peachdash.storage.predictions import append_predictions
from peachdash.storage.promotions import append_promotion
from peachdash.storage.reviews import append_links
from peachdash.workflows.adjudicating import adjudicate
from peachdash.workflows.checking import draw_sample
from peachdash.workflows.exports import record_export
from peachdash.workflows.feedback import mark_answered, report_reading
from peachdash.workflows.imports import ImportOptions, import_export
from peachdash.workflows.issue_building import cut_sentences, store_issues
from peachdash.workflows.issue_editing import rename_issue
from peachdash.workflows.issue_work import set_fix, set_work
from peachdash.workflows.labelling import give_label, make_task
from peachdash.workflows.links import make_link
from peachdash.workflows.people import add_person, assign_client
from peachdash.workflows.profiles import save_profile
from peachdash.workflows.sign_in import Identity, load_scope, sign_in
from tests.integration.conftest import MODELS, add_reviews, reading, review_rows

NORTH, SOUTH, EAST = "north", "south", "east"
MARKER = "zanzibar"
"""In every text, name, note and id of the second client, in one spelling or another."""

HOUSE = Scope.everything("ada")
ISSUER = "https://issuer.example"
_NOT_SOUTH = {NORTH: "meadow", EAST: "harbour"}


@dataclass(frozen=True)
class Ids:
    """What a visitor could guess or have seen of one client."""

    client: str
    business: str
    other_business: str
    reviews: list[int]
    labelled_key: str
    import_id: str
    report_id: str
    user_id: str
    email: str
    link_id: str
    token: str
    sampled_id: str
    sampled_review: int
    text_sha256: str
    export: bytes
    profile: str
    issue_id: str
    other_issue: str
    sentence: tuple[str, int]
    task_id: str
    labelled_review: int
    settled_review: int


@dataclass
class World:
    """A filled database.

    Attributes:
        ids: by client.
        settings: of its own home.
        scopes: by role, once they were asked for.
    """

    database: Database
    settings: Settings
    ids: dict[str, Ids] = field(default_factory=dict)
    scopes: dict[Role, Scope] = field(default_factory=dict)

    def scope(self, role: Role) -> Scope:
        """What somebody of the first client, or of the house, gets by signing in; it stays so."""
        if role not in self.scopes:
            self.scopes[role] = self._signed_in(role)
        return self.scopes[role]

    def _signed_in(self, role: Role) -> Scope:
        name = {Role.CLIENT: "clara", Role.MANAGER: "mia", Role.ANALYST: "ana", Role.ADMIN: "adam"}[role]
        where = "house" if role in (Role.ANALYST, Role.ADMIN) else NORTH
        return load_scope(self.database, identity(name, where))


def identity(name: str, where: str) -> Identity:
    return Identity(ISSUER, f"{name}-{where}", f"{name}@{where}.example", name, True, dt.datetime.now(dt.UTC))


def build_world(home: Path, clients: tuple[str, ...]) -> World:
    """A database in `home` with some clients, whose rows are stored one client after the other.

    Reviews are numbered through the whole database, so the rows of the first clients come first and have
    the same numbers in every world.
    """
    home.mkdir()
    settings = Settings(home=home)
    world = World(open_database(settings.database), settings)
    for name, role in (("adam", Role.ADMIN), ("ana", Role.ANALYST)):
        add_person(world.database, HOUSE, f"{name}@house.example", role)
        sign_in(world.database, identity(name, "house"))
    for client in clients:
        _add_catalogue(world.database, client)
    for client in clients:
        if client == EAST:
            _add_mixed_import(world.database, clients)
            continue
        _fill(world, client)
        world.ids[client] = _work(world, client)
    with world.database.write() as connection:
        append_promotion(connection, MODELS.champion, "ana@house.example", "better")
    return world


def word(client: str) -> str:
    return MARKER if client == SOUTH else _NOT_SOUTH[client]


def _add_catalogue(database: Database, client: str) -> None:
    with database.write() as connection:
        ensure_client(connection, client, f"{word(client)} foods")
        for number in ("one", "two"):
            add_business(
                connection, f"{word(client)} {number}", business_id=f"{client}-{number}", client_id=client,
                kind=f"{word(client)} kind",
            )  # fmt: skip


def _fill(world: World, client: str) -> None:
    """Reviews, labels and readings of one client: read, undecided, waiting, without text, undated."""
    name, days = word(client), 400 if client == SOUTH else 0
    start = dt.date(2026, 3, 2) - dt.timedelta(days=days)
    rows = [
        {
            "text": f"{name} visit {number}, just peachy",
            "review_date": start + dt.timedelta(days=9 * number),
            "stars": float(1 + number % 5),
            "business_id": f"{client}-{'one' if number % 3 else 'two'}",
            "source": f"{name}-site" if number % 4 == 3 else "google",
        }
        for number in range(12)
    ]
    rows.append({"text": "", "stars": 5.0, "unscored_reason": "no_text", "business_id": f"{client}-one"})
    frame = review_rows(rows)
    add_reviews(world.database, f"{client}-plain", frame)
    held_out = review_rows(
        [
            {
                "text": f"{name} held out {number}",
                "platform_id": f"{name}-key-{number}",
                "business_id": f"{client}-one",
            }
            for number in range(4)
        ]
    )
    add_reviews(world.database, f"{client}-labelled", held_out)
    labels = ["negative", "positive", "neutral", "negative"]
    gold = pd.DataFrame({"review_key": held_out["platform_id"], "label": labels})
    gold = gold.assign(split="test", slices=[["peachy_brand"]] * 4, reason_words=name, aspect=None)
    with world.database.write() as connection:
        demo = sa.update(t.imports).where(t.imports.c.import_id == f"{client}-labelled")
        connection.execute(demo.values(origin="demo"))
        append_frame(connection, t.gold_labels, gold.assign(adjudicated=False, reason=""))
        append_predictions(connection, _readings(pd.concat([frame.iloc[:11], held_out])))


def _readings(reviews: pd.DataFrame) -> pd.DataFrame:
    """The champion reads all, one unsurely; the generic model takes every second for positive, one neutral
    one for negative."""
    rows = []
    labels = ("negative", "neutral", "positive")
    for number, text_sha256 in enumerate(reviews["text_sha256"]):
        sure = number % 5 != 4
        rows.append(reading(text_sha256, MODELS.champion, labels[number % 3], 0.9 if sure else 0.4, not sure))
        other = "positive" if number % 2 else labels[number % 3]
        rows.append(reading(text_sha256, MODELS.generic, "negative" if number == 7 else other))
    return pd.DataFrame(rows)


def _add_mixed_import(database: Database, clients: tuple[str, ...]) -> None:
    """One import of the house that names businesses of several clients."""
    rows = [{"text": f"{word(client)} mixed", "business_id": f"{client}-one"} for client in clients]
    add_reviews(database, "mixed", review_rows(rows))


def _work(world: World, client: str) -> Ids:
    """What people of a client do: sign in, import, report, decide, answer, share, ask for samples, export."""
    database, name = world.database, word(client)
    people = {"clara": Role.CLIENT, "mia": Role.MANAGER}
    scopes = {}
    for person, role in people.items():
        user_id = add_person(database, HOUSE, f"{person}@{client}.example", role, f"{person} of {name}")
        assign_client(database, HOUSE, user_id, client)
        scopes[role] = sign_in(database, identity(person, client))
    manager, reporter = scopes[Role.MANAGER], scopes[Role.CLIENT]
    with database.read() as connection:
        numbers = connection.execute(
            sa.select(t.reviews.c.review_id, t.reviews.c.text_sha256)
            .where(t.reviews.c.import_id == f"{client}-plain")
            .order_by(t.reviews.c.review_id)
        ).fetchall()
    reviews = [int(number) for number, _ in numbers]
    export = (
        f"business,date,rating,review\n{name} one,2026-05-01,2,{name} imported later\n"
        f"{name} two,2026-05-02,,\n"
    ).encode()
    imported = import_export(
        database, manager, world.settings.home, export, f"{name}.csv",
        ImportOptions(source="google", business=f"{name} one"), "page",
    )  # fmt: skip
    save_profile(
        database, manager, f"{name} monthly", recognise(export, f"{name}.csv"),
        ImportOptions(source="google", business=f"{name} one"),
    )  # fmt: skip
    _add_findings(database, client, reviews)
    report_id = report_reading(database, reporter, MODELS, reviews[0], "neutral", f"{name} note")
    report_reading(database, manager, MODELS, reviews[1], "positive", f"{name} correction")
    mark_answered(database, manager, [reviews[3]], note=f"{name} answer")
    token = make_link(database, manager, client, purpose=f"{name} link")
    draw_sample(database, manager, MODELS, client, size=4, seed=1)
    issue_id, other_issue, sentence = _complain(database, manager, client)
    record_export(database, manager, f"{name} reviews", 7)
    task_id, labelled_review, settled_review = _label(database, client)
    with database.read() as connection:
        sampled = connection.execute(
            sa.select(t.sampled_readings.c.sampled_id, t.sampled_readings.c.review_id)
            .where(t.sampled_readings.c.client_id == client)
            .order_by(t.sampled_readings.c.sampled_id)
            .limit(1)
        ).one()
        return Ids(
            client=client,
            business=f"{client}-one",
            other_business=f"{client}-two",
            reviews=reviews,
            labelled_key=f"{name}-key-0",
            import_id=str(imported.import_id),
            report_id=report_id,
            user_id=user_id,
            email=f"mia@{client}.example",
            link_id=token.partition(".")[0],
            token=token,
            sampled_id=sampled[0],
            sampled_review=sampled[1],
            text_sha256=text_sha256s(scored_texts([""], [f"{name} visit 0, just peachy"]))[0],
            export=export,
            profile=f"{name} monthly ({manager.viewer})",
            issue_id=issue_id,
            other_issue=other_issue,
            sentence=sentence,
            task_id=task_id,
            labelled_review=labelled_review,
            settled_review=settled_review,
        )


def _add_findings(database: Database, client: str, reviews: list[int]) -> None:
    """A twin of the first review, and what the platform shows."""
    twins = pd.DataFrame({"review_id": reviews[:1], "twin_id": reviews[3:4], "similarity": [0.9]})
    counts = pd.DataFrame({"business_id": [f"{client}-one"], "source": ["google"], "shown": [99]})
    with database.write() as connection:
        append_twins(connection, twins)
        append_links(connection, f"{client}-plain", {"platform_counts": counts})


def _complain(database: Database, manager: Scope, client: str) -> tuple[str, str, tuple[str, int]]:
    """Two issues of a client's second business, worked and edited; and a sentence of the first."""
    cut_sentences(database, HOUSE)
    with database.read() as connection:
        new = fetch_ungrouped(connection, HOUSE, MODELS)
    new = new[new["business_id"] == f"{client}-two"].reset_index(drop=True)
    ids = [new_issue_id(), new_issue_id()]
    vectors = list(np.eye(len(new), 8, dtype=np.float32))
    sentences = new.assign(
        issue_id=[ids[number > 0] for number in range(len(new))], similarity=1.0, vector=vectors
    )
    issues = pd.DataFrame({"issue_id": ids, "business_id": f"{client}-two", "vector": vectors[:2]})
    names = pd.DataFrame(
        {
            "issue_id": ids,
            "name": [f"{word(client)} sauce", f"{word(client)} wait"],
            "keywords": [[word(client)], [word(client)]],
            "aspect": ["food or product", "waiting"],
            "sentences": [1, len(new) - 1],
        }
    )
    store_issues(database, HOUSE, FoundIssues(issues, sentences, names), "space")
    set_fix(database, manager, ids[0], f"{word(client)} fix", dt.date(2026, 5, 4))
    set_work(
        database,
        manager,
        MODELS,
        ids[0],
        "in progress",
        owner=f"{word(client)} owner",
        note=f"{word(client)} n",
    )
    rename_issue(database, manager, ids[1], f"{word(client)} queue")
    first = sentences.iloc[0]
    return ids[0], ids[1], (str(first["text_sha256"]), int(first["position"]))


def _label(database: Database, client: str) -> tuple[str, int, int]:
    """A task whose reviews two people at the machine labelled; one that is open, one that is adjudicated."""
    task_id = make_task(
        database, HOUSE, MODELS, Pool.WORDS, 3, ["Ada", "Ben"], words=[f"{word(client)} visit"], seed=1,
        name=f"{word(client)} task",
    )  # fmt: skip
    with database.read() as connection:
        numbers = load_items(connection, task_id)
    for annotator, label in (("Ada", "negative"), ("Ben", "positive")):
        for number in numbers:
            give_label(database, HOUSE, task_id, annotator, number, GivenLabel(label))
    adjudicate(database, HOUSE, task_id, numbers[0], GivenLabel("negative"), f"{word(client)} reason")
    return task_id, numbers[1], numbers[0]


class Trial(Database):
    """A database that forgets every write: all goes through one transaction, rolled back at the end."""

    def __init__(self, database: Database, connection: sa.Connection) -> None:
        super().__init__(database.engine)
        self._connection = connection

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        yield self._connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        yield self._connection

    def counts(self) -> dict[str, int]:
        """Rows of every table but those that refusals are noted in."""
        tables = [name for name in t.metadata.tables if name not in ("audit_log", "share_link_attempts")]
        columns = [
            sa.select(sa.func.count()).select_from(t.metadata.tables[name]).scalar_subquery().label(name)
            for name in tables
        ]
        return dict(self._connection.execute(sa.select(*columns)).mappings().one())


@contextmanager
def trial(world: World) -> Iterator[Trial]:
    """The world's database for one call, as it was afterwards."""
    with world.database.engine.connect() as connection:
        transaction = connection.begin()
        try:
            yield Trial(world.database, connection)
        finally:
            transaction.rollback()


_SCRAMBLE = re.compile(r"\d{20}-[0-9a-f]{12}|\b[0-9a-f]{32}\b|\b[0-9a-f]{12}\b")


def described(value: Any) -> Any:
    """A result as plain values that can be compared: moments and random ids are all alike."""
    if isinstance(value, pd.DataFrame):
        rows = [described(row) for row in value.astype(object).to_dict("records")]
        return {"columns": list(value.columns), "rows": rows}
    if isinstance(value, pd.Series):
        return [described(item) for item in value.astype(object)]
    if isinstance(value, np.ndarray):
        return [described(item) for item in value.tolist()]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = {item.name: getattr(value, item.name) for item in dataclasses.fields(value)}
        return {"": type(value).__name__, **described(parts)}
    if isinstance(value, Mapping):
        return {str(described(key)): described(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted((described(item) for item in value), key=repr)
    if isinstance(value, (list, tuple)):
        return [described(item) for item in value]
    if isinstance(value, (dt.datetime, pd.Timestamp)):
        return "<moment>"
    if isinstance(value, bytes):
        return described(value.decode("utf-8", "replace"))
    if isinstance(value, str) and not isinstance(value, enum.Enum):
        return _SCRAMBLE.sub("<id>", value)
    if isinstance(value, float) and np.isnan(value):
        return None
    if value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, (int, float, bool, dt.date, enum.Enum, np.generic, type(None))):
        return value
    raise TypeError(f"say here how a {type(value).__name__} is compared")


def everything_of(ids: Ids) -> ReviewFilter:
    """The filter that asks for one client and one business of it."""
    return ReviewFilter(client_id=ids.client, business_id=ids.business)
