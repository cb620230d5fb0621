"""Issues as plain rows, for files and for the command."""

from __future__ import annotations

import pandas as pd

from peachdash.insights import formatting


def exported_issues(issues: pd.DataFrame) -> pd.DataFrame:
    """Issues as plain columns, for files and for the command's JSON."""
    names = {
        "business": "business", "name": "issue", "aspect": "aspect", "change": "change", "reviews": "reviews",
        "repeats": "repeats_of_one_text", "negative": "negative_reviews",
        "negative_total": "all_negative_reviews",
        "share": "share_of_negative", "low": "share_low", "high": "share_high", "first_date": "first_seen",
        "last_date": "last_seen", "stars": "mean_stars", "need_answer": "need_answer",
        "missed": "missed_by_generic", "found_only_by_champion": "found_only_by_fine_tuned",
        "recent": "recent", "earlier": "earlier", "p_adjusted": "p_adjusted", "state": "state",
        "owner": "owner", "due_date": "due", "fix_label": "fix", "fix_date": "fix_date",
    }  # fmt: skip
    frame = issues[list(names)].rename(columns=names)
    for name in ("first_seen", "last_seen", "due", "fix_date"):
        frame[name] = [None if formatting.is_missing(day) else str(day)[:10] for day in frame[name]]
    return frame
