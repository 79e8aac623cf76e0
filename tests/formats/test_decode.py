"""Bytes to lines: nothing lost, whatever the bytes, the encoding and the blocks are."""

from __future__ import annotations

import codecs
import gzip
import os
import random
import sqlite3
import struct
import sys
import zlib
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twsla.errors import UsageError
from twsla.formats.decode import Decoded, cut, decode_block, is_utf8
from twsla.formats.encodings import Encoding, detect_encoding, is_binary
from twsla.formats.invalid import escape_invalid
from twsla.formats.lines import find_lines

FORCED = [
    "utf-8",
    "ascii",
    "utf-16-le",
    "utf-16-be",
    "utf-32-le",
    "cp932",
    "euc_jp",
    "iso2022_jp",
    "gb18030",
    "cp949",
    "big5",
    "cp1252",
    "koi8_r",
]
JAPANESE = "2024-05-06 07:08:09 host app: エラーが発生しました\n07:08:10 ユーザー認証に失敗しました: 山田太郎\n再試行\n"
CHINESE = "2024-05-06 07:08:09 host app: 用户登录失败：密码错误\n07:08:10 磁盘空间不足，无法写入日志\n服务已启动\n"
TAIWAN = "2024-05-06 07:08:09 host app: 使用者登入失敗：密碼錯誤\n07:08:10 磁碟空間不足，無法寫入記錄\n服務已啟動\n"
KOREAN = "2024-05-06 07:08:09 host app: 사용자 로그인에 실패했습니다\n07:08:10 디스크 공간이 부족합니다\n서비스 시작\n"
RUSSIAN = (
    "2024-05-06 07:08:09 host app: Ошибка входа пользователя\n07:08:10 Недостаточно места на диске\nСлужба запущена\n"
)
GERMAN = (
    "2024-05-06 07:08:09 host app: Anmeldung für Müller ungültig\n07:08:10 Zeitüberschreitung\nPrüfung übersprungen\n"
)
POLISH = "2024-05-06 07:08:09 host app: Błąd logowania użytkownika\n07:08:10 nieprawidłowe hasło\nżądanie odrzucone\n"
GREEK = "2024-05-06 07:08:09 host app: Αποτυχία σύνδεσης χρήστη\n07:08:10 λάθος κωδικός\nΗ υπηρεσία ξεκίνησε\n"
TURKISH = "2024-05-06 07:08:09 host app: Kullanıcı oturum açma başarısız\n07:08:10 şifre yanlış\nHizmet başlatıldı\n"


def texts(decoded: Decoded) -> list[bytes]:
    lines = decoded.lines
    return [
        lines.buf[start:end].tobytes() for start, end in zip(lines.starts.tolist(), lines.ends.tolist(), strict=True)
    ]


def raw_lines(decoded: Decoded, raw: bytes) -> list[bytes]:
    return [raw[a:b] for a, b in zip(decoded.raw_starts.tolist(), decoded.raw_ends.tolist(), strict=True)]


def decode(raw: bytes, encoding: Encoding | None = None) -> Decoded:
    return decode_block(raw, encoding or detect_encoding(raw), first=True)


def forced(name: str, raw: bytes = b"") -> Encoding:
    return detect_encoding(raw, forced=name)


# -- lines ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", []),
        (b"a", [b"a"]),
        (b"a\n", [b"a"]),
        (b"a\r\nb\n\nc", [b"a", b"b", b"", b"c"]),
        (b"\r\n\n", [b"", b""]),
        (b"a\rb\nc\r", [b"a\rb", b"c\r"]),
        (b"a\r\r\n", [b"a\r"]),
        (b"a\x0bb\x0cc\x85\xe2\x80\xa8d\n", [b"a\x0bb\x0cc\\x85\xe2\x80\xa8d"]),  # as grep, not as str.splitlines
    ],
)
def test_lines_end_in_lf_or_crlf(raw: bytes, expected: list[bytes]) -> None:
    assert texts(decode(raw, forced("utf-8"))) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"a\rb\rc", [b"a", b"b", b"c"]),
        (b"a\r\rb\r", [b"a", b"", b"b"]),
        (b"a\rb\r\nc\nd\r", [b"a", b"b", b"c", b"d"]),
    ],
)
def test_lone_cr_ends_a_line_where_the_head_has_no_other_line_end(raw: bytes, expected: list[bytes]) -> None:
    encoding = detect_encoding(b"head\rwithout lf")

    assert encoding.line_end == "\r"
    assert texts(decode(raw, encoding)) == expected


