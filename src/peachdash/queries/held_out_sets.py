"""The test reviews on which candidates are measured: those of the newest data set, else the shipped ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd
import sqlalchemy as sa

from peachdash.errors import NotFound
from peachdash.queries.held_out import fetch_labelled
from peachdash.queries.readings import fetch_frame, within
from peachdash.records import Scope
from peachdash.sentiment.text import scored_texts
from peachdash.storage import schema as t
from peachdash.storage import schema_training as training
from peachdash.storage.predictions import load_unread

TEST = "test"
SHIPPED = "peach"
"""What evaluations on the shipped test reviews are filed under."""


@dataclass(frozen=True)
class HeldOutSet:
    """A set of test reviews.

    Attributes:
        data_set_id: of the data set version; None for the shipped labels.
        number: of that version.
        reviews: how many test reviews it has.
        same: what evaluations on earlier versions with the very same test reviews are filed under.
    """

    data_set_id: str | None
    number: int | None
    reviews: int
    same: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """Every name under which an evaluation on these test reviews may be filed."""
        return (self.key, *self.same)

    @property
    def key(self) -> str:
        """What evaluations on it are filed under."""
        return SHIPPED if self.number is None else f"data set {self.number}"

    @property
    def words(self) -> str:
        """What it is called in a sentence."""
        return "the shipped labels" if self.number is None else f"data set {self.number}"


def fetch_held_out_set(connection: sa.Connection, scope: Scope) -> HeldOutSet:
    """The newest data set version that has test reviews, else the shipped labels, which may be none.

    Raises:
        NotFound: the viewer is no analyst.
    """
    _require_analyst(scope)
    rows = training.data_set_reviews
    statement = (
        sa.select(training.data_sets.c.data_set_id, training.data_sets.c.number, sa.func.count())
        .join(rows, rows.c.data_set_id == training.data_sets.c.data_set_id)
        .where(rows.c.split == TEST)
        .group_by(training.data_sets.c.data_set_id, training.data_sets.c.number)
        .order_by(training.data_sets.c.number.desc())
        .limit(1)
    )
    found = connection.execute(statement).one_or_none()
    if found is not None:
        same = _same_test_reviews(connection, str(found[0]), int(found[2]))
        return HeldOutSet(str(found[0]), int(found[1]), int(found[2]), same)
    shipped = sa.select(sa.func.count()).where(t.gold_labels.c.split == TEST)
    return HeldOutSet(None, None, int(connection.execute(shipped).scalar_one()))


def _same_test_reviews(connection: sa.Connection, data_set_id: str, reviews: int) -> tuple[str, ...]:
    """Names of the other versions that hold the same test reviews with the same labels, newest first."""
    own, others, sets = (
        training.data_set_reviews.alias("own"),
        training.data_set_reviews.alias("others"),
        training.data_sets,
    )
    equal = [own.c[name] == others.c[name] for name in ("review_key", "text_sha256", "label", "split")]
    totals = sa.func.count(sa.distinct(others.c.review_key)), sa.func.count(own.c.review_key)
    statement = (
        sa.select(sets.c.number)
        .join(others, others.c.data_set_id == sets.c.data_set_id)
        .outerjoin(own, sa.and_(own.c.data_set_id == data_set_id, *equal))
        .where(others.c.split == TEST, others.c.data_set_id != data_set_id)
        .group_by(sets.c.number)
        .having(*(total == reviews for total in totals))
        .order_by(sets.c.number.desc())
    )
    return tuple(f"data set {number}" for number in connection.execute(statement).scalars())


def fetch_test_readings(
    connection: sa.Connection, scope: Scope, held_out: HeldOutSet, revision: str
) -> pd.DataFrame:
    """Test reviews that a revision has read, one row each, by review key; the columns of `fetch_labelled`.

    The texts of a data set are as they were when it was frozen, title and text in one.

    Raises:
        NotFound: the viewer is no analyst.
    """
    _require_analyst(scope)
    if held_out.data_set_id is None:
        return fetch_labelled(connection, scope, revision, TEST)
    rows, read = training.data_set_reviews, t.predictions
    statement = (
        sa.select(
            rows.c.review_key.label("review_id"),
            rows.c.business_id,
            sa.func.coalesce(t.businesses.c.name, rows.c.business_id).label("business"),
            sa.literal("").label("title"),
            rows.c.text,
            t.reviews.c.stars,
            t.reviews.c.review_date,
            rows.c.text_sha256,
            rows.c.label.label("gold"),
            rows.c.slices,
            *[read.c[name] for name in ("label", "p_negative", "p_neutral", "p_positive", "needs_review")],
        )
        .join(read, read.c.text_sha256 == rows.c.text_sha256)
        .outerjoin(t.businesses, t.businesses.c.business_id == rows.c.business_id)
        .outerjoin(t.reviews, t.reviews.c.review_id == rows.c.review_id)
        .where(
            rows.c.data_set_id == held_out.data_set_id,
            rows.c.split == TEST,
            read.c.revision == revision,
            within(scope, rows.c.business_id),
        )
        .order_by(rows.c.review_key)
    )
    return fetch_frame(connection, statement)


def fetch_test_texts(
    connection: sa.Connection, scope: Scope, held_out: HeldOutSet, unread_by: str | None = None
) -> pd.DataFrame:
    """Distinct texts of the test reviews, or those of them that a revision has not read: text_sha256, text.

    Raises:
        NotFound: the viewer may not see all texts.
    """
    if not scope.may_see_all_texts:
        raise NotFound("Test reviews are for analysts.")
    revisions = [unread_by if unread_by is not None else ""]
    if held_out.data_set_id is None:
        found = load_unread(connection, revisions, labelled_split=TEST)
        texts = scored_texts(list(found["title"]), list(found["text"]))
        return pd.DataFrame({"text_sha256": found["text_sha256"], "text": texts})
    rows = training.data_set_reviews
    statement = (
        sa.select(rows.c.text_sha256, sa.func.min(rows.c.text).label("text"))
        .where(
            rows.c.data_set_id == held_out.data_set_id,
            rows.c.split == TEST,
            rows.c.text_sha256.not_in(
                sa.select(t.predictions.c.text_sha256).where(t.predictions.c.revision == revisions[0])
            ),
        )
        .group_by(rows.c.text_sha256)
        .order_by(rows.c.text_sha256)
    )
    return fetch_frame(connection, statement)


def count_learned(connection: sa.Connection, scope: Scope, held_out: HeldOutSet, revision: str) -> int:
    """How many test reviews a model of this home, or one that it continues, was trained or tuned on.

    A review that a single decision once put into train may be a test review of a later version. Models that
    were shipped learned from none of them.

    Raises:
        NotFound: the viewer is no analyst.
    """
    _require_analyst(scope)
    rows = training.data_set_reviews
    tested = sa.select(rows.c.text_sha256).where(
        rows.c.data_set_id == held_out.data_set_id, rows.c.split == TEST
    )
    statement = sa.select(sa.func.count(sa.distinct(rows.c.text_sha256))).where(
        rows.c.data_set_id.in_(_trained_on(connection, revision)),
        rows.c.split != TEST,
        rows.c.text_sha256.in_(tested),
        within(scope, rows.c.business_id),
    )
    return int(connection.execute(statement).scalar_one())


def _trained_on(connection: sa.Connection, revision: str) -> list[str]:
    """The data sets of a model's training and of those that it continues, one after the other."""
    runs, outcomes = training.training_runs, training.training_outcomes
    found: list[str] = []
    seen: set[str] = set()
    following: str | None = revision
    while following is not None and following not in seen:
        seen.add(following)
        row = connection.execute(
            sa.select(runs.c.data_set_id, runs.c.start_revision)
            .join(outcomes, outcomes.c.run_id == runs.c.run_id)
            .where(outcomes.c.revision == following)
            .limit(1)
        ).one_or_none()
        if row is not None:
            found.append(str(row.data_set_id))
        following = None if row is None else row.start_revision
    return found


def fetch_read_texts(
    connection: sa.Connection, scope: Scope, revision: str, texts: Iterable[str]
) -> pd.DataFrame:
    """What a revision read in some texts, by their hashes: text_sha256, label, probabilities, needs_review.

    Readings belong to texts, whoever posted them; only those who see all texts may ask.

    Raises:
        NotFound: the viewer may not see all texts.
    """
    if not scope.may_see_all_texts:
        raise NotFound("Readings of texts are for analysts.")
    names = ("text_sha256", "label", "p_negative", "p_neutral", "p_positive", "needs_review")
    statement = sa.select(*[t.predictions.c[name] for name in names]).where(
        t.predictions.c.revision == revision, t.predictions.c.text_sha256.in_(list(texts))
    )
    return fetch_frame(connection, statement)


def _require_analyst(scope: Scope) -> None:
    if not scope.may_label:
        raise NotFound("Candidates are for analysts.")
