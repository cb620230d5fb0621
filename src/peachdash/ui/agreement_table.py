"""Agreement of annotators: one sentence, a chart of kappa with its intervals, and the table behind it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from peachdash.charts.agreement import agreement_chart
from peachdash.insights import formatting
from peachdash.labelling.agreement import ALL, CLASS, PAIR, SLICE, summarise_agreement
from peachdash.queries.label_pairs import fetch_shipped_pairs
from peachdash.ui.access import Session
from peachdash.ui.data import ask, remember
from peachdash.ui.label_words import SLICE_WORDS

HERE, SHIPPED = "Labelled here", "Shipped corpus"
_GROUPS = {ALL: "All", CLASS: "Label against the rest", SLICE: "Kind of review", PAIR: "Pair of annotators"}
_BASIS = {
    HERE: "Reviews that both annotators have labelled; a review that one has still to label is not counted.",
    SHIPPED: "The two annotators of the shipped corpus, made with language models in separate passes.",
}


def use_basis(pairs: pd.DataFrame) -> str:
    """Whose labels are looked at; those made here first, where there are some."""
    chosen = st.segmented_control(
        "Labels", (HERE, SHIPPED), default=HERE if len(pairs) else SHIPPED, required=True, key="agreement_of"
    )
    return str(chosen or HERE)


def load_agreement(session: Session, pairs: pd.DataFrame, basis: str) -> pd.DataFrame:
    """The agreement of one basis; columns of `summarise_agreement`."""

    def compute() -> pd.DataFrame:
        return summarise_agreement(_here(pairs) if basis == HERE else _shipped(session))

    return remember(session, "agreement", compute, basis)


def _here(pairs: pd.DataFrame) -> pd.DataFrame:
    slices = [
        sorted({*first, *second}) for first, second in zip(pairs["slices_a"], pairs["slices_b"], strict=True)
    ]
    names = [" and ".join(sorted(both)) for both in zip(pairs["name_a"], pairs["name_b"], strict=True)]
    return pairs[["label_a", "label_b"]].assign(slices=slices, pair=names)


def _shipped(session: Session) -> pd.DataFrame:
    rows = ask(session, fetch_shipped_pairs)
    names = [" and ".join(both) for both in zip(rows["annotator_a"], rows["annotator_b"], strict=True)]
    return rows[["label_a", "label_b", "slices"]].assign(pair=names)


def agreement_sentence(agreement: pd.DataFrame, minimum_n: int) -> str:
    """The answer of the view."""
    row = agreement.iloc[0]
    n = int(row["n"])
    if not n:
        return "No review has two labels yet."
    if n < minimum_n:
        return f"{formatting.counted(n, 'review')} with two labels: too few for a figure of agreement."
    share = formatting.estimate(row["agreed"], row["agreed_low"], row["agreed_high"], n)
    return f"Two annotators give the same label to {share} of the reviews: kappa {kappa_words(row)}."


def kappa_words(row: pd.Series) -> str:
    """ "0.86 (0.85 to 0.87)"; in words where there is no interval or no kappa."""
    if formatting.is_missing(row["kappa"]):
        return "not defined (only one label was used)"
    if formatting.is_missing(row["low"]):
        return f"{row['kappa']:.2f} (no disagreement, so no interval)"
    decimals = 3 if row["n"] >= formatting.DECIMALS_FROM else 2
    return f"{row['kappa']:.{decimals}f} ({row['low']:.{decimals}f} to {row['high']:.{decimals}f})"


def render_agreement(agreement: pd.DataFrame, basis: str, minimum_n: int) -> None:
    """Chart and table."""
    enough = agreement[(agreement["n"] >= minimum_n) & agreement["kappa"].notna()]
    if len(enough) > 1:
        st.altair_chart(agreement_chart(_named(enough)), width="stretch", key="agreement_chart")
    st.dataframe(
        _table(agreement, minimum_n),
        hide_index=True,
        key="agreement_table",
        height=38 + 36 * len(agreement),
        alt="Agreement by class, slice and pair of annotators with Cohen's kappa and its interval",
    )
    st.caption(
        f"{_BASIS[basis]} Kappa is agreement beyond chance: 1 is full, 0 what chance gives. Of a label, n "
        "and the share count reviews that either annotator gave it to. Brackets are 95% intervals."
    )


def _named(rows: pd.DataFrame) -> pd.DataFrame:
    pairs = zip(rows["group"], rows["name"], strict=True)
    return rows.assign(
        shown=[_shown(group, str(name)) for group, name in pairs],
        group_words=[_GROUPS[group] for group in rows["group"]],
    )


def _shown(group: str, name: str) -> str:
    if group == PAIR:
        return name
    return SLICE_WORDS.get(name, name) if group == SLICE else name.capitalize()


def _table(agreement: pd.DataFrame, minimum_n: int) -> pd.DataFrame:
    rows = _named(agreement)
    few = rows["n"] < minimum_n
    return pd.DataFrame(
        {
            "Reviews": list(rows["shown"]),
            "Cohen's kappa": [
                "too few reviews" if is_few else kappa_words(row)
                for is_few, (_, row) in zip(few, rows.iterrows(), strict=True)
            ],
            "Same label": [
                "too few reviews" if is_few else _share(row)
                for is_few, (_, row) in zip(few, rows.iterrows(), strict=True)
            ],
            "n": [formatting.count(n) for n in rows["n"]],
            "By": list(rows["group_words"]),
        }
    )


def _share(row: pd.Series) -> str:
    n = int(row["n"])
    interval = formatting.percent_range(row["agreed_low"], row["agreed_high"], n)
    return f"{formatting.percent(row['agreed'], n)} ({interval})"
