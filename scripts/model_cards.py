"""Test figures on the model cards: `peachdash evaluate --json > figures.json; python -m scripts.model_cards figures.json`.

Keeps what the cards need of the figures as `models/evaluation.json` and writes the part of each shipped card
between its two marks. Without a file the cards are written from what is kept.
"""  # noqa: E501

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from peachdash.config import REPOSITORY
from peachdash.sentiment.registry import list_models

MODELS = REPOSITORY / "models"
KEPT = MODELS / "evaluation.json"
BEGIN, END = "<!-- test figures: python -m scripts.model_cards -->", "<!-- end of test figures -->"
FIGURES = ("n", "accuracy", "macro", "slice_errors", "calibration_error", "accepted_share", "accepted_error")


def main() -> None:
    """Keep the figures, if a file is given, and write the cards."""
    parser = argparse.ArgumentParser(description="Test figures on the model cards.")
    parser.add_argument("figures", type=Path, nargs="?", help="output of `peachdash evaluate --json`")
    options = parser.parse_args()
    if options.figures is not None:
        kept = trimmed(json.loads(options.figures.read_text(encoding="utf-8")))
        KEPT.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    figures = json.loads(KEPT.read_text(encoding="utf-8"))
    for model in list_models(MODELS):
        assert model.folder is not None
        card = model.folder / "README.md"
        card.write_text(with_section(card.read_text("utf-8"), section(figures, model.revision)), "utf-8")


def trimmed(report: dict[str, Any]) -> dict[str, Any]:
    """What the cards need of an evaluation: no curves, no single reviews."""
    models = {
        name: {key: found[key] for key in ("revision", *FIGURES, "reweighted") if key in found}
        for name, found in report["models"].items()
    }
    pairs = [
        {key: value for key, value in pair.items() if key not in ("disagreements", "note")}
        for pair in report["comparisons"]
    ]
    sets = [
        {
            "set": found["set"],
            "revision": found["revision"],
            "n": found["evaluation"]["n"],
            "accuracy": found["evaluation"]["accuracy"],
            "two_class_accuracy": found["two_class_accuracy"],
            "difference": found["difference"],
        }
        for found in report["real_sets"]
    ]
    return {"models": models, "comparisons": pairs, "real_sets": sets}


def section(figures: dict[str, Any], revision: str) -> str:
    """The part of a card on held-out reviews and published sets; says so where nothing was measured."""
    found = next((model for model in figures["models"].values() if model["revision"] == revision), None)
    if found is None:
        return "## Held-out reviews\n\nNot measured: `peachdash evaluate` does it."
    rows = [
        ("accuracy", share(found["accuracy"])),
        ("macro F1", score(found["macro"]["f1"])),
        ("error where a person is not asked", share(found["accepted_error"])),
        ("share not sent to people", share(found["accepted_share"])),
        ("expected calibration error", f"{found['calibration_error']:.3f}"),
    ]
    if found.get("reweighted"):
        rows.append(("macro F1 at natural shares of the slices", score(found["reweighted"]["macro_f1"])))
    rows += [
        (f"error, {name}", share(error)) for name, error in found["slice_errors"].items() if name != "all"
    ]
    lines = [f"{found['n']:,} test reviews, read once; 95% intervals.", "", *table(("figure", "value"), rows)]
    sets = [item for item in figures["real_sets"] if item["revision"] == revision]
    if sets:
        head = ("published set", "accuracy", "between negative and positive", "against its generic model")
        lines += ["", *table(head, [set_row(item) for item in sets])]
    return "## Held-out reviews\n\n" + "\n".join(lines)


def set_row(item: dict[str, Any]) -> tuple[str, ...]:
    """A row of the table of published sets."""
    two, difference = item["two_class_accuracy"], item["difference"]
    points = (
        ""
        if difference is None
        else "{:+.1f} points ({:+.1f} to {:+.1f})".format(
            *(100 * difference[end] for end in ("value", "low", "high"))
        )
    )
    return f"{item['set']} (n = {item['n']:,})", share(item["accuracy"]), share(two) if two else "", points


def share(estimate: dict[str, Any]) -> str:
    """A proportion: "18.5% (13.8% to 24.3%, n = 211)"."""
    if estimate["value"] is None:
        return str(estimate["reason"])
    return "{:.1%} ({:.1%} to {:.1%}, n = {:,})".format(
        *(estimate[key] for key in ("value", "low", "high", "n"))
    )


def score(estimate: dict[str, Any]) -> str:
    """A score: "0.78 (0.74 to 0.83)"."""
    return "{:.2f} ({:.2f} to {:.2f})".format(*(estimate[key] for key in ("value", "low", "high")))


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Lines of a Markdown table."""
    return ["| " + " | ".join(row) + " |" for row in (head, tuple("---" for _ in head), *rows)]


def with_section(card: str, text: str) -> str:
    """The card with the part between its marks replaced; a card without marks gets them before its limits."""
    block = f"{BEGIN}\n\n{text}\n\n{END}"
    if BEGIN in card:
        before, _, rest = card.partition(BEGIN)
        return before + block + rest.partition(END)[2]
    return card.replace("## Limits", f"{block}\n\n## Limits", 1)


if __name__ == "__main__":
    main()