def test_a_head_cut_between_cr_and_lf_says_nothing_about_line_ends() -> None:
    assert detect_encoding(b"one long line\r").line_end == "\n"


@given(st.binary(max_size=60).map(lambda raw: raw.translate(bytes(b"\n\r\nab\x00"[byte % 6] for byte in range(256)))))
def test_lines_of_find_lines_are_those_of_split(raw: bytes) -> None:
    lines = find_lines(np.frombuffer(raw, np.uint8))

    found = [raw[a:b] for a, b in zip(lines.starts.tolist(), lines.ends.tolist(), strict=True)]
    expected = raw.split(b"\n")
    if not expected[-1]:
        expected.pop()
    # Only a "\r" right before a "\n" belongs to the line end.
    complete = len(expected) if raw.endswith(b"\n") else len(expected) - 1
    assert found == [line.removesuffix(b"\r") for line in expected[:complete]] + expected[complete:]


# -- nothing is lost --------------------------------------------------------------------------------------------------

NASTY = st.one_of(
    st.binary(max_size=80),
    st.lists(
        st.sampled_from(
            [
                b"\n",
                b"\r\n",
                b"\r",
                b"abc",
                b"\x00",
                b"\xff",
                b"\x81",
                b"\x8f\xa1",
                b"\x1b$B",
                b"\x1b(B",
                b"%(",
                b"\xe3\x82",
            ]
            + ["エラー".encode(codec) for codec in ("utf-8", "cp932", "euc_jp", "iso2022_jp", "gb18030", "utf-16-le")]
            + [b"\xef\xbb\xbf", b"\xff\xfe", b"\x00\xd8", b"\x000", b"\xed\xa0\x80", b"\xc0\x80", b"\x80\x30\x81"]
        ),
        max_size=25,
    ).map(b"".join),
)


@given(NASTY, st.sampled_from([None, *FORCED]))
def test_raw_ranges_tile_the_block_and_texts_are_utf8(raw: bytes, name: str | None) -> None:
    encoding = detect_encoding(raw, forced=name)

    decoded = decode(raw, encoding)

    assert b"".join(raw_lines(decoded, raw)) == raw
    assert len(decoded.lines) == len(decoded.raw_starts)
    assert (np.diff(decoded.lines.starts) >= 0).all()
    assert (decoded.lines.ends >= decoded.lines.starts).all()
    for text in texts(decoded):
        text.decode("utf-8")


@given(NASTY, st.sampled_from([None, *FORCED]), st.lists(st.integers(0, 200), max_size=4))
def test_blocks_have_no_influence(raw: bytes, name: str | None, sizes: list[int]) -> None:
    encoding = detect_encoding(raw, forced=name)
    whole = decode(raw, encoding)

    found: list[bytes] = []
    lossy: list[int] = []
    start = position = 0
    for size in [*sizes, len(raw)]:
        position = min(len(raw), position + size)
        pending = raw[start:position]
        end = len(pending) if position == len(raw) else cut(pending, encoding)
        block = decode_block(pending[:end], encoding, first=start == 0)
        lossy += (block.lossy + len(found)).tolist()
        found += texts(block)
        start += end

    assert found == texts(whole)
    assert lossy == whole.lossy.tolist()


@given(NASTY)
def test_a_line_is_lossy_exactly_if_it_is_no_utf8(raw: bytes) -> None:
    encoding = forced("utf-8")

    decoded = decode_block(raw, encoding, first=False)

    expected = []
    for number, line in enumerate(raw_lines(decoded, raw)):
        try:
            line.decode("utf-8")
        except UnicodeDecodeError:
            expected.append(number)
    assert decoded.lossy.tolist() == expected


@given(NASTY)
def test_escaping_vectorised_equals_escaping_by_pythons_decoder(raw: bytes) -> None:
    def handler(error: UnicodeError) -> tuple[str, int]:
        assert isinstance(error, UnicodeDecodeError)
        return "".join(f"\\x{byte:02x}" for byte in raw[error.start : error.end]), error.end

    codecs.register_error("test.escape", handler)

    text, _ = escape_invalid(raw)

    assert text == raw.decode("utf-8", "test.escape").encode()


