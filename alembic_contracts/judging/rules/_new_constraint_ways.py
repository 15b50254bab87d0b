"""What to do about rows that are refused, by what refuses them."""

from collections.abc import Callable

from alembic_contracts.judging.rules import Instead, Portable, Situation
from alembic_contracts.judging.rules._rows import forgives_less, has_lost_a_key, is_below, lacks_partitions, takes_less
from alembic_contracts.judging.rules._type_limits import computes_more
from alembic_contracts.schemas.schema import Table

__all__ = ["WAYS"]


def _where(is_so: Callable[[Table, Table], bool]) -> Callable[[Situation], bool]:
    """Return whether something is so of a table before and after."""
    return lambda found: found.before is not None and found.after is not None and is_so(found.before, found.after)


_AGREED = "Agree on it with {owner}: nothing that {contract_place} could state allows it."

WAYS = (
    Instead(
        when=_where(lambda before, after: bool(after.bounds - before.bounds)),
        what="rows of a partition have to be within bounds",
        remedy=f"Attach it once every writer keeps to the bounds, or writes to the partitioned table.\n{_AGREED}",
        fix=f"Detach it in a migration, or have its writers keep to the bounds.\n{_AGREED}",
        portable=Portable(),
    ),
    Instead(
        when=_where(lambda before, after: after.check_option not in {"", before.check_option}),
        what="a view has WITH CHECK OPTION",
        remedy=f"Leave WITH CHECK OPTION out until every writer keeps to what the view shows.\n{_AGREED}",
        fix=f"Take it away in a migration, with ALTER VIEW {{table}} RESET (check_option).\n{_AGREED}",
        portable=Portable(),
    ),
    Instead(
        when=_where(lambda before, after: before.has_default_partition and not after.has_default_partition),
        what="a partitioned table has lost its default partition",
        remedy=(
            "Keep the default partition, or create another in the same revision, PARTITION OF {table} DEFAULT.\n"
            f"{_AGREED}"
        ),
        fix=f"Create one in a migration, with PARTITION OF {{table}} DEFAULT.\n{_AGREED}",
        portable=Portable(),
    ),
    Instead(
        when=_where(lambda before, after: bool(after.check_option) and before.definition != after.definition),
        what="a view with WITH CHECK OPTION shows fewer rows",
        remedy=f"Keep the condition of the view, and have another view for fewer rows.\n{_AGREED}",
        fix=f"Give the view its condition back in a migration.\n{_AGREED}",
        portable=Portable(),
    ),
    Instead(
        when=_where(lacks_partitions),
        what="a partitioned table has no partition for rows that it took",
        remedy=(
            "Keep the partitions, or create others for these rows in the same revision, such as\n"
            "PARTITION OF {table} DEFAULT.\n"
            f"{_AGREED}"
        ),
        fix=f"Create one for these rows in a migration, such as PARTITION OF {{table}} DEFAULT.\n{_AGREED}",
        portable=Portable(),
    ),
    Instead(
        when=_where(takes_less),
        what="a view takes no rows any more, or lets none be changed",
        remedy=f"Keep the table that it was, a query that lets rows through, or INSTEAD OF triggers.\n{_AGREED}",
        fix=f"Give the view INSTEAD OF triggers in a migration, or a query that lets rows through.\n{_AGREED}",
        portable=Portable(),
    ),
    Instead(
        when=_where(has_lost_a_key),
        what="a foreign key of SQLite's or MySQL's finds no key any more",
        portable=Portable(
            remedy=(
                "Keep the table that it refers to, and its key; or drop the foreign key in the same revision.\n"
                f"{_AGREED}"
            ),
            fix=(f"Give the table that it refers to such a key in a migration, or drop the foreign key.\n{_AGREED}"),
        ),
    ),
    Instead(
        when=_where(lambda before, after: after.strict and not before.strict),
        what="a table of SQLite's has become STRICT",
        portable=Portable(
            remedy="Let {owner} state the types of all columns that it names once every writer keeps to them.",
            fix="Make the table without STRICT again, or ask {owner} to state the types of what it names.",
        ),
    ),
    Instead(
        when=_where(forgives_less),
        what="a key or NOT NULL of SQLite's has lost its ON CONFLICT, which batch mode does not copy",
        portable=Portable(
            remedy=f"Make the table anew in SQL, with the ON CONFLICT that it has.\n{_AGREED}",
            fix=f"Make the table anew in SQL, with ON CONFLICT as it was.\n{_AGREED}",
        ),
    ),
    Instead(
        when=_where(computes_more),
        what="a column that took values is computed",
        remedy=(
            "Keep it a column that takes values, and have what is computed in a column of its own.\n"
            "If nobody writes it any more, ask {owner} to state in {contract_place} that it is generated."
        ),
        fix=(
            "Make it a column that takes values again in a migration.\n"
            "If nobody writes it any more, ask {owner} to state in {contract_place} that it is generated."
        ),
        portable=Portable(),
    ),
    Instead(
        when=is_below,
        what="a partition has it, or the table under a view",
        remedy=f"Add it once every writer of {{table}} keeps to it, too.\n{_AGREED}",
        fix=f"Drop it there in a migration, or have the writers of {{table}} keep to it.\n{_AGREED}",
    ),
)
