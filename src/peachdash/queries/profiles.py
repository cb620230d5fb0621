"""The named import profiles that a viewer may use."""

from __future__ import annotations

import pandas as pd
import sqlalchemy as sa

from peachdash.queries.readings import fetch_frame, within
from peachdash.records import Scope
from peachdash.storage import schema as t
from peachdash.storage.profiles import latest_profiles


def fetch_profiles(connection: sa.Connection, scope: Scope) -> pd.DataFrame:
    """Profiles by name: name, columns (list), mapping (dict), business_id, business, source, date_order,
    saved_by and saved_utc.

    Who sees some businesses only sees the profiles of these, and their own that name none.
    """
    profiles = latest_profiles()
    visible: sa.ColumnElement[bool] = sa.true()
    if scope.business_ids is not None:
        own = sa.and_(profiles.c.business_id.is_(None), profiles.c.saved_by == scope.viewer)
        visible = sa.or_(within(scope, profiles.c.business_id), own)
    names = ("name", "columns", "mapping", "business_id", "source", "date_order", "saved_by", "saved_utc")
    statement = (
        sa.select(*[profiles.c[name] for name in names], t.businesses.c.name.label("business"))
        .outerjoin(t.businesses, t.businesses.c.business_id == profiles.c.business_id)
        .where(visible)
        .order_by(profiles.c.name)
    )
    return fetch_frame(connection, statement)
