"""Decompressing streams that lose nothing before a damage, take concatenated streams, and stop bombs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twsla.sources.base import CHUNK_BYTES, DamagedError, ProblemKind
from twsla.sources.magic import sniff
from twsla.sources.packages import MissingPackage
from twsla.sources.streams import Stream

if TYPE_CHECKING:
    from collections.abc import Callable

    from twsla.sources.budget import Meter
    from twsla.sources.decoders import Codec, Decoder

_INPUT_BYTES = 128 << 10


class DecodedStream(Stream):
    """The decompressed content of another stream.

    Several compressed streams one after another are one content, zeros between and after them are padding. Bytes that
    are neither end the stream as damage, for they may be the damaged rest of it.
    """

    def __init__(
        self,
        source: Stream,
        codec: Codec,
        meter: Meter,
        *,
        again: Callable[[], Stream] | None = None,
        note: Callable[[str], None] | None = None,
    ) -> None:
        """Nothing is read yet.

        Args:
            source: The compressed stream; closed with this one.
            codec: How it is compressed.
            meter: Told how far the output has come; ends it when it says why.
            again: Opens the compressed stream anew; used once, after a damage, to get every byte before it.
            note: Told, once at most, of harmless oddities.
        """
        super().__init__()
        self._source = source
        self._codec = codec
        self._meter = meter
        self._again = again
        self._note = note
        self._decoder: Decoder | None = None
        self._input = b""
        self._consumed = 0
        self._source_error: DamagedError | None = None
        self._last_fed = 0
        self._careful: tuple[int, int] | None = None
        self._produced = 0
        self._end: DamagedError | bool = False

    def pull(self, size: int) -> bytes:
        """Decode until ``size`` bytes are there, or no more."""
        parts: list[bytes] = []
        while size and not self._end:
            part = self._advance(min(size, self._most_output()))
            self._produced += len(part)
            if part:
                parts.append(part)
                size -= len(part)
                if why := self._meter.reached(self._produced):
                    self._finish(why, ProblemKind.LIMIT)
        if not parts and isinstance(self._end, DamagedError):
            self._end.kept_bytes = self.delivered
            raise self.damaged(self._end.why, self._end.kind)
        return b"".join(parts)

    def close(self) -> None:
        """Close the compressed stream too."""
        self._source.close()
        super().close()

    def _finish(self, why: str, kind: ProblemKind = ProblemKind.DAMAGED) -> None:
        self._end = DamagedError(self._produced, why, kind=kind)

    def _fill(self, least: int) -> bool:
        """Have at least ``least`` bytes of input at hand; False if it ends before."""
        while len(self._input) < least and not self._source_error:
            try:
                more = self._source.read(_INPUT_BYTES)
            except DamagedError as error:
                self._source_error = error
                break
            if not more:
                break
            self._input += more
        return len(self._input) >= least

    def _advance(self, size: int) -> bytes:
        """Some output, or none: then go on, unless the end has been set."""
        if self._decoder is None:
            return self._start()
        decoder = self._decoder
        if decoder.needs_input and not self._fill(1):
            self._ended_early()
            return b""
        data = self._next_input() if decoder.needs_input else b""
        try:
            out = decoder.decompress(data, size)
        except self._codec.errors() as error:
            return self._broken(error)
        if decoder.eof:
            self._input = (decoder.unused_data or b"") + self._input
            self._consumed -= len(decoder.unused_data or b"")
            self._decoder = None
            if self._codec.shell is None:
                self._end = True
        return out

    def _most_output(self) -> int:
        """How much the decoder is asked for at once."""
        step = self._codec.step_bytes
        if self._careful is None:
            return step
        return max(self._codec.least_bytes, min(step, self._careful[1] - self._produced))

    def _next_input(self) -> bytes:
        """Take what the decoder is fed next."""
        size = len(self._input)
        if self._careful is not None:
            size = min(size, max(1, self._careful[0] - self._consumed))
        data, self._input = self._input[:size], self._input[size:]
        self._last_fed = self._consumed
        self._consumed += size
        return data

    def _start(self) -> bytes:
        """Begin the first or a following compressed stream, or end."""
        first = self._consumed == 0
        if not first and not self._skip_padding():
            return b""
        self._fill(8)
        if not self._input and not first and self._source_error is None:
            self._end = True
        elif first or sniff(self._input, "") is self._codec.shell:
            self._decoder = self._make()
        else:
            self._trailing()
        return b""

    def _make(self) -> Decoder | None:
        try:
            return self._codec.make(self._meter.budget.limits.memory_bytes)
        except MissingPackage as error:
            self._finish(f"{self._codec.title} data {error}", ProblemKind.UNSUPPORTED)
        except self._codec.errors() as error:
            self._broken(error)
        return None

    def _skip_padding(self) -> bool:
        """Pass zeros between compressed streams; False when they were the last."""
        start = self._consumed
        while self._fill(1):
            rest = self._input.lstrip(b"\0")
            self._consumed += len(self._input) - len(rest)
            self._input = rest
            if rest:
                return True
        if self._consumed > start and self._note:
            self._note(f"{self._consumed - start:,} zero bytes follow the end of the {self._codec.title} data")
        return True

    def _trailing(self) -> None:
        """Something else follows: count it and say so."""
        start, size = self._consumed, 0
        while self._fill(1):
            size += len(self._input)
            self._input = b""
        if self._source_error and not size:
            self._finish(self._source_error.why, self._source_error.kind)
        else:
            title = self._codec.title
            why = f"after the end of the {title} data, at byte {start:,}, follow {size:,} bytes of something else"
            self._finish(why)

    def _ended_early(self) -> None:
        if self._source_error:
            self._finish(self._source_error.why, self._source_error.kind)
        else:
            self._finish(f"the {self._codec.title} data ends too early, at byte {self._consumed:,}")

    def _broken(self, error: Exception) -> bytes:
        """Set the end; the bytes before the damage that the decoder did not hand out."""
        if "emory" in str(error):
            memory = self._meter.budget.limits.memory_bytes
            why = f"the {self._codec.title} data wants more than {memory >> 20:,} MiB of memory"
            self._finish(why, ProblemKind.LIMIT)
            return b""
        self._finish(
            f"the {self._codec.title} data is damaged before byte {self._consumed:,} ({error}){self._codec.warning}"
        )
        if self._again is None or self._codec.keeps_all:
            return b""
        with DecodedStream(self._again(), self._codec, self._meter) as fresh:
            return fresh.last_bytes(self._last_fed, self._produced)

    def last_bytes(self, consumed: int, produced: int) -> bytes:
        """What comes after ``produced`` bytes, up to a damage that is behind the first ``consumed`` bytes of input.

        From these on output and input go in steps of one byte, so that no call that fails had anything to give.
        """
        self._careful = (consumed, produced)
        parts = []
        try:
            while part := self.read(CHUNK_BYTES):
                known = produced - (self.delivered - len(part))
                parts.append(part[max(0, known) :])
        except DamagedError:
            pass
        return b"".join(parts)


def gzip_mtime_ns(head: bytes) -> int | None:
    """The modification time in a gzip header (RFC 1952: MTIME, seconds, 0 = not known)."""
    seconds = int.from_bytes(head[4:8], "little")
    return seconds * 1_000_000_000 if len(head) >= 8 and seconds else None
