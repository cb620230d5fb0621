"""Measure the finding of complaints: `python -m scripts.measure_complaints aspects|names|ledger|speed|page`.

aspects: the aspect head on published sentences (SemEval 2014, McDonald's reviews), beside a bag of words
         that learned from the same corpus labels.
names:   write a sample of issue names beside the annotators' own words, for a reader who knows neither the
         method nor which pairs are mixed up; with `--judged FILE`, count what the reader said.
ledger:  go through the demo's reviews week by week and count which dated stories are found, and how early.
speed:   embed, group and name 100,000 sentences.
page:    the Complaints page of one business with 10,000 reviews, served and asked for as a browser does.

`names` and `ledger` read the database of PEACHDASH_HOME, which `peachdash setup` fills.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from peachdash.config import load_settings
from peachdash.errors import PeachdashError
from scripts.measuring import aspects, ledger, names, page, speed


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["aspects", "names", "ledger", "speed", "page"])
    parser.add_argument("--real-sets", type=Path, default=Path("../shared/data/reviews"))
    parser.add_argument("--out", type=Path, default=Path(".cache/complaint_names.csv"))
    parser.add_argument("--split", default="test", choices=["train", "validation", "test"])
    parser.add_argument("--judged", type=Path, help="the sample with a column `match` filled in")
    parser.add_argument("--sentences", type=int, default=100_000)
    options, settings = parser.parse_args(), load_settings()
    measures: dict[str, Callable[[], dict[str, object]]] = {
        "aspects": lambda: aspects.measure(settings, options.real_sets),
        "names": lambda: (
            names.count_judged(options.judged)
            if options.judged
            else names.write_sample(settings, options.out, options.split)
        ),
        "ledger": lambda: ledger.measure(settings),
        "speed": lambda: speed.measure_grouping(settings, options.sentences),
        "page": lambda: page.measure(settings),
    }
    try:
        found = measures[options.what]()
    except PeachdashError as error:
        sys.exit(str(error))
    print(json.dumps(found, indent=1, ensure_ascii=False, default=str))


if __name__ == "__main__":
    main()
