"""Settings of the memory allocators for the length of an import."""

from __future__ import annotations

import os
import sys

_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8
"""Parameters of mallopt(3)."""
_MMAP_BYTES = 32 << 20
"""The most that glibc takes; larger blocks are mapped."""
_KEPT_BYTES = 256 << 20
_ARENAS = 2
"""One arena a thread, as is usual, would keep as much memory for each."""


def keep_memory() -> None:
    """Keep freed blocks for the next block instead of giving them back to the system and fetching them anew.

    Blocks of several MiB come and go hundreds of times in an import; zeroed pages for them took a tenth of its time.
    To be called before Arrow and numpy are imported; what the user has set in the environment stays. Does nothing
    where the allocators are others.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy's algebra is not used; its idle threads cost 0.1 s
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # glibc has it, musl has not
    if mallopt is not None:
        os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
        mallopt(_M_ARENA_MAX, _ARENAS)
        mallopt(_M_MMAP_THRESHOLD, _MMAP_BYTES)
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
