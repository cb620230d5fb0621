"""Makes a demo home look as after some busy weeks: `python -m tests.browser.lively HOME`.

People, reports with conflicts, decisions, a random sample half checked and links, all made by the workflows
that the pages use. It is for looking at filled screens; run `peachdash setup` on the home before.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

import sqlalchemy as sa

from peachdash.config import Settings
from peachdash.records import LABELS, ActiveModels, Role, Scope
from peachdash.sentiment.active import find_active
from peachdash.storage import schema as t
from peachdash.storage.database import Database, open_database
from peachdash.workflows.checking import check_reading, draw_sample
from peachdash.workflows.deciding import accept_reports, reject_reports, send_to_labelling
from peachdash.workflows.exports import record_export
from peachdash.workflows.feedback import mark_answered, report_reading, report_readings
from peachdash.workflows.links import make_link, revoke_link
from peachdash.workflows.people import add_person, assign_client, change_person
from peachdash.workflows.sign_in import Identity, sign_in

HOUSE = Scope.everything("adam@peach.example")
NOTES = (
    "",
    "That was about the shop next door.",
    "She is a regular and means it. “Peachy” is her word for lovely.",
    "Sarcasm! Nobody waits an hour for soup and is happy about it.",
    "Bless their heart is NOT a compliment down here.",
    "This is the third copy of the same text, please take the others out too; we asked the platform twice.",
)
STAFF = (
    ("adam", Role.ADMIN),
    ("ana", Role.ANALYST),
    ("mia", Role.MANAGER),
    ("bartholomew.featherstonehaugh", Role.MANAGER),
)


def enliven(database: Database, models: ActiveModels) -> dict[str, str]:
    """Add it all; the token of a link by client."""
    dice = random.Random(7)
    clients = _reviews_by_client(database, models)
    people = _add_people(database, sorted(clients))
    tokens = {}
    for client, (businesses, reviews) in clients.items():
        owner = Scope(people[client], Role.CLIENT, businesses)
        manager = Scope("mia@peach.example", Role.MANAGER, businesses)
        partner = Scope(f"partner@{client}.example", Role.CLIENT, businesses)
        picked = dice.sample(reviews, min(24, len(reviews)))
        reported = [_report(database, models, owner, review, dice) for review in picked[:18]]
        for review in picked[:5]:  # somebody else says something else
            _report(database, models, partner, review, dice)
        report_readings(database, owner, models, [number for number, _ in picked[18:22]], "spam", NOTES[1])
        _decide(database, manager, models, list(zip(picked, reported, strict=False))[5:], dice)
        _check(database, manager, owner, models, client, dice)
        mark_answered(database, manager, [number for number, label in picked if label == "negative"])
        phrase = "peaches and cream" if dice.random() < 0.5 else ""
        tokens[client] = make_link(database, HOUSE, client, pass_phrase=phrase, purpose="Owner, by e-mail")
    ended = make_link(database, HOUSE, min(clients), days=1, purpose="Tasting evening")
    revoke_link(database, HOUSE, ended.split(".")[0])
    record_export(database, HOUSE, "reviews", 214)
    return tokens


def _reviews_by_client(
    database: Database, models: ActiveModels
) -> dict[str, tuple[frozenset[str], list[tuple[int, str]]]]:
    """Businesses, and review numbers with their readings, the latest first."""
    found: dict[str, tuple[set[str], list[tuple[int, str]]]] = {}
    statement = (
        sa.select(
            t.businesses.c.client_id, t.reviews.c.business_id, t.reviews.c.review_id, t.predictions.c.label
        )
        .join(t.reviews, t.reviews.c.business_id == t.businesses.c.business_id)
        .join(t.predictions, t.predictions.c.text_sha256 == t.reviews.c.text_sha256)
        .where(t.predictions.c.revision == models.champion)
        .order_by(t.reviews.c.review_date.desc(), t.reviews.c.review_id)
    )
    with database.read() as connection:
        for client, business, number, label in connection.execute(statement):
            businesses, reviews = found.setdefault(client, (set(), []))
            businesses.add(business)
            reviews.append((int(number), str(label)))
    return {client: (frozenset(businesses), reviews) for client, (businesses, reviews) in found.items()}


def _add_people(database: Database, clients: list[str]) -> dict[str, str]:
    """Staff, and an owner of each client; some have signed in, one is gone."""
    for number, (name, role) in enumerate(STAFF):
        user_id = add_person(database, HOUSE, f"{name}@peach.example", role, name.title())
        for client in clients[:2] if role is Role.MANAGER else ():
            assign_client(database, HOUSE, user_id, client)
        identity = Identity("https://id.example", str(number), f"{name}@peach.example", name, True, None)
        sign_in(database, identity)
    owners = {}
    for client in clients:
        owners[client] = f"owner@{client}.example"
        user_id = add_person(database, HOUSE, owners[client], Role.CLIENT)
        assign_client(database, HOUSE, user_id, client)
    add_person(database, HOUSE, "gone@peach.example", Role.MANAGER)
    change_person(database, HOUSE, "gone@peach.example", active=False)
    return owners


def _report(
    database: Database, models: ActiveModels, who: Scope, review: tuple[int, str], dice: random.Random
) -> tuple[str, str]:
    """The id of a report that the review is something else, and what it is said to be."""
    number, label = review
    others = [name for name in (*LABELS, "not_about_us", "duplicate") if name != label]
    suggestion = dice.choice(others)
    return report_reading(database, who, models, number, suggestion, dice.choice(NOTES)), suggestion


def _decide(
    database: Database, manager: Scope, models: ActiveModels, given: list, dice: random.Random
) -> None:
    """Accept, reject and label some, and leave others waiting."""
    for place, ((number, _), (report_id, suggestion)) in enumerate(given):
        if place % 5 in (0, 1):
            accept_reports(database, manager, [report_id], suggestion)
        elif place % 5 == 2:
            reject_reports(database, manager, [report_id], "The review says both; it counts by its balance.")
        elif place % 5 == 3:
            send_to_labelling(database, manager, [report_id])
        elif dice.random() < 0.3:
            report_reading(database, manager, models, number, suggestion, "Seen by chance.")


def _check(
    database: Database, manager: Scope, owner: Scope, models: ActiveModels, client: str, dice: random.Random
) -> None:
    """Draw a random sample and check most of it, by both."""
    draw_sample(database, manager, models, client, size=60, seed=11)
    with database.read() as connection:
        table = t.sampled_readings.c
        columns = (table.review_id, table.label, table.sampled_id)
        rows = connection.execute(
            sa.select(*columns).where(table.client_id == client).order_by(table.sampled_id)
        ).fetchall()
    for number, label, sampled_id in rows[:48]:
        wrong = dice.random() < 0.12
        answer = dice.choice([name for name in LABELS if name != label]) if wrong else str(label)
        who = manager if dice.random() < 0.7 else owner
        check_reading(database, who, models, int(number), answer, sampled_id=str(sampled_id))


if __name__ == "__main__":
    home = Path(sys.argv[1])
    opened = open_database(Settings(home=home).database)
    for client, token in enliven(opened, find_active(Settings(home=home))).items():
        sys.stdout.write(f"{client} client_link?link={token}\n")
    opened.close()
