"""Settings of the memory allocators for the length of an import."""

from __future__ import annotations

import sys

_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
"""Parameters of mallopt(3)."""
_KEPT_BYTES = 1 << 25


def keep_memory() -> None:
    """Keep freed blocks for the next block instead of giving them back to the system and fetching them anew.

    Blocks of several MiB come and go hundreds of times in an import; zeroed pages for them took a fifth of its time.
    Does nothing where the allocators are others.
    """
    import pyarrow as pa

    if "jemalloc" in pa.supported_memory_backends():
        pa.set_memory_pool(pa.jemalloc_memory_pool())
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # glibc has it, musl has not
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _KEPT_BYTES)
        mallopt(_M_TRIM_THRESHOLD, 1 << 30)
