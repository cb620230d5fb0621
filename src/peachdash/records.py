"""The vocabulary that all layers share: labels, scopes, filters and the records passed between them."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, replace
from enum import StrEnum


class Label(StrEnum):
    """What the reviewer thinks of the business, on balance; the order is that of every model head."""

    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"


LABELS: tuple[str, str, str] = ("negative", "neutral", "positive")
UNDECIDED = "undecided"
BANDS: tuple[str, ...] = (*LABELS, UNDECIDED)


class Verdict(StrEnum):
    """What a human decision can say of a review: a label, or that it does not count at all."""

    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"
    NOT_ABOUT_US = "not_about_us"
    SPAM = "spam"
    DUPLICATE = "duplicate"


EXCLUDING_VERDICTS: tuple[str, ...] = ("not_about_us", "spam", "duplicate")


class Outcome(StrEnum):
    """What came of a report; the latest row of each report counts, none means that it is open."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    LABELLING = "labelling"
    WITHDRAWN = "withdrawn"
    REOPENED = "reopened"


class Aspect(StrEnum):
    """What a complaint is about; the order is that of the aspect head."""

    PRODUCT = "food or product"
    SERVICE = "service"
    WAITING = "waiting"
    PRICE = "price"
    PLACE = "place"
    ORDER = "order or booking"
    OTHER = "other"


ASPECTS: tuple[str, ...] = tuple(aspect.value for aspect in Aspect)


SLICES: tuple[str, ...] = (
    "peachy_brand",
    "peachy_slang",
    "peachy_sarcastic",
    "peachtree",
    "local",
    "sarcasm",
    "mixed",
    "understated",
    "plain",
)
"""The kinds of review that the labelling guide tells apart; a review may be of several."""


class Pool(StrEnum):
    """From which reviews a labelling task is drawn."""

    UNLABELLED = "unlabelled"
    LEAST_CERTAIN = "least certain"
    WORDS = "words"
    REPORTED = "reported"
    NEW = "new since the last training"


class LabelOrigin(StrEnum):
    """Where a label of a data set comes from.

    `AGREED` and `ADJUDICATED` are double labels and serve every split; the others are single decisions and
    serve training only.
    """

    AGREED = "agreed"
    ADJUDICATED = "adjudicated"
    CORRECTION = "correction"
    REPORT = "report"
    QUEUE = "queue"


DOUBLE_ORIGINS: tuple[LabelOrigin, ...] = (LabelOrigin.AGREED, LabelOrigin.ADJUDICATED)


class IssueState(StrEnum):
    """How far the work on an issue is; an issue without a row is open."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    IN_PROGRESS = "in progress"
    RESOLVED = "resolved"


class IssueEdit(StrEnum):
    """What people can say of an issue; the latest of each kind counts, an empty value takes it back."""

    RENAME = "rename"
    ASPECT = "aspect"
    MERGE = "merge"
    HIDE = "hide"


class DatePrecision(StrEnum):
    """How exactly a review's date is known."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    UNKNOWN = "unknown"


class Role(StrEnum):
    """What a person may do; see docs/design."""

    CLIENT = "client"
    MANAGER = "manager"
    ANALYST = "analyst"
    ADMIN = "admin"


DECIDING_ROLES: tuple[Role, ...] = (Role.MANAGER, Role.ANALYST, Role.ADMIN)
"""Who may decide on readings; a client reads and reports."""

CLIENT_WORK_ROLES: tuple[Role, ...] = (Role.MANAGER, Role.ADMIN)
"""Who does a client's business: imports, undoing them, answers to complaints, shared links."""

HOUSE_ROLES: tuple[Role, ...] = (Role.ANALYST, Role.ADMIN)
"""Who sees every business, labels, trains and promotes."""


@dataclass(frozen=True)
class Scope:
    """Who asks, and whose reviews they may see. Every query and workflow takes one.

    `business_ids` is None where the viewer may see every business, which only `HOUSE_ROLES` may.
    """

    viewer: str
    role: Role
    business_ids: frozenset[str] | None

    def __post_init__(self) -> None:
        if self.business_ids is None and self.role not in HOUSE_ROLES:
            raise ValueError(f"a {self.role.value} sees named businesses only, never all of them")

    @classmethod
    def everything(cls, viewer: str = "local") -> Scope:
        """The scope of local mode, where one person has all roles."""
        return cls(viewer=viewer, role=Role.ADMIN, business_ids=None)

    @property
    def may_decide(self) -> bool:
        """Accept, reject or correct readings."""
        return self.role in DECIDING_ROLES

    @property
    def may_import(self) -> bool:
        """Import exports and undo imports."""
        return self.role in CLIENT_WORK_ROLES

    @property
    def may_answer(self) -> bool:
        """Mark complaints as answered."""
        return self.role in CLIENT_WORK_ROLES

    @property
    def may_share(self) -> bool:
        """Make and revoke links for a client."""
        return self.role in CLIENT_WORK_ROLES

    @property
    def may_label(self) -> bool:
        """Label, train and promote."""
        return self.role in HOUSE_ROLES

    @property
    def may_see_all_texts(self) -> bool:
        """Read texts of every business, those of the test set included."""
        return self.role in HOUSE_ROLES and self.business_ids is None

    @property
    def may_manage_people(self) -> bool:
        """Change people, clients and businesses, and read the audit log."""
        return self.role is Role.ADMIN

    def allows(self, business_id: str) -> bool:
        return self.business_ids is None or business_id in self.business_ids

    @property
    def key(self) -> str:
        """Everything of the scope that an answer may depend on, as one text: the key of cached reads."""
        seen = "all" if self.business_ids is None else json.dumps(sorted(self.business_ids))
        return f"{self.role.value}|{json.dumps(self.viewer)}|{seen}"


@dataclass(frozen=True)
class ReviewFilter:
    """The one filter state of all pages. None means no restriction; dates are inclusive."""

    client_id: str | None = None
    business_id: str | None = None
    source: str | None = None
    since: dt.date | None = None
    until: dt.date | None = None

    def without(self, *names: str) -> ReviewFilter:
        """A copy with the named restrictions lifted."""
        return replace(self, **dict.fromkeys(names))


@dataclass(frozen=True)
class ActiveModels:
    """The two revisions whose readings stand side by side on every page."""

    champion: str
    generic: str

    @property
    def revisions(self) -> tuple[str, str]:
        return (self.champion, self.generic)
