"""What `peachdash labels` prints."""

from __future__ import annotations

import json
from typing import Any

REJECTS_SHOWN = 20


def print_label_import(result: dict[str, Any], *, as_json: bool) -> None:
    """The outcome of an import of labels, in words or as one JSON object."""
    if as_json:
        print(json.dumps(result))
        return
    print(
        f"reviews with two labels {result['accepted']:,} (adjudicated {result['adjudicated']:,}), "
        f"known {result['known']:,}; rows rejected {result['rejected']:,}"
    )
    for reject in result["rejects"][:REJECTS_SHOWN]:
        print(f"  row {reject['row']}: {reject['reason']}")
    if len(result["rejects"]) > REJECTS_SHOWN:
        print(f"  and {len(result['rejects']) - REJECTS_SHOWN:,} more; --json lists them all")
