"""A database in which every text that people can write is one of the payloads."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from peachdash.records import Role, Scope
from peachdash.sentiment.text import scored_texts, text_sha256s
from peachdash.storage import schema as t
from peachdash.storage.bulk import append_frame
from peachdash.storage.catalogue import add_business, ensure_client
from peachdash.storage.database import Database
from peachdash.storage.predictions import append_predictions
from peachdash.storage.promotions import append_promotion
from peachdash.storage.reviews import append_import, append_reviews
from peachdash.workflows.checking import check_reading, draw_sample
from peachdash.workflows.deciding import accept_reports, reject_reports, send_to_labelling
from peachdash.workflows.feedback import mark_answered, report_reading
from peachdash.workflows.links import make_link
from peachdash.workflows.people import add_person

from ..pages.conftest import MODELS, make_predictions
from .payloads import PAYLOADS

HOUSE = Scope.everything(PAYLOADS[2])
CLIENT, BUSINESSES = "poison", [f"b{number:02}" for number in range(len(PAYLOADS))]


def poison(database: Database) -> str:
    """Fill a database; the token of a link to its client."""
    reviews = _reviews()
    with database.write() as connection:
        ensure_client(connection, CLIENT, PAYLOADS[0])
        for number, name in enumerate(PAYLOADS):
            add_business(
                connection, name, business_id=BUSINESSES[number], client_id=CLIENT,
                kind=PAYLOADS[-number], neighbourhood=PAYLOADS[number],
            )  # fmt: skip
        for number, payload in enumerate(PAYLOADS):
            _import(connection, f"import{number}", payload, reviews if number == 0 else reviews.iloc[:0])
        append_predictions(connection, make_predictions(reviews))
        append_promotion(connection, MODELS.champion, PAYLOADS[3], PAYLOADS[4])
        append_frame(connection, t.gold_labels, _gold(reviews))
    _people_and_feedback(database)
    return make_link(database, HOUSE, CLIENT, purpose=PAYLOADS[5])


def _reviews() -> pd.DataFrame:
    rows = [
        {
            "business_id": BUSINESSES[number % 3 and number],
            "source": PAYLOADS[-1 - number % 4],
            "platform_id": f"poison-{number:03}",
            "review_date": dt.date(2026, 10, 31) - dt.timedelta(days=number),
            "stars": 1.0 + number % 5,
            "title": PAYLOADS[-1 - number],
            "text": payload,
            "owner_reply": payload if number % 2 else None,
            "label": ("negative", "neutral", "positive")[number % 3],
        }
        for number, payload in enumerate(PAYLOADS)
    ]
    filled = {"date_precision": "day", "language": None, "reviewer_hash": None, "unscored_reason": None}
    frame = pd.DataFrame(rows).assign(**filled, possible_duplicate=True)
    return frame.assign(text_sha256=text_sha256s(scored_texts(list(frame["title"]), list(frame["text"]))))


def _import(connection, import_id: str, name: str, reviews: pd.DataFrame) -> None:
    counts = {"rows_read": len(reviews), "accepted": len(reviews), "duplicates": 0, "rejected": 1}
    origin = {"origin": "demo", "imported_by": name, "format": "csv", "details": {"notes": [name]}}
    record = {"import_id": import_id, "file_name": name, "file_sha256": import_id, **origin, **counts}
    rejects = pd.DataFrame(
        [{"row_number": 1, "column_name": name, "reason": name, "raw": f'{{"text": "{name!r}"}}'}]
    )
    append_import(connection, record, rejects)
    append_reviews(connection, import_id, reviews.drop(columns="label"))


def _gold(reviews: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({"review_key": reviews["platform_id"], "label": reviews["label"]}).assign(
        split="test", slices=[["peachy_brand"]] * len(reviews), reason_words=PAYLOADS[1], aspect=None,
        adjudicated=False, reason=PAYLOADS[2],
    )  # fmt: skip


def _people_and_feedback(database: Database) -> None:
    for number, payload in enumerate(PAYLOADS):
        add_person(database, HOUSE, f"someone{number}@example.org", Role.MANAGER, payload)
    everywhere = frozenset(BUSINESSES)
    suggestions = ("spam", "positive", "negative", "neutral")
    for number, payload in enumerate(PAYLOADS, start=1):
        client = Scope(payload, Role.CLIENT, everywhere)
        report_id = report_reading(database, client, MODELS, number, suggestions[number % 4], payload)
        report_reading(
            database, Scope("other", Role.CLIENT, everywhere), MODELS, number, "duplicate", payload
        )
        decider = Scope(payload, Role.MANAGER, everywhere)
        if number % 5 == 0:
            accept_reports(database, decider, [report_id], suggestions[number % 4], payload)
        elif number % 5 == 1:
            reject_reports(database, decider, [report_id], payload)
        elif number % 5 == 2:
            send_to_labelling(database, decider, [report_id], payload)
        elif number % 5 == 3:
            check_reading(database, client, MODELS, number, "neutral", payload)
        mark_answered(database, decider, [number], note=payload)
    draw_sample(database, HOUSE, MODELS, CLIENT, size=20, seed=1)
