"""A regular expression that is compiled when it is first used: that each of the package's compiles."""

from __future__ import annotations

import importlib
import pkgutil
import re

import pytest

import alembic_contracts
from alembic_contracts.patterns import pattern


def kept() -> dict[str, re.Pattern[str]]:
    """Every pattern that a module keeps, by its full name."""
    kind, found = type(pattern("")), {}
    for module in pkgutil.walk_packages(alembic_contracts.__path__, "alembic_contracts."):
        if "__main__" not in module.name:
            for name, value in vars(importlib.import_module(module.name)).items():
                if isinstance(value, kind):
                    found[f"{module.name}.{name}"] = value
    return found


def test_each_compiles() -> None:
    patterns = kept()
    assert len(patterns) > 80
    for name, each in patterns.items():
        try:
            assert isinstance(each.flags, int)
        except re.error as error:
            pytest.fail(f"{name}: {error}")


def test_it_does_as_a_compiled_one() -> None:
    ours, theirs = pattern(r"(a+)(?P<rest>.*)", re.IGNORECASE), re.compile(r"(a+)(?P<rest>.*)", re.IGNORECASE)
    for text in ("", "AAb", "xaa"):
        found, expected = ours.search(text), theirs.search(text)
        assert (found and found.groups()) == (expected and expected.groups())
    assert (ours.pattern, ours.groupindex) == (theirs.pattern, theirs.groupindex)


def test_a_mistake_is_raised_by_its_first_use() -> None:
    wrong = pattern("(")
    with pytest.raises(re.error, match="unterminated subpattern"):
        wrong.match("x")
