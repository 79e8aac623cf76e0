"""Conditions on fields as SQL: true or false for every record, never NULL, so that ``not`` is the rest of all records.

Texts are compared in lower case, as DuckDB has it. Columns of fields are dictionaries in the store; what a comparison
asks of a value is asked once for each entry where DuckDB can.
"""

from __future__ import annotations

import difflib
import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TYPE_CHECKING, Final

from twsla.errors import UsageError
from twsla.model.conditions import NUMBER, ORDER, All, Any, Comparison, Not, Operator
from twsla.model.filters import regex_filter
from twsla.query.fields import expression, field_names, meant
from twsla.query.re2_check import check_filters

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from twsla.model.conditions import Condition, Node
    from twsla.query.engine import Engine

_DECIMAL: Final = "DECIMAL(38, 15)"
_OCTET: Final = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_TESTS: Final = {
    Operator.EXACT: "{value} = {bound}",
    Operator.CONTAINS: "contains(lower({value}), lower({bound}))",
    Operator.STARTS: "starts_with(lower({value}), lower({bound}))",
    Operator.ENDS: "suffix(lower({value}), lower({bound}))",
    Operator.LIKE: "lower({value}) LIKE lower({bound}) ESCAPE chr(1)",
    Operator.MATCHES: "regexp_matches({value}, '(' || {bound} || ')')",
}
"""SQL by operator. A regular expression is put in a group for the reason that ``twsla.query.where`` tells."""
_HEX: Final = "([0-9A-Fa-f]{1,4}(:[0-9A-Fa-f]{1,4})*)?"


def check_condition(engine: Engine, condition: Condition) -> None:
    """Make sure that a condition can be asked of a store.

    Raises:
        UsageError: RE2 does not accept an expression of it, or no record of the store has a field of such a name.
    """
    for each in condition.comparisons():
        if each.operator is Operator.MATCHES:
            check_filters([regex_filter(each.values[0])])
        if not each.built_in:
            check_field(engine, each.name, f"--where (character {each.at})")


def check_field(engine: Engine, name: str, asking: str) -> None:
    """Make sure that some record of the store has a field.

    Args:
        engine: Of the store.
        name: Of the field.
        asking: What asks for it, for the message.

    Raises:
        UsageError: None has; the hint tells the nearest names.
    """
    names = field_names(engine)
    if meant(name, names):
        return
    if not names:
        raise UsageError(
            f"{asking} asks for the field '{name}', but no record of {engine.store.path} has fields",
            hint="'twsla sources' tells the form of each source; -f and -r look through the text",
        )
    folded = {each.casefold(): each for each in names}
    near = [folded[key] for key in difflib.get_close_matches(name.casefold(), folded, n=5, cutoff=0.6)]
    near += [each for each in names if name.casefold() in each.casefold() and each not in near][: 5 - len(near)]
    told = f"did you mean {', '.join(near)}?" if near else f"{len(names):,} fields occur: {', '.join(names[:8])}, …"
    raise UsageError(f"{asking} asks for the field '{name}', which no record of {engine.store.path} has", hint=told)


def compile_condition(
    condition: Condition, names: Sequence[str], columns: frozenset[str], params: dict[str, object]
) -> str:
    """The condition as SQL over the columns of store files; binds to ``params``.

    Args:
        condition: It has passed ``check_condition``.
        names: Of all fields in the store.
        columns: Those of the files.
        params: Values by the names of their parameters; more are added.
    """

    def value_of(each: Comparison) -> str:
        return f'"{each.name}"' if each.built_in else expression(meant(each.name, names), columns, params)

    def bind(value: object) -> str:
        name = f"c{len(params)}"
        params[name] = value
        return f"${name}"

    return _node(condition.root, value_of, bind)


def _node(node: Node, value_of: Callable[[Comparison], str], bind: Callable[[object], str]) -> str:
    match node:
        case Not(of):
            return f"NOT {_node(of, value_of, bind)}"
        case All(of):
            return f"({' AND '.join(_node(each, value_of, bind) for each in of)})"
        case Any(of):
            return f"({' OR '.join(_node(each, value_of, bind) for each in of)})"
        case Comparison():
            value = value_of(node)
            if value == "NULL::VARCHAR":  # these files have no such field
                return "true" if node.operator is Operator.EXISTS and node.negative else "false"
            if node.operator is Operator.EXISTS:
                return f"({value} IS {'' if node.negative else 'NOT '}NULL)"
            holds = _comparison(node, value, bind)
            sign = "NOT " if node.negative else ""
            return f"({value} IS NOT NULL AND {sign}({holds}))"


def _comparison(each: Comparison, value: str, bind: Callable[[object], str]) -> str:
    """True or false for values that are there."""
    if each.instants is not None:
        return _timed(each, bind)
    if each.name in ("line_no", "offset") and each.built_in:
        value = f"{value}::VARCHAR"
    operator, values = each.operator, each.values
    if operator in (Operator.EQUAL, Operator.IN):
        return _one_of(value, values, bind)
    if operator in ORDER:
        return _ordered(value, operator, values[0], bind)
    if operator is Operator.CIDR:
        return _within(value, ip_network(values[0]), bind)
    bound = bind(_like(values[0]) if operator is Operator.LIKE else values[0])
    return _TESTS[operator].format(value=value, bound=bound)


