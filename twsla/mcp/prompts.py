"""Prompts: a question ready to be sent for each of the five tools of earlier versions, under the same names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from twsla.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt."""

    name: str
    title: str
    request: str
    """Asks to use the tool."""
    arguments: Mapping[str, str]
    """By name, the label in the list that follows the request."""
    required: frozenset[str] = frozenset()

    def text(self, given: Mapping[str, str]) -> str:
        """The request, and the arguments that were given, each on a line.

        Raises:
            UsageError: An argument is unknown or missing.
        """
        for name in given:
            if name not in self.arguments:
                raise UsageError(
                    f"the prompt {self.name} has no argument '{name[:80]}'",
                    hint=f"arguments: {', '.join(self.arguments)}",
                )
        for name in self.required:
            if not given.get(name):
                raise UsageError(f"the prompt {self.name} needs the argument {name}")
        lines = [f"- {label}: {given[name]}" for name, label in self.arguments.items() if given.get(name)]
        return "\n".join([f"{self.request} with these values:" if lines else f"{self.request}.", *lines])

    def listed(self) -> dict[str, Any]:
        """As the protocol has it."""
        return {
            "name": self.name,
            "title": self.title,
            "description": f"{self.request}.",
            "arguments": [
                {"name": name, "description": label, "required": name in self.required}
                for name, label in self.arguments.items()
            ],
        }


PROMPTS: Final = {
    each.name: each
    for each in (
        Prompt(
            "search_log",
            "Search logs",
            "Search the logs with the search_log tool",
            {"filter": "Filter", "limit": "Limit", "start": "Start", "end": "End"},
        ),
        Prompt(
            "count_log",
            "Count logs",
            "Count the logs with the count_log tool",
            {
                "filter": "Filter",
                "unit": "Unit",
                "unit_pos": "Unit position",
                "top_n": "Top N",
                "interval": "Interval",
                "start": "Start",
                "end": "End",
            },
        ),
        Prompt(
            "extract_data_from_log",
            "Extract data from logs",
            "Extract data from the logs with the extract_data_from_log tool",
            {"filter": "Filter", "pattern": "Pattern", "pos": "Position", "start": "Start", "end": "End"},
        ),
        Prompt(
            "import_log",
            "Import logs",
            "Import logs with the import_log tool",
            {"path": "Path", "pattern": "Pattern"},
            frozenset({"path"}),
        ),
        Prompt(
            "get_log_summary",
            "Summarize logs",
            "Get a summary of the logs with the get_log_summary tool",
            {"filter": "Filter", "top_n": "Top N", "start": "Start", "end": "End"},
        ),
    )
}
