"""The parts of the official ``mcp`` package that a server needs, without the rest of it.

``import mcp`` imports its clients, an HTTP client and a framework as well: 0.3 s of the 1.2 s that it takes. Its
submodules do not need them. So the two packages on the way to them are put in place unread while these are imported,
and taken away again: a later ``from mcp import Client`` finds the same classes.
"""

from __future__ import annotations

import gc
import sys
from contextlib import contextmanager
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from typing import TYPE_CHECKING

from twsla.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType


def sdk(name: str) -> ModuleType:
    """The module ``mcp.NAME``.

    Raises:
        UsageError: The package is not installed, or is of another major version.
    """
    try:
        with _unread_packages(), _no_collection():
            return import_module(f"mcp.{name}")
    except ImportError as error:
        raise UsageError(
            f"the MCP server needs the package mcp, version 2: {error}", hint="pip install 'mcp>=2,<3'"
        ) from error


@contextmanager
def _unread_packages() -> Iterator[None]:
    """``mcp`` and ``mcp.server`` as packages whose own code has not run, unless it has already."""
    added: list[str] = []
    path = None
    for package in ("mcp", "mcp.server"):
        found = sys.modules.get(package)
        if found is None:
            spec = find_spec(package) if path is None else PathFinder.find_spec(package, path)
            if spec is None or spec.submodule_search_locations is None:
                break
            found = sys.modules[package] = module_from_spec(spec)
            added.append(package)
        path = list(found.__path__)
    try:
        yield
    finally:
        for package in added:
            del sys.modules[package]


@contextmanager
def _no_collection() -> Iterator[None]:
    """Without looking for garbage: thousands of classes are made, and none is given up."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