def _timed(each: Comparison, bind: Callable[[object], str]) -> str:
    assert each.instants is not None
    first, last = each.instants
    match each.operator:
        case Operator.EQUAL:
            return f"epoch_ns(ts) BETWEEN {bind(first)} AND {bind(last)}"
        case Operator.LESS:
            return f"epoch_ns(ts) < {bind(first)}"
        case Operator.AT_MOST:
            return f"epoch_ns(ts) <= {bind(last)}"
        case Operator.MORE:
            return f"epoch_ns(ts) > {bind(last)}"
    return f"epoch_ns(ts) >= {bind(first)}"


def _one_of(value: str, values: Sequence[str], bind: Callable[[object], str]) -> str:
    texts = ", ".join(f"lower({bind(each)})" for each in values)
    same = f"lower({value}) IN ({texts})"
    numbers = [each for each in values if NUMBER.fullmatch(each)]
    if not numbers:
        return same
    # Numbers that are the same share their digits, zeros at the ends aside: few values have to be read as numbers.
    digits = " OR ".join(f"contains({value}, {bind(_digits(each))})" for each in numbers)
    exact = ", ".join(f"{bind(each)}::{_DECIMAL}" for each in numbers)
    return f"({same} OR (({digits}) AND coalesce({_number(value)} IN ({exact}), false)))"


def _digits(number: str) -> str:
    """What every text of the same number contains."""
    whole, point, fraction = number.lstrip("+-").partition(".")
    return f"{whole.lstrip('0') or '0'}{point}{fraction}".rstrip("0").rstrip(".") if point else whole.lstrip("0") or "0"


def _number(value: str) -> str:
    """SQL: the number that a text is; NULL if it is none."""
    return f"CASE WHEN regexp_full_match({value}, '{NUMBER.pattern}') THEN try_cast({value} AS {_DECIMAL}) END"


def _ordered(value: str, operator: Operator, asked: str, bind: Callable[[object], str]) -> str:
    sign, bound = operator.value, bind(asked)
    as_text = f"lower({value}) {sign} lower({bound})"
    if not NUMBER.fullmatch(asked):
        return as_text
    number = _number(value)
    return f"CASE WHEN {number} IS NULL THEN {as_text} ELSE {number} {sign} {bound}::{_DECIMAL} END"


def _like(pattern: str) -> str:
    r"""A pattern of ``*`` and ``?`` as LIKE has it, with U+0001 before signs that mean themselves."""
    plain = {"%": "\x01%", "_": "\x01_", "\x01": "\x01\x01"}
    pieces = re.findall(r"\\[*?\\]|.", pattern, re.DOTALL)
    signs = {"*": "%", "?": "_", "\\*": "*", "\\?": "?"}
    return "".join(signs.get(each) or plain.get(each, each) for each in pieces)


def _within(value: str, network: IPv4Network | IPv6Network, bind: Callable[[object], str]) -> str:
    """Whether a text is an address of a network; an IPv4 address may also be written as ``::ffff:192.0.2.1``."""
    if isinstance(network, IPv4Network):
        plain = f"regexp_replace({value}, '^::[Ff][Ff][Ff][Ff]:', '')"
        parts = [f"split_part({plain}, '.', {place})::BIGINT << {24 - 8 * (place - 1)}" for place in range(1, 5)]
        number = " + ".join(f"({part})" for part in parts)
        first, last = bind(int(network.network_address)), bind(int(network.broadcast_address))
        valid = rf"regexp_full_match({plain}, '{_OCTET}(\.{_OCTET}){{3}}')"
        return f"CASE WHEN {valid} THEN {number} BETWEEN {first} AND {last} ELSE false END"
    plain = _in_groups(f"split_part({value}, '%', 1)")
    left, right = (f"string_split(nullif(split_part({plain}, '::', {side}), ''), ':')" for side in (1, 2))
    groups = f"(coalesce(len({left}), 0) + coalesce(len({right}), 0))"
    cut = f"contains({plain}, '::')"
    valid = (
        f"regexp_full_match({plain}, '{_HEX}(::{_HEX})?') AND contains({plain}, ':') "
        f"AND CASE WHEN {cut} THEN {groups} < 8 ELSE {groups} = 8 END"
    )
    padded = [
        f"coalesce(array_to_string(list_transform({side}, lambda part: lpad(part, 4, '0')), ''), '')"
        for side in (left, right)
    ]
    whole = f"lower({padded[0]} || repeat('0', 32 - 4 * {groups}::BIGINT) || {padded[1]})"
    digits, bits = divmod(network.prefixlen, 4)
    hexadecimal = f"{int(network.network_address):032x}"
    same = f"starts_with({whole}, {bind(hexadecimal[:digits])})"
    if bits:
        lowest = int(hexadecimal[digits], 16)
        fitting = "".join(f"{each:x}" for each in range(lowest, lowest + (1 << (4 - bits))))
        same += f" AND contains({bind(fitting)}, substr({whole}, {digits + 1}, 1))"
    return f"CASE WHEN {valid} THEN {same} ELSE false END"


def _in_groups(address: str) -> str:
    """An IPv6 address in groups of digits alone; its last two may be written like IPv4 (``::ffff:192.0.2.1``)."""
    tail = f"regexp_extract({address}, '[^:]*$')"
    octets = [f"split_part({tail}, '.', {place})::BIGINT" for place in range(1, 5)]
    groups = f"printf('%x:%x', {octets[0]} * 256 + {octets[1]}, {octets[2]} * 256 + {octets[3]})"
    mixed = rf"regexp_full_match({address}, '[0-9A-Fa-f:]*:{_OCTET}(\.{_OCTET}){{3}}')"
    return f"CASE WHEN {mixed} THEN regexp_extract({address}, '^.*:') || {groups} ELSE {address} END"
