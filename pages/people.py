"""People: who may sign in and see what; clients and businesses. For admins."""

from __future__ import annotations

import streamlit as st

from peachdash.queries.catalogue import fetch_businesses
from peachdash.queries.people import fetch_all_clients, fetch_people
from peachdash.ui.access import open_session
from peachdash.ui.catalogue_table import render_catalogue
from peachdash.ui.headline import render_headline
from peachdash.ui.people_table import people_sentence, render_local_note, render_people

session = open_session()
with session.service.database.read() as connection:
    people = fetch_people(connection, session.scope)
    clients = fetch_all_clients(connection, session.scope)
    businesses = fetch_businesses(connection, session.scope)

render_headline(people_sentence(people))
render_local_note(session)
persons, catalogue = st.tabs(["People", "Clients and businesses"])
with persons:
    render_people(session, people, clients)
with catalogue:
    render_catalogue(session, businesses, clients)
