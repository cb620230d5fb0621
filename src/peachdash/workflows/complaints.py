"""The issues of a business as plain values, for the command."""

from __future__ import annotations

from typing import Any

from peachdash.errors import NotFound
from peachdash.insights.issue_export import exported_issues
from peachdash.insights.issues import issues_sentence, mark_readings, summarise_issues
from peachdash.queries.catalogue import fetch_businesses
from peachdash.queries.complaints import fetch_issues, fetch_volumes
from peachdash.queries.issue_evidence import fetch_evidence
from peachdash.records import ActiveModels, ReviewFilter, Scope
from peachdash.storage.database import Database

MOST_SENTENCES = 3


def describe_complaints(
    database: Database, scope: Scope, models: ActiveModels, business: str
) -> dict[str, Any]:
    """What customers of a business complain about, of all dates; hidden issues are left out.

    Args:
        database: the open database.
        scope: who asks.
        models: whose readings count.
        business: its name or id, in any case.

    Returns:
        business, business_id, revision, reviews (that count), sentence, and issues: a list with the columns
        of `exported_issues`, issue_id, and sentences (the latest, at most three).

    Raises:
        NotFound: the viewer has no such business.
    """
    with database.read() as connection:
        known = fetch_businesses(connection, scope)
        wanted = business.strip().casefold()
        names, ids = known["business"].str.casefold(), known["business_id"].str.casefold()
        match = known[(names == wanted) | (ids == wanted)]
        if match.empty:
            raise NotFound(
                f"There is no business {business!r}. Known: {', '.join(known['business']) or 'none'}."
            )
        name, business_id = str(match["business"].iloc[0]), str(match["business_id"].iloc[0])
        criteria = ReviewFilter(business_id=business_id)
        evidence = mark_readings(fetch_evidence(connection, scope, criteria, models, with_text=True))
        catalogue = fetch_issues(connection, scope)
        volumes = fetch_volumes(connection, scope, criteria, models)
    table = summarise_issues(evidence, catalogue, volumes)
    table = table[~table["hidden"].astype(bool)]
    rows = exported_issues(table).astype(object)
    records = rows.where(rows.notna(), None).to_dict("records")
    said = evidence.drop_duplicates(["issue_id", "sentence"]).groupby("issue_id")["sentence"]
    latest = {issue: list(sentences.head(MOST_SENTENCES)) for issue, sentences in said}
    issues = [
        {"issue_id": issue, **record, "sentences": latest.get(issue, [])}
        for issue, record in zip(table["issue_id"], records, strict=True)
    ]
    return {
        "business": name,
        "business_id": business_id,
        "revision": models.champion,
        "reviews": int(volumes["n"].sum()),
        "sentence": issues_sentence(table, name),
        "issues": issues,
    }
