r"""Personal data in texts replaced by what it is (``<IP>``, ``<EMAIL>`` …), before the texts leave the machine.

The expressions are those of the table of observables, so that what is masked is what ``#IP`` finds. The order matters:
the host of an e-mail address may be an IP address, and the last part of a UUID has as many digits as a My Number.
Time stamps stay as they are.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from twsla.model.patterns import observable

if TYPE_CHECKING:
    import pyarrow as pa

LABELS: Final = {
    "email": "<EMAIL>",
    "uuid": "<UUID>",
    "ipv6": "<IP>",
    "ip": "<IP>",
    "mac": "<MAC>",
    "creditcard": "<CARD>",
    "phone_jp": "<PHONE>",
    "phone_us": "<PHONE>",
    "phone_intl": "<PHONE>",
    "zip_jp": "<ZIP>",
    "mynumber": "<MYNUMBER>",
}
"""Observables that are masked, in this order, and what stands in their place."""

_HYPHEN: Final = "\uf8ff"
_STAMP: Final = r"([0-9]{2}:[0-9]{2}:[0-9]{2}[.,][0-9]+)-([0-9]{2}:?[0-9]{2})"
_STAMP_KEPT: Final = rf"([0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}[.,][0-9]+){_HYPHEN}([0-9]{{2}}:?[0-9]{{2}})"
"""``10:30:00.123-0700`` ends like a postal code; its hyphen is put away while the rules look."""


def mask_array(array: pa.Array) -> pa.Array:
    """Texts with personal data masked; takes and gives ``string`` or ``large_string``, nulls stay null."""
    import pyarrow.compute as pc

    array = pc.replace_substring_regex(array, _STAMP, rf"\1{_HYPHEN}\2")
    for pattern, replacement, passes in _rules():
        for _ in range(passes):
            array = pc.replace_substring_regex(array, pattern, replacement)
    return pc.replace_substring_regex(array, _STAMP_KEPT, r"\1-\2")


def mask_text(text: str) -> str:
    """One text with personal data masked."""
    import pyarrow as pa

    masked: str = mask_array(pa.array([text], pa.large_string()))[0].as_py()
    return masked


@lru_cache(maxsize=1)
def _rules() -> tuple[tuple[str, str, int], ...]:
    r"""Expression, replacement, and how often it is applied.

    A letter between two addresses is taken as the end of the first, so that only a second pass finds the second.
    """
    found = []
    for name, label in LABELS.items():
        each = observable(name)
        takes_neighbours = any(part not in {"", r"\b"} for part in (each.before, each.after))
        found.append((each.parts(), rf"\1{label}\3", 2 if takes_neighbours else 1))
    return tuple(found)
