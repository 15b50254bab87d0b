"""PostgreSQL's parser is imported without the rest of its library, which others then get as it is."""

from __future__ import annotations

import subprocess
import sys

import postgast
import pytest

from alembic_contracts.dialects.postgresql import library
from alembic_contracts.dialects.postgresql.messages import Messages

OURS = """
from alembic_contracts.dialects.postgresql import library
tree = library.parse("SELECT a + 1 FROM t")
"""
THEIRS = """
import postgast, postgast.native
whole = postgast.parse("SELECT a + 1 FROM t")
assert postgast.native.lib and postgast.wrap(whole.stmts[0].stmt.select_stmt)
"""
BOTH = """
assert library.deparse(whole) == postgast.deparse(tree) == "SELECT a + 1 FROM t"
for parse, error in ((library.parse, library.PgQueryError), (postgast.parse, postgast.PgQueryError)):
    try:
        parse("SELECT FROM WHERE")
    except error as wrong:
        assert "WHERE" in str(wrong)
    else:
        raise AssertionError
"""


def run(program: str) -> None:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("program", [OURS + THEIRS + BOTH, THEIRS + OURS + BOTH], ids=["ours first", "theirs first"])
def test_both_work_whoever_comes_first(program: str) -> None:
    run(program)


def test_nothing_stays_behind_and_no_class_of_nodes_is_made() -> None:
    run(OURS + "import sys, gc\nassert not [name for name in sys.modules if name.startswith('postgast')]\n")
    run(f"{OURS}import gc\nassert 'SelectStmt' not in [c.__name__ for c in gc.get_objects() if type(c) is type]\n")


def test_a_library_of_another_shape_is_imported_whole() -> None:
    """What the next version moves elsewhere is found as everybody finds it."""
    run(
        "import sys, importlib.util as util\nfind = util.find_spec\n"
        "util.find_spec = lambda name, *rest: None if name == 'postgast.nodes' else find(name, *rest)\n"
        f"{OURS}import sys\nassert 'postgast.nodes' in sys.modules and library.deparse(tree)\n"
    )


def test_it_parses_scans_and_prints() -> None:
    tree = library.parse("SELECT 1")
    assert library.deparse(tree) == "SELECT 1"
    assert [token.start for token in library.scan("a b").tokens] == [0, 2]
    assert library.parse_plpgsql("CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$")


def test_messages_are_those_of_the_library() -> None:
    """Each class is as the library makes it, and the tree of a statement is the same, byte for byte."""
    sql = "ALTER TABLE a.b ADD COLUMN c numeric(10, 2) DEFAULT 0 CHECK (c > 0), DROP COLUMN d CASCADE"
    assert type(library.pg_query_pb2) is Messages
    names = list(postgast.pg_query_pb2.DESCRIPTOR.message_types_by_name)
    assert names == list(library.pg_query_pb2.DESCRIPTOR.message_types_by_name)
    for name in names:
        ours, theirs = (getattr(module, name).DESCRIPTOR for module in (library.pg_query_pb2, postgast.pg_query_pb2))
        assert [(f.name, f.number, f.type) for f in ours.fields] == [(f.name, f.number, f.type) for f in theirs.fields]
    assert library.parse(sql).SerializeToString() == postgast.parse(sql).SerializeToString()
    with pytest.raises(AttributeError, match="SelectStatement"):
        _ = library.pg_query_pb2.SelectStatement


@pytest.mark.parametrize(
    "other",
    ["messages._FILE = 'other.proto'", "messages._FILES = 1", "sys.modules['google._upb._message'] = None"],
    ids=["another file", "another form", "no C library"],
)
def test_without_what_is_known_of_protobuf_the_library_makes_its_messages(other: str) -> None:
    run(
        "import os, sys\nos.environ['PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION'] = 'python'\n"
        f"import alembic_contracts.dialects.postgresql.messages as messages\n{other}\n{OURS}"
        "assert type(library.pg_query_pb2) is not messages.Messages\n"
        "assert library.deparse(tree) == 'SELECT a + 1 FROM t'\n"
    )
