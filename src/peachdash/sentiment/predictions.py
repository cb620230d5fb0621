"""The table of predictions: one row for each distinct text and revision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from peachdash.records import LABELS

if TYPE_CHECKING:
    from peachdash.sentiment.registry import ModelReference

PREDICTION_SCHEMA = pa.schema(
    [
        ("text_sha256", pa.string()),
        ("revision", pa.string()),
        ("precision", pa.string()),
        ("label", pa.string()),
        ("p_negative", pa.float32()),
        ("p_neutral", pa.float32()),
        ("p_positive", pa.float32()),
        ("needs_review", pa.bool_()),
    ]
)
EXACT = "exact"
"""Precision of what is not computed by a network."""

_HEX = np.frombuffer("".join(f"{byte:02x}" for byte in range(256)).encode(), dtype=np.uint16)


def prediction_table(
    keys: pa.Array, model: ModelReference, precision: str, probabilities: np.ndarray
) -> pa.Table:
    """Predictions of one model.

    Args:
        keys: SHA-256 of N scored texts, as hexadecimal strings.
        probabilities: (N, 3) float32 in the order of `LABELS`; a row of NaN is a text that was not read,
            which has an empty label and needs review.
    """
    count = len(keys)
    missing = np.isnan(probabilities[:, 0])
    filled = np.where(missing[:, None], np.float32(-1), probabilities)
    numbers = np.where(missing, len(LABELS), filled.argmax(axis=1))
    columns: list[Any] = [
        keys,
        pa.repeat(model.revision, count),
        pa.repeat(precision, count),
        pa.array([*LABELS, ""]).take(pa.array(numbers)),
        *(pa.array(probabilities[:, index], from_pandas=True) for index in range(3)),
        pa.array(filled.max(axis=1) < model.threshold),
    ]
    return pa.Table.from_arrays(columns, schema=PREDICTION_SCHEMA)


def hex_strings(hashes: np.ndarray) -> pa.Array:
    """Hashes (N, 32) uint8 as N strings of 64 hexadecimal digits."""
    count, size = hashes.shape
    digits = pa.py_buffer(_HEX[hashes].tobytes())
    offsets = pa.py_buffer((np.arange(count + 1, dtype=np.int32) * 2 * size).tobytes())
    return pa.StringArray.from_buffers(count, offsets, digits)


def hash_bytes(strings: pa.ChunkedArray | pa.Array) -> np.ndarray:
    """What `hex_strings` was made of, (N, 32) uint8."""
    return np.frombuffer(bytes.fromhex("".join(strings.to_pylist())), dtype=np.uint8).reshape(-1, 32)
