"""The error tree: every failure that a user can mend derives from `PeachdashError`.

A message says what was expected, what came, and what to do. Bad rows are data (they are stored
with their reason); bad files, wrong settings and locked databases raise. Only `cli.py` and the
guard in `ui/` catch the base class.
"""


class PeachdashError(Exception):
    """A failure with a message for the user: one line, no traceback."""


class BadInput(PeachdashError):
    """A file, a value or an option that cannot be used as it is."""


class DateOrderOpen(BadInput):
    """Dates like 03/04/2026 that can be read in two ways, and no date in the file decides it."""


class NotFound(PeachdashError):
    """What was asked for does not exist, or the viewer may not know that it does."""


class Superseded(PeachdashError):
    """Somebody else changed meanwhile what this rests on; look again before deciding."""


class SignInRefused(PeachdashError):
    """Somebody who signed in may not come in: unknown, deactivated, or signed out since."""


class DatabaseLocked(PeachdashError):
    """Another process holds the database file for writing."""


class DatabaseFailed(PeachdashError):
    """The open database could not do what was asked: a full disk, too little memory, a damaged file."""


class DatabaseTooNew(PeachdashError):
    """The database was written by a later version of Peachdash."""


class ModelUnavailable(PeachdashError):
    """A model or encoder is not installed, or its files are not what they should be."""


class ModelRefused(ModelUnavailable):
    """A model folder that is unsafe or incomplete: wrong hash, pickle weights, remote code."""


class ChampionMissing(ModelUnavailable):
    """The promoted champion is not among the models any more."""


class JobFailed(PeachdashError):
    """Work in another process ended without its result."""


class TrainingDiverged(PeachdashError):
    """A training whose loss ran away; it was stopped."""


class TrainingCancelled(PeachdashError):
    """A training that somebody stopped; its checkpoint stays."""


class RunCancelled(PeachdashError):
    """A measurement or a preview that somebody stopped; what it read stays."""
