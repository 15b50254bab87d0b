"""An observed database in, the catalog that a prediction starts from out, with what its routines can change."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from alembic_contracts.prediction.catalog.catalog import Catalog
from alembic_contracts.prediction.catalog.state import Attachment, Function
from alembic_contracts.prediction.catalog.traits import ROW_WRITERS, SQL_BODY
from alembic_contracts.prediction.plpgsql.altering import OBSERVED, changes_rows

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.schemas.schema import Schema
    from alembic_contracts.schemas.surroundings import Extract, Routine, Surroundings

__all__ = ["observed"]


def observed(
    schema: Schema, around: Surroundings, extract: Extract | None = None, *, without_access: bool = False
) -> Catalog:
    """Return the catalog of a database as a prediction starts from it.

    Args:
        schema: what was observed of it.
        around: what there is beside, and where it was observed from.
        extract: which part of the database ``schema`` is; None: all of it.
        without_access: whether nothing of roles, and of what they may do, is in it.
    """
    here = around.session
    catalog = Catalog(
        schema,
        database=here.database,
        user=here.user,
        search_path=here.search_path,
        server_version=here.server_version,
        complete=False,
        others=around.others,
        extract=extract,
        without_access=without_access,
        observed=True,
    )
    _note_routines(catalog, around.routines)
    return catalog


def _note_routines(catalog: Catalog, routines: Iterable[Routine]) -> None:
    """Note which routines of the database can change tables, and where those run without being called.

    Routines are not put into the catalog as functions, as their signatures are not those that scripts write.

    Args:
        catalog: as it was observed; it gets the notes.
        routines: all of the users' own, of which some may call others.
    """
    routines = tuple(routines)
    if any(routine.body is None for routine in routines):
        catalog.state.traits.put((SQL_BODY, ""), "")
    if any(changes_rows(routine.language, routine.body) for routine in routines):
        catalog.state.traits.put((ROW_WRITERS, ""), "")
    catalog.state.journal.forget()
    if not routines:
        return
    from alembic_contracts.prediction.plpgsql import reach

    scratch = catalog.copy().state
    known = [(each, Function(each.name, (), language=each.language, body=each.body)) for each in routines]
    for routine, function in known:
        scratch.functions.put(routine.name, (*scratch.functions.get(routine.name, ()), function))
        _note_uses(scratch, routine)
    state, altering = catalog.state, reach.alterers(scratch)
    for routine, function in known:
        name = routine.name.name
        tables = reach.of_function(scratch, function) if name in altering else reach.NOTHING
        state.observed_reach[name] = reach.together([state.observed_reach.get(name, reach.NOTHING), tables])
    for routine in routines:
        if routine.name.name in altering:  # an audit trigger that inserts rows changes no shape
            _note_uses(state, routine)
    state.journal.forget()


def _note_uses(state: State, routine: Routine) -> None:
    for use in routine.uses:
        attachment = Attachment(f"{OBSERVED}{use.how}", str(routine.name), use.table, function=routine.name)
        state.attachments.put((attachment.kind, use.table, attachment.name), attachment)
