"""What a second GPU brings: the Ray engine with one actor and with two, on the same texts, in one run.

    python -m scripts.bench_ray [--texts N] [--gpus 1,2] [--encoders FOLDER] [--mix short]

Writes Parquet inputs, reads them with the local engine, then with Ray and one actor after the other number,
and checks that all give the same predictions. Start-up (Ray, actors, models) stands apart. The steady rate is
the sum of the actors' own rates after the first unit of each, in which processes and kernels warm up. Without
a GPU the actors compute on the CPU. Needs torch, transformers, pyarrow and ray[data]; no database.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

REPOSITORY = Path(__file__).resolve().parents[1]
for place in (str(REPOSITORY), str(REPOSITORY / "src")):
    if place not in sys.path:
        sys.path.insert(0, place)
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402

from scripts.bench_encoders import prepare_encoder  # noqa: E402
from scripts.bench_scoring import add_reading_options, describe_machine, say  # noqa: E402
from scripts.bench_texts import write_texts  # noqa: E402

if TYPE_CHECKING:
    from peachdash.sentiment.ray_engine import UnitDone
    from peachdash.sentiment.registry import ModelReference

TEXTS = {"cuda": 3_200_000, "cpu": 400}
FILES = 16
CLOSE = 0.02
"""In 16 bits a probability may differ by this much, and a label where its lead is smaller."""


def main() -> None:
    """Write the texts, read them, compare, print."""
    options = _parser().parse_args()
    from peachdash.sentiment.model import resolve_device
    from peachdash.sentiment.registry import load_reference

    device = resolve_device(options.device)
    count = options.texts or TEXTS[device]
    found: dict[str, Any] = {"machine": describe_machine(device), "texts": count, "mix": options.mix}
    say(json.dumps(found["machine"]))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        encoders, found["weights"] = prepare_encoder(options.size, options.encoders, folder / "encoders")
        started = time.perf_counter()
        inputs = write_texts(folder / "in", options.mix, count, FILES)
        say(f"{count:,} different texts in {FILES} files ({time.perf_counter() - started:.0f} s)")
        model = load_reference(REPOSITORY / "models" / f"champion-{options.size}")
        found["local"] = read_locally(inputs, folder / "local", model, encoders, device)
        for actors in options.gpus:
            out = folder / f"ray-{actors}"
            found[f"ray {actors}"] = read_by_ray(inputs, out, model, encoders, device, actors)
            found[f"ray {actors}"]["check"] = compare(folder / "local", out, count)
            say(f"  against the local engine: {found[f'ray {actors}']['check']}")
        tell_ratio(found, options.gpus)
    if options.out:
        options.out.write_text(json.dumps(found, indent=1) + "\n")
    if not all(found[f"ray {actors}"]["check"]["same"] for actors in options.gpus):
        raise SystemExit("Ray's predictions are not those of the local engine.")


def read_locally(
    inputs: Sequence[Path], out: Path, model: ModelReference, encoders: Path, device: str
) -> dict[str, Any]:
    """The local engine on one device, loading left out."""
    from peachdash.sentiment.engine import Scorer
    from peachdash.sentiment.files import score_files

    scorer = Scorer(encoders, device=device)
    result = score_files(inputs, out, [model], scorer)
    scorer.close()
    rate = result.texts / result.seconds
    say(f"local engine, {result.device}, {result.precision}: {rate:,.0f} texts/s")
    return {"texts_per_second": rate, "precision": result.precision}


def read_by_ray(
    inputs: Sequence[Path], out: Path, model: ModelReference, encoders: Path, device: str, actors: int
) -> dict[str, Any]:
    """The Ray engine with some actors; Ray is stopped after it, so that each start-up counts whole."""
    import ray

    from peachdash.sentiment.ray_engine import RayPlan, score_files_by_ray

    started = time.perf_counter()
    plan = RayPlan(encoders, device=device, actors=actors)
    result = score_files_by_ray(inputs, out, [model], plan)
    wall = time.perf_counter() - started
    ray.shutdown()
    steady, whole = steady_rate(result.units), result.texts / result.seconds
    say(
        f"Ray, {actors} on {result.device}, {result.precision}: {steady:,.0f} texts/s steady, {whole:,.0f} "
        f"from the first unit to the last; start-up and end {wall - result.seconds:.1f} s of {wall:.1f}"
    )
    return {
        "actors": len({unit.actor for unit in result.units}),
        "texts_per_second": steady,
        "texts_per_second_from_first_unit": whole,
        "startup_seconds": wall - result.seconds,
        "seconds": wall,
        "units": [vars(unit) for unit in result.units],
    }


def steady_rate(units: Sequence[UnitDone]) -> float:
    """Texts a second of all actors together, the first unit of each left out; NaN where one read no other."""
    of_actor: dict[str, list[UnitDone]] = defaultdict(list)
    for unit in sorted(units, key=lambda unit: unit.ended):
        of_actor[unit.actor].append(unit)
    rates = [
        sum(unit.texts for unit in mine[1:]) / (mine[-1].ended - mine[0].ended) if mine[1:] else float("nan")
        for mine in of_actor.values()
    ]
    return float(sum(rates))


def compare(local: Path, other: Path, count: int) -> dict[str, Any]:
    """How far the predictions of two folders lie apart, text by text, and whether that is rounding only."""
    first, second = (_sorted(folder) for folder in (local, other))
    if not (len(first[0]) == count and np.array_equal(first[0], second[0])):
        return {"same": False, "texts": len(second[0]), "wanted": count}
    ranked = np.sort(first[1], axis=1)
    clear = ranked[:, 2] - ranked[:, 1] > CLOSE
    same = first[1].argmax(axis=1) == second[1].argmax(axis=1)
    largest = float(np.abs(first[1] - second[1]).max())
    return {
        "same": bool(largest <= CLOSE and same[clear].all()),
        "texts": count,
        "largest_difference": largest,
        "same_labels": float(same.mean()),
        "same_labels_where_clear": float(same[clear].mean()),
    }


def _sorted(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Hashes (N,) of the texts in order, and their probabilities (N, 3)."""
    names = [f"p_{label}" for label in ("negative", "neutral", "positive")]
    table = pq.read_table(folder, columns=["text_sha256", *names])
    keys = np.frombuffer(bytes.fromhex("".join(table["text_sha256"].to_pylist())), dtype="S32")
    order = np.argsort(keys)
    return keys[order], np.stack([table[name].to_numpy() for name in names], axis=1)[order]


def tell_ratio(found: dict[str, Any], numbers: Sequence[int]) -> None:
    """The last number of actors over the first, steady and from the first unit on."""
    first, last = found[f"ray {numbers[0]}"], found[f"ray {numbers[-1]}"]
    for name in ("texts_per_second", "texts_per_second_from_first_unit"):
        found[f"ratio, {name}"] = last[name] / first[name]
        say(f"{numbers[-1]} actors over {numbers[0]}, {name}: {last[name] / first[name]:.2f}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--texts", type=int, default=0, help="default: 3,200,000 on GPUs, 400 on a CPU")
    parser.add_argument(
        "--gpus", type=lambda text: [int(part) for part in text.split(",")], default=[1, 2], metavar="1,2",
        help="numbers of actors in turn, each with a GPU of its own",
    )  # fmt: skip
    parser.add_argument("--size", default="small", choices=["small", "base"])
    add_reading_options(parser)
    return parser


if __name__ == "__main__":
    main()
