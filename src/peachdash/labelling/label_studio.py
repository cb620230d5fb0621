"""Labels as Label Studio's JSON: tasks with `data`, `annotations` and `predictions`.

The format is that of Label Studio's own export and import ("Label Studio JSON format of annotated tasks",
labelstud.io/guide/task_format; "Import pre-annotated data", labelstud.io/guide/predictions): a list of
tasks; an annotation's `result` is a list of items with from_name, to_name, type and value, where choices are
`{"choices": [...]}` and text areas `{"text": [...]}`; `completed_by` is a number or an object with an e-mail;
a prediction has model_version and score beside its result. `LABEL_CONFIG` is the labelling interface that
the names belong to.
"""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from peachdash.errors import BadInput
from peachdash.labelling.exchange import (
    ADJUDICATOR,
    ANNOTATOR,
    find_label,
    known_aspect,
    known_slices,
    long_frame,
)
from peachdash.records import ASPECTS, LABELS, SLICES

LABEL, SLICE, UNSURE, WORDS, ASPECT, REASON = "label", "slices", "unsure", "reason_words", "aspect", "reason"
TEXT = "text"
_GROUND_TRUTH = "ground truth in Label Studio"


def _choices(name: str, options: tuple[str, ...], kind: str) -> str:
    inner = "".join(f'\n    <Choice value="{option}"/>' for option in options)
    required = ' required="true"' if name == LABEL else ""
    return f'  <Choices name="{name}" toName="{TEXT}" choice="{kind}"{required}>{inner}\n  </Choices>\n'


LABEL_CONFIG = (
    "<View>\n"
    f'  <Header value="$title"/>\n  <Text name="{TEXT}" value="$text"/>\n'
    + _choices(LABEL, LABELS, "single")
    + _choices(SLICE, SLICES, "multiple")
    + _choices(UNSURE, (UNSURE,), "multiple")
    + _choices(ASPECT, ASPECTS, "single")
    + f'  <TextArea name="{WORDS}" toName="{TEXT}" maxSubmissions="1" placeholder="the words that say it"/>\n'
    + f'  <TextArea name="{REASON}" toName="{TEXT}" maxSubmissions="1" placeholder="why (adjudication)"/>\n'
    + "</View>\n"
)


def to_tasks(items: pd.DataFrame, rows: pd.DataFrame, readings: pd.DataFrame) -> list[dict[str, Any]]:
    """Reviews as tasks of Label Studio, each with the labels that it has.

    Args:
        items: review_id, task, title, text; one row for each task to be made.
        rows: labels in the long form. Annotators with an e-mail are given as completed_by, others as
            created_username, which Label Studio does not read: it knows users by e-mail only.
        readings: review_id, model_version, label, score (0 to 1); a model's readings as predictions.
    """
    by_review = dict(list(rows.groupby("review_id")))
    read = {row["review_id"]: row for row in readings.to_dict("records")}
    tasks = []
    for number, item in enumerate(items.to_dict("records"), start=1):
        said = by_review.get(item["review_id"], rows.head(0))
        reading = read.get(item["review_id"])
        data = {name: str(item[name]) for name in ("review_id", "task", "title", "text")}
        tasks.append(
            {
                "id": number,
                "data": data,
                "annotations": [_annotation(row) for row in said.to_dict("records")],
                "predictions": [] if reading is None else [_prediction(reading)],
            }
        )
    return tasks


def _annotation(row: dict[Any, Any]) -> dict[str, Any]:
    who = str(row["annotator"])
    result = [_choice(LABEL, [row["label"]])]
    result += [_choice(SLICE, list(row["slices"]))] if row["slices"] else []
    result += [_choice(UNSURE, [UNSURE])] if row["unsure"] else []
    result += [_choice(ASPECT, [row["aspect"]])] if isinstance(row["aspect"], str) else []
    result += [_text(name, row[name]) for name in (WORDS, REASON) if row[name]]
    moment = None if pd.isna(row["at_utc"]) else pd.Timestamp(row["at_utc"]).isoformat()
    return {
        **({"completed_by": {"email": who}} if "@" in who else {}),
        "created_username": who,
        "created_at": moment,
        "was_cancelled": False,
        "ground_truth": row["role"] == ADJUDICATOR,
        "result": result,
    }


