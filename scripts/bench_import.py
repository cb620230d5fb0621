"""How long an import of 100,000 and 1,000,000 rows takes, beside pandas merely reading the same file.

`python -m scripts.bench_import` makes the files (20 and 200 MB) in a temporary folder, imports each into a
database of its own in a process of its own, and prints seconds, peak memory and the ratio. `--rows` changes
the sizes. Written to `build/bench_import.json`.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
WORDS = [
    "the",
    "scoop",
    "line",
    "was",
    "long",
    "and",
    "cone",
    "soggy",
    "but",
    "staff",
    "kind",
    "service",
    "cold",
    "broth",
    "lovely",
    "window",
    "table",
    "again",
    "never",
    "best",
    "place",
    "in",
    "town",
    "we",
    "waited",
    "an",
    "hour",
    "for",
    "noodles",
    "then",
    "they",
    "forgot",
    "our",
    "order",
    "corner",
    "shop",
    "linen",
    "dress",
    "fits",
    "small",
    "colour",
    "faded",
    "after",
    "one",
    "wash",
    "would",
    "come",
    "back",
    "with",
    "friends",
]
COLUMNS = ["business", "source", "review id", "reviewer", "date", "stars", "title", "text", "owner reply"]

READ_BY_PANDAS = """
import sys, time, resource, pandas
started = time.perf_counter()
rows = len(pandas.read_csv(sys.argv[1], dtype=str, keep_default_na=False))
print(time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
IMPORT = """
import sys, time, resource
from pathlib import Path
from peachdash.records import Scope
from peachdash.storage.database import open_database
from peachdash.workflows.imports import ImportOptions, import_export
home = Path(sys.argv[2])
database = open_database(home / "bench.duckdb")
started = time.perf_counter()
house, options = Scope.everything(), ImportOptions()
found = import_export(
    database, house, home, Path(sys.argv[1]).read_bytes(), "bench.csv", options, "command"
)
seconds = time.perf_counter() - started
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(seconds, peak, found.accepted, found.duplicates, found.rejected)
"""


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    results = [measure(rows) for rows in parser.parse_args().rows]
    target = REPOSITORY / "build" / "bench_import.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(results, indent=1) + "\n")
    print(f"written to {target.relative_to(REPOSITORY)}")


def measure(rows: int) -> dict[str, float]:
    """One size: seconds and peak memory of an import, and of pandas, in processes of their own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.csv"
        write_export(path, rows)
        pandas_seconds, _ = run(READ_BY_PANDAS, path)
        seconds, peak, accepted, duplicates, rejected = run(IMPORT, path, folder)
        megabytes = path.stat().st_size / 1e6
    found = {
        "rows": rows,
        "megabytes": megabytes,
        "seconds": seconds,
        "peak_megabytes": peak / 1e3,
        "pandas_seconds": pandas_seconds,
        "times_pandas": seconds / pandas_seconds,
        "accepted": accepted,
        "duplicates": duplicates,
        "rejected": rejected,
    }
    print(
        f"{rows:,} rows ({megabytes:.0f} MB): {seconds:.1f} s, {1e6 * seconds / rows:.1f} s a million, peak "
        f"{peak / 1e3:,.0f} MB; pandas reads the file in {pandas_seconds:.1f} s, "
        f"{seconds / pandas_seconds:.1f} times less; "
        f"accepted {accepted:,.0f}, duplicates {duplicates:,.0f}, rejected {rejected:,.0f}"
    )
    return found


def run(script: str, *arguments: str | Path) -> list[float]:
    """The numbers that a script prints."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=REPOSITORY)
    if done.returncode:
        sys.exit(done.stderr)
    return [float(number) for number in done.stdout.split()]


def write_export(path: Path, rows: int) -> None:
    """An export of 200 businesses: one row in fifty repeats the one before it, some have no text or stars."""
    rng = random.Random(1)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        row: list[str] = []
        for number in range(rows):
            if not row or rng.random() > 0.02:
                row = _row(number, rows, rng)
            writer.writerow(row)


def _row(number: int, rows: int, rng: random.Random) -> list[str]:
    text = " ".join(rng.choices(WORDS, k=rng.randint(4, 44)))
    text += " “café” 🍑" if rng.random() < 0.1 else ""
    text += '\nEDIT: sorted, "fine" now.' if rng.random() < 0.05 else ""
    return [
        f"Business {rng.randrange(200)}",
        rng.choice(["google", "yelp"]),
        f"id-{number}",
        f"Reviewer {rng.randrange(rows)}",
        (dt.date(2020, 1, 1) + dt.timedelta(days=rng.randrange(2000))).isoformat(),
        "" if rng.random() < 0.02 else str(rng.randint(1, 5)),
        "" if rng.random() < 0.5 else " ".join(rng.choices(WORDS, k=4)),
        "" if rng.random() < 0.03 else text,
        "Thank you for coming by" if rng.random() < 0.1 else "",
    ]


if __name__ == "__main__":
    main()
