"""The five tools of earlier versions: names of parameters, limits and answers."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import anyio
import jsonschema
import pytest

from tests.mcp.clients import over_http, over_stdio, refused
from tests.mcp.conftest import LOGS

if TYPE_CHECKING:
    from pathlib import Path

    from mcp import Client

    from tests.conftest import Run
    from tests.mcp.clients import Served

AUTH = (LOGS / "auth-20240506.log").read_text().splitlines()
DAY = "2024-05-06,1d"
FAILED = [line for line in AUTH if "Failed password" in line]


async def text_of(client: Client, tool: str, **arguments: Any) -> Any:
    """The JSON of the first text content; the structured content fits its schema."""
    tools = {each.name: each for each in (await client.list_tools()).tools}
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    jsonschema.validate(result.structured_content, tools[tool].output_schema)
    first = result.content[0]
    assert first.type == "text"
    return json.loads(first.text)


def test_every_generation_of_names_gives_the_same(served: Served) -> None:
    async def work() -> None:
        async with over_http(served) as client:
            new = await text_of(client, "search_log", filter="Failed pass.*", start="2024-05-06", end="2024-05-07")
            old = await text_of(
                client, "search_log", filter_log_content="Failed pass.*", limit_log_count=100, time_range=DAY
            )
            assert new == old == FAILED[:100]
            assert await text_of(client, "search_log", filter="Failed", limit=5, time_range=DAY) == FAILED[:100]
            assert await text_of(client, "search_log", filter="Failed", limit_log_count=5, time_range=DAY) == FAILED[:5]
            whole = await text_of(client, "search_log", filter="Failed", limit=10**6, time_range=DAY)
            assert whole == FAILED

            words = Counter(line.split()[8] for line in FAILED if "invalid user" not in line)
            counted = await text_of(
                client, "count_log", filter="Failed password for root", unit="field", unit_pos=9, time_range=DAY
            )
            assert counted == [{"Key": "root", "Count": words["root"]}]
            assert counted == await text_of(
                client,
                "count_log",
                filter_log_content="Failed password for root",
                count_unit="field",
                unit_pos=9,
                top_n=3,
                time_range=DAY,
            )
            minutes = Counter(f"2024/05/06 {line[7:12]}" for line in FAILED)
            assert await text_of(
                client, "count_log", filter="Failed", unit="no such unit", interval=60, time_range=DAY
            ) == [{"Key": key, "Count": count} for key, count in sorted(minutes.items())]

            ports = await text_of(
                client, "extract_data_from_log", filter="Failed", pattern=r"port (\d+)", time_range=DAY
            )
            assert [row["Value"] for row in ports] == [line.split(" port ")[1].split()[0] for line in FAILED]
            assert ports[0]["Time"] == f"2024-05-06T{FAILED[0][7:15]}Z"
            assert ports == await text_of(
                client,
                "extract_data_from_log",
                filter_log_content="Failed",
                extract_pattern=r"port (\d+)",
                time_range=DAY,
            )

    anyio.run(work)


def test_the_summary_counts_levels_and_knows_an_empty_period(served: Served) -> None:
    async def work() -> None:
        async with over_http(served) as client:
            found = await text_of(client, "get_log_summary", filter="sshd", time_range=DAY)
            assert (found["Total"], found["Errors"], found["Warnings"]) == (len(AUTH), len(FAILED), 0)
            assert found["TimeRange"] == f"2024-05-06 {AUTH[0][7:15]} to 2024-05-06 {AUTH[-1][7:15]}"
            patterns = found["TopNErrorPattern"]
            assert sum(each["Count"] for each in patterns) == len(FAILED)
            assert all(each["Example"] in FAILED for each in patterns)

            words = await text_of(
                client,
                "get_log_summary",
                filter="sshd",
                time_range=DAY,
                error_words="accepted,session",
                warning_words="disconnect,failed",
                error_top_n=1,
            )
            disconnected = sum("disconnect" in line for line in AUTH)
            assert (words["Errors"], words["Warnings"]) == (2, len(FAILED) + disconnected)
            assert len(words["TopNErrorPattern"]) == 1

            nothing = await text_of(client, "get_log_summary", filter="no record has this")
            assert nothing == {"Total": 0, "Errors": 0, "Warnings": 0, "TimeRange": None, "TopNErrorPattern": []}
            assert "no word" in await refused(client, "get_log_summary", error_words="a' OR 1=1")

    anyio.run(work)


def test_relative_times_are_understood(run: Run, tmp_path: Path) -> None:
    """``-1h`` as a start, as an end, and both."""
    from datetime import UTC, datetime, timedelta

    now = datetime.now(UTC)
    ages = {"new": 0.5, "older": 1.5, "oldest": 2.5}
    lines = [f"{now - timedelta(hours=age):%Y-%m-%dT%H:%M:%SZ} {name}" for name, age in ages.items()]
    (tmp_path / "a.log").write_text("\n".join(lines) + "\n")
    assert run("import", "a.log").code == 0

    async def work() -> None:
        async with over_stdio(tmp_path / "twsla.db") as client:
            for times, names in (
                ({"start": "-1h"}, ["new"]),
                ({"end": "-1h"}, ["oldest", "older"]),
                ({"start": "-2h", "end": "-1h"}, ["older"]),
                ({"start": "-1d"}, ["oldest", "older", "new"]),
                ({"time_range": "2h"}, ["older", "new"]),
            ):
                texts = await text_of(client, "search_log", **times)
                assert [text.split()[1] for text in texts] == names, times

    anyio.run(work)


def test_prompts_hold_their_request_and_every_argument(served: Served) -> None:
    async def work() -> None:
        async with over_http(served) as client:
            prompts = {prompt.name: prompt for prompt in (await client.list_prompts()).prompts}
            tools = {tool.name for tool in (await client.list_tools()).tools}
            assert set(prompts) == {
                "search_log",
                "count_log",
                "extract_data_from_log",
                "import_log",
                "get_log_summary",
            }
            assert set(prompts) <= tools
            for name, prompt in prompts.items():
                assert [each.name for each in prompt.arguments or [] if each.required] == (
                    ["path"] if name == "import_log" else []
                )
                values = {each.name: f"value of {each.name}" for each in prompt.arguments or []}
                (message,) = (await client.get_prompt(name, values)).messages
                assert message.role == "user"
                assert message.content.type == "text"
                first, *listed = message.content.text.splitlines()
                assert name in first
                assert [line.partition(": ")[2] for line in listed] == list(values.values())
            (message,) = (await client.get_prompt("count_log", {})).messages
            assert message.content.type == "text"
            assert message.content.text == "Count the logs with the count_log tool."
            for name, given in (("import_log", {}), ("count_log", {"x": "y"}), ("nothing", {})):
                with pytest.raises(Exception, match=r"argument|no prompt"):
                    await client.get_prompt(name, given)

    anyio.run(work)
