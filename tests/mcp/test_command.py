"""``twsla mcp`` as a command: what it prints for clients, what it refuses to start with."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Run


@pytest.mark.parametrize(("client", "key"), [("claude", "mcpServers"), ("vscode", "servers"), ("cursor", "mcpServers")])
def test_the_block_to_paste_starts_the_server_it_describes(
    run: Run, shared_case: Path, tmp_path: Path, client: str, key: str
) -> None:
    (tmp_path / "logs dir").mkdir()
    printed = run(
        "mcp", "-d", shared_case, "--print-config", client, "--mask", "--allow-import", "logs dir", "-f", "a 'b'"
    )
    assert printed.code == 0
    entry = json.loads(printed.text)[key]["twsla"]
    assert entry.get("type") == ("stdio" if client == "vscode" else None)
    assert f"--datastore={shared_case}" in entry["args"]
    assert f"--allow-import={tmp_path / 'logs dir'}" in entry["args"]
    assert {"--mask", "--filter=a 'b'"} <= set(entry["args"])
    if client != "claude":
        return
    done = subprocess.run(
        [entry["command"], *entry["args"]], input=b"", capture_output=True, cwd="/", timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, b""), done.stderr


@pytest.mark.parametrize(("client", "kind"), [("claude", "http"), ("vscode", "http"), ("cursor", None)])
def test_the_block_for_a_server_that_runs(run: Run, shared_case: Path, client: str, kind: str | None) -> None:
    printed = run("mcp", "-d", shared_case, "--print-config", client, "--transport", "stream", "--token", "x" * 40)
    (entry,) = next(iter(json.loads(printed.text).values())).values()
    assert entry.pop("type", None) == kind
    assert entry == {"url": "http://127.0.0.1:8085/mcp", "headers": {"Authorization": "Bearer TOKEN"}}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["-d", "no.db"], 4, "no.db"),
        (["--transport", "pigeon"], 2, "pigeon"),
        (["--transport", "stream", "--endpoint", "nowhere"], 2, "no endpoint"),
        (["--transport", "stream", "--endpoint", "127.0.0.1:99999"], 2, "no endpoint"),
        (["--transport", "sse", "--endpoint", "192.0.2.1:8085"], 1, "cannot listen"),
        (["--transport", "stream", "--clients", "somebody"], 2, "no address"),
        (["--transport", "stream", "--token", "short"], 2, "less than 16"),
        (["--allow-import", "no-such-directory"], 2, "no directory"),
        (["--timeout", "0"], 2, "above 0"),
        (["-t", "foo,1d"], 2, "foo"),
        (["-r", "("], 2, "regular expression"),
        (["--config", "no.yaml"], 2, "no.yaml"),
    ],
)
def test_what_it_cannot_start_with_is_one_sentence(
    run: Run, shared_case: Path, arguments: list[str], code: int, said: str
) -> None:
    store = [] if "-d" in arguments else ["-d", str(shared_case)]
    done = run("mcp", *store, *arguments)
    assert (done.code, done.out) == (code, b""), done.err
    assert said in done.err.splitlines()[-2] + done.err.splitlines()[-1]
    assert "Traceback" not in done.err


def test_a_token_is_never_told_when_it_comes_from_elsewhere(run: Run, shared_case: Path) -> None:
    secret = "s3cret-s3cret-s3cret"
    done = run(
        "mcp",
        "-d",
        shared_case,
        "--transport",
        "stream",
        "--endpoint",
        "192.0.2.1:1",
        env={"TWSLA_MCP_TOKEN": secret},
    )
    assert secret not in done.err


def test_the_transcript_is_what_the_program_answers() -> None:
    made = subprocess.run([sys.executable, ROOT / "docs" / "generate_transcript.py"], capture_output=True, check=True)
    page = (ROOT / "docs" / "mcp-transcript.md").read_text("utf-8")
    assert made.stdout.decode() == page, "run: python docs/generate_transcript.py > docs/mcp-transcript.md"
