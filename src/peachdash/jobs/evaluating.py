"""The models of an evaluation read what they lack, and are measured: for commands, in this process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from peachdash.config import Settings
from peachdash.errors import ModelUnavailable
from peachdash.evaluation import Comparison
from peachdash.jobs.local import OnProgress, score_unread
from peachdash.records import Scope
from peachdash.sentiment.active import find_model, generic_beside
from peachdash.sentiment.corpus import load_labelled
from peachdash.sentiment.encoders import ENCODERS, find_encoder
from peachdash.sentiment.registry import ModelReference
from peachdash.storage.database import Database
from peachdash.workflows.evaluation import HeldOutResult, compare_revisions, evaluate_revision
from peachdash.workflows.model_costs import ModelCost, measure_cost
from peachdash.workflows.real_sets import RealSetResult, evaluate_real_sets


def models_to_measure(settings: Settings, names: Sequence[str] = ()) -> list[ModelReference]:
    """The named models, each revision once; without names the lexicon and, of each size, both models.

    A size whose encoder is not installed is left out.

    Raises:
        ModelUnavailable: a named model does not exist.
    """
    sizes = [size for size, spec in ENCODERS.items() if find_encoder(spec, settings.encoders) is not None]
    chosen = list(names) or [
        "lexicon",
        *(f"{role}-{size}" for size in sizes for role in ("generic", "champion")),
    ]
    found = [find_model(name, settings) for name in chosen]
    return list({item.revision: item for item in found}.values())


def measure_held_out(
    database: Database,
    scope: Scope,
    settings: Settings,
    models: Sequence[ModelReference],
    on_progress: OnProgress = lambda progress: None,
) -> list[HeldOutResult]:
    """Each model on the test reviews; what it has not read yet is read first.

    Raises:
        BadInput: no labelled reviews are stored.
        ModelUnavailable: a model cannot be loaded.
    """
    score_unread(database, scope, settings, models, labelled_split="test", on_progress=on_progress)
    return [
        evaluate_revision(database, scope, item.revision, item.name, data=settings.data) for item in models
    ]


def compare_measured(
    database: Database, scope: Scope, models: Sequence[ModelReference]
) -> list[tuple[str, str, Comparison]]:
    """Names of two models and the second against the first: each model against the champion of its size.

    A model without a size, such as the lexicon, stands against the last champion; where none is a champion
    each one stands against the last.
    """
    pairs = []
    for model in models:
        other = _opponent(model, models)
        if other is not None:
            found = compare_revisions(database, scope, model.revision, other.revision)
            pairs.append((model.name, other.name, found))
    return pairs


def _opponent(model: ModelReference, models: Sequence[ModelReference]) -> ModelReference | None:
    champions = [item for item in models if item.role == "champion"] or [models[-1]]
    if model in champions:
        return None
    return next((item for item in champions if item.size == model.size), champions[-1])


def measure_costs(
    database: Database, scope: Scope, settings: Settings, models: Sequence[ModelReference]
) -> dict[str, ModelCost]:
    """What each revision costs on this machine, measured with validation reviews.

    Raises:
        BadInput: there are no validation reviews.
    """
    texts = list(load_labelled(settings.data, "validation")["text"])
    return {item.revision: measure_cost(database, scope, settings, item, texts) for item in models}


def measure_real_sets(
    database: Database,
    scope: Scope,
    settings: Settings,
    models: Sequence[ModelReference],
    folder: Path,
    sets: tuple[str, ...],
    on_progress: Callable[[str, int, int], None],
) -> list[RealSetResult]:
    """Each model on each published set, a champion also against its generic model.

    Raises:
        BadInput: an unknown set, or a damaged file.
    """
    paired = [(item, _own_generic(item, settings)) for item in models]
    return evaluate_real_sets(database, scope, settings, paired, folder, sets=sets, on_progress=on_progress)


def _own_generic(model: ModelReference, settings: Settings) -> ModelReference | None:
    if model.role != "champion":
        return None
    try:
        return find_model(generic_beside(model), settings)
    except ModelUnavailable:
        return None
