"""A text of anybody in, the same out as a format can show it: no character does anything but be seen.

Names, messages and reasons come from contracts, scripts and catalogs that nobody vouches for. Each format that is
written has its one function here. Structured formats (JSON, XML, HTML, SARIF) keep what can be seen as it is, and
leave the escapes of their syntax to the library that writes them; what brings a table of HTML's entities along is
imported by those who need it.
"""

from __future__ import annotations

import re

from alembic_contracts.patterns import pattern

__all__ = [
    "github_data",
    "github_property",
    "in_quotes",
    "json_text",
    "line",
    "lines",
    "markdown",
    "markdown_code",
    "markdown_html",
    "quoted",
    "sarif_text",
    "shortened",
    "without_parameters",
    "yaml_scalar",
]

_UNSEEN = pattern(r"[^ -~\n\t]")
"""What may be unseen, or a space of another width: all but ASCII, blanks, tabs and line feeds."""
_WHITE = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


# -- terminals and logs ------------------------------------------------------------------------------------------------


def lines(text: str) -> str:
    r"""Return a text whose controls, marks of direction and characters without a shape are visible (``\x1b``).

    Line feeds and tabs stay.
    """
    return text if text.replace("\n", "").replace("\t", "").isprintable() else _UNSEEN.sub(_visible, text)


def line(text: str) -> str:
    r"""Return a text as ``lines`` does, on one line: line feeds and tabs are visible, too (``\n``)."""
    return text if text.isprintable() else re.sub(r"[\n\r\t]", lambda match: _WHITE[match[0]], lines(text))


def _visible(match: re.Match[str]) -> str:
    character = match[0]
    return character if character.isprintable() else _WHITE.get(character) or _escape(character)


def _escape(character: str) -> str:
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def shortened(text: str, characters: int) -> str:
    """Return a text, or its beginning where it has more characters, with how many are left out."""
    return text if len(text) <= characters else f"{text[:characters]}... ({len(text) - characters:,} more characters)"


# -- JSON --------------------------------------------------------------------------------------------------------------


def json_text(text: str) -> str:
    """Return a text without lone surrogates, which JSON can spell but many parsers refuse."""
    return text.encode("utf-8", "replace").decode("utf-8")


_LINK = pattern(r"\[(?=[^\[\]]*\]\()")


def sarif_text(text: str) -> str:
    """Return text for a message of SARIF, in which ``[text](target)`` is a link (2.1.0, 3.11.6)."""
    return _LINK.sub(r"\\[", json_text(text))


# -- GitHub's workflow commands ----------------------------------------------------------------------------------------


def github_data(text: str) -> str:
    """Return the message of a workflow command; the escapes are those of actions/toolkit (command.ts)."""
    return lines(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def github_property(text: str) -> str:
    """Return a property's value in a workflow command."""
    return github_data(text).replace(":", "%3A").replace(",", "%2C")


# -- GitHub's Markdown -------------------------------------------------------------------------------------------------

_SPECIAL = pattern(r"([\\`*_\[\]|~$])")
# What makes a paragraph a heading or a list.
_BLOCK_START = pattern(r"^(\d*)([#+=.)-])")
# A zero-width space keeps GitHub from resolving @user, #1 and addresses; a backslash or an entity does not.
_REFERENCE = pattern(r"(?<![A-Za-z0-9_])@|#(?=\d)|(?<=\bGH)-(?=\d)|(?<=[A-Za-z]):(?=//)|(?<=\bwww)\.", re.IGNORECASE)


def markdown(text: str) -> str:
    """Return prose on one line: no Markdown, HTML, mention, reference to an issue or address in it is one."""
    return _BLOCK_START.sub(r"\1\\\2", _SPECIAL.sub(r"\\\1", markdown_html(text)))


def markdown_html(text: str) -> str:
    """Return the same for HTML within Markdown, in which Markdown does not count."""
    import html

    return _REFERENCE.sub(lambda match: f"{match[0]}\u200b", html.escape(_collapsed(text), quote=False))


def markdown_code(text: str) -> str:
    """Return code that fits into a table cell: a code span, or HTML where a span cannot hold it."""
    text = _collapsed(text)
    if set(text) & set("`|\\") or not text.strip():
        return f"<code>{_SPECIAL.sub(lambda match: f'&#{ord(match[0])};', markdown_html(text))}</code>"
    return f"`{text}`"


def _collapsed(text: str) -> str:
    return line(" ".join(text.split()))


# -- code to paste -----------------------------------------------------------------------------------------------------

_PLAIN = pattern(r"[A-Za-z_](?:[\w./-]| (?=[\w./-]))*", re.ASCII)
_NOT_TEXT = frozenset(("null", "true", "false", "yes", "no", "on", "off", "y", "n"))


def in_quotes(text: str) -> str:
    """Return what stands for a text between double quotes, in Python as in YAML."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return escaped if escaped.isprintable() else "".join(c if c.isprintable() else _escape(c) for c in escaped)


def quoted(text: str) -> str:
    """Return a literal in Python or YAML that is the text."""
    return f'"{in_quotes(text)}"'


_PARAMETER = pattern(r"(?<![:\w\\]):(?=\w+(?!:))")


def without_parameters(sql: str) -> str:
    """Return SQL so that ``sqlalchemy.text``, and with it ``op.execute``, takes no colon in it for a parameter."""
    return _PARAMETER.sub(r"\\:", sql)


def yaml_scalar(text: str) -> str:
    """Return a scalar of YAML that is the text: without quotes where it can stand so."""
    return text if _PLAIN.fullmatch(text) and text.casefold() not in _NOT_TEXT else quoted(text)
