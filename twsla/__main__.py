"""``python -m twsla``."""

from __future__ import annotations

from twsla.cli.main import entry

if __name__ == "__main__":
    entry()
