"""The package's source in, every message that it can end or doubt with out: for the page that makes them found.

A message is a template: what it quotes is shown as ``…``. Where a call is given a variable or what a function
returns, the texts that these can be are looked up in the same module.
"""

from __future__ import annotations

import ast
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Message", "Topic", "messages", "on_page_markdown", "topics", "unread"]

PACKAGE = Path(__file__).parents[1] / "alembic_contracts"
_ARGUMENTS = {
    "CannotCheck": 0, "NoContractsYet": 0, "InvalidSettings": 0, "ClickException": 0, "UsageError": 0,
    "Unproven": 0, "doubt": 0, "problem": 1, "key_problem": 1, "Problem": 4, "Locked": 0, "Unknown": 0, "Doubt": 0,
    "MalformedError": 0, "invalid": 0, "_refuse": 1,
}  # fmt: skip
"""What is called with a message, and which argument it is."""
_ENDINGS = frozenset(("CannotCheck", "NoContractsYet", "InvalidSettings", "ClickException", "UsageError"))
_TOPICS = (
    ("config", "Settings", "settings.md"),
    ("contracts/waivers.py", "Waivers, stages and sunsets", "../lifecycle.md"),
    ("contracts/formats/_lifecycle.py", "Waivers, stages and sunsets", "../lifecycle.md"),
    ("contracts/formats/_odcs", "ODCS contracts", "../odcs.md"),
    ("contracts/formats/odcs", "ODCS contracts", "../odcs.md"),
    ("contracts/", "Contract files", "contract.md"),
    ("documents/", "Contract files", "contract.md"),
    ("support/git.py", "Comparing with a git ref", "../lifecycle.md#in-pull-requests"),
    ("running/bases.py", "Comparing with a git ref", "../lifecycle.md#in-pull-requests"),
    ("pull_request/", "Comparing with a git ref", "../lifecycle.md#in-pull-requests"),
    ("schemas/snapshots.py", "Snapshots", "../prediction.md#snapshots"),
    ("embedded/", "Replays and the embedded PostgreSQL", "../prediction.md#how-to-prove-it"),
    ("running/shadow.py", "Replays and the embedded PostgreSQL", "../prediction.md#how-to-prove-it"),
    ("running/settling.py", "Replays and the embedded PostgreSQL", "../prediction.md#how-to-prove-it"),
    ("running/starts.py", "Replays and the embedded PostgreSQL", "../prediction.md#how-to-prove-it"),
    ("dialects/postgresql/replays/", "Replays and the embedded PostgreSQL", "../prediction.md#how-to-prove-it"),
    ("dialects/", "The database, its locks and rights", "../locks.md"),
    ("running/autogenerate.py", "Autogenerate", "../howto/autogenerate.md"),
    ("running/contract_first.py", "Autogenerate", "../howto/autogenerate.md"),
    ("running/databases.py", "env.py and its databases", "../howto/several-databases.md"),
    ("running/environments.py", "env.py and its databases", "../howto/several-databases.md"),
    ("running/flask_app.py", "env.py and its databases", "../howto/several-databases.md"),
    ("running/releases.py", "Releases that have to go on running", "../howto/roll-forward.md"),
    ("running/release_verdicts.py", "Releases that have to go on running", "../howto/roll-forward.md"),
    ("running/asked_release.py", "Releases that have to go on running", "../howto/roll-forward.md"),
    ("running/", "Running migrations", "../guard.md"),
    ("judging/", "Verdicts", "../verdicts.md"),
    ("prediction/", "Unproven: what a prediction cannot know", "../prediction.md#what-is-unproven"),
    ("", "Commands", "commands.md"),
)
"""The beginning of a module's path, what its messages are about, and the page that explains it. The first that fits."""
LEFT_OUT = "…"


@dataclass(frozen=True, slots=True)
class Message:
    """One text."""

    text: str
    module: str

    @property
    def first_line(self) -> str:
        """What a person would search for."""
        return self.text.partition("\n")[0]


