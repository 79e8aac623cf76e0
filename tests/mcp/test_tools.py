"""Every tool, its schemas, and what it answers."""

from __future__ import annotations

import base64
import gzip
import json
import re
import zlib
from typing import TYPE_CHECKING, Any

import anyio
import jsonschema

from tests.mcp.clients import ask, over_http, over_stdio, refused
from tests.mcp.conftest import LOGS
from twsla import registry
from twsla.mcp.parameters import OF_SCREENS, is_open
from twsla.model.analysis import Analysis
from twsla.options import describe

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Run
    from tests.mcp.clients import Served

NEEDED: dict[str, dict[str, Any]] = {
    "extract": {"extract": ["ip"]},
    "relation": {"arguments": ["ip", "kv"]},
    "sigma_explain": {"rule": ["Guessing"]},
    "sql": {"statement": 'SELECT text, source, line_no, "offset" FROM records ORDER BY ts'},
}
"""Arguments of tools that cannot do without."""


RULE = """
title: Guessing
id: 6f1c2a0e-8a51-4c55-9d6c-0c1f3d0b7f10
status: test
level: medium
logsource:
  product: linux
detection:
  words:
    - Failed password
  condition: words
"""


def analyses() -> list[str]:
    names = [name for name, entry in registry.COMMANDS.items() if isinstance(registry.load(entry), Analysis)]
    return [name.replace(" ", "_") for name in names]


def test_every_analysis_is_a_tool_with_valid_schemas_and_answers_by_them(shared_case: Path, tmp_path: Path) -> None:
    (tmp_path / "guessing.yml").write_text(RULE)

    async def work() -> None:
        async with over_stdio(shared_case, "--rules", tmp_path) as client:
            tools = {tool.name: tool for tool in (await client.list_tools()).tools}
            assert set(analyses()) <= set(tools)
            for name in analyses():
                tool = tools[name]
                assert tool.description
                assert tool.annotations is not None
                assert tool.annotations.read_only_hint is True
                assert tool.annotations.destructive_hint is False
                assert tool.output_schema is not None
                jsonschema.Draft202012Validator.check_schema(tool.input_schema)
                jsonschema.Draft202012Validator.check_schema(tool.output_schema)
                arguments = {"limit": 3, **NEEDED.get(name, {})}
                jsonschema.validate(arguments, tool.input_schema)
                result = await client.call_tool(name, arguments)
                assert not result.is_error, (name, result.content)
                jsonschema.validate(result.structured_content, tool.output_schema)
                (text,) = result.content
                assert text.type == "text"
                assert json.loads(text.text) == result.structured_content
                assert len(result.structured_content["rows"]) <= 3

    anyio.run(work)


def failed_lines() -> list[str]:
    whole = (LOGS / "auth-20240506.log").read_text() + gzip.decompress(
        (LOGS / "auth-20240505.log.gz").read_bytes()
    ).decode()
    return [line for line in whole.splitlines() if "Failed password" in line]


def test_pages_together_are_the_whole_and_rows_name_their_record(served: Served) -> None:
    expected = sorted(failed_lines())
    assert len(expected) > 200

    async def work() -> None:
        async with over_http(served) as client:
            page = await ask(client, "search", filters=["Failed password"], limit=100)
            rows = list(page["rows"])
            assert page["total_rows"] == len(expected)
            assert "rows 1 to 100 of" in page["cut"][0]
            while page["next_cursor"]:
                page = await ask(client, "search", cursor=page["next_cursor"])
                assert page["first_row"] == len(rows)
                rows += page["rows"]
            assert page["cut"] == []
            assert sorted(row["text"] for row in rows) == expected
            for row in rows:
                source = LOGS / row["source"].rpartition("/")[2]
                content = gzip.decompress(source.read_bytes()) if source.suffix == ".gz" else source.read_bytes()
                assert content[row["offset"] :].startswith(row["text"].encode() + b"\n")
                assert content.splitlines()[row["line_no"] - 1].decode() == row["text"]

    anyio.run(work)


def test_bytes_are_capped_and_the_rest_is_told(served: Served) -> None:
    async def work() -> None:
        async with over_http(served) as client:
            page = await ask(client, "search", limit=10000, max_bytes=3000)
            assert len(json.dumps(page["rows"])) < 4000
            assert page["next_cursor"]
            assert page["cut"]

    anyio.run(work)