@given(st.binary(max_size=40))
def test_utf8_validation_agrees_with_python(raw: bytes) -> None:
    try:
        raw.decode("utf-8")
        valid = True
    except UnicodeDecodeError:
        valid = False

    assert is_utf8(raw) == valid


@pytest.mark.parametrize(
    "raw", [b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80", b"\xe3\x82", b"\xf8\x88\x80\x80\x80"]
)
def test_surrogates_overlong_forms_and_cut_characters_are_no_utf8(raw: bytes) -> None:
    assert not is_utf8(raw)


def test_utf8_is_not_copied() -> None:
    raw = "ascii\nエラー\n".encode()

    decoded = decode(raw)

    assert decoded.lines.buf.base is not None
    assert (
        decoded.lines.buf.__array_interface__["data"][0] == np.frombuffer(raw, np.uint8).__array_interface__["data"][0]
    )


def test_undecodable_bytes_stand_in_the_text_as_escapes() -> None:
    decoded = decode(b"fine\nbad \xff\xfe here\nfine\n", forced("utf-8"))

    assert texts(decoded) == [b"fine", b"bad \\xff\\xfe here", b"fine"]
    assert decoded.lossy.tolist() == [1]


@pytest.mark.parametrize("name", ["cp932", "euc_jp", "gb18030", "cp949", "big5"])
@pytest.mark.parametrize("broken", [b"\x81", b"\x8f", b"\x8f\xa1", b"\x81\x30", b"\x81\x30\x81", b"\xff", b"\xfe"])
def test_a_broken_character_does_not_swallow_the_line_end(name: str, broken: bytes) -> None:
    decoded = decode(b"a" + broken + b"\r\nb\n" + broken + b"\nc\n", forced(name))

    found = texts(decoded)
    assert len(found) == 4
    assert (found[1], found[3]) == (b"b", b"c")


def test_every_line_of_iso_2022_jp_starts_in_ascii() -> None:
    raw = b"\x1b$B%(%i!<\nplain\n" + "エラー\n".encode("iso2022_jp")

    assert texts(decode(raw, forced("iso2022_jp"))) == ["エラー".encode(), b"plain", "エラー".encode()]


def test_a_truncated_last_unit_of_utf_16_is_kept() -> None:
    raw = "\ufeffone\ntwo".encode("utf-16-le") + b"\x41"

    decoded = decode(raw)

    assert texts(decoded) == [b"one", b"two\\x41"]
    assert raw_lines(decoded, raw)[1].endswith(b"\x41")
    assert decoded.lossy.tolist() == [1]


def test_a_lone_surrogate_in_utf_16_is_escaped() -> None:
    decoded = decode(b"a\x00\x00\xd8\n\x00b\x00\n\x00", forced("utf-16-le"))

    assert texts(decoded) == [b"a\\x00\\xd8", b"b"]
    assert decoded.lossy.tolist() == [0]


@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "gb18030"])
def test_a_byte_order_mark_is_not_text_but_counts_as_bytes(codec: str) -> None:
    raw = "\ufeff2024 エラー\nx\n".encode(codec)

    decoded = decode(raw)

    assert texts(decoded) == ["2024 エラー".encode(), b"x"]
    assert decoded.raw_starts[0] == 0