@dataclass(frozen=True, slots=True)
class Topic:
    """Messages about one thing, and the page that explains it."""

    title: str
    page: str
    messages: tuple[Message, ...]


def on_page_markdown(markdown: str, *, page: Any, **_: object) -> str:
    """Add them to the page of messages, when mkdocs builds the site."""
    if page.file.src_uri != "reference/messages.md":
        return markdown
    parts = [markdown]
    for topic in topics():
        items = "\n".join(f"<li>{html.escape(message.text, quote=False)}</li>" for message in topic.messages)
        parts.append(f"## {topic.title}\n\n[What it is about]({topic.page})\n\n<ul>\n{items}\n</ul>\n")
    return "\n".join(parts)


def messages() -> tuple[Message, ...]:
    """Return all messages, each once, in the order of the modules."""
    found: dict[str, Message] = {}
    for module, call, _ in _calls():
        for text in call:
            # A message that is nothing but what it quotes says nothing to search for.
            if len(re.findall(r"\w+", text.partition("\n")[0])) > 1:
                found.setdefault(text, Message(text, module))
    return tuple(found.values())


def topics() -> tuple[Topic, ...]:
    """Return the messages by what they are about."""
    found: dict[tuple[str, str], list[Message]] = {(title, page): [] for _, title, page in _TOPICS}
    for message in messages():
        key = next((title, page) for start, title, page in _TOPICS if message.module.startswith(start))
        found[key].append(message)
    return tuple(Topic(title, page, tuple(each)) for (title, page), each in found.items() if each)


def unread() -> frozenset[str]:
    """Return the modules that end a command with a message whose text is not to be found in them."""
    return frozenset(module for module, texts, name in _calls() if not texts and name in _ENDINGS)


def _calls() -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Yield module, texts and name of every call that is given a message."""
    for file in sorted(PACKAGE.rglob("*.py")):
        module = file.relative_to(PACKAGE).as_posix()
        tree = ast.parse(file.read_text(encoding="utf-8"))
        reader = _Reader(tree)
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=given) if name in _ARGUMENTS:
                    position = _ARGUMENTS[name]
                    if len(given) > position and not any(map(_is_passed_on, given[: position + 1])):
                        yield module, tuple(dict.fromkeys(reader.texts(given[position]))), name


def _is_passed_on(given: ast.expr) -> bool:
    """Whether an argument is several, or what another error said: ``str(error)``."""
    return isinstance(given, ast.Starred) or (
        isinstance(given, ast.Call) and isinstance(given.func, ast.Name) and given.func.id == "str"
    )


class _Reader:
    """Tells which texts an expression of a module can be."""

    def __init__(self, tree: ast.Module) -> None:
        self._returned: dict[str, list[ast.expr]] = {}
        self._assigned: dict[str, list[ast.expr]] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                values = [each.value for each in ast.walk(node) if isinstance(each, (ast.Return, ast.Yield))]
                self._returned[node.name] = [value for value in values if value is not None]
            elif isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        self._assigned.setdefault(target.id, []).append(node.value)

    def texts(self, node: ast.expr, depth: int = 3) -> Iterator[str]:
        """Yield what an expression can be, with ``…`` for what is not known."""
        match node:
            case ast.Constant(value=str(text)):
                yield text
            case ast.JoinedStr(values=values):
                parts = (each.value if isinstance(each, ast.Constant) else LEFT_OUT for each in values)
                yield "".join(map(str, parts))
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                for one in self.texts(left, depth):
                    yield from (one + other for other in self.texts(right, depth))
            case ast.IfExp(body=one, orelse=other):
                yield from (*self.texts(one, depth), *self.texts(other, depth))
            case ast.BoolOp(values=values):
                yield from (text for each in values for text in self.texts(each, depth))
            case ast.Name(id=name) if depth:
                yield from (text for each in self._assigned.get(name, ()) for text in self.texts(each, depth - 1))
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if depth:
                yield from (text for each in self._returned.get(name, ()) for text in self.texts(each, depth - 1))
