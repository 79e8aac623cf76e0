"""Conditions judged record by record, in the plainest way."""

from __future__ import annotations

import fnmatch
import re
from decimal import Decimal
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from twsla.model.conditions import All, Any, Comparison, Node, Not, Operator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def holds(node: Node, record: Mapping[str, str]) -> bool:
    """Whether a record with these fields (exact names) is as the condition says."""
    match node:
        case Not(of):
            return not holds(of, record)
        case All(of):
            return all(holds(each, record) for each in of)
        case Any(of):
            return any(holds(each, record) for each in of)
        case Comparison():
            if node.operator is Operator.EXISTS:
                return (node.name in record) != node.negative
            return node.name in record and compares(node.operator, record[node.name], node.values) != node.negative


def number(text: str) -> Decimal | None:
    return Decimal(text) if re.fullmatch(r"[+-]?[0-9]{1,20}(\.[0-9]{1,15})?", text, re.ASCII) else None


def equal(value: str, asked: str) -> bool:
    if number(value) is not None and number(asked) is not None:
        return number(value) == number(asked)
    return value.lower() == asked.lower()


def ordered(sign: str, value: str, asked: str) -> bool:
    one, other = number(value), number(asked)
    left, right = (value.lower(), asked.lower()) if one is None or other is None else (one, other)
    return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[sign]  # type: ignore[operator]


def inside(value: str, network: str) -> bool:
    try:
        address = ip_address(value.partition("%")[0])
    except ValueError:
        return False
    wanted = ip_network(network)
    if address.version == 6 and wanted.version == 4 and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address in wanted


def compares(operator: Operator, value: str, asked: Sequence[str]) -> bool:
    low = value.lower()
    match operator:
        case Operator.EQUAL | Operator.IN:
            return any(equal(value, each) for each in asked)
        case Operator.EXACT:
            return value == asked[0]
        case Operator.LESS | Operator.AT_MOST | Operator.MORE | Operator.AT_LEAST:
            return ordered(operator.value, value, asked[0])
        case Operator.CONTAINS:
            return asked[0].lower() in low
        case Operator.STARTS:
            return low.startswith(asked[0].lower())
        case Operator.ENDS:
            return low.endswith(asked[0].lower())
        case Operator.LIKE:
            pattern = asked[0].lower().replace("[", "[[]")
            return fnmatch.fnmatchcase(low, pattern)
        case Operator.MATCHES:
            return re.search(asked[0], value) is not None
        case Operator.CIDR:
            return inside(value, asked[0])
    raise AssertionError(operator)
