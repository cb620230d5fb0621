"""Memory that the C library keeps for the next batch, where it is glibc's.

A batch on a CPU makes and drops arrays of some megabytes by the hundred. glibc gives such memory back to the
system at once, and every page is then zeroed anew: up to a quarter of the time.
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache

MEGABYTE = 1 << 20
TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD = -1, -2, -3
"""Parameters of `mallopt`, as malloc.h numbers them."""


@cache
def keep_freed_memory() -> bool:
    """Lets this process keep up to 256 MB that it has freed; False where that cannot be said."""
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:  # another C library
        return False
    wanted = ((MMAP_THRESHOLD, 32), (TRIM_THRESHOLD, 256), (TOP_PAD, 16))
    return all(mallopt(name, size * MEGABYTE) == 1 for name, size in wanted)
