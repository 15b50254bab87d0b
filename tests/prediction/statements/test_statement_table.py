"""Nothing that the parser knows may be missing from the tables of handlers: new grammar must be decided on."""

from __future__ import annotations

import pytest

from alembic_contracts.prediction import statements
from alembic_contracts.prediction.catalog.catalog import Catalog
from alembic_contracts.prediction.catalog.doubts import Doubtful, Harmless
from alembic_contracts.prediction.sql import parser
from alembic_contracts.prediction.statements import KINDS, comments, drop, execute, rename
from alembic_contracts.prediction.statements.alter_table import SUBCOMMANDS

STATEMENT_KINDS = [kind for kind in parser.NODE_KINDS if kind.endswith("_stmt")]

NEVER_DROPPED = {
    "OBJECT_AMOP", "OBJECT_AMPROC", "OBJECT_ATTRIBUTE", "OBJECT_COLUMN", "OBJECT_DATABASE", "OBJECT_DEFAULT",
    "OBJECT_DEFACL", "OBJECT_DOMCONSTRAINT", "OBJECT_LARGEOBJECT", "OBJECT_PARAMETER_ACL",
    "OBJECT_PUBLICATION_NAMESPACE", "OBJECT_PUBLICATION_REL", "OBJECT_ROLE", "OBJECT_SUBSCRIPTION",
    "OBJECT_TABCONSTRAINT", "OBJECT_TABLESPACE", "OBJECT_USER_MAPPING",
}  # fmt: skip
"""Kinds that have statements of their own for it, or none (grammar rules ``drop_type_any_name`` and its neighbours)."""
NEVER_RENAMED = {
    "OBJECT_ACCESS_METHOD", "OBJECT_AMOP", "OBJECT_AMPROC", "OBJECT_CAST", "OBJECT_DEFAULT", "OBJECT_DEFACL",
    "OBJECT_EXTENSION", "OBJECT_LARGEOBJECT", "OBJECT_OPERATOR", "OBJECT_PARAMETER_ACL",
    "OBJECT_PUBLICATION_NAMESPACE", "OBJECT_PUBLICATION_REL", "OBJECT_TRANSFORM", "OBJECT_USER_MAPPING",
}  # fmt: skip
"""Kinds that the grammar's ``RenameStmt`` does not name."""
NEVER_COMMENTED = {
    "OBJECT_AMOP", "OBJECT_AMPROC", "OBJECT_ATTRIBUTE", "OBJECT_DEFAULT", "OBJECT_DEFACL", "OBJECT_PARAMETER_ACL",
    "OBJECT_PUBLICATION_NAMESPACE", "OBJECT_PUBLICATION_REL", "OBJECT_USER_MAPPING",
}  # fmt: skip
"""Kinds that the grammar's ``CommentStmt`` does not name."""


def values_of(enumeration: str) -> list[str]:
    return [value.name for value in parser.ENUMS[enumeration].values if not value.name.endswith("_UNDEFINED")]


def test_the_parser_has_statements() -> None:
    assert len(STATEMENT_KINDS) > 100


@pytest.mark.parametrize("kind", STATEMENT_KINDS)
def test_every_statement_is_handled_harmless_or_doubtful(kind: str) -> None:
    entry = statements.entry(kind)
    assert callable(entry) or (entry is not None and entry.why)


@pytest.mark.parametrize("subtype", values_of("AlterTableType"))
def test_every_subcommand_of_alter_table_is_handled_or_harmless(subtype: str) -> None:
    entry = SUBCOMMANDS[subtype]
    assert not isinstance(entry, Harmless) or entry.why


@pytest.mark.parametrize(
    ("table", "impossible"),
    [
        pytest.param(drop.OBJECT_TYPES, NEVER_DROPPED, id="DROP"),
        pytest.param(rename.OBJECT_TYPES, NEVER_RENAMED, id="RENAME"),
        pytest.param(comments.OBJECT_TYPES, NEVER_COMMENTED, id="COMMENT"),
    ],
)
def test_every_kind_of_object_is_decided_on(table: dict, impossible: set[str]) -> None:
    kinds = set(values_of("ObjectType"))
    assert set(table) | impossible == kinds
    assert not set(table) & impossible


@pytest.mark.parametrize("kind", [kind for kind in KINDS if isinstance(statements.entry(kind), Doubtful)])
def test_what_is_doubtful_leaves_a_doubt(kind: str) -> None:
    examples = {"drop_owned_stmt": "DROP OWNED BY someone", "load_stmt": "LOAD 'library'"}
    (effect,) = execute(Catalog(), examples[kind])
    assert effect.kind == kind
    assert effect.doubts


def test_a_kind_that_is_in_no_table_leaves_a_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(statements._FOUND, "notify_stmt")
    (effect,) = execute(Catalog(), "NOTIFY channel")
    assert effect.doubts[0].tables is None