REFUSALS: list[tuple[str, dict[str, Any], str]] = [
    ("search", {"limit": 1_000_000}, "1,000,000 is not between 1 and 10,000"),
    ("search", {"regex": "("}, "("),
    ("search", {"time_range": "foo,1d"}, "foo"),
    ("search", {"datastore": "/tmp"}, "no parameter 'datastore'"),
    ("search", {"filtre": "x"}, "did you mean filter?"),
    ("search", {"cursor": "nonsense"}, "next_cursor"),
    ("count", {"extract": "ip", "geoip": "/x.mmdb"}, "no parameter 'geoip'"),
    ("count", {"extract": "ip", "resolver": "192.0.2.1"}, "no parameter 'resolver'"),
    ("count", {"extract": "grok", "grok": "/etc/passwd"}, "not one of its values"),
    ("count", {"extract": "host"}, "started with --dns"),
    ("count", {"extract": "ip", "no_dns": False}, "no parameter 'no_dns'"),
    ("report", {"include": ["count -e grok -g /etc/passwd"]}, "no parameter 'include'"),
    ("sql", {}, "statement is missing"),
    ("sql", {"statement": "SELECT * FROM read_text('/etc/passwd')"}, "statement cannot be run"),
    ("sql", {"statement": "COPY (SELECT 1) TO 'x.csv'"}, "statement"),
    ("sql", {"statement": "SELECT 1", "output": "x.csv"}, "no parameter 'output'"),
    ("search", {"limit": "9" * 5000}, "not a whole number"),
    ("search", {"limit": True}, "not a whole number"),
    ("search", {"limit": 1.5}, "not a whole number"),
    ("search", {"filters": [["nested"]]}, "not a text"),
    ("search", {"filters": ["x" * 300_000]}, "more than 200,000 characters"),
    ("search", {"cursor": base64.urlsafe_b64encode(zlib.compress(b"[" * 100_000)).decode()}, "next_cursor"),
    ("search", {"cursor": base64.urlsafe_b64encode(zlib.compress(b" " * 10_000_000)).decode()}, "next_cursor"),
    ("no_such_tool", {}, "no tool"),
]


def test_what_cannot_be_answered_is_a_tool_error_and_the_server_goes_on(served: Served) -> None:
    async def work() -> None:
        async with over_http(served) as client:
            for tool, arguments, said in REFUSALS:
                assert said in await refused(client, tool, **arguments), (tool, arguments)
            assert (await ask(client, "count", limit=1))["total_rows"] > 0

    anyio.run(work)


NOT_FILES = {
    "relation arguments": "what to combine, and filters",
    "sigma --rule": "a file name among the rules that were read",
    "sigma coverage --rule": "the same",
    "sigma explain --rule": "the same",
    "windows logons --by": "names of columns",
}
"""Options whose help speaks of files or machines, and that reach none; each was looked at."""


def test_no_option_that_clients_can_set_reaches_a_file_or_a_machine() -> None:
    """Whoever adds an option that does gives it FILE, DIR, PATH, ADDR … as its word, or says here why it does not."""
    words = re.compile(r"\b(file|files|directory|folder|path|server|servers|address|host|socket|http|command)\b", re.I)
    for name in registry.COMMANDS:
        analysis = registry.load(registry.COMMANDS[name])
        if not isinstance(analysis, Analysis):
            continue
        for info in describe(analysis.options):
            if info.type != "text" or not is_open(info) or info.choices or info.name in OF_SCREENS:
                continue
            if f"{name} {info.long}" in NOT_FILES:
                continue
            plain = re.sub(r"(of your own|JSON path|in their path or command line)", "", info.help)
            literal = (info.metavar or "").partition("|")[0].islower()  # of full|FILE the word is left alone
            assert literal or not words.search(plain), f"{name} {info.long}: {info.help}"


def test_few_tools_can_be_offered(shared_case: Path, run: Run) -> None:
    async def work() -> None:
        async with over_stdio(shared_case, "--tools", "search, sql") as client:
            assert [tool.name for tool in (await client.list_tools()).tools] == ["search", "sql"]
            assert "no tool" in await refused(client, "count")

    anyio.run(work)
    done = run("mcp", "-d", shared_case, "--tools", "serach", "--transport", "stream", "--endpoint", "127.0.0.1:0")
    assert done.code == 2
    assert "serach" in done.err
