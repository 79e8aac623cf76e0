"""The one way in: ``nox -s tests lint docs bench package``."""

from __future__ import annotations

import sys
from pathlib import Path

import nox

nox.options.sessions = ["lint", "tests", "docs"]
nox.options.reuse_existing_virtualenvs = True
REFERENCE = Path("docs/reference.md")


@nox.session
def tests(session: nox.Session) -> None:
    """All tests; arguments go to pytest."""
    session.install("-e", ".[dev]")
    session.run("pytest", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Style, types, layers."""
    session.install("-e", ".[dev]")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("mypy")
    session.run("lint-imports")


@nox.session
def docs(session: nox.Session) -> None:
    """Write the reference anew, and say whether it was out of date."""
    session.install("-e", ".")
    before = REFERENCE.read_text("utf-8") if REFERENCE.exists() else ""
    with REFERENCE.open("w", encoding="utf-8") as page:
        session.run("python", "docs/generate.py", stdout=page)
    if REFERENCE.read_text("utf-8") != before:
        session.error(f"{REFERENCE} was out of date; it is written anew, commit it")


@nox.session
def bench(session: nox.Session) -> None:
    """Measurements; arguments go to ``python -m benchmarks``."""
    session.install("-e", ".[dev]")
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def package(session: nox.Session) -> None:
    """Build the wheel, install it alone, import a log: finds files and dependencies that only a checkout has."""
    built = Path(session.create_tmp()).resolve()
    session.install("pip>=24")
    session.run("pip", "wheel", "--no-deps", "--wheel-dir", str(built), ".", silent=True)
    wheel = max(built.glob("twsla-*.whl"), key=lambda path: path.stat().st_mtime)
    session.run("python", "-m", "venv", "--clear", str(built / "alone"), silent=True)
    scripts = built / "alone" / ("Scripts" if sys.platform == "win32" else "bin")
    session.run(str(scripts / "python"), "-m", "pip", "install", "--quiet", str(wheel), external=True)
    log = built / "one.log"
    log.write_text("2024-05-01T00:00:00Z sshd[1]: Failed password for root\n", "utf-8")
    twsla = str(scripts / "twsla")
    with session.chdir(built):
        session.run(twsla, "--help", external=True)
        session.run(twsla, "-d", "one.db", "import", str(log), external=True)
        found = session.run(twsla, "-d", "one.db", "search", "--count", "Failed", external=True, silent=True)
    if str(found).strip().splitlines()[0] != "1":
        session.error(f"the installed program found {found!r} instead of 1")
