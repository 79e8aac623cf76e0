from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from twsla import registry

if TYPE_CHECKING:
    from tests.conftest import Run

SHELLS = ["bash", "zsh", "fish", "powershell"]


def completed(run: Run, line: str, shell: str = "bash") -> list[str]:
    """What is offered for the last word of a line."""
    words = line.split(" ")
    done = run(
        env={
            "_TWSLA_COMPLETE": f"{shell}_complete",
            "COMP_WORDS": line,
            "COMP_CWORD": words[-1] if shell.startswith("fish") else str(len(words) - 1),
        }
    )
    assert (done.code, done.err) == (0, "")
    return done.lines


@pytest.mark.parametrize("shell", SHELLS)
def test_there_is_a_script_for_each_shell(run: Run, shell: str) -> None:
    done = run("completion", shell)

    assert done.code == 0
    assert f"{shell}_complete" in done.text
    assert "twsla" in done.text


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_without_descriptions(run: Run, shell: str) -> None:
    assert f"{shell}plain_complete" in run("completion", shell, "--no-descriptions").text


@pytest.mark.parametrize("shell", [shell for shell in ("bash", "zsh", "fish") if shutil.which(shell)])
def test_the_shell_can_read_its_script(run: Run, shell: str) -> None:
    script = run("completion", shell).out

    done = subprocess.run([shutil.which(shell) or "", "-n"], input=script, capture_output=True, check=False)

    assert (done.returncode, done.stderr) == (0, b"")


def test_commands_are_completed_from_the_table(run: Run) -> None:
    assert completed(run, "twsla ") == list(dict.fromkeys(f"plain,{name.split()[0]}" for name in registry.COMMANDS))
    assert completed(run, "twsla vers") == ["plain,version"]


def test_descriptions_come_with_the_commands_unless_not_wanted(run: Run) -> None:
    assert completed(run, "twsla vers", "fish") == ["plain,version\tShow the version."]
    assert completed(run, "twsla vers", "fishplain") == ["plain,version"]
    assert completed(run, "twsla vers", "zsh") == ["plain", "version", "Show the version."]
    assert completed(run, "twsla vers", "zshplain") == ["plain", "version", "_"]


def test_options_are_completed_in_the_shown_spelling_only(run: Run) -> None:
    offered = completed(run, "twsla plugins --")

    assert "plain,--csv-guard" in offered
    assert "plain,--csvGuard" not in offered
    assert "plain,--no-csv-guard" not in offered


def test_options_before_the_command_do_not_disturb(run: Run) -> None:
    assert completed(run, "twsla -d x.db vers") == ["plain,version"]
    assert "plain,--limit" in completed(run, "twsla -d x.db plugins --li")


def test_choices_are_completed(run: Run) -> None:
    assert completed(run, "twsla completion ") == [f"plain,{shell}" for shell in SHELLS]
    assert completed(run, "twsla version --color r") == ["plain,red"]


def test_files_are_completed_by_the_shell(run: Run) -> None:
    assert completed(run, "twsla import auth") == ["file,auth"]
    assert completed(run, "twsla plugins -o ou") == ["file,ou"]
    assert completed(run, "twsla sources -d tw") == ["dir,tw"]


def test_formats_are_completed(run: Run) -> None:
    assert completed(run, "twsla plugins --format js") == ["plain,json", "plain,jsonl"]


def test_a_script_of_an_unknown_shell_gets_nothing(run: Run) -> None:
    done = run(env={"_TWSLA_COMPLETE": "tcsh_complete"})

    assert (done.code, done.out) == (1, b"")


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_completes_a_command(run: Run) -> None:
    script = run("completion", "bash").text
    session = (
        f"{script}\ntwsla() {{ :; }}\n"
        "env() { printf 'plain,search\\n'; }\n"
        'COMP_WORDS=(twsla se); COMP_CWORD=1\n_twsla_completion twsla\necho "${COMPREPLY[@]}"\n'
    )

    done = subprocess.run(["bash", "-c", session], capture_output=True, text=True, check=False)

    assert done.stdout == "search\n"