def _prediction(reading: dict[Any, Any]) -> dict[str, Any]:
    return {
        "model_version": str(reading["model_version"]),
        "score": round(float(reading["score"]), 6),
        "result": [_choice(LABEL, [reading["label"]])],
    }


def _choice(name: str, values: list[str]) -> dict[str, Any]:
    return {"from_name": name, "to_name": TEXT, "type": "choices", "value": {"choices": values}}


def _text(name: str, words: str) -> dict[str, Any]:
    return {"from_name": name, "to_name": TEXT, "type": "textarea", "value": {"text": [words]}}


def read_tasks(content: bytes, name: str = "The file") -> pd.DataFrame:
    """The long form of a JSON file, which messages call by its name, as Label Studio exports it.

    That is JSON, not JSON-MIN.

    Skipped annotations and predictions are left out. A ground truth counts as adjudication where two others
    annotated the same review. Labels are found in any case, under whichever name the interface gave them.

    Raises:
        BadInput: the file is no such JSON; the message says what was found.
    """
    if not content.strip():
        raise BadInput(f"{name} is empty: expected Label Studio's JSON.")
    try:
        tasks = json.loads(content.decode("utf-8-sig"))
    except RecursionError as error:
        raise BadInput(f"{name} is nested too deeply to be Label Studio's JSON.") from error
    except ValueError as error:
        raise BadInput(f"{name} is no JSON: {error}.") from error
    if not isinstance(tasks, list) or not all(isinstance(task, dict) for task in tasks):
        raise BadInput("Label Studio's JSON is a list of tasks; this file holds something else.")
    if tasks and not any(isinstance(task.get("data"), dict) for task in tasks):
        raise BadInput("These tasks have no “data”. Export from Label Studio as JSON, not as JSON-MIN.")
    return long_frame([row for task in tasks for row in _rows(task)])


def _rows(task: dict[str, Any]) -> list[dict[str, Any]]:
    held = task.get("data")
    data = held if isinstance(held, dict) else {}
    shared = {name: str(data.get(name) or "") for name in ("review_id", "task", "title", "text")}
    given = task.get("annotations") or task.get("completions") or []
    kept = [one for one in given if isinstance(one, dict) and not one.get("was_cancelled")]
    is_ruled = sum(not one.get("ground_truth") for one in kept) >= 2
    return [_row(shared, one, place, is_ruled=is_ruled) for place, one in enumerate(kept, start=1)]


def _row(shared: dict[str, str], one: dict[str, Any], place: int, *, is_ruled: bool) -> dict[str, Any]:
    said = [item for item in one.get("result") or [] if isinstance(item, dict)]
    chosen = {str(item.get("from_name")): _values(item, "choices") for item in said}
    written = {str(item.get("from_name")): " ".join(_values(item, "text")) for item in said}
    every = [
        value for name, values in chosen.items() if name not in (SLICE, UNSURE, ASPECT) for value in values
    ]
    ruling = bool(one.get("ground_truth")) and is_ruled
    return {
        **shared,
        "role": ADJUDICATOR if ruling else ANNOTATOR,
        "annotator": _annotator(one, place),
        "label": find_label(every) or ", ".join(every),
        "slices": known_slices(chosen.get(SLICE, [])),
        "unsure": bool(chosen.get(UNSURE)),
        "reason_words": written.get(WORDS, ""),
        "aspect": known_aspect(chosen.get(ASPECT, [])),
        "reason": (written.get(REASON, "") or _GROUND_TRUTH) if ruling else "",
        "at_utc": one.get("created_at"),
    }


def _values(item: dict[str, Any], kind: str) -> list[str]:
    value = item.get("value")
    found = value.get(kind) if isinstance(value, dict) else None
    return (
        [str(part) for part in found]
        if isinstance(found, list)
        else [found]
        if isinstance(found, str)
        else []
    )


def _annotator(one: dict[str, Any], place: int) -> str:
    """Who annotated, as exactly as the file says it."""
    who = one.get("completed_by")
    if isinstance(who, dict):
        return str(who.get("email") or who.get("id") or f"annotator {place}")
    if isinstance(who, int):
        return f"Label Studio user {who}"
    return str(one.get("created_username") or f"annotator {place}").split(",")[0].strip()
