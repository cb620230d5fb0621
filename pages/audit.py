"""Audit log: who signed in, imported, decided, exported and changed rights. For admins."""

from __future__ import annotations

from peachdash.queries.people import AuditSearch, count_audit, fetch_audit
from peachdash.ui.access import open_session
from peachdash.ui.audit_table import audit_sentence, render_audit, use_search
from peachdash.ui.headline import render_headline

session = open_session()
with session.service.database.read() as connection:
    total = count_audit(connection, session.scope, AuditSearch())
    latest = fetch_audit(connection, session.scope, AuditSearch(), limit=1)

render_headline(audit_sentence(total, latest))
if total:
    render_audit(session, use_search(session))
