"""The one register of what is answered: a function or operator with its parameter types, and what computes it exactly.

What is not here is unknown. One module a family of types; each is found by itself, and each entry is compared with a
real server by ``benchmarks.expressions``. Results depend on arguments alone: what depends on the server, its settings,
its clock, its rows or on chance is never registered.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, TypeVar

__all__ = [
    "Compute",
    "function",
    "is_registered",
    "is_strict",
    "not_strict",
    "operator",
    "registered",
    "registered_function",
    "registered_operator",
]

Compute = Callable[..., Any]
"""Takes plain values of the parameters' types; returns a value, NULL as None, or ``Unknown``."""

_C = TypeVar("_C", bound=Compute)

_FUNCTIONS: dict[tuple[str, tuple[str, ...]], Compute] = {}
_OPERATORS: dict[tuple[str, str, str], Compute] = {}
_NOT_STRICT: set[str] = set()


def function(name: str, *signatures: str) -> Callable[[_C], _C]:
    """Register what computes a function; each signature is its parameter types, ``"text int4"``."""

    def register(compute: _C) -> _C:
        for signature in signatures:
            _FUNCTIONS[name, tuple(signature.split())] = compute
        return compute

    return register


def operator(name: str, *signatures: str) -> Callable[[_C], _C]:
    """Register what computes an operator; each signature is its two operand types."""

    def register(compute: _C) -> _C:
        for signature in signatures:
            left, right = signature.split()
            _OPERATORS[name, left, right] = compute
        return compute

    return register


def not_strict(*names: str) -> None:
    """Say that functions of these names look at NULL themselves; all others are NULL where an argument is."""
    _NOT_STRICT.update(names)


def registered_function(name: str, parameters: tuple[str, ...]) -> Compute | None:
    """Return what computes a function with these parameter types."""
    _load()
    found = _FUNCTIONS.get((name, parameters))
    if found is None and parameters and len(set(parameters)) == 1 and parameters[0] == "any":
        found = _FUNCTIONS.get((name, ("any",)))  # VARIADIC "any"
    if found is None and len(parameters) > 2 and set(parameters[1:]) == {"any"}:
        found = _FUNCTIONS.get((name, (parameters[0], "any")))
    return found


def registered_operator(name: str, left: str, right: str) -> Compute | None:
    """Return what computes an operator with these operand types."""
    _load()
    return _OPERATORS.get((name, left, right))


def is_strict(name: str) -> bool:
    """Return whether a function is NULL where an argument is."""
    return name not in _NOT_STRICT


def is_registered(name: str) -> bool:
    """Return whether the register has a function of this name."""
    _load()
    return any(name == each for each, _ in _FUNCTIONS)


def registered() -> tuple[list[tuple[str, tuple[str, ...]]], list[tuple[str, str, str]]]:
    """Return all functions and operators of the register, for whoever compares them with a server."""
    _load()
    return sorted(_FUNCTIONS), sorted(_OPERATORS)


@cache
def _load() -> None:
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
