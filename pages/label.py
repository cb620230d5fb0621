"""Label: two annotators label the same reviews by keyboard, blind to each other, one review a screen."""

from __future__ import annotations

import streamlit as st

from peachdash.ui.access import open_session
from peachdash.ui.empty import stop_if_empty
from peachdash.ui.headline import render_headline
from peachdash.ui.label_desk import desk_sentence, open_desk, render_task_choice, render_turns, render_who
from peachdash.ui.label_screen import render_label_screen
from peachdash.ui.label_task_form import render_task_form
from peachdash.ui.label_tasks import render_tasks
from peachdash.ui.label_words import render_guide

session = open_session()
stop_if_empty(session, "reviews to label")
desk = open_desk(session)

render_headline(desk_sentence(desk))
st.caption(
    "Judge from the text alone. What you say shows to nobody before the other annotator has labelled the "
    "review too. Keys 1 to 3 label; stop at any time and go on another day."
)
render_turns(desk)
with st.container(horizontal=True, vertical_alignment="bottom"):
    render_who(desk)
    render_task_choice(desk)
    render_guide()
render_label_screen(session, desk)
render_task_form(session, desk)
render_tasks(desk)
