"""Writes the pages of ``docs/reference`` that follow from the code: ``python docs/generate.py``."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import click

DOCS = Path(__file__).parent
_MADE = "<!-- Written by docs/generate.py; do not edit. -->"


def pages() -> Mapping[str, str]:
    """Return the text of every generated page by its path in ``docs``."""
    from alembic_contracts.commands import Commands
    from alembic_contracts.judging import rules

    found = {
        "reference/commands.md": _page("Commands", _commands(Commands())),
        "reference/rules/index.md": _page("Rules", _rules()),
        "reference/contract.md": _page("The contract format", _contract()),
        "reference/report.md": _page("The JSON report", _report()),
    }
    for rule in rules.load().values():
        found[f"reference/rules/{rule.id}.md"] = _page(rule.id, _rule(rule))
    return found


def _page(title: str, lines: Iterator[str]) -> str:
    return "\n".join((_MADE, "", f"# {title}", "", *lines)).rstrip() + "\n"


# -- commands ----------------------------------------------------------------------------------------------------------


def _commands(group: click.Group) -> Iterator[str]:
    yield "`alembic check-contracts` is `alembic-contracts check` on Alembic's own command line, with the same options."
    yield "`alembic-contracts` takes Alembic's `-c`, `-n` and `-x` before the command."
    context = click.Context(group, info_name="alembic-contracts")
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None:
            continue
        yield f"\n## {name}\n"
        own = click.Context(command, info_name=f"alembic-contracts {name}", parent=None, max_content_width=100)
        own.terminal_width = 100
        yield f"```text\n{command.get_help(own).rstrip()}\n```"
    yield "\n## Exit codes\n"
    yield "| code | meaning |\n|---|---|"
    yield "| 0 | kept, or done |"
    yield "| 1 | broken, or what the command looks for was found |"
    yield "| 2 | could not be told: usage, settings, contracts, env.py, connection |"
    yield "| 3 | unproven, and nothing broken |"


# -- rules -------------------------------------------------------------------------------------------------------------


def _rules() -> Iterator[str]:
    from alembic_contracts.judging import rules

    yield "A rule says when one kind of fact holds. `rules` in the [settings](../settings.md) makes any of them a"
    yield "warning, or switches it off.\n"
    yield "| rule | what must hold |\n|---|---|"
    for rule in rules.load().values():
        yield f"| [{rule.id}]({rule.id}.md) | {rule.summary} |"


def _rule(rule: Any) -> Iterator[str]:
    from alembic_contracts.commands.explain import lines

    _, *told = lines(rule)
    text = "\n".join(told).strip()
    # Paragraphs are prose, what is indented is shown as it is.
    for block in re.split(r"\n\n", text):
        if all(line.startswith("  ") for line in block.splitlines()):
            yield f"```text\n{block}\n```\n"
        elif ":\n" in block:
            head, _, body = block.partition(":\n")
            yield f"{' '.join(head.split())}:\n\n```text\n{body}\n```\n"
        else:
            yield f"{' '.join(block.split())}\n"


# -- formats -----------------------------------------------------------------------------------------------------------


def _schema(package: str, name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(files(package).joinpath(name).read_text("utf-8"))
    return found


def _contract() -> Iterator[str]:
    schema = _schema("alembic_contracts.contracts.formats", "native.schema.json")
    yield "One JSON file a contract. Keys are optional unless marked; what is left out, or null, is no opinion."
    yield "[ODCS contracts](../odcs.md) state the same in YAML or JSON.\n"
    yield from _keys(schema, "")
    table = schema["properties"]["schema"]
    yield "\n## Keys of `schema`\n"
    yield from _keys(table, "")
    column = table["properties"]["properties"]["additionalProperties"]
    yield "\n## Keys of a column\n"
    yield from _keys(column, "")
    yield "\n## Keys of a column's `constraints`\n"
    yield from _keys(column["properties"]["constraints"], "")


def _keys(schema: Mapping[str, Any], prefix: str) -> Iterator[str]:
    required = set(schema.get("required", ()))
    yield "| key | type | meaning |\n|---|---|---|"
    for name, value in schema["properties"].items():
        mark = " (required)" if name in required else ""
        words = " ".join(str(value.get("description") or value.get("title") or "").split()).replace("|", "\\|")
        allowed = [f"`{each}`" for each in value.get("enum", ()) if each is not None]
        choices = f" One of {', '.join(allowed)}." if allowed else ""
        yield f"| `{prefix}{name}`{mark} | {_type(value)} | {words}{choices} |"


def _type(value: Mapping[str, Any]) -> str:
    kinds = value.get("type", "any")
    listed = [kinds] if isinstance(kinds, str) else [kind for kind in kinds if kind != "null"]
    return " or ".join(map(str, listed))


def _report() -> Iterator[str]:
    schema = _schema("alembic_contracts.reporters", "report.schema.json")
    yield "What `check --format json` prints. New keys may come without a new version.\n"
    yield from _keys(schema, "")
    for name, value in schema.get("$defs", {}).items():
        if "properties" in value:
            yield f"\n## {name}\n"
            yield from _keys(value, "")


def main() -> int:
    """Write the pages, and take away those of rules that are gone."""
    made = pages()
    for file in (DOCS / "reference/rules").glob("*.md"):
        if f"reference/rules/{file.name}" not in made:
            file.unlink()
    for name, text in made.items():
        (DOCS / name).parent.mkdir(parents=True, exist_ok=True)
        (DOCS / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
