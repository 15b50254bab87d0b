"""Alembic's plugin entry point (group ``alembic.plugins``): adds ``alembic check-contracts``.

Alembic loads this module in every command of every user, while it is itself only half imported: ``alembic.config``
and ``alembic.command`` cannot be imported here. So nothing is imported but the standard library, nothing is done but
to ask for a call once ``alembic.config`` is there, and nothing that goes wrong in it may be raised.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from argparse import ArgumentParser, _SubParsersAction
    from collections.abc import Sequence
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    from alembic.autogenerate.api import AutogenContext
    from alembic.config import Config
    from alembic.operations.ops import UpgradeOps
    from alembic.runtime.plugins import Plugin

__all__ = ["setup"]

_TARGET = "alembic.config"


def setup(plugin: Plugin) -> None:
    """Arrange for the command to be added to Alembic's command line, and for autogenerate to be judged."""
    with suppress(Exception):  # versions without comparators have no such method, and must work all the same
        plugin.add_autogenerate_comparator(_judge_autogenerate, "autogenerate")
    module = sys.modules.get(_TARGET)
    if module is not None and hasattr(module, "CommandLine"):
        _add_command(module)
    else:
        sys.meta_path.insert(0, _OnceImported())


def _judge_autogenerate(autogen_context: AutogenContext, upgrade_ops: UpgradeOps) -> Any:
    """Have what autogenerate finds judged where ``autogenerate_plugins`` names us and env.py has no ``guard``."""
    del upgrade_ops
    from alembic.util import PriorityDispatchResult

    from alembic_contracts.running.autogenerate import watch

    watch(autogen_context.migration_context)
    return PriorityDispatchResult.CONTINUE


class _OnceImported:
    """Finds ``alembic.config`` as the import system would, once, and is told when it has been executed.

    Not a subclass of ``importlib.abc.MetaPathFinder``, nor the next one of ``Loader``: importing that module costs more
    than all the rest of the plugin.
    """

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name != _TARGET:
            return None
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        for finder in sys.meta_path:
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _Telling(spec.loader)  # type: ignore[assignment] # has all that imports call
                return spec
        return None


class _Telling:
    """A module's own loader, followed by our call."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        if module.__spec__ is not None:
            module.__spec__.loader = module.__loader__ = self._loader
        _add_command(module)


def _add_command(config: ModuleType) -> None:
    """Have every new ``CommandLine`` know the command."""
    command_line = getattr(config, "CommandLine", None)
    if command_line is None:
        return
    initialize = command_line.__init__

    def initialize_with_command(self: Any, *args: Any, **kwargs: Any) -> None:
        initialize(self, *args, **kwargs)
        try:
            _register(self.subparsers)
        except Exception as error:  # noqa: BLE001 - a missing command must not cost a user all the others
            sys.stderr.write(f"alembic-contracts: `alembic check-contracts` is not available: {error}\n")

    command_line.__init__ = initialize_with_command


def _register(subparsers: _SubParsersAction[ArgumentParser]) -> None:
    from argparse import RawDescriptionHelpFormatter

    from alembic_contracts.running.options import CHECK, DESCRIPTION, EXAMPLES, SUMMARY

    examples = "\n".join(f"  alembic check-contracts {line}".ljust(64) + f"  # {what}" for line, what in EXAMPLES)
    parser = subparsers.add_parser(
        "check-contracts",
        help=SUMMARY,
        description=f"{SUMMARY}\n\n{DESCRIPTION}",
        epilog=f"examples:\n{examples}",
        formatter_class=RawDescriptionHelpFormatter,
    )
    for option in CHECK:
        if option.metavar is None:
            parser.add_argument(option.flag, action="store_true", help=option.help)
        else:
            parser.add_argument(
                option.flag,
                metavar=option.metavar,
                choices=option.choices or None,
                default=option.default,
                action="append" if option.repeated else "store",
                help=option.help,
            )
    names = [option.flag.removeprefix("--").replace("-", "_") for option in CHECK]
    parser.set_defaults(cmd=(_check_contracts, [], names))


def _check_contracts(config: Config, **values: Any) -> None:
    from alembic_contracts.support import garbage

    with garbage.command():
        from alembic_contracts.running.check import CheckOptions, run_check

        sys.exit(run_check(config, CheckOptions.of(values)))
