"""Packages for some packings, imported when first needed."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType


class MissingPackage(Exception):
    """The package that reads a packing is not installed; the message fits after "zstd data ..."."""


def optional_module(name: str, package: str) -> ModuleType:
    """A module of an optional package.

    Raises:
        MissingPackage: it cannot be imported.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise MissingPackage(f"needs the Python package {package} (pip install {package})") from error
