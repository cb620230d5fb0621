"""What the review queue costs and saves, in words; its error comes from later decisions of people."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from peachdash.insights import formatting
from peachdash.insights.intervals import wilson

REASON_WORDS = {
    "unsure": "the model is unsure",
    "disagree": "the models disagree",
    "sarcasm": "may be sarcasm",
    "mixed": "praise and blame",
}
DEFAULT_SECONDS = 20
LEAST_FOR_A_SHARE, LEAST_A_DAY = 10, 0.1
"""Fewer readings are told as a count, and rarer ones by the window."""


def reason_words(row: pd.Series) -> str:
    """Why a reading is in the queue: "the model is unsure, praise and blame"."""
    return ", ".join(reasons(row))


def reasons(row: pd.Series) -> list[str]:
    """The same, one by one."""
    return [words for name, words in REASON_WORDS.items() if row[name]]


def queue_sentence(counts: Mapping[str, int], place: str) -> str:
    """How many readings wait for a person, and how many do not need one."""
    if not counts["sent"] + counts["unsent"]:
        return f"{place}: no reading yet."
    total = counts["sent"] + counts["unsent"]
    few = total < LEAST_FOR_A_SHARE
    share = str(counts["unsent"]) if few else formatting.percent(counts["unsent"] / total, total)
    if not counts["waiting"]:
        return f"{place}: no reading waits for a person; {share} of {formatting.count(total)} needed none."
    waiting = formatting.counted(counts["waiting"], "reading")
    waits = "waits" if counts["waiting"] == 1 else "wait"
    if not counts["unsent"]:
        return f"{place}: {waiting} {waits} for a person."
    return f"{place}: {waiting} {waits} for a person; {share} of {formatting.count(total)} need none."


def arrival_words(arrived: int, days: int) -> str:
    """How many are sent a day: "1.4 a day in the latest 28 days"."""
    if arrived / days < LEAST_A_DAY:
        return f"{formatting.count(arrived) if arrived else 'None'} in the latest {days} days"
    return f"{arrived / days:.1f} a day in the latest {days} days"


def error_words(answers: Mapping[str, int], minimum_n: int) -> str:
    """The measured error among readings that were not sent to people, or what is missing to measure it."""
    n, wrong = answers["n"], answers["wrong"]
    if n < max(minimum_n, 1):
        checked = f"{formatting.count(n)} checked so far" if n else "none checked yet"
        return (
            f"Not measured: a random sample of the readings that nobody is asked about tells it ({checked})."
        )
    low, high = wilson(wrong, n)
    told = formatting.estimate(wrong / n, float(low), float(high), n)
    return f"{told} of the readings that nobody is asked about were found wrong in random samples."


def saved_words(unsent: int, seconds: float) -> str:
    """Reading time that the queue saves, and what it assumes: "About 21 hours, at 20 seconds a review"."""
    if not unsent:
        return "Nothing yet: every reading goes to a person."
    minutes = unsent * seconds / 60
    reviews = formatting.counted(unsent, "review")
    span = f"{minutes / 60:,.0f} hours" if minutes >= 120 else f"{minutes:,.0f} minutes"
    return f"About {span}, at {seconds:g} seconds a review, for {reviews} that nobody has to read."
