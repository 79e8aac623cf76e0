"""What the documentation says of the screen is what the screen does."""

from __future__ import annotations

import re
import subprocess
import sys

from tests.conftest import ROOT
from twsla.views.keys import TABLE, shown

DOCS = ROOT / "docs"


def test_the_page_of_keys_is_what_the_table_says() -> None:
    made = subprocess.run([sys.executable, DOCS / "generate_keys.py"], capture_output=True, check=True)

    assert made.stdout.decode() == (DOCS / "keys.md").read_text("utf-8"), (
        "run: python docs/generate_keys.py > docs/keys.md"
    )


def test_keys_in_the_guide_are_keys() -> None:
    text = (DOCS / "screen.md").read_text("utf-8")
    known = {shown(key) for binding in TABLE for key in binding.keys} | {"o"}  # of the result of count

    single = set(re.findall(r"`([^`\s]|Ctrl-\w|Tab|Enter)`", text))

    assert single <= known


def test_pictures_in_the_guide_are_there_and_drawn_by_the_script() -> None:
    from docs.screenshots import SHOTS

    named = set(re.findall(r"\(images/(\w+)\.svg\)", (DOCS / "screen.md").read_text("utf-8")))

    assert named <= {shot.name for shot in SHOTS}
    for name in named:
        assert (DOCS / "images" / f"{name}.svg").read_text("utf-8").startswith("<svg")
