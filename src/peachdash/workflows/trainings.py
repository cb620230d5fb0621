"""Asking for a training: everything is checked before anything starts, and put on record."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import pandas as pd

from peachdash import __version__
from peachdash.config import REPOSITORY, Settings
from peachdash.errors import BadInput, ModelUnavailable, NotFound
from peachdash.queries.data_sets import fetch_data_set, fetch_data_set_reviews, fetch_training_run
from peachdash.records import Scope
from peachdash.sentiment.active import find_model
from peachdash.sentiment.adapter import read_manifest
from peachdash.sentiment.encoders import ENCODERS, EncoderSpec, locate_encoder
from peachdash.sentiment.hub_encoders import HubEncoder, find_hub_encoder
from peachdash.sentiment.recipes import ALPHA_BY_RANK, RECIPES, require_trainable
from peachdash.sentiment.registry import HUB_PREFIX, ModelReference
from peachdash.sentiment.training_settings import TrainingSettings
from peachdash.storage.audit import append_audit
from peachdash.storage.data_sets import append_training_outcome, append_training_run
from peachdash.storage.database import Database
from peachdash.storage.feedback import new_id
from peachdash.storage.predictions import register_revision

BARE = "encoder-"
"""`encoder-small` starts from the published encoder, which has learned no sentiment yet."""


@dataclass(frozen=True)
class TrainingRequest:
    """What somebody wants trained.

    Attributes:
        data_set: number of the version; None for the newest.
        start: `generic-small`, `champion-base`, a revision, `encoder-small` for the bare encoder, or
            `hub:<id>[@revision]` for a bare encoder of the Hugging Face hub.
        changes: settings that differ from the recipe of the size, by name.
        note: in the requester's words.
        sweep_id: the sweep that it is part of.
    """

    data_set: int | None = None
    start: str = "generic-small"
    changes: dict[str, Any] = field(default_factory=dict)
    note: str = ""
    sweep_id: str | None = None


@dataclass(frozen=True)
class TrainingPlan:
    """A training that may begin.

    Attributes:
        data_set: row of the version.
        rows: its train and validation reviews; test reviews are never handed to a training.
        settings: complete.
        start: the model that is continued; None for a bare encoder.
        encoder: what carries the adapter; one of the hub may have to be fetched first.
        hub: what is known of an encoder of the hub; None for ours.
    """

    data_set: dict[str, Any]
    rows: pd.DataFrame
    settings: TrainingSettings
    start: ModelReference | None
    encoder: EncoderSpec
    hub: HubEncoder | None = None

    @property
    def size(self) -> str:
        """small, base or hub."""
        return self.encoder.size

    @property
    def start_name(self) -> str | None:
        """What it starts from, as it is put on record: a revision, an encoder of the hub, None for ours."""
        if self.start is not None:
            return self.start.revision
        return self.hub.name if self.hub is not None else None


def plan_training(
    database: Database, scope: Scope, settings: Settings, request: TrainingRequest
) -> TrainingPlan:
    """Checks a training in all that can be known before it starts.

    Raises:
        NotFound: the viewer may not train, or there is no such data set.
        BadInput: a setting cannot be used, or the data set is too small, one-sided or has other labels.
        ModelUnavailable: the start is not there, or its encoder is not what it should be.
        ModelRefused: an encoder of the hub that cannot be trained here.
    """
    _require_analyst(scope)
    start, encoder, hub = _find_start(request.start, settings)
    chosen = complete_settings(encoder.size, request.changes)
    _require_rank(start, chosen)
    with database.read() as connection:
        data_set = fetch_data_set(connection, scope, request.data_set)
        rows = fetch_data_set_reviews(connection, scope, data_set["data_set_id"])
    train, validation = (rows[rows["split"] == split] for split in ("train", "validation"))
    require_trainable(train, validation)
    kept = pd.concat([train, validation], ignore_index=True)
    return TrainingPlan(data_set, kept, chosen, start, encoder, hub)


def complete_settings(size: str, changes: dict[str, Any]) -> TrainingSettings:
    """The recipe of a size with some settings changed; alpha follows the rank unless it is given.

    Raises:
        BadInput: an unknown setting, or a value that no training can use.
    """
    values = {**RECIPES[size].to_dict(), **changes}
    if "lora_rank" in changes and "lora_alpha" not in changes:
        values["lora_alpha"] = ALPHA_BY_RANK * float(changes["lora_rank"])
    return TrainingSettings.from_dict(values)


def request_training(
    database: Database, scope: Scope, settings: Settings, request: TrainingRequest
) -> tuple[str, TrainingPlan]:
    """Puts a training on record, after `plan_training` has checked it; its id and plan.

    Raises:
        PeachdashError: as `plan_training`.
    """
    plan = plan_training(database, scope, settings, request)
    run_id = new_id()
    with database.write() as connection:
        append_training_run(
            connection,
            {
                "run_id": run_id,
                "sweep_id": request.sweep_id,
                "data_set_id": plan.data_set["data_set_id"],
                "size": plan.size,
                "start_revision": plan.start_name,
                "settings": plan.settings.to_dict(),
                "code_version": code_version(),
                "note": request.note.strip(),
                "requested_by": scope.viewer,
            },
        )
        details = {"data_set": plan.data_set["number"], "start": request.start, **request.changes}
        append_audit(connection, scope.viewer, "train", "training", run_id, details)
    return run_id, plan


def plan_again(database: Database, scope: Scope, settings: Settings, run_id: str) -> TrainingPlan:
    """The plan of a training that is on record, for a process that is to take it up.

    Raises:
        PeachdashError: as `plan_training`; the start may be gone since.
    """
    _require_analyst(scope)
    with database.read() as connection:
        run = fetch_training_run(connection, scope, run_id)
    start = run["start_revision"] or f"{BARE}{run['size']}"
    request = TrainingRequest(int(run["data_set_number"]), start, dict(run["settings"]))
    return plan_training(database, scope, settings, request)


def store_outcome(
    database: Database,
    scope: Scope,
    run_id: str,
    attempt: int,
    outcome: dict[str, Any],
    model: ModelReference | None = None,
) -> None:
    """Stores what came of an attempt at a training, once, and registers the revision.

    Raises:
        NotFound: the viewer may not train, or there is no such training.
    """
    _require_analyst(scope)
    with database.write() as connection:
        fetch_training_run(connection, scope, run_id)
        new = append_training_outcome(connection, run_id, attempt, outcome)
        if model is not None:
            description = {"role": model.role, "temperature": model.temperature, "full": model.full_revision}
            register_revision(
                connection, model.revision, model.name, model.size, model.threshold, description
            )
        if new:
            details = {"state": outcome["state"], "revision": outcome["revision"]}
            append_audit(connection, scope.viewer, "train_end", "training", run_id, details)


@cache
def code_version() -> str:
    """The version of this program and, in a checkout, its commit: `0.1.0+3f9a01c2de45`."""
    command = ["git", "-C", str(REPOSITORY), "rev-parse", "--short=12", "HEAD"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return __version__
    return f"{__version__}+{found.stdout.strip()}"


def _find_start(
    name: str, settings: Settings
) -> tuple[ModelReference | None, EncoderSpec, HubEncoder | None]:
    """The model to start from, None for a bare encoder; its encoder, and what is known of one of the hub."""
    wanted = name.strip()
    if wanted.startswith(HUB_PREFIX):
        hub = find_hub_encoder(wanted, settings.encoders)
        return None, hub.spec, hub
    if wanted.startswith(BARE):
        size = wanted.removeprefix(BARE)
        if size not in ENCODERS:
            raise ModelUnavailable(
                f"There is no encoder {size!r} to start from: expected {', '.join(ENCODERS)}."
            )
        locate_encoder(ENCODERS[size], settings.encoders)
        return None, ENCODERS[size], None
    found = find_model(wanted, settings)
    if found.folder is None:
        raise BadInput(f"A training cannot start from {found.name}: it has no adapter to go on with.")
    spec = read_manifest(found.folder).encoder_spec
    locate_encoder(spec, settings.encoders)
    return replace(found, name=wanted), spec, None


def _require_rank(start: ModelReference | None, chosen: TrainingSettings) -> None:
    if start is None or start.folder is None:
        return
    rank = read_manifest(start.folder).lora_rank
    if rank > chosen.lora_rank:
        raise BadInput(
            f"{start.name} has LoRA matrices of rank {rank}, which a rank of {chosen.lora_rank} cannot "
            f"continue: choose {rank} or more."
        )


def _require_analyst(scope: Scope) -> None:
    if not scope.may_label or scope.business_ids is not None:
        raise NotFound("Trainings are for analysts, who see every business.")
