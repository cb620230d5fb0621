"""All models that could be champion, with what is on record of each: quality, cost, where it comes from."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from peachdash.config import Settings
from peachdash.errors import NotFound
from peachdash.evaluation import Comparison, Estimate, ModelEvaluation, compare_models
from peachdash.evaluation.slices import PEACHY
from peachdash.queries.data_sets import fetch_training_runs
from peachdash.queries.held_out import fetch_evaluations
from peachdash.queries.held_out_sets import fetch_held_out_set, fetch_test_readings
from peachdash.records import Scope
from peachdash.sentiment.active import find_active
from peachdash.sentiment.adapter import ModelManifest, read_manifest
from peachdash.sentiment.encoders import HUB_SIZE, EncoderSpec, find_encoder
from peachdash.sentiment.registry import ModelReference, list_models
from peachdash.storage.database import Database
from peachdash.workflows.model_costs import ModelCost, find_cost

SHIPPED = "shipped"


@dataclass(frozen=True)
class Candidate:
    """One model.

    Attributes:
        revision, name, role, size: what it is; role is champion (fine-tuned) or generic.
        is_champion: whether it is the champion now; is_generic: whether it is the generic model beside it.
        is_installed: whether its encoder is here, so that it can read.
        macro_f1, peachy_error: on the test reviews of now; None where that is not on record.
        cost: speed, memory and size on this machine; None where it is not on record.
        training_seconds: how long its training took; None where that is not known.
        trained_on: where, as far as its folder tells; empty where it was here.
        learned_from: what it learned from, in words.
        made_utc, made_by: when and by whom; `SHIPPED` for those that came along.
    """

    revision: str
    name: str
    role: str
    size: str
    is_champion: bool
    is_generic: bool
    is_installed: bool
    macro_f1: Estimate | None
    peachy_error: Estimate | None
    cost: ModelCost | None
    training_seconds: float | None
    trained_on: str
    learned_from: str
    made_utc: dt.datetime | None
    made_by: str

    @property
    def may_be_promoted(self) -> bool:
        """Whether it is a fine-tuned model that can read here and is not the champion."""
        return self.role == "champion" and self.is_installed and not self.is_champion

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        made = self.made_utc.isoformat() if self.made_utc is not None else None
        return {**asdict(self), "made_utc": made}


def list_candidates(database: Database, scope: Scope, settings: Settings) -> list[Candidate]:
    """Every sound model folder, shipped or trained here; the champion first, then by macro F1.

    Raises:
        NotFound: the viewer is no analyst.
        ModelUnavailable: the champion or its generic model is missing.
    """
    if not scope.may_label:
        raise NotFound("Models are for analysts.")
    models = {item.revision: item for item in list_models([settings.models, settings.trained])}
    with database.read() as connection:
        held_out = fetch_held_out_set(connection, scope)
        stored = fetch_evaluations(connection, scope, models)
        runs = fetch_training_runs(connection, scope)
    figures = {
        row["revision"]: ModelEvaluation.from_dict(row["result"])
        for row in stored
        if row["data_set"] in held_out.keys
    }
    active = find_active(settings)
    done = runs[runs["revision"].notna()].drop_duplicates("revision").set_index("revision")
    found = [
        Candidate(
            revision=model.revision,
            name=model.name,
            role=model.role,
            size=model.size,
            is_champion=model.revision == active.champion,
            is_generic=model.revision == active.generic,
            is_installed=find_encoder(_encoder(model), settings.encoders) is not None,
            macro_f1=figures[model.revision].macro.f1 if model.revision in figures else None,
            peachy_error=figures[model.revision].slice_errors.get(PEACHY)
            if model.revision in figures
            else None,
            cost=find_cost(database, scope, settings, model.revision),
            **_origin(model, done, settings),
        )
        for model in models.values()
    ]
    return sorted(found, key=_rank)


def _rank(candidate: Candidate) -> tuple[bool, bool, float, str]:
    score = candidate.macro_f1.value if candidate.macro_f1 is not None else None
    return not candidate.is_champion, candidate.role != "champion", -(score or 0.0), candidate.revision


def _origin(model: ModelReference, runs: pd.DataFrame, settings: Settings) -> dict[str, Any]:
    """Where a model comes from: its training run where there is one, else what its folder says."""
    assert model.folder is not None
    manifest = read_manifest(model.folder)
    if model.revision in runs.index:
        run = runs.loc[model.revision]
        return {
            "training_seconds": float(run["seconds"]),
            "trained_on": "",
            "learned_from": f"data set {int(run['data_set_number'])}{_on_hub_encoder(manifest)}",
            "made_utc": run["finished_utc"],
            "made_by": str(run["requested_by"]),
        }
    seconds, here = manifest.training.get("seconds"), model.folder.parent == settings.trained
    return {
        "training_seconds": None if seconds is None else float(seconds),
        "trained_on": str(manifest.training.get("device") or ""),
        "learned_from": _learned_from(manifest.training),
        "made_utc": _moment(manifest.created_utc),
        "made_by": "" if here else SHIPPED,
    }


def _encoder(model: ModelReference) -> EncoderSpec:
    assert model.folder is not None
    return read_manifest(model.folder).encoder_spec


def _on_hub_encoder(manifest: ModelManifest) -> str:
    return f", on {manifest.encoder_spec.hub_id}" if manifest.size == HUB_SIZE else ""


def _learned_from(training: dict[str, Any]) -> str:
    data = training.get("data") or []
    return "; ".join(
        f"{item.get('name', '')} ({int(item.get('n', 0)):,})"
        for item in data
        if isinstance(item, dict) and item.get("use") == "training"
    )


def _moment(text: str) -> dt.datetime | None:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def compare_on_test(database: Database, scope: Scope, first: str, second: str) -> Comparison | None:
    """The second revision against the first on the test reviews of now; None unless both have read them all.

    Figures are those of the house; the reviews on which the two differ are left out.

    Raises:
        NotFound: the viewer is no analyst.
    """
    with database.read() as connection:
        held_out = fetch_held_out_set(connection, scope)
        frames = [
            fetch_test_readings(connection, Scope.everything(), held_out, revision)
            for revision in (first, second)
        ]
    if not held_out.reviews or any(len(frame) != held_out.reviews for frame in frames):
        return None
    found = compare_models(*frames)
    return Comparison(**{**vars(found), "disagreements": ()})
