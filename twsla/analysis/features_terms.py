"""Terms of texts: what ``tfidf`` compares and ``anomaly`` counts, a batch of records at a time.

A text in lower case is split at white space and at ``. , : ; /``; parentheses are dropped where they stand; stop words
do not count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pyarrow as pa

_STOP_WORDS: Final = """
    a about above after again against all am an and any are aren't as at be because been before being below between both
    but by can't cannot could couldn't did didn't do does doesn't doing don't down during each etc few for from further
    had hadn't has hasn't have haven't having he he'd he'll he's her here here's hers herself him himself his how how's
    i i'd i'll i'm i've if in into is isn't it it's its itself let's me more most mustn't my myself no nor not of off on
    once only or other ought our ours ourselves out over own same shan't she she'd she'll she's should shouldn't so some
    such than that that's the their theirs them themselves then there there's these they they'd they'll they're they've
    this those through to too under until up very was wasn't we we'd we'll we're we've were weren't what what's when
    when's where where's which while who who's whom why why's with won't would wouldn't you you'd you'll you're you've
    your yours yourself yourselves
    """
STOP_WORDS: Final = frozenset(_STOP_WORDS.split())
_BLANKS: Final = b".,:;/"
_DROPPED: Final = b"()"
_OTHER_SPACES: Final = r"[\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}]"


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of some texts."""

    counts: Any
    """Sparse matrix (CSR, canonical): how often each text (row) has each term (column)."""
    terms: pa.LargeStringArray
    """Of each column the term; no stop words."""
    tokens: np.ndarray[Any, Any]
    """Of each text how many tokens it has, stop words included."""


def terms_of(texts: pa.Array) -> Terms:
    """Split texts (string, no nulls) into terms."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc
    from scipy.sparse import csr_matrix

    split = pc.ascii_split_whitespace(_cleaned(texts))
    encoded = split.flatten().dictionary_encode()
    words = encoded.dictionary
    indices = np.asarray(encoded.indices)
    offsets = np.asarray(split.offsets).astype(np.int64)
    empty = pa.array([""], pa.large_string())
    is_token = ~np.asarray(pc.is_in(words, empty))
    is_term = is_token & ~np.asarray(pc.is_in(words, pa.array(sorted(STOP_WORDS), pa.large_string())))
    tokens = _kept_before(is_token[indices], offsets)
    keep = is_term[indices]
    starts = _kept_before(keep, offsets)
    columns = (np.cumsum(is_term) - 1)[indices[keep]]
    counts = csr_matrix(
        (np.ones(len(columns), np.float64), columns, starts), shape=(len(texts), int(np.count_nonzero(is_term)))
    )
    counts.sum_duplicates()
    return Terms(counts, words.filter(pa.array(is_term)), np.diff(tokens))


def _kept_before(keep: np.ndarray[Any, Any], offsets: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Where texts begin among the tokens kept."""
    import numpy as np

    before: np.ndarray[Any, Any] = np.concatenate(([0], np.cumsum(keep)))[offsets]
    return before


def _cleaned(texts: pa.Array) -> pa.LargeStringArray:
    """Texts in lower case with nothing but white space between tokens."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    offsets, raw = _buffers(texts)
    if len(raw) and int(raw.max()) > 127:
        offsets, raw = _buffers(pc.replace_substring_regex(pc.utf8_lower(texts), _OTHER_SPACES, " "))
    table = np.arange(256, dtype=np.uint8)
    table[65:91] += 32
    table[list(_BLANKS)] = 32
    clean = table[raw]
    dropped = np.flatnonzero(np.isin(clean, np.frombuffer(_DROPPED, np.uint8)))
    if len(dropped):
        clean = np.delete(clean, dropped)
        offsets = offsets - np.searchsorted(dropped, offsets)
    buffers = [None, pa.py_buffer(np.ascontiguousarray(offsets)), pa.py_buffer(clean)]
    return pa.Array.from_buffers(pa.large_string(), len(texts), buffers)


def _buffers(texts: pa.Array) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Offsets, from 0, and bytes of texts."""
    import numpy as np
    import pyarrow as pa

    large = texts.cast(pa.large_string())
    _, ends, data = large.buffers()
    if not len(large) or data is None:
        return np.zeros(len(large) + 1, np.int64), np.zeros(0, np.uint8)
    offsets = np.frombuffer(ends, np.int64)[large.offset : large.offset + len(large) + 1]
    return offsets - offsets[0], np.frombuffer(data, np.uint8)[offsets[0] : offsets[-1]]


def joined(texts: Sequence[pa.Array]) -> pa.LargeStringArray:
    """Texts of several batches as one array."""
    import pyarrow as pa

    return pa.concat_arrays([pa.array([], pa.large_string()), *(each.cast(pa.large_string()) for each in texts)])
