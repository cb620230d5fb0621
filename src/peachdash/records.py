"""The vocabulary that all layers share: labels, scopes, filters and the records passed between them."""

from __future__ import annotations

import datetime as dt
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
"""Who may decide, import, undo and mark as answered; a client reads and reports."""


@dataclass(frozen=True)
class Scope:
    """Who asks, and whose reviews they may see. Every query and workflow takes one.

    `business_ids` is None where the viewer may see every business.
    """

    viewer: str
    role: Role
    business_ids: frozenset[str] | None

    @classmethod
    def everything(cls, viewer: str = "local") -> Scope:
        """The scope of local mode, where one person has all roles."""
        return cls(viewer=viewer, role=Role.ADMIN, business_ids=None)

    @property
    def may_decide(self) -> bool:
        return self.role in DECIDING_ROLES

    def allows(self, business_id: str) -> bool:
        return self.business_ids is None or business_id in self.business_ids


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
