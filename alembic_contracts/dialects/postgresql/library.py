"""PostgreSQL's own parser out of its library: what calls it, without the classes that the library has for its answers.

``import postgast`` makes one for each of 279 kinds of nodes. Nobody here uses them, and they take a tenth of the time
of a small check: so the modules that are needed are imported without running the package's ``__init__``, and with
``messages`` in place of theirs. Whoever imports postgast besides gets all of it, as nothing of this stays in
``sys.modules``.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic_contracts.dialects.postgresql.messages import Messages

__all__ = ["PgQueryError", "allow_depth", "deparse", "parse", "parse_plpgsql", "pg_query_pb2", "scan"]

_PACKAGES = ("postgast", "postgast.nodes")
_MESSAGES = "postgast.pg_query_pb2"
_MODULES = ("errors", "pg_query_pb2", "parse", "plpgsql", "scan", "deparse")


def _alone(messages: Messages | None) -> dict[str, Any]:
    """Return the modules by name, from packages of which nothing else is imported.

    Args:
        messages: what stands for the library's own; None: nothing does.

    Raises:
        ImportError: the library has another shape, or is not there.
    """
    before = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "postgast"}
    for name in before:
        del sys.modules[name]
    try:
        for package in _PACKAGES:
            spec = find_spec(package)
            if spec is None:
                raise ModuleNotFoundError(f"No module named {package!r}", name=package)
            sys.modules[package] = module_from_spec(spec)
        if messages is not None:
            sys.modules[_MESSAGES] = messages
        return {name: import_module(f"postgast.{name}") for name in _MODULES}
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] == "postgast"]:
            del sys.modules[name]
        sys.modules.update(before)


def _messages() -> Messages | None:
    """Return the messages without the library's module of them, None where that takes more than is known of it."""
    spec = find_spec("postgast")
    try:
        return None if spec is None else Messages(_MESSAGES, Path(spec.origin or "").with_name("pg_query.desc"))
    except Exception:  # noqa: BLE001 - whatever another version of protobuf or the library has there
        return None


if TYPE_CHECKING:
    from postgast import PgQueryError, deparse, parse, parse_plpgsql, pg_query_pb2, scan
else:
    try:
        _modules = _alone(_messages())
    except (ImportError, AttributeError):
        from postgast import PgQueryError, deparse, parse, parse_plpgsql, pg_query_pb2, scan
    else:
        pg_query_pb2 = _modules["pg_query_pb2"]
        PgQueryError, parse, scan = _modules["errors"].PgQueryError, _modules["parse"].parse, _modules["scan"].scan
        deparse, parse_plpgsql = _modules["deparse"].deparse, _modules["plpgsql"].parse_plpgsql


def allow_depth(allowed: bool) -> None:
    """Read trees however deep; else protobuf ends at 100 messages within each other: 46 terms joined by ``||``.

    The switch is of the whole process, which may read other things than this module's trees: put it back.
    """
    if _allow_oversize is not None:  # protobuf without its C library has no such switch
        _allow_oversize(allowed)


try:
    _allow_oversize = import_module("google._upb._message").SetAllowOversizeProtos
except (ImportError, AttributeError):
    _allow_oversize = None