@pytest.mark.parametrize("bom", [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"])
def test_a_file_of_nothing_but_a_byte_order_mark_is_one_empty_line(bom: bytes) -> None:
    decoded = decode(bom)

    assert texts(decoded) == [b""]
    assert decoded.raw_ends.tolist() == [len(bom)]


def test_nul_survives_arrow_parquet_and_duckdb(tmp_path: Path) -> None:
    decoded = decode(b"a\x00b\n\x00\n", forced("utf-8"))
    table = pa.table({"text": [text.decode() for text in texts(decoded)]})
    path = tmp_path / "nul.parquet"
    pq.write_table(table, path)

    rows = (
        duckdb.connect()
        .execute("SELECT text, length(text), contains(text, ?) FROM read_parquet(?)", ["\x00b", str(path)])
        .fetchall()
    )

    assert rows == [("a\x00b", 3, True), ("\x00", 1, False)]
    assert decoded.lossy.tolist() == []


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le"])
def test_cut_finds_line_ends_in_whole_units_only(codec: str) -> None:
    encoding = forced(codec)
    # U+0A0A and U+0D0A have the bytes of line ends, and U+FF0A U+00xx has them across two units.
    line = "\u0a0a\u0d0a\uff0a\u0041".encode(codec)
    end = "\n".encode(codec)

    assert cut(line, encoding) == 0
    assert cut(line + end + line, encoding) == len(line + end)
    assert len(decode(line + end + line, encoding).lines) == 2


# -- detection --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        *[(codec, JAPANESE) for codec in ("cp932", "euc_jp", "iso2022_jp")],
        ("gb18030", CHINESE),
        ("big5", TAIWAN),
        ("cp949", KOREAN),
        *[(codec, RUSSIAN) for codec in ("cp1251", "koi8_r", "cp866")],
        *[(codec, GERMAN) for codec in ("cp1252", "latin_1", "cp850")],
        *[(codec, POLISH) for codec in ("cp1250", "iso8859_2")],
        ("cp1253", GREEK),
        ("cp1254", TURKISH),
        *[
            (codec, text)
            for codec in ("utf-8", "utf-16-le", "utf-16-be", "utf-16", "utf-32-le", "utf-32-be", "utf-8-sig")
            for text in (JAPANESE, CHINESE, KOREAN, RUSSIAN, GERMAN)
        ],
    ],
)
@pytest.mark.parametrize("ascii_lines", [0, 200])
def test_a_text_is_read_as_it_was_written(codec: str, text: str, ascii_lines: int) -> None:
    plain = "2024-05-06 07:08:09 host sshd[1]: Accepted password for root from 10.0.0.1 port 22\r\n" * ascii_lines
    raw = (plain + text + plain).encode(codec)

    decoded = decode(raw)

    assert not is_binary(raw)
    assert b"\n".join(texts(decoded)) + b"\n" == (plain + text + plain).replace("\r", "").encode()
    assert decoded.lossy.tolist() == []


@pytest.mark.parametrize(
    ("codec", "message"),
    [
        ("cp1252", "Échec de l’authentification : mot de passe périmé"),
        ("cp1252", "Sesión cerrada, contraseña errónea"),
        ("cp1252", "Falha na autenticação do usuário"),
        ("cp1252", "Die Prüfung schlug fehl, Größe überschritten"),
        ("cp1250", "Hibás jelszó, a bejelentkezés sikertelen"),
        ("cp1255", "ההתחברות נכשלה, סיסמה שגויה"),
        ("cp1256", "فشل تسجيل الدخول"),
        ("cp1254", "Giriş başarısız, parola yanlış"),
        ("cp932", "認証に失敗しました"),
        ("euc_jp", "認証に失敗しました"),
        ("gb18030", "用户登录失败，密码错误"),
        ("cp949", "로그인에 실패했습니다"),
        ("koi8_r", "ошибка входа пользователя"),
    ],
)
def test_a_log_of_a_few_lines_is_read_as_it_was_written(codec: str, message: str) -> None:
    text = f"2024-05-06 07:08:09 app[1]: {message}\n2024-05-06 07:08:10 app[1]: closed by 10.0.0.1\n"

    assert b"\n".join(texts(decode(text.encode(codec)))).decode() + "\n" == text


@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le", "cp932", "euc_jp", "gb18030", "iso2022_jp"])
def test_a_head_may_end_within_a_character(codec: str) -> None:
    text = CHINESE if codec == "gb18030" else JAPANESE
    raw = text.encode(codec)
    whole = detect_encoding(raw)

    for end in range(len(raw) - 12, len(raw)):
        assert detect_encoding(raw[:end]).name == whole.name


@pytest.mark.parametrize(
    "stray",
    [
        b"\xff",
        b"caf\xe9",
        b"25\xb0C",
        b"\x80\x81",
        b"na\xefve \xa9 2024",
        b"\xc3\xa9 and \xe9",
        b"\xfe\xed\xfa\xce\x80\xff\x90",
    ],
)
def test_a_few_stray_bytes_in_an_ascii_log_are_no_code_page(stray: bytes) -> None:
    raw = b"Nov 11 12:00:00 host sshd[1]: Invalid user root\n" * 50 + b"Invalid user " + stray + b"\n"

    assert detect_encoding(raw).name == "utf-8"


