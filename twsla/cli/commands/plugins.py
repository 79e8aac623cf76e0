"""``twsla plugins``: what is installed beside the program and adds to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twsla import registry
from twsla.cli.bind import make_command

if TYPE_CHECKING:
    from twsla.cli.bind import Call
    from twsla.model.result import Result


def list_plugins(call: Call, options: None) -> Result:
    """List the plug-ins and what they add.

    A plug-in is a distribution with entry points for analyses, formats, sources or exporters. TWSLA_PLUGINS=0 runs the
    program without any.
    """
    from twsla.model.result import Column, Kind, Note, Result, ValueRows

    names = ("adds", "name", "distribution", "version", "target", "state")
    found = registry.installed_plugins() if call.environment.plugins else ()
    rows = [
        (
            registry.GROUPS[plugin.table].removeprefix("twsla."),
            plugin.name,
            plugin.distribution,
            plugin.version,
            plugin.target,
            plugin.problem or "in force",
        )
        for plugin in found
    ]
    notes = () if call.environment.plugins else (Note("plug-ins are turned off by TWSLA_PLUGINS"),)
    columns = tuple(Column(name, name.capitalize(), Kind.TEXT) for name in names)
    return Result(title="Plug-ins", columns=columns, rows=ValueRows(names, rows), notes=notes)


command = make_command("plugins", None, list_plugins, example="twsla plugins")
