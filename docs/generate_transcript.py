"""Writes ``mcp-transcript.md``: an investigation through the tools of ``twsla mcp`` alone, by the official client.

    python docs/generate_transcript.py > docs/mcp-transcript.md

The questions are fixed; every number and every line between them comes from the answers.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio

if TYPE_CHECKING:
    from mcp import Client

ROOT = Path(__file__).parents[1]
LOGS = "testdata/logs"
HEAD = """# An investigation through the MCP tools

<!-- Made by docs/generate_transcript.py. Do not edit. -->

Somebody reports strange orders in a web shop. The logs of the host are imported, and everything below was asked and
answered through `twsla mcp`: no shell, no file was opened. Each block is one call and its answer; of long answers the
first rows are shown. `python docs/generate_transcript.py` reproduces it from the sample logs in `testdata/logs`, and a
test holds it to what the program answers.

```console
$ twsla import testdata/logs
$ twsla mcp
```
"""


def write(text: str, end: str = "\n") -> None:
    """Write to standard output."""
    sys.stdout.write(text + end)


@dataclass
class Transcript:
    """Asks, and writes down."""

    client: Client

    def say(self, text: str) -> None:
        """A paragraph."""
        write(f"\n{text}")

    async def ask(self, tool: str, *, show: int = 8, **arguments: Any) -> dict[str, Any]:
        """One call, with the first ``show`` rows of its answer."""
        result = await self.client.call_tool(tool, arguments)
        assert not result.is_error, result.content
        answer: dict[str, Any] = dict(result.structured_content or {})
        write(f"\n```json\n{tool} {json.dumps(arguments, ensure_ascii=False)}\n```\n\n```json")
        for row in answer["rows"][:show]:
            write(json.dumps(row, ensure_ascii=False))
        left = answer["total_rows"] - min(show, len(answer["rows"]))
        if left:
            write(f"… {left:,} more rows")
        for note in answer["notes"]:
            write(f"note: {note}")
        write("```")
        return answer


async def investigate(transcript: Transcript) -> None:
    """The questions."""
    ask, say = transcript.ask, transcript.say
    say("**What is there?**")
    found = await ask("sources", columns="source,records,first,last,zone", show=10)
    say(
        f"{len(found['rows'])} sources with {found['facts']['records']:,} records: two days of sshd, a web server, "
        "an application, and events of a service."
    )

    say("**What does it look like?**")
    found = await ask("summary", top=3, columns="section,item,count,share", show=30)
    worst = next(row for row in found["rows"] if row["section"] == "error")
    busiest = next(row for row in found["rows"] if row["section"] == "ip")
    say(
        f"The most frequent error is a failed password ({worst['count']:,} times), and one address, {busiest['item']}, "
        f"is in {busiest['count']:,} records."
    )

    address = busiest["item"]
    say("**Who fails to log in, and when?**")
    by_address = await ask("count", extract=["ip"], filters=["Failed password"])
    assert [row["key"] for row in by_address["rows"]] == [address]
    hours = await ask("count", filters=["Failed password", address], interval="10m")
    users = await ask(
        "count", extract=[r"Failed password for (?:invalid user )?(\S+) from"], filters=[address], name=["User"]
    )
    say(
        f"All {by_address['facts']['hits']} failures come from {address}, in {len(hours['rows'])} stretches of ten "
        f"minutes, for {len(users['rows'])} names in turn: somebody guesses."
    )

    say("**Did it work?**")
    accepted = await ask("search", filters=["Accepted"])
    (row,) = accepted["rows"]
    say(
        f"Once: `{row['text']}` ({row['source']}, line {row['line_no']}, byte {row['offset']}). The user deploy was "
        "not among the guessed names, so the password may have been known from elsewhere."
    )

    say("**What did that address do besides?**")
    requests = await ask("search", filters=[address, "GET"], show=4)
    codes = await ask("count", extract=[r'HTTP/1.1" (\d+)'], filters=[address, "GET"], name=["Status"])
    refused = sum(each["count"] for each in codes["rows"] if each["key"] != "200")
    say(
        f"{requests['total_rows']} requests to the shop with SQL injection and path traversal, of which {refused} were "
        "answered with an error of the server or refused."
    )

    say("**What did the application do meanwhile?**")
    await ask("count", extract=[r"(ERROR|WARN|INFO)"], filters=["shop."], name=["Level"])
    errors = await ask("search", filters=["shop.", "ERROR"], limit=2)
    say(f"{errors['total_rows']} errors; a record is the line with its stack trace.")

    say("**The whole in one statement.**")
    await ask(
        "sql",
        statement=(
            "SELECT regexp_extract(source, '[^/]+$') AS log, count(*) AS records, min(ts) AS first, max(ts) AS last "
            "FROM records WHERE contains(text, 'ADDRESS') GROUP BY log ORDER BY first"
        ).replace("ADDRESS", address),
    )

    say("**Is the evidence what it was?**")
    proof = await ask("verify", differences=True)
    say(
        f"{proof['facts']['checked']} files and sources were hashed again, {proof['facts']['different']} differ from "
        "what was recorded when they were imported."
    )
    say(
        f"**Found.** {address} guessed passwords of sshd in {by_address['facts']['hits']} attempts, "
        f"logged in as deploy at {row['ts']} ({row['source']}, line {row['line_no']}), and attacked the shop with "
        f"{requests['total_rows']} requests."
    )


async def run(store: Path) -> None:
    """Start the server and investigate."""
    from mcp import Client, StdioServerParameters
    from mcp.client.stdio import stdio_client

    parameters = StdioServerParameters(
        command=sys.executable,
        args=["-m", "twsla", "mcp", "--utc", "-d", str(store)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
    )
    with Path(os.devnull).open("w") as nowhere:
        async with Client(stdio_client(parameters, errlog=nowhere)) as client:
            await investigate(Transcript(client))


def main() -> None:
    """Write the page to standard output."""
    write(HEAD, end="")
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "case.db"
        command = [sys.executable, "-m", "twsla", "import", "--quiet", "--utc", "-d", str(store), LOGS]
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        subprocess.run(  # noqa: S603  # our own program
            command, check=True, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        anyio.run(run, store)


if __name__ == "__main__":
    main()