@pytest.mark.parametrize("seed", range(5))
def test_random_user_names_of_an_attack_are_no_code_page(seed: int) -> None:
    source = random.Random(seed)
    raw = b"".join(
        b"Nov 11 host sshd[%d]: Invalid user %s\n" % (n, source.randbytes(12).replace(b"\n", b"")) for n in range(200)
    )

    assert detect_encoding(raw).name == "utf-8"
    assert b"".join(raw_lines(decode(raw), raw)) == raw


def test_utf8_with_some_latin_1_stays_utf8() -> None:
    raw = ("ключ エラー\n" * 5).encode() + b"caf\xe9\n"

    decoded = decode(raw)

    assert texts(decoded)[-1] == b"caf\\xe9"
    assert decoded.lossy.tolist() == [5]


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("Shift_JIS", "shift_jis"),
        ("sjis", "shift_jis"),
        ("CP932", "cp932"),
        ("utf8", "utf-8"),
        ("UTF-8-SIG", "utf-8"),
        ("utf-16", "utf-16-le"),
        ("UTF-16BE", "utf-16-be"),
        ("latin1", "iso8859-1"),
    ],
)
def test_the_users_encoding_is_taken(wanted: str, name: str) -> None:
    encoding = detect_encoding(b"abc", forced=wanted)

    assert encoding.name == name
    assert encoding.why == "asked for"


def test_utf_16_as_asked_for_looks_at_the_byte_order() -> None:
    assert detect_encoding("\ufeffabc".encode("utf-16-be"), forced="utf-16").name == "utf-16-be"
    assert detect_encoding("2024-05-06 abc\n".encode("utf-16-be"), forced="utf-16").name == "utf-16-be"


@pytest.mark.parametrize("wanted", ["nonsense", "", "hex", "rot13", "utf-7", "idna", "cp037", "hz", "\x00", "../utf-8"])
def test_an_encoding_that_cannot_be_used_is_a_usage_error(wanted: str) -> None:
    with pytest.raises(UsageError):
        detect_encoding(b"abc", forced=wanted)


def test_a_mistyped_encoding_suggests_others() -> None:
    with pytest.raises(UsageError) as raised:
        detect_encoding(b"", forced="shift-jsi")

    assert "shift-jis" in str(raised.value.hint)


# -- binary -----------------------------------------------------------------------------------------------------------


def a_png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 16, 16, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(os.urandom(800)))


def a_database(path: Path) -> bytes:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE log (ts INTEGER, text TEXT)")
        connection.execute("INSERT INTO log VALUES (1, 'hello')")
    connection.close()
    return path.read_bytes()


def a_bolt_page() -> bytes:
    # bbolt's meta page: page header, magic, version, page size, flags, root, free list, transaction, checksum.
    page = struct.pack("<QHHIIIIIQQQQQQ", 0, 4, 0, 0, 0xED0CDAED, 2, 4096, 0, 3, 0, 2, 6, 7, 0x9E37_79B9_7F4A_7C15)
    leaf = struct.pack("<QHHI", 3, 2, 1, 0) + struct.pack("<IIII", 1, 16, 4, 32) + b"logs" + os.urandom(32)
    return page.ljust(4096, b"\x00") + leaf.ljust(4096, b"\x00")


def test_files_that_are_no_text_are_binary(tmp_path: Path) -> None:
    database = a_database(tmp_path / "x.sqlite")
    program = Path(sys.executable).resolve().read_bytes()[:65536]
    samples = [
        database,
        a_png(),
        a_bolt_page(),
        program,
        gzip.compress(os.urandom(2000)),
        os.urandom(4000),
        bytes(4000),
    ]

    assert [is_binary(sample) for sample in samples] == [True] * len(samples)
    # Not by their first bytes only.
    assert [is_binary(sample[16:]) for sample in samples[:2]] == [True] * 2


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"plain\n",
        b"a\x00b\n" * 3,
        b"before the crash\n" * 40 + bytes(4096) + b"after it\n" * 40,
        b"8=FIX.4.2\x019=65\x0135=A\x0149=SERVR\x0156=CLIENT\x01\n" * 50,
        b"\x1b[31mred\x1b[0m \x07 50%\r100%\n" * 20,
        "エラー\n".encode("cp932") * 20,
        "\ufeffエラー\r\n".encode("utf-16-le"),
        "2024-05-06 エラー\r\n".encode("utf-16-be") * 5,
    ],
)
def test_logs_are_not_binary(head: bytes) -> None:
    assert not is_binary(head)
