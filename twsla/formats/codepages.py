"""Which code page a text is in that is no Unicode: told from how likely its bytes are in each of them.

Looked at are the distinct lines with bytes above 127, so that a message repeated a thousand times counts once and the
ASCII around it not at all.

- Two-byte code pages (Japanese, Chinese, Korean): a character belongs to a class by its first byte (kana, the first
  level of ideographs, rare ones …). The shares of the classes in ordinary text, spread over the class, give every
  character a probability; the code page whose sum of logarithms is largest is compared with reading the same bytes one
  by one, and must be clearly better.
- One-byte code pages: the letters that one of its languages uses, in words whose case and script fit, count for it.

What is not clear either way is no code page: a few stray bytes in an ASCII log do not make it Chinese.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from itertools import islice

_MOST_LOOKED_AT, _MOST_LINES = 4000, 400
"""Lines with bytes above 127, and distinct ones of them, that are enough."""
_ASCII_NATS = math.log(60)
"""What an ASCII byte costs, in nats, whatever the code page."""
_HIGH_NATS, _CONTROL_NATS = math.log(96 / 0.9), math.log(32 / 0.1)
"""What a byte from 160, or from 128 to 159, costs as a character of its own."""
_UNUSUAL_NATS = 2.0
"""What it costs two bytes above 127 to stand together in a Latin script, or one beside an ASCII letter in another."""
_HIGH_AFTER_HIGH = re.compile(rb"(?<=[\x80-\xff])[\x80-\xff]")
_HIGH_BESIDE_LETTER = re.compile(rb"(?<=[A-Za-z])[\x80-\xff]|[\x80-\xff](?=[A-Za-z])")
_ABOVE_ASCII, _BELOW_160 = bytes(range(128, 256)), bytes(range(160))
_LEAST_GAIN = 6.0
"""By how many nats a two-byte code page must beat single bytes: about four kana, eight ideographs."""
_FITTING_LINES = 0.95
"""The share of lines that must decode; the others were cut in the middle of a character."""


@dataclass(frozen=True, slots=True)
class Guess:
    """A code page and how sure that is."""

    codec: str
    title: str
    """As people call it."""
    confidence: float
    """0 to 1."""


@dataclass(frozen=True, slots=True)
class _Class:
    """Characters of two bytes that are about equally common."""

    first: int
    last: int
    share: float
    """Of the characters in ordinary text."""
    second: int = 0xA1
    """Smallest second byte."""


@dataclass(frozen=True, slots=True)
class _TwoByte:
    codec: str
    title: str
    classes: tuple[_Class, ...]
    seconds: int
    """Number of second bytes."""
    single: float
    """Share of one-byte characters above 127 (half-width kana)."""


# The first class that holds a character counts. Rows follow JIS X 0208, GB 2312, KS X 1001 and Big5, whose first level
# is in all four a block of its own; the shares are rounded from what ordinary text has.
_TWO_BYTE = (
    _TwoByte(
        "cp932",
        "Shift_JIS",
        (
            _Class(0x81, 0x81, 0.08, 0x40),
            _Class(0x82, 0x82, 0.30, 0x4F),
            _Class(0x83, 0x83, 0.22, 0x40),
            _Class(0x88, 0x98, 0.37, 0x40),
            _Class(0x99, 0xFC, 0.01, 0x40),
        ),
        188,
        0.02,
    ),
    _TwoByte(
        "euc_jp",
        "EUC-JP",
        (
            _Class(0xA1, 0xA1, 0.08),
            _Class(0xA3, 0xA3, 0.03),
            _Class(0xA4, 0xA4, 0.28),
            _Class(0xA5, 0xA5, 0.22),
            _Class(0xB0, 0xCF, 0.37),
            _Class(0xD0, 0xF4, 0.01),
        ),
        94,
        0.0,
    ),
    _TwoByte(
        "gb18030",
        "GB18030",
        (
            _Class(0xA1, 0xA1, 0.06),
            _Class(0xA3, 0xA3, 0.06),
            _Class(0xB0, 0xD7, 0.82),
            _Class(0xD8, 0xF7, 0.05),
            _Class(0x81, 0xFE, 0.005, 0x40),
        ),
        94,
        0.0,
    ),
    _TwoByte(
        "cp949",
        "EUC-KR",
        (
            _Class(0xA1, 0xA1, 0.04),
            _Class(0xA3, 0xA3, 0.01),
            _Class(0xB0, 0xC8, 0.93),
            _Class(0xCA, 0xFD, 0.01),
            _Class(0x81, 0xC6, 0.005, 0x41),
        ),
        94,
        0.0,
    ),
    _TwoByte(
        "big5",
        "Big5",
        (
            _Class(0xA1, 0xA1, 0.06, 0x40),
            _Class(0xA2, 0xA3, 0.02, 0x40),
            _Class(0xA4, 0xC6, 0.88, 0x40),
            _Class(0xC9, 0xF9, 0.04, 0x40),
        ),
        157,
        0.0,
    ),
)
_RARE_NATS = math.log(94 * 94 / 0.001)


@dataclass(frozen=True, slots=True)
class _OneByte:
    codec: str
    title: str
    alphabets: tuple[str, ...]
    """Of each of its languages: the lower-case letters beside those of ASCII."""
    frequent: str = ""
    """The letters that make up four fifths of a text, where all letters are beside ASCII; empty for Latin scripts."""


_WESTERN = ("äöüß", "éèàçêëîïôûùâœæ", "áéíóúñü", "áàâãéêíóôõúç", "àèéìòù", "åäöæøé", "áæéíðóöþúý")
_CENTRAL = ("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîşţ", "čćđšž", "äöüß")
_CYRILLIC = ("абвгдежзийклмнопрстуфхцчшщъыьэюяё", "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя")
_RUSSIAN = "оеаинтсрвлкмдпу"
# In order of preference: where two explain a text equally well, the first is taken.
_ONE_BYTE = (
    _OneByte("cp1252", "Windows-1252", _WESTERN),
    _OneByte("cp1251", "Windows-1251", _CYRILLIC, _RUSSIAN),
    _OneByte("koi8_r", "KOI8-R", _CYRILLIC, _RUSSIAN),
    _OneByte("cp866", "IBM866", _CYRILLIC, _RUSSIAN),
    _OneByte("cp1250", "Windows-1250", _CENTRAL),
    _OneByte("iso8859_2", "ISO-8859-2", _CENTRAL),
    _OneByte("cp1253", "Windows-1253", ("αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ",), "αοιετσνηυρπκμλςί"),
    _OneByte("cp1254", "Windows-1254", ("çğıöşü",)),
    _OneByte("cp1255", "Windows-1255", ("אבגדהוזחטיךכלםמןנסעףפץצקרשת",), "יוהלאמרתבשנםכ"),
    _OneByte("cp1256", "Windows-1256", ("ابتثجحخدذرزسشصضطظعغفقكلمنهويءآأؤإئةىپچژگ",), "ايلمونرتبةعدسفهكق"),
    _OneByte("cp1257", "Windows-1257", ("āčēģīķļņšūž", "ąčęėįšųūž", "äõöüšž")),
    _OneByte("cp850", "IBM850", _WESTERN),
)
_MARKS = frozenset("«»„“”‘’‚–—…°€§№£©®±µ¿¡´·")
"""Signs that stand in texts of every one-byte code page."""
_LEAST_SCORE = 0.75
_LEAST_WORDS = 3
"""Fewer distinct words with letters above 127 prove nothing."""


def guess(head: bytes) -> Guess | None:
    """The code page of a text that is neither ASCII nor Unicode; None if that is not clear."""
    head = head[: head.rfind(b"\n") + 1] or re.sub(rb"[\x80-\xff]+.?\Z", b"", head)
    high = islice((line for line in head.split(b"\n") if not line.isascii()), _MOST_LOOKED_AT)
    lines = list(dict.fromkeys(re.sub(rb"\d+", b"0", line) for line in high))[:_MOST_LINES]
    return _two_byte(lines) or _one_byte(lines)


def _two_byte(lines: list[bytes]) -> Guess | None:
    alone = sum(_cost_alone(line) for line in lines)
    costs = [(cost, page) for page in _TWO_BYTE if (cost := _cost(lines, page)) is not None]
    if not costs:
        return None
    costs.sort(key=lambda pair: pair[0])
    best, page = costs[0]
    if alone - best < _LEAST_GAIN:
        return None
    lead = min(alone, costs[1][0] if len(costs) > 1 else alone) - best
    return Guess(page.codec, page.title, round(1 - 0.5 * math.exp(-lead / 10), 2))


def _cost_alone(line: bytes) -> float:
    """Cost of the line in a code page of one byte a character: Latin letters here and there, or another script."""
    together = len(_HIGH_AFTER_HIGH.findall(line))
    mixed = len(_HIGH_BESIDE_LETTER.findall(line))
    return _cost_of_bytes(line) + _UNUSUAL_NATS * min(together, mixed)


def _cost_of_bytes(line: bytes) -> float:
    ascii_bytes = len(line.translate(None, _ABOVE_ASCII))
    high = len(line.translate(None, _BELOW_160))
    return high * _HIGH_NATS + (len(line) - high - ascii_bytes) * _CONTROL_NATS + ascii_bytes * _ASCII_NATS


def _cost(lines: list[bytes], page: _TwoByte) -> float | None:
    """Negative logarithm of the probability of the lines; None if too many are no text in this code page."""
    counts: Counter[str] = Counter()
    unfit, cost = 0, 0.0
    for line in lines:
        try:
            text = line.decode(page.codec)
        except UnicodeDecodeError as error:
            unfit += 1
            text = line[: error.start].decode(page.codec, "ignore")
            cost += _cost_of_bytes(line[error.start :])
        # A lone character amid ASCII is as well two of a Latin code page: no evidence either way.
        for run in re.findall(r"[^\x00-\x7f]+|[\x00-\x7f]+", text):
            if run.isascii() or len(run) == 1:
                cost += _cost_of_bytes(run.encode(page.codec, "replace"))
            else:
                counts.update(run)
    if unfit > (1 - _FITTING_LINES) * len(lines) + 0.5:
        return None
    return cost + sum(count * _character_cost(character, page) for character, count in counts.items())


def _character_cost(character: str, page: _TwoByte) -> float:
    raw = character.encode(page.codec, "replace")
    if len(raw) == 1:
        return _ASCII_NATS if raw[0] < 0x80 else math.log(63 / page.single) if page.single else _RARE_NATS
    if len(raw) == 2:
        for group in page.classes:
            if group.first <= raw[0] <= group.last and raw[1] >= group.second:
                return math.log((group.last - group.first + 1) * page.seconds / group.share)
    return _RARE_NATS


def _one_byte(lines: list[bytes]) -> Guess | None:
    best: tuple[float, _OneByte] | None = None
    for page in _ONE_BYTE:
        score = _score(lines, page)
        if score is not None and (best is None or score > best[0] + 0.001):
            best = score, page
    if best is None or best[0] < _LEAST_SCORE:
        return None
    return Guess(best[1].codec, best[1].title, round(0.9 * best[0], 2))


def _score(lines: list[bytes], page: _OneByte) -> float | None:
    """How well the characters above 127 fit the best of the code page's languages: 1 all of them, below 0 none."""
    text = "\n".join(line.decode(page.codec, "replace") for line in lines)
    words = {word for word in re.findall(r"[^\W\d_]+", text) if not word.isascii()}
    if len(words) < _LEAST_WORDS:
        return None
    letters = Counter(letter for word in words for letter in _letters(word, page))
    count = letters.total()
    fit = max(sum(n for letter, n in letters.items() if letter in alphabet) for alphabet in page.alphabets)
    known = (2 * fit - letters["?"]) / (2 * count)
    if page.frequent:
        known = (known + sum(n for letter, n in letters.items() if letter in page.frequent) / count) / 2
    signs = [-1.0 if inside or sign not in _MARKS else 1.0 for inside, sign in _signs(text)]
    # A sign is weaker evidence than a letter, and the same one may stand on every line.
    weight = min(1.0, 0.3 * count / len(signs)) if signs else 0.0
    return (known * count + weight * sum(signs)) / (count + weight * len(signs))


def _letters(word: str, page: _OneByte) -> list[str]:
    """The letters above 127 of a word, in lower case; ``?`` for one that cannot stand where it does."""
    if page.frequent and any(letter.isascii() for letter in word):
        return ["?"] * sum(not letter.isascii() for letter in word)
    shouted = word.isupper()
    return [
        "?" if letter.isupper() and place and not shouted else letter.lower()
        for place, letter in enumerate(word)
        if not letter.isascii()
    ]


def _signs(text: str) -> list[tuple[bool, str]]:
    """The characters above 127 that are no letters, and whether letters stand around them."""
    return [
        (text[match.start() - 1 : match.start()].isalpha() and text[match.end() : match.end() + 1].isalpha(), match[0])
        for match in re.finditer(r"[^\x00-\x7f]", text)
        if not match[0].isalpha()
    ]
