"""Review exports in, checked rows out: any of the common file kinds, encodings and exporters' layouts.

Pure computation: bytes and options in, frames out. Nothing here knows of a database or a screen.
"""

from peachdash.ingest.guards import MAX_BYTES
from peachdash.ingest.identities import mark_duplicates
from peachdash.ingest.model import FIELDS, REJECT_COLUMNS, ROW_COLUMNS, DateOrder, ExportRead, Recognition
from peachdash.ingest.reading import read_export, recognise

__all__ = [
    "FIELDS",
    "MAX_BYTES",
    "REJECT_COLUMNS",
    "ROW_COLUMNS",
    "DateOrder",
    "ExportRead",
    "Recognition",
    "mark_duplicates",
    "read_export",
    "recognise",
]
