"""Bulk appends: one adapter a dialect. DuckDB takes Arrow; everything else takes executemany."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pandas as pd
import pyarrow as pa
import sqlalchemy as sa
from duckdb_sqlalchemy import insert_from_arrow

_ARROW_TYPES: dict[type, pa.DataType] = {
    sa.BigInteger: pa.int64(),
    sa.Integer: pa.int32(),
    sa.Double: pa.float64(),
    sa.Boolean: pa.bool_(),
    sa.Date: pa.date32(),
    sa.DateTime: pa.timestamp("us", tz="UTC"),
    sa.Text: pa.large_string(),
    sa.JSON: pa.large_string(),
    sa.LargeBinary: pa.binary(),
}

BATCH_ROWS = 122_880
"""A row group of DuckDB's: a core takes one batch at a time."""


def arrow_schema(table: sa.Table) -> pa.Schema:
    """The Arrow schema of a table, in its column order; JSON travels as text.

    Text is of the kind that pandas holds, so that it is handed over without a copy.
    """
    return pa.schema([(column.name, _ARROW_TYPES[type(column.type)]) for column in table.columns])


def append_frame(connection: sa.Connection, table: sa.Table, frame: pd.DataFrame) -> int:
    """Append all rows of `frame`, whose columns bear the table's names; the number of rows.

    Missing values of any pandas kind become NULL; JSON columns hold Python objects. All rows go in by one
    statement: DuckDB then works on all cores and keeps their order.
    """
    if frame.empty:
        return 0
    if connection.dialect.name != "duckdb":
        records = frame.astype(object).where(frame.notna(), None).to_dict("records")
        connection.execute(sa.insert(table), records)
        return len(frame)
    _append_arrow(connection, table, frame)
    return len(frame)


def _append_arrow(connection: sa.Connection, table: sa.Table, frame: pd.DataFrame) -> None:
    schema = arrow_schema(table)
    encoded = frame.assign(
        **{
            column.name: frame[column.name].map(json.dumps)
            for column in table.columns
            if isinstance(column.type, sa.JSON)
        }
    )
    whole = pa.Table.from_pandas(encoded[schema.names], schema=schema, preserve_index=False)
    batches = whole.to_batches(max_chunksize=BATCH_ROWS)
    insert_from_arrow(connection, table, pa.Table.from_batches(batches, schema))


def fetch_columns(connection: sa.Connection, statement: sa.Select[Any]) -> pd.DataFrame:
    """The rows of a large result as a DataFrame with Arrow's text columns, many times faster than by rows."""
    result = connection.execute(statement)
    if connection.dialect.name != "duckdb":
        return pd.DataFrame.from_records(result.fetchall(), columns=list(result.keys()))
    table: pa.Table = result.cursor.fetch_arrow_table()
    return table.to_pandas(date_as_object=False)


@contextmanager
def temporary_keys(connection: sa.Connection, keys: pd.DataFrame) -> Iterator[sa.Table]:
    """A temporary table of text columns to join with, dropped at the end of the block.

    A join with thousands of keys beats an IN list on every dialect.
    """
    columns = [sa.Column(column, sa.Text) for column in keys.columns]
    table = sa.Table(f"keys_{uuid.uuid4().hex[:12]}", sa.MetaData(), *columns, prefixes=["TEMPORARY"])
    table.create(connection, checkfirst=False)
    append_frame(connection, table, keys)
    yield table
    table.drop(connection, checkfirst=False)
