"""Scripts that ask whether there are rows of two kinds, and act where there are some of one and none of the other."""

from __future__ import annotations

__all__ = ["DROPS", "MIXED", "MIXED_HERE"]

DROPS = 'op.drop_column("t", "n")'
_ASKS = "bind = op.get_bind()\n"


def _where(condition: str) -> str:
    return f"{_ASKS}if {condition}:\n    {DROPS}\n"


def _is(query: str) -> str:
    return f'bind.scalar(sa.text("SELECT {query}"))'


MIXED = {
    "some and none": _where(f"{_is('EXISTS (SELECT 1 FROM t)')} and not {_is('EXISTS (SELECT 1 FROM u)')}"),
    "counts": _where(f"{_is('count(*) > 0 FROM t')} and {_is('count(*) = 0 FROM u')}"),
    "a return before": f"""{_ASKS}if {_is("EXISTS (SELECT 1 FROM u)")}:
    return
if {_is("EXISTS (SELECT 1 FROM t)")}:
    {DROPS}
""",
    "of one kind and not the other": _where(
        f"""{_is("EXISTS (SELECT 1 FROM t WHERE k = 'a')")} and not {_is("EXISTS (SELECT 1 FROM t WHERE k = 'b')")}"""
    ),
    "at once": _where(_is("EXISTS (SELECT 1 FROM t) AND NOT EXISTS (SELECT 1 FROM u)")),
    "inside of each other": _where(_is("EXISTS (SELECT 1 FROM t WHERE NOT EXISTS (SELECT 1 FROM u))")),
    "what the other has not": _where('bind.execute(sa.text("SELECT 1 FROM t EXCEPT SELECT 1 FROM u")).first()'),
    "how many were changed": f"""{_ASKS}first = bind.execute(sa.text("UPDATE t SET k = 'a'")).rowcount
second = bind.execute(sa.text("UPDATE u SET k = 'x'")).rowcount
if first and not second:
    {DROPS}
""",
    "how many were copied": _where(
        "bind.execute(sa.text(\"INSERT INTO t (id, k) SELECT 7, 'c' WHERE EXISTS (SELECT 1 FROM t)"
        ' AND NOT EXISTS (SELECT 1 FROM u)")).rowcount'
    ),
}
"""Where ``t`` has a row with the kind ``a``, and ``u`` none, each of these drops a column."""
MIXED_HERE = {
    "a look and nothing else": f"{_ASKS}found = {_is('EXISTS (SELECT 1 FROM t)')}\nop.create_index('i', 't', ['k'])",
    "the same question again": f"""{_ASKS}for _ in range(2):
    if {_is("EXISTS (SELECT 1 FROM t)")}:
        op.execute("UPDATE t SET k = 'a'")
""",
    "what changes rows alone": f"""{_ASKS}if {_is("EXISTS (SELECT 1 FROM t)")}:
    op.execute("UPDATE t SET k = 'a'")
if not {_is("EXISTS (SELECT 1 FROM u)")}:
    op.execute("INSERT INTO u (id, k) VALUES (1, 'b')")
""",
    "a backfill": f"""{_ASKS}for row in bind.execute(sa.text("SELECT id FROM t")).fetchall():
    if not bind.execute(sa.text("SELECT 1 FROM u WHERE id = :id"), {{"id": row.id}}).first():
        bind.execute(sa.text("INSERT INTO u (id, k) VALUES (:id, 'b')"), {{"id": row.id}})
""",
}
"""What is known of these, whatever rows there are."""
