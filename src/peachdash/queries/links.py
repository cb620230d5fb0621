"""The links that managers made for their clients. Neither secrets nor their hashes leave the storage."""

from __future__ import annotations

import pandas as pd
import sqlalchemy as sa

from peachdash.errors import NotFound
from peachdash.queries.readings import fetch_frame
from peachdash.records import Scope
from peachdash.storage import schema as t


def fetch_links(connection: sa.Connection, scope: Scope) -> pd.DataFrame:
    """The links of clients whose businesses the viewer sees, the newest first.

    Columns: link_id, client_id, client, purpose, protected (by a pass phrase), answers, answer_limit,
    expires_utc, made_by, made_utc, revoked_by, revoked_utc (missing where it was not revoked).

    Raises:
        NotFound: the viewer may not share.
    """
    if not scope.may_share:
        raise NotFound("Links are for managers.")
    links, revoked = t.share_links, t.share_link_revocations
    answers = (
        sa.select(sa.func.count())
        .where(t.reading_checks.c.checked_by == sa.literal("link:") + links.c.link_id)
        .scalar_subquery()
    )
    statement = (
        sa.select(
            links.c.link_id,
            links.c.client_id,
            t.clients.c.name.label("client"),
            links.c.purpose,
            links.c.phrase_scrypt.is_not(None).label("protected"),
            answers.label("answers"),
            links.c.answer_limit,
            links.c.expires_utc,
            links.c.made_by,
            links.c.made_utc,
            revoked.c.revoked_by,
            revoked.c.revoked_utc,
        )
        .join(t.clients, t.clients.c.client_id == links.c.client_id)
        .outerjoin(revoked, revoked.c.link_id == links.c.link_id)
        .where(*_of_seen_clients(scope))
        .order_by(links.c.made_utc.desc(), links.c.link_id)
    )
    return fetch_frame(connection, statement)


def _of_seen_clients(scope: Scope) -> list[sa.ColumnElement[bool]]:
    """The conditions that a link's client has businesses, and that all of them are the viewer's."""
    if scope.business_ids is None:
        return []
    seen = t.businesses.c.business_id.in_(sorted(scope.business_ids))
    own = sa.select(t.businesses.c.client_id).where(seen)
    foreign = sa.select(t.businesses.c.client_id).where(~seen)
    return [t.share_links.c.client_id.in_(own), t.share_links.c.client_id.not_in(foreign)]
