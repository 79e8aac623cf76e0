"""Detections for other tools: Timesketch, the ATT&CK Navigator, and whatever reads SARIF.

They take the answer of ``twsla sigma`` and no other: its columns say which rule is true for which record.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from twsla import __version__
from twsla.errors import UsageError
from twsla.export.json_text import dumps
from twsla.render.shown import pieces
from twsla.render.timetext import time_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from twsla.model.result import Result
    from twsla.render.shown import RenderOptions

_NEEDED: Final = ("level", "ts", "rule", "tags", "rule_id", "text", "source", "line_no", "offset")
_SARIF_LEVELS: Final = {
    "critical": "error",
    "high": "error",
    "medium": "warning",
    "low": "note",
    "informational": "note",
}
_SEVERITY: Final = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "3.0", "informational": "0.0"}
_SCORES: Final = {"critical": 100, "high": 75, "medium": 50, "low": 25, "informational": 10}


def _rows(result: Result, format_name: str) -> Iterator[dict[str, Any]]:
    """The detections as values, times in nanoseconds.

    Raises:
        UsageError: The result is not one of detections.
    """
    import pyarrow as pa

    names = {column.name for column in result.columns}
    if not names.issuperset(_NEEDED):
        raise UsageError(f"the format {format_name} is for detections", hint="'twsla sigma -s RULES' answers with them")
    for batch in pieces(result.rows):
        at = batch.schema.get_field_index("ts")
        stamps = batch.column(at).cast(pa.int64()).to_pylist()
        others = batch.drop_columns(["ts"]).to_pylist()
        yield from ({**row, "ts": ts} for row, ts in zip(others, stamps, strict=True))


def write_timesketch(result: Result, sink: BinaryIO, options: RenderOptions) -> None:
    """Detections as Timesketch imports them.

    JSON lines; detections without a time are left out, since it needs one.
    """
    for row in _rows(result, "timesketch"):
        if row["ts"] is None:
            continue
        event = {
            "message": f"{row['rule']}: {row['text']}",
            "datetime": time_text(row["ts"]),
            "timestamp": row["ts"] // 1000,
            "timestamp_desc": "Event Logged",
            "data_type": "windows:evtx:record" if row.get("channel") else "twsla:sigma:detection",
            "tag": ["sigma", *([row["level"]] if row["level"] else []), *row["tags"].split()],
            "rule": row["rule"],
            "rule_id": row["rule_id"],
            "rule_level": row["level"],
            "computer_name": row.get("computer"),
            "source_name": row.get("channel"),
            "event_identifier": row.get("event_id"),
            "record_number": row.get("record_id"),
            "display_name": row["source"],
            "line_no": row["line_no"],
            "offset": row["offset"],
        }
        sink.write(dumps({name: value for name, value in event.items() if value is not None}).encode() + b"\n")


def write_navigator(result: Result, sink: BinaryIO, options: RenderOptions) -> None:
    """Detections as an ATT&CK Navigator layer.

    Techniques are scored by the gravest rule that found them.
    """
    from twsla.sigma.attack import techniques

    found: dict[str, dict[str, Any]] = {}
    for row in _rows(result, "navigator"):
        for technique in techniques(row["tags"].split()):
            entry = found.setdefault(technique, {"score": 0, "count": 0, "rules": {}})
            entry["count"] += 1
            entry["score"] = max(entry["score"], _SCORES.get(row["level"], 1))
            entry["rules"][row["rule"]] = entry["rules"].get(row["rule"], 0) + 1
    layer = {
        "name": "twsla sigma",
        "versions": {"layer": "4.5", "navigator": "5.0.0"},
        "domain": "enterprise-attack",
        "description": f"Sigma detections by twsla {__version__}",
        "sorting": 3,
        "gradient": {"colors": ["#ffe766", "#ff6666"], "minValue": 0, "maxValue": 100},
        "techniques": [
            {
                "techniqueID": technique,
                "score": entry["score"],
                "comment": ", ".join(f"{name} ({count})" for name, count in sorted(entry["rules"].items())),
                "metadata": [{"name": "detections", "value": str(entry["count"])}],
                "enabled": True,
                "showSubtechniques": True,
            }
            for technique, entry in sorted(found.items())
        ],
    }
    sink.write(_indented(layer))


def write_sarif(result: Result, sink: BinaryIO, options: RenderOptions) -> None:
    """Detections as a SARIF 2.1.0 log.

    A result for each, with the place of the record in its source.
    """
    rules: dict[str, dict[str, Any]] = {}
    results = []
    for row in _rows(result, "sarif"):
        key = row["rule_id"]
        if key not in rules:
            rules[key] = {
                "id": key,
                "name": row["rule"],
                "shortDescription": {"text": row["rule"]},
                "defaultConfiguration": {"level": _SARIF_LEVELS.get(row["level"], "none")},
                "properties": {
                    "tags": ["security", *row["tags"].split()],
                    "security-severity": _SEVERITY.get(row["level"], "0.0"),
                },
            }
        region = {"startLine": max(1, row["line_no"] or 1), "byteOffset": row["offset"]}
        location = {"artifactLocation": {"uri": _uri(row["source"])}, "region": region}
        found = {
            "ruleId": key,
            "ruleIndex": list(rules).index(key),
            "level": _SARIF_LEVELS.get(row["level"], "none"),
            "message": {"text": f"{row['rule']}: {row['text']}"},
            "locations": [{"physicalLocation": location}],
        }
        if row["ts"] is not None:
            found["properties"] = {"time": time_text(row["ts"]), "computer": row.get("computer")}
        results.append(found)
    driver = {"name": "twsla", "version": __version__, "rules": list(rules.values())}
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results, "columnKind": "unicodeCodePoints"}],
    }
    sink.write(_indented(log))


def _uri(source: str) -> str:
    from urllib.parse import quote

    return quote(source, safe="/:!#")


def _indented(value: object) -> bytes:
    """JSON for reading: what ``dumps`` makes safe, indented."""
    return json.dumps(json.loads(dumps(value)), ensure_ascii=True, indent=1).encode() + b"\n"
