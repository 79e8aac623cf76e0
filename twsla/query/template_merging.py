"""Words that turn out to be variables because many of them stand at one place of otherwise equal texts.

A place is one token of a text without that token. Where at least ``_MANY`` texts share a place, their words there are
one variable; where one of the texts has ``<*>`` there already, a single word is enough. The largest places go first,
all of a round at once, so the order of the texts does not matter. The idea of looking at columns of texts with equal
words elsewhere is that of Drain (He et al. 2017) and Brain (Yu et al. 2023); both go through the texts one by one.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from twsla.query.template_headers import is_level
from twsla.query.template_tokens import WILD, Token, is_plain, squeeze

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy as np
    import numpy.typing as npt

Words = tuple[str, ...]

_MANY: Final = 4
"""Words at one place that make it a variable."""
_FEWEST_CONSTANTS: Final = 2
"""Words that must be left to a text; a message is never all variables. Its first word is none either."""
_MOST_ROUNDS: Final = 32


def merged(texts: list[list[Token]]) -> list[list[Token]]:
    """The texts with the words that vary as ``<*>``."""
    current = _without_values(texts)
    learnt: set[Words] = set()
    for _ in range(_MOST_ROUNDS):
        owners: dict[Words, list[int]] = defaultdict(list)
        for number, tokens in enumerate(current):
            owners[tuple(word for word, _ in tokens)].append(number)
        distinct = sorted(words for words in owners if words)
        found = dict(_variables(distinct)) if distinct else {}
        if not found:
            break
        for index, at in found.items():
            learnt.add(distinct[index][max(at - 2, 0) : at])
            for number in owners[distinct[index]]:
                tokens = list(current[number])
                tokens[at] = (WILD, tokens[at][1])
                current[number] = squeeze(tokens)
    known: set[Words] = {words for words in learnt if len(words) == 2 and all(map(_is_constant, words))}
    constant = {word for pair in known for word in pair}
    return [_behind_known(tokens, known, constant) for tokens in current]


def _is_constant(word: str) -> bool:
    return is_plain(word) and WILD not in word


def _behind_known(tokens: list[Token], known: set[Words], constant: set[str]) -> list[Token]:
    """What follows two words that a variable follows in other texts (``invalid user``) is a variable here too.

    Unless it is itself such a word: ``password for`` is one of those pairs, but in ``password for invalid user x`` a
    variable follows later.
    """
    words = [word for word, _ in tokens]
    return squeeze([
        (WILD, blank)
        if at > 1 and (words[at - 2], words[at - 1]) in known and is_plain(word) and word not in constant
        else (word, blank)
        for at, (word, blank) in enumerate(tokens)
    ])  # fmt: skip


# --- values of named fields ---------------------------------------------------------------------------------------


def _without_values(texts: list[list[Token]]) -> list[list[Token]]:
    """``user=root`` and ``"user":"root"`` with ``<*>`` for the value, for keys with many values of one word each.

    A key with values of several words is left alone (``msg="no such file"`` says what happened), and so is a level.
    """
    values: dict[str, set[str]] = defaultdict(set)
    prose: set[str] = set()
    for tokens in texts:
        for key, at, is_word in _fields(tokens):
            if is_word:
                values[key].add(tokens[at][0])
            else:
                prose.add(key)
    varying = {
        key
        for key, found in values.items()
        if len(found) >= _MANY and key not in prose and not all(map(is_level, found))
    }
    return [_with_varying(tokens, varying) for tokens in texts]


def _with_varying(tokens: list[Token], varying: set[str]) -> list[Token]:
    changed = list(tokens)
    for key, at, is_word in _fields(tokens):
        if key in varying and is_word:
            changed[at] = (WILD, tokens[at][1])
    return squeeze(changed)


def _fields(tokens: list[Token]) -> Iterator[tuple[str, int, bool]]:
    """Key, index of the first word of the value, and whether it is one word, of each ``key=value``."""
    for at in range(2, len(tokens)):
        word = tokens[at][0]
        if not is_plain(word):
            continue
        quoted = tokens[at - 1][0] == '"'
        sign = at - 2 if quoted else at - 1
        if sign < 1 or (tokens[sign][0] != "=" and not (quoted and tokens[sign][0] == ":")):
            continue
        key = sign - 2 if tokens[sign - 1][0] == '"' and sign > 1 else sign - 1
        yield tokens[key][0], at, not quoted or (at + 1 < len(tokens) and tokens[at + 1][0] == '"')


# --- places -------------------------------------------------------------------------------------------------------


def _variables(texts: list[Words]) -> Iterable[tuple[int, int]]:
    """Text and token of each variable that the texts, distinct and not empty, show; at most one for each text."""
    import numpy as np

    vocabulary = sorted({word for words in texts for word in words})
    numbers = {word: number for number, word in enumerate(vocabulary)}
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    words = np.fromiter((numbers[word] for text in texts for word in text), np.int64, int(lengths.sum()))
    starts = np.cumsum(lengths) - lengths
    text = np.repeat(np.arange(len(texts)), lengths)
    at = np.arange(len(words)) - starts[text]
    place = _places(words, at, text, starts, lengths)
    plain = np.array([is_plain(word) for word in vocabulary], bool)[words]
    wild = np.array([word == WILD for word in vocabulary], bool)[words]
    use = np.flatnonzero(_may_vary(plain, text, starts) | wild)
    _, group, size = np.unique(place[use], return_inverse=True, return_counts=True)
    has_wild = np.bincount(group, wild[use], len(size)) > 0
    good = ((size >= _MANY) | (has_wild & (size > 1)))[group] & ~wild[use]
    chosen, rank = use[good], size[group[good]]
    # The largest place of each text; of several the left-most.
    order = np.lexsort((at[chosen], -rank, text[chosen]))
    chosen = chosen[order]
    first = np.ones(len(chosen), bool)
    first[1:] = text[chosen][1:] != text[chosen][:-1]
    return zip(text[chosen[first]].tolist(), at[chosen[first]].tolist(), strict=True)


def _may_vary(plain: npt.NDArray[np.bool_], text: npt.NDArray[np.int64], starts: npt.NDArray[np.int64]) -> np.ndarray:
    """Plain words (n,) that are not the first of their text and leave enough others."""
    import numpy as np

    so_far = np.cumsum(plain)
    before: npt.NDArray[np.int64] = so_far - plain - (so_far[starts] - plain[starts])[text]
    count = np.bincount(text, plain, len(starts))[text]
    allowed: np.ndarray = plain & (before > 0) & (count > _FEWEST_CONSTANTS)
    return allowed


def _places(
    words: npt.NDArray[np.int64],
    at: npt.NDArray[np.int64],
    text: npt.NDArray[np.int64],
    starts: npt.NDArray[np.int64],
    lengths: npt.NDArray[np.int64],
) -> npt.NDArray[np.uint64]:
    """A 64-bit hash (n,) of each token's place: position, length of the text, and all its other tokens."""
    import numpy as np

    each = _mixed((words.astype(np.uint64) << np.uint64(16)) + at.astype(np.uint64))
    whole = np.add.reduceat(each, starts) + _mixed(lengths.astype(np.uint64))
    return _mixed(whole[text] - each) ^ _mixed(~at.astype(np.uint64))


def _mixed(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The finalizer of SplitMix64 (Steele et al. 2014)."""
    import numpy as np

    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
