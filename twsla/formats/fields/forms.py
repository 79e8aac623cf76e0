"""The forms of records with fields: one entry a form, chosen for a source by how many of its first lines fit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from twsla.formats.fields.access import is_access, read_access
from twsla.formats.fields.cef import is_cef, read_cef
from twsla.formats.fields.json_lines import is_json, read_json
from twsla.formats.fields.pairs import is_audit, is_pairs, read_audit, read_pairs
from twsla.formats.fields.w3c import W3C, ZEEK, Headed, read_headed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pyarrow as pa

    from twsla.formats.fields.columns import Columns

    Read = Callable[[pa.Array], Columns]
    """Takes (records,) strings; any thread."""

SAMPLE_LINES = 200
LEAST_SHARE = 0.8
"""Of the lines looked at, for a form to be the source's."""


@dataclass(frozen=True, slots=True)
class Form:
    """One form of records."""

    name: str
    title: str
    fits: Callable[[str], bool] | None
    """Whether a line is of it; None: a header says so."""
    read: Read | None
    headed: Headed | None = None


FORMS: Final = (
    Form("json", "JSON objects", is_json, read_json),
    Form("w3c", "W3C extended log (IIS)", None, None, W3C),
    Form("zeek", "Zeek log with a header", None, None, ZEEK),
    Form("access", "access log of a web server", is_access, read_access),
    Form("audit", "Linux audit log", is_audit, read_audit),
    Form("cef", "CEF or LEEF", is_cef, read_cef),
    Form("pairs", "key=value", is_pairs, read_pairs),
)
NAMES: Final = tuple(form.name for form in FORMS)


def choose(lines: Sequence[str]) -> Form | None:
    """The first form that most of a source's first lines are of; None: they have no fields."""
    filled = [line for line in lines if line.strip()]
    for form in FORMS:
        if form.headed is not None:
            if any(form.headed.names(line) for line in filled if line.startswith("#")):
                return form
            continue
        assert form.fits is not None
        fitting = 0
        for at, line in enumerate(filled):
            fitting += form.fits(line)
            if at - fitting >= (1 - LEAST_SHARE) * len(filled):
                break
        if filled and fitting >= LEAST_SHARE * len(filled):
            return form
    return None


def named(name: str) -> Form:
    """The form of that name."""
    return next(form for form in FORMS if form.name == name)


@dataclass(slots=True)
class SourceFields:
    """What reads the fields of one source; knows the header that holds, where there are any."""

    form: Form
    names: tuple[str, ...] = ()
    """Columns that the last header named."""

    def reader(self, raw: Callable[[], bytes]) -> Read:
        """What reads the next records, in the order of the source; ``raw`` gives their lines."""
        if self.form.headed is None:
            assert self.form.read is not None
            return self.form.read
        names = self.names
        self.names = self.form.headed.last_names(raw()) or names
        return partial(_headed, self.form.headed, names)


def _headed(form: Headed, names: tuple[str, ...], texts: pa.Array) -> Columns:
    return read_headed(form, texts, names)
