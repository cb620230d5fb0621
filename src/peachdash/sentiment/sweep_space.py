"""What a sweep tries: values or ranges of some settings, checked before anything starts; what comes next."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from peachdash.errors import BadInput
from peachdash.sentiment.training_settings import TrainingSettings

SWEPT = ("learning_rate", "batch_size", "epochs", "lora_rank", "replay_share")
WHOLE = ("batch_size", "epochs", "lora_rank")
SAMPLERS = ("grid", "tpe")
MOST_RUNS = 200


@dataclass(frozen=True)
class Axis:
    """Where one setting is looked for.

    Attributes:
        values: these only, in this order; or
        low, high: anything between, ends included, for the TPE sampler.
        log: whether by factors rather than by differences.
    """

    values: tuple[float, ...] = ()
    low: float | None = None
    high: float | None = None
    log: bool = False

    def ends(self) -> tuple[float, ...]:
        """The smallest and the largest value."""
        if self.values:
            return (min(self.values), max(self.values))
        assert self.low is not None
        assert self.high is not None
        return (self.low, self.high)


@dataclass(frozen=True)
class SweepSpace:
    """The axes of a sweep by setting, how it goes through them, and its budget.

    Attributes:
        axes: by the name of a setting in `SWEPT`.
        sampler: `grid`, every combination in order, or `tpe` (Bergstra et al. 2011, as Optuna has it).
        max_runs: at most so many trainings.
        max_minutes: no further training begins after so many minutes of training; None for no limit.

    Raises:
        BadInput: an unknown setting or sampler, a range that is none, or a budget that is none.
    """

    axes: Mapping[str, Axis]
    sampler: str = "tpe"
    max_runs: int = 12
    max_minutes: float | None = None

    def __post_init__(self) -> None:
        """Refuses what cannot be swept."""
        unknown = sorted(set(self.axes) - set(SWEPT))
        if unknown or not self.axes:
            raise BadInput(
                f"A sweep needs one or more of {', '.join(SWEPT)}, got {', '.join(unknown) or 'none'}."
            )
        if self.sampler not in SAMPLERS:
            raise BadInput(f"The sampler must be grid or tpe, not {self.sampler!r}.")
        if not 1 <= self.max_runs <= MOST_RUNS:
            raise BadInput(f"A sweep takes 1 to {MOST_RUNS} runs, not {self.max_runs}.")
        if self.max_minutes is not None and not (0 < self.max_minutes < math.inf):
            raise BadInput(f"The budget of minutes must be positive, got {self.max_minutes:g}.")
        for name, axis in self.axes.items():
            _check_axis(name, axis, self.sampler)

    def check(self, settings: TrainingSettings) -> None:
        """Tries every corner of the space.

        Raises:
            BadInput: a corner holds a value that no training can use.
        """
        names = list(self.axes)
        for corner in itertools.product(*(axis.ends() for axis in self.axes.values())):
            values = {name: _fit(name, value) for name, value in zip(names, corner, strict=True)}
            TrainingSettings.from_dict({**settings.to_dict(), **values})

    @property
    def cells(self) -> int | None:
        """How many combinations there are; None where an axis is a range."""
        if any(not axis.values for axis in self.axes.values()):
            return None
        return math.prod(len(axis.values) for axis in self.axes.values())

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON: the axes only."""
        return {name: {**asdict(axis), "values": list(axis.values)} for name, axis in self.axes.items()}


def parse_axis(words: str) -> Axis:
    """`1e-3,2e-3` as values, `1e-4:1e-2` as a range, `1e-4:1e-2:log` as one by factors.

    Raises:
        BadInput: it is none of them.
    """
    try:
        if ":" in words:
            low, high, *rest = words.split(":")
            if rest not in ([], ["log"]):
                raise ValueError
            return Axis(low=float(low), high=float(high), log=bool(rest))
        return Axis(values=tuple(float(word) for word in words.split(",")))
    except ValueError:
        raise BadInput(
            f"Expected values such as 0.001,0.002 or a range such as 1e-4:2e-3:log, got {words!r}."
        ) from None


def space_from_dict(
    axes: Mapping[str, Mapping[str, Any]], sampler: str, max_runs: int, max_minutes: float | None
) -> SweepSpace:
    """The space that `to_dict` wrote."""
    read = {name: Axis(**{**axis, "values": tuple(axis["values"])}) for name, axis in axes.items()}
    return SweepSpace(read, sampler, max_runs, max_minutes)


def next_settings(
    space: SweepSpace, tried: Sequence[tuple[Mapping[str, Any], float | None]], seed: int
) -> dict[str, Any] | None:
    """What to try next; None where the space is exhausted.

    Args:
        space: of the sweep.
        tried: settings and macro-F1 of every run so far, in their order; None where it came to nothing.
        seed: of the sampler. The same arguments give the same answer, so that a sweep survives restarts.
    """
    if len(tried) >= space.max_runs:
        return None
    if space.sampler == "grid":
        return _next_cell(space, len(tried))
    return _ask_optuna(space, tried, seed)


def _next_cell(space: SweepSpace, number: int) -> dict[str, Any] | None:
    cells = itertools.product(*(axis.values for axis in space.axes.values()))
    cell = next(itertools.islice(cells, number, None), None)
    if cell is None:
        return None
    return {name: _fit(name, value) for name, value in zip(space.axes, cell, strict=True)}


def _ask_optuna(
    space: SweepSpace, tried: Sequence[tuple[Mapping[str, Any], float | None]], seed: int
) -> dict[str, Any]:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    distributions = {name: _distribution(name, axis) for name, axis in space.axes.items()}
    sampler = optuna.samplers.TPESampler(seed=seed + len(tried), n_startup_trials=5)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    for values, score in tried:
        state = optuna.trial.TrialState.COMPLETE if score is not None else optuna.trial.TrialState.FAIL
        study.add_trial(
            optuna.trial.create_trial(
                params={name: values[name] for name in distributions},
                distributions=distributions,
                value=score,
                state=state,
            )
        )
    trial = study.ask(distributions)
    return {name: _fit(name, trial.params[name]) for name in distributions}


def _distribution(name: str, axis: Axis) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if axis.values:
        return CategoricalDistribution([_fit(name, value) for value in axis.values])
    low, high = axis.ends()
    if name in WHOLE:
        return IntDistribution(int(low), int(high), log=axis.log)
    return FloatDistribution(low, high, log=axis.log)


def _fit(name: str, value: float) -> float | int:
    return int(value) if name in WHOLE else float(value)


def _check_axis(name: str, axis: Axis, sampler: str) -> None:
    if axis.values:
        if not all(map(math.isfinite, axis.values)):
            raise BadInput(f"{name} takes finite numbers only.")
        return
    if sampler == "grid":
        raise BadInput(f"A grid needs values of {name}, such as 0.001,0.002; a range is for the sampler tpe.")
    if axis.low is None or axis.high is None or not (axis.low < axis.high < math.inf):
        raise BadInput(f"{name} needs a range whose low end is below its high one.")
    if axis.log and axis.low <= 0:
        raise BadInput(f"{name}: a range by factors must begin above 0.")
