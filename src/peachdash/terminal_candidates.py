"""What `peachdash models`, `promote` and `rollback` print: words, or one JSON object."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from peachdash.insights import formatting
from peachdash.insights.changes import change_sentence
from peachdash.insights.sizes import megabytes

BUSINESSES_SHOWN = 10


def print_models(models: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    """All models, two lines each."""
    if as_json:
        print(json.dumps({"models": list(models)}, ensure_ascii=False))
        return
    for model in models:
        marks = {"is_champion": "champion now", "is_generic": "compared with"}
        told = [words for key, words in marks.items() if model[key]]
        if not model["is_installed"]:
            told.append("encoder not installed")
        print("  ".join([model["revision"], model["name"], *told]))
        print(f"    {_quality(model)}; {_cost(model['cost'])}; {_origin(model)}")


def _quality(model: dict[str, Any]) -> str:
    score, error = model["macro_f1"], model["peachy_error"]
    if score is None or score["value"] is None:
        return "not measured on the test reviews"
    interval = "" if score["low"] is None else f" ({score['low']:.2f} to {score['high']:.2f})"
    words = f"macro F1 {score['value']:.2f}{interval}, n = {score['n']:,}"
    if error is not None and error["value"] is not None:
        told = formatting.estimate(error["value"], error["low"], error["high"], error["n"])
        words += f", “peachy” misread {told}"
    return words


def _cost(cost: dict[str, Any] | None) -> str:
    if cost is None:
        return "cost not measured here"
    disk = megabytes(cost["adapter_bytes"] + cost["encoder_bytes"])
    return (
        f"{cost['texts_per_second']:,.0f} reviews a second here, memory {megabytes(cost['memory_bytes'])}, "
        f"disk {disk}"
    )


def _origin(model: dict[str, Any]) -> str:
    made = model["made_utc"][:10] if model["made_utc"] else ""
    seconds = model["training_seconds"]
    trained = "" if seconds is None else f"trained in {seconds:,.0f} s"
    where = f"on {model['trained_on']}" if model["trained_on"] and trained else ""
    parts = [model["learned_from"], f"{trained} {where}".strip(), f"{model['made_by']} {made}".strip()]
    return "; ".join(part for part in parts if part)


def print_case(case: dict[str, Any]) -> None:
    """Gates and changes of a candidate, before it is promoted."""
    print(
        f"{case['revision']} against the champion {case['champion']}, "
        f"{case['test_reviews']:,} test reviews of {case['test_set']}"
    )
    if case["learned_from_test"]:
        print(f"  it learned from {case['learned_from_test']:,} of them, so its figures flatter it")
    for gate in case["gates"]:
        print(f"  {gate['state']:<12}  {gate['title']}. {gate['words']}")
    changes = case["changes"]
    if changes is None:
        return
    print(change_sentence(changes))
    flipping = [row for row in changes["by_business"] if row["flips"]]
    for row in flipping[:BUSINESSES_SHOWN]:
        negative = f"negative {row['negative_before']:,} to {row['negative_after']:,}"
        positive = f"positive {row['positive_before']:,} to {row['positive_after']:,}"
        print(f"  {row['business']}: {row['flips']:,} of {row['reviews']:,}; {negative}, {positive}")
    if len(flipping) > BUSINESSES_SHOWN:
        print(f"  and {len(flipping) - BUSINESSES_SHOWN:,} more businesses")
    if changes.get("sentences"):
        print(f"  {changes['sentences']:,} sentences of the complaints page follow after the switch")


def print_switched(done: dict[str, Any], *, as_json: bool) -> None:
    """Which model is champion now."""
    if as_json:
        print(json.dumps(done, ensure_ascii=False))
        return
    print(f"{done['revision']} is the champion now, in place of {done['previous']}")
