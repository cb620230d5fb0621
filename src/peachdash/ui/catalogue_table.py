"""Clients and businesses: adding, renaming, moving."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from peachdash.insights import formatting
from peachdash.storage.catalogue import UNASSIGNED_CLIENT
from peachdash.ui.access import Session
from peachdash.ui.formatting import plain
from peachdash.ui.guard import guard
from peachdash.ui.notices import done
from peachdash.workflows.catalogue import change_business, create_business, create_client, rename_client

_TABLE = "catalogue_table"


def catalogue_sentence(businesses: pd.DataFrame, clients: pd.DataFrame) -> str:
    """How many businesses of how many clients there are, and how many have none, in words."""
    named = clients[clients["client_id"] != UNASSIGNED_CLIENT]
    words = (
        f"{formatting.counted(len(businesses), 'business', 'businesses')} of "
        f"{formatting.counted(len(named), 'client')}"
    )
    loose = int((businesses["client_id"] == UNASSIGNED_CLIENT).sum())
    return (
        f"{words}; {formatting.count(loose)} without a client, seen by analysts and admins only."
        if loose
        else f"{words}."
    )


def catalogue_rows(businesses: pd.DataFrame) -> pd.DataFrame:
    """What the table shows of `fetch_businesses`, by client and name."""
    names = {"business": "Business", "client": "Client", "kind": "Kind", "neighbourhood": "Neighbourhood"}
    return businesses[list(names)].rename(columns=names)


def render_catalogue(session: Session, businesses: pd.DataFrame, clients: pd.DataFrame) -> None:
    """The table of businesses with what can be changed of the ticked one, and forms for new ones."""
    names = dict(zip(clients["client_id"], clients["client"], strict=True))
    st.caption(plain(catalogue_sentence(businesses, clients)))
    with st.container(horizontal=True):
        with st.popover("Add a client", icon=":material/add:"):
            _render_new_client(session)
        with st.popover("Add a business", icon=":material/add_business:", disabled=clients.empty):
            _render_new_business(session, names)
        with st.popover("Rename a client", icon=":material/edit:", disabled=clients.empty):
            _render_rename(session, names)
    if businesses.empty:
        st.write("No business yet. Importing an export adds those that it names; here they get their client.")
        return
    ordered = businesses.sort_values(["client", "business"], ignore_index=True)
    st.caption("Tick a business to rename it or to move it to another client.")
    state: Any = st.dataframe(
        catalogue_rows(ordered),
        key=_TABLE,
        hide_index=True,
        selection_mode="single-row",
        on_select="rerun",
        alt="Businesses with their clients",
    )
    ticked = [row for row in state["selection"]["rows"] if row < len(ordered)]
    if ticked:
        _render_business(session, ordered.iloc[ticked[0]], names)


def _render_new_client(session: Session) -> None:
    with st.form("add_client", border=False):
        name = st.text_input("Name of the client", key="new_client")
        if st.form_submit_button("Add", type="primary"):
            with guard():
                create_client(session.service.database, session.scope, name)
                done(f"{name.strip()} is a client now. Assign people, and move businesses here.")


def _render_new_business(session: Session, clients: Mapping[str, str]) -> None:
    with st.form("add_business", border=False):
        name = st.text_input("Name, as exports write it", key="new_business")
        client = _choose_client(clients, None, "new_business_client")
        kind = st.text_input("Kind (optional)", key="new_business_kind", placeholder="ice-cream shop")
        place = st.text_input("Neighbourhood (optional)", key="new_business_place")
        if st.form_submit_button("Add", type="primary"):
            with guard():
                create_business(
                    session.service.database, session.scope, name, client, kind=kind, neighbourhood=place
                )
                done(f"{name.strip()} is a business of {clients[client]} now.")


def _render_rename(session: Session, clients: Mapping[str, str]) -> None:
    client = _choose_client(clients, None, "rename_client")
    with st.form("rename_client_form", border=False):
        name = st.text_input("New name", clients.get(client, ""), key=f"client_name_{client}")
        if st.form_submit_button("Rename", type="primary"):
            with guard():
                rename_client(session.service.database, session.scope, client, name)
                done(f"{clients[client]} is called {name.strip()} now.")


def _choose_client(clients: Mapping[str, str], chosen: str | None, key: str) -> str:
    options = list(clients)
    index = options.index(chosen) if chosen in options else 0
    return str(st.selectbox("Client", options, index, format_func=clients.__getitem__, key=key))


def _render_business(session: Session, business: pd.Series, clients: Mapping[str, str]) -> None:
    key = str(business["business_id"])
    with st.form(f"business_{key}"):
        st.markdown(f"**{plain(business['business'], 120)}**")
        left, right = st.columns(2)
        with left:
            name = st.text_input("Name, as exports write it", business["business"], key=f"b_name_{key}")
            kind = st.text_input("Kind", business["kind"], key=f"b_kind_{key}")
        with right:
            client = _choose_client(clients, str(business["client_id"]), f"b_client_{key}")
            place = st.text_input("Neighbourhood", business["neighbourhood"], key=f"b_place_{key}")
        st.caption("Exports name businesses: one that bears the old name would make a new business.")
        if st.form_submit_button("Save", type="primary", icon=":material/check:"):
            with guard():
                database, scope = session.service.database, session.scope
                changes = {"name": name, "client_id": client, "kind": kind, "neighbourhood": place}
                change_business(database, scope, key, **changes)
                done(f"{name.strip()} is changed.")
