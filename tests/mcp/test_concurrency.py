"""Many at once, long ones, stopped ones, and clients that go away."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import anyio
import httpx2
import psutil
import pytest

from tests.mcp.clients import TOKEN, ask, over, over_http, over_stdio, refused, serving
from tests.mcp.conftest import LOGS
from tests.mcp.outside import HELLO, send, start, tool_call

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Run

ENDLESS = "SELECT count(*) FROM range(1000000000000) a, range(1000) b WHERE a.range % 7 = 3"


def hits(answer: dict[str, Any]) -> int:
    """How many records an answer says that it found, whatever the tool."""
    if answer.get("title") == "SQL":
        return int(answer["rows"][0]["n"])
    if "facts" in answer and "hits" in answer["facts"]:
        return int(answer["facts"]["hits"])
    return int(answer["total"] if "total" in answer else answer["total_rows"])


@pytest.mark.parametrize("transport", ["stdio", "sse", "stream"])
def test_fifty_calls_at_once_beside_an_import_each_get_their_own_answer(
    case: Path, tmp_path: Path, transport: str, run: Run
) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "new.log").write_text("".join(f"2024-07-01T{n // 3600:02}:00:00Z new {n}\n" for n in range(50_000)))
    words = ("Failed", "Accepted", "disconnect", "order", "GET")
    whole = b"".join((LOGS / name).read_bytes() for name in ("auth-20240506.log", "access.log", "app.log")).decode()
    counts = {word: sum(word in line for line in whole.splitlines()) for word in words}

    async def work() -> None:
        answers: dict[int, dict[str, Any]] = {}
        async with over(transport, case, "--allow-import", logs) as client:

            async def one(number: int) -> None:
                word = words[number % len(words)]
                tool = ("search", "sql", "count", "heatmap", "search_log")[number // 10]
                arguments: dict[str, Any] = {"time_range": "2024-05-06,1d"}
                if tool == "search_log":
                    arguments |= {"filter": word}
                elif tool == "sql":
                    arguments |= {"filter": word, "statement": "SELECT count(*) AS n FROM records"}
                else:
                    arguments |= {"filters": [word]}
                answers[number] = await ask(client, tool, **arguments)

            async with anyio.create_task_group() as group:
                group.start_soon(ask_import, client)
                for number in range(50):
                    group.start_soon(one, number)
            for number, answer in answers.items():
                assert hits(answer) == counts[words[number % len(words)]]
            assert len(answers) == 50
            assert (await ask(client, "search", filters=["new"], limit=1))["total_rows"] == 50_000

    async def ask_import(client: Any) -> None:
        assert (await ask(client, "import_log", path="new.log"))["Lines"] == 50_000

    anyio.run(work)
    assert run("verify", "-d", case).code == 0


def test_a_call_that_takes_too_long_is_stopped_and_says_so(shared_case: Path) -> None:
    async def work() -> None:
        async with over_stdio(shared_case, "--timeout", "1", "--parallel", "1") as client:
            before = time.monotonic()
            assert "stopped after 1 seconds" in await refused(client, "sql", statement=ENDLESS)
            assert time.monotonic() - before < 20
            assert (await ask(client, "search", limit=1))["total_rows"] == 905

    anyio.run(work)


def test_expressions_and_statements_that_eat_memory_are_refused(shared_case: Path) -> None:
    async def work() -> None:
        async with over_stdio(shared_case, "--timeout", "20") as client:
            for arguments in ({"regex": "(a{1000}){1000}"}, {"regex": "((a{100}){100}){100}"}, {"regex": "(" * 5000}):
                said = await refused(client, "search", **arguments)
                assert len(said) < 2000
            slow = await ask(client, "search", regex="(a*)*(a|aa)*b" * 20)  # no backtracking, no trouble
            assert slow["total_rows"] == 0
            said = await refused(
                client, "sql", statement="SELECT string_agg(repeat('x', 100000000), '') AS s FROM range(1000)"
            )
            assert "memory" in said or "stopped" in said or "cannot" in said
            cut = await ask(client, "sql", statement="SELECT repeat('x', 10000000) AS s")
            assert len(json.dumps(cut)) < 20_000
            assert "more than 4,000 characters" in cut["cut"][0]
            many = await ask(client, "sql", statement="SELECT range AS n FROM range(1000000)", limit=10)
            assert (len(many["rows"]), many["total_rows"]) == (10, 1_000_000)

    anyio.run(work)


def test_progress_is_told_and_a_cancelled_call_stops_its_query(shared_case: Path) -> None:
    process = start(shared_case, "--parallel", "1")
    try:
        assert process.stdout is not None
        send(process, *HELLO)
        process.stdout.readline()
        call = tool_call(2, "sql", {"statement": ENDLESS})
        call["params"]["_meta"] = {"progressToken": "p"}
        send(process, call)
        said = [json.loads(process.stdout.readline()) for _ in range(2)]
        assert [message["method"] for message in said] == ["notifications/progress"] * 2
        assert said[0]["params"]["progressToken"] == "p"
        assert 0 < said[0]["params"]["progress"] < said[1]["params"]["progress"]
        send(process, {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 2}})
        # The only place is taken by the call that was cancelled; the next one gets it.
        send(process, tool_call(3, "search", {"limit": 1}))
        while True:
            message = json.loads(process.stdout.readline())
            if message.get("id") == 3:
                break
        assert message["result"]["structuredContent"]["total_rows"] == 905
        assert is_idle(process.pid)
    finally:
        process.kill()
        process.communicate()


def is_idle(pid: int) -> bool:
    """Whether a process comes to rest within some seconds."""
    process = psutil.Process(pid)
    for _ in range(40):
        before = sum(process.cpu_times()[:2])
        time.sleep(0.5)
        if sum(process.cpu_times()[:2]) - before < 0.1:
            return True
    return False


def test_a_client_that_goes_in_the_middle_ends_a_server_of_its_own(shared_case: Path) -> None:
    process = start(shared_case)
    send(process, *HELLO, tool_call(2, "sql", {"statement": ENDLESS}))
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(1)
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(30) == 0
    process.stdout.close()
    assert process.stderr is not None
    process.stderr.close()


@pytest.mark.parametrize("transport", ["sse", "stream"])
def test_a_client_that_goes_in_the_middle_leaves_the_server_at_work(shared_case: Path, transport: str) -> None:
    async def work() -> None:
        with serving(shared_case, transport, "--parallel", "1", "--timeout", "30") as served:
            with anyio.move_on_after(2):
                async with over_http(served) as client:
                    await client.call_tool("sql", {"statement": ENDLESS})
            async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {TOKEN}"}) as http:
                for body in (b"", b"{", b"[]", b"\xff\x00", b'{"jsonrpc":"2.0"}', b"x" * 5_000_000):
                    got = await http.post(served.url, content=body, headers={"Content-Type": "application/json"})
                    assert 400 <= got.status_code < 500
            async with over_http(served) as client:
                assert (await ask(client, "search", limit=1))["total_rows"] == 905
            assert is_idle(served.process.pid)

    anyio.run(work)


def test_an_import_that_is_stopped_leaves_the_store_as_it_was(case: Path, tmp_path: Path, run: Run) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    line = "2024-07-01T00:00:00Z a line that is read and read\n"
    with (logs / "large.log").open("w") as file:
        for _ in range(40):
            file.write(line * 100_000)
    before = {str(path) for path in case.rglob("*") if path.is_file() and path.suffix != ".lock"}
    process = start(case, "--allow-import", str(logs))
    try:
        send(process, *HELLO, tool_call(2, "import_log", {"path": "large.log"}))
        assert process.stdout is not None
        process.stdout.readline()
        children: list[psutil.Process] = []
        while not children:
            time.sleep(0.05)
            children = psutil.Process(process.pid).children()
        time.sleep(0.5)
        send(process, {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 2}})
        psutil.wait_procs(children, timeout=30)
        assert not [child for child in children if child.is_running()]
        send(process, tool_call(3, "search", {"limit": 1}))
        while True:
            message = json.loads(process.stdout.readline())
            if message.get("id") == 3:
                break
        assert message["result"]["structuredContent"]["total_rows"] == 905
    finally:
        process.kill()
        process.communicate()
    # The lock of a writer that was killed lies there until the next import; it is no part of a store.
    assert {str(path) for path in case.rglob("*") if path.is_file() and path.suffix != ".lock"} == before
    assert run("verify", "-d", case, "--no-sources").code == 0
