r"""What leaves the server: texts without characters that work on whoever reads them, and personal data masked.

Log text is written by whoever could make a program log something. An assistant reads it beside its instructions, so
nothing in it may hide: control characters, marks that reorder text, and characters that nobody sees but a model reads
(tags, zero-width characters, variation selectors) become visible escapes such as ``\x1b`` and ``\u202e``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from twsla.render.escape import hostile, replace_chars

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pyarrow as pa

_UNSEEN: Final = (
    0xAD, 0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180E, *range(0x200B, 0x200E),
    *range(0x2060, 0x2066), *range(0x206A, 0x2070), 0x3164, *range(0xFE00, 0xFE10), 0xFEFF, 0xFFA0,
    *range(0xFFF9, 0xFFFC), *range(0x1D173, 0x1D17B), *range(0xE0000, 0xE0080), *range(0xE0100, 0xE01F0),
)  # fmt: skip
"""Characters without a shape of their own."""
ESCAPES: Final[Mapping[str, str]] = {
    **hostile("\t\n"),
    **{chr(code): f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}" for code in _UNSEEN},
}


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Makes texts fit to leave."""

    mask: bool

    def json(self, value: Any) -> Any:
        """A JSON value with all its texts, the names of members too, fit to leave."""
        texts = list(dict.fromkeys(_texts(value)))
        if not texts:
            return value
        return _replaced(value, dict(zip(texts, self.texts(texts), strict=True)))

    def text(self, text: str) -> str:
        """One text fit to leave."""
        return self.texts([text])[0]

    def texts(self, texts: list[str]) -> list[str]:
        """Texts fit to leave."""
        import pyarrow as pa

        valid = [text.encode("utf-8", "backslashreplace").decode() for text in texts]
        found: list[str] = self.array(pa.array(valid, pa.large_string())).to_pylist()
        return found

    def array(self, array: pa.Array) -> pa.Array:
        """An array of ``string`` or ``large_string`` fit to leave; nulls stay null."""
        if self.mask:
            from twsla.render.masking import mask_array

            array = mask_array(array)  # before escapes: behind the digits of one, an address would not be seen
        return replace_chars(array, ESCAPES)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from _texts(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _texts(each)


def _replaced(value: Any, found: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return found[value]
    if isinstance(value, dict):
        made: dict[str, Any] = {}
        for key, each in value.items():
            name = found[key]
            while name in made:  # two names that are alike when masked
                name += "'"
            made[name] = _replaced(each, found)
        return made
    if isinstance(value, (list, tuple)):
        return [_replaced(each, found) for each in value]
    return value
