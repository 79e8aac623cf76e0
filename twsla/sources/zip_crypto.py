"""Decrypts members of zip archives: the traditional cipher and WinZip's AES.

Source: PKWARE APPNOTE.TXT 6.3.10, section 6.1; "AES Encryption Information: Encryption Specification AE-1 and AE-2",
WinZip 2009.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from twsla.sources.base import ProblemKind
from twsla.sources.member import Refused
from twsla.sources.packages import optional_module
from twsla.sources.streams import Stream, WrappedStream

if TYPE_CHECKING:
    from twsla.sources.zip_directory import Entry

_WRONG = "the password does not open it"
_MAC_BYTES = 10


def _crc_table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (0xEDB88320 if value & 1 else 0)
        table.append(value)
    return tuple(table)


_CRC = _crc_table()


class _Traditional:
    """The cipher of PKZIP, byte by byte: about 2 MB/s."""

    def __init__(self, password: bytes) -> None:
        self._keys = (0x12345678, 0x23456789, 0x34567890)
        # Decrypting moves the keys by the plain byte; so does the password, which is fed as plain text.
        key0, key1, key2 = self._keys
        for byte in password:
            key0 = (key0 >> 8) ^ _CRC[(key0 ^ byte) & 0xFF]
            key1 = ((key1 + (key0 & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
            key2 = (key2 >> 8) ^ _CRC[(key2 ^ (key1 >> 24)) & 0xFF]
        self._keys = (key0, key1, key2)

    def decrypt(self, data: bytes) -> bytes:
        key0, key1, key2 = self._keys
        out = bytearray(len(data))
        for index, byte in enumerate(data):
            mask = key2 | 2
            byte ^= ((mask * (mask ^ 1)) >> 8) & 0xFF
            out[index] = byte
            key0 = (key0 >> 8) ^ _CRC[(key0 ^ byte) & 0xFF]
            key1 = ((key1 + (key0 & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
            key2 = (key2 >> 8) ^ _CRC[(key2 ^ (key1 >> 24)) & 0xFF]
        self._keys = (key0, key1, key2)
        return bytes(out)


class TraditionalStream(WrappedStream):
    """A member encrypted with the cipher of PKZIP."""

    def __init__(self, raw: Stream, entry: Entry, password: bytes) -> None:
        """Read the header.

        Raises:
            Refused: wrong password (a wrong one passes by chance in one of 256 cases).
        """
        super().__init__(raw)
        self._cipher = _Traditional(password)
        if self._cipher.decrypt(raw.read(12))[-1:] != bytes([entry.check_byte]):
            raise Refused(ProblemKind.ENCRYPTED, _WRONG)

    def pull(self, size: int) -> bytes:
        """Decrypt."""
        return self._cipher.decrypt(self._inner.read(size))


class AesStream(WrappedStream):
    """A member encrypted as WinZip does: AES in counter mode, the keys from PBKDF2, HMAC-SHA1 at the end."""

    def __init__(self, raw: Stream, entry: Entry, password: bytes) -> None:
        """Read salt and password check.

        Raises:
            Refused: wrong password.
            MissingPackage: pycryptodomex is not installed.
        """
        super().__init__(raw)
        cipher, counter = optional_module("Cryptodome.Cipher.AES", "pycryptodomex"), None
        counter = optional_module("Cryptodome.Util.Counter", "pycryptodomex")
        strength = entry.aes[0] if entry.aes else 0
        if strength not in (1, 2, 3):
            raise Refused(ProblemKind.UNSUPPORTED, f"is encrypted in a way that is not known (AES strength {strength})")
        key_bytes, salt_bytes = 8 + 8 * strength, 4 + 4 * strength
        salt, check = raw.read(salt_bytes), raw.read(2)
        keys = hashlib.pbkdf2_hmac("sha1", password, salt, 1000, 2 * key_bytes + 2)
        if check != keys[-2:]:
            raise Refused(ProblemKind.ENCRYPTED, _WRONG)
        self._cipher = cipher.new(
            keys[:key_bytes], cipher.MODE_CTR, counter=counter.new(128, initial_value=1, little_endian=True)
        )
        self._mac = hmac.new(keys[key_bytes : 2 * key_bytes], digestmod="sha1")
        self._left = entry.packed_bytes - salt_bytes - 2 - _MAC_BYTES

    def pull(self, size: int) -> bytes:
        """Decrypt; at the end compare the authentication code."""
        if self._left > 0:
            data = self._inner.read(min(size, self._left))
            self._left -= len(data)
            self._mac.update(data)
            plain: bytes = self._cipher.decrypt(data)
            return plain
        if self._left == 0:
            self._left = -1
            if self._inner.read(_MAC_BYTES) != self._mac.digest()[:_MAC_BYTES]:
                raise self.damaged("its content does not match its authentication code")
        return b""
