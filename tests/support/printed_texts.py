"""Statements that store expressions; what a server prints of each expression, and what prediction says it prints."""

from __future__ import annotations

import sqlalchemy as sa

from alembic_contracts.dialects import postgresql
from alembic_contracts.prediction.catalog.catalog import Catalog
from alembic_contracts.prediction.printing.texts import pretty, shown, shown_key
from alembic_contracts.prediction.statements import execute


class Both:
    """A server and a prediction that get the same statements."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        version = connection.exec_driver_sql("SHOW server_version_num").scalar_one()
        self.catalog = Catalog(server_version=int(version))
        self.compared = 0

    def run(self, statement: str) -> bool:
        """Run a statement; one that the server refuses is not run under prediction either. Whether it ran."""
        try:
            self.connection.exec_driver_sql(statement.replace("%", "%%"))
        except sa.exc.DBAPIError:
            return False
        execute(self.catalog, statement)
        return True

    def observe(self) -> None:
        """Start the prediction anew from what the server has."""
        path = self.catalog.search_path
        self.catalog = Catalog(
            postgresql.observe(self.connection, None),
            search_path=path,
            server_version=self.catalog.server_version,
            complete=False,
            observed=True,
        )

    def compare(self, when: str) -> float:
        """Fail where the prediction's texts are not the server's; the share of those that it does not know."""
        server, predicted = printed_by_server(self.connection), printed_by_prediction(self.catalog)
        self.compared = len(server)
        wrong = {
            place: (text, predicted[place])
            for place, text in server.items()
            if predicted.get(place) is not None and predicted[place] != text
        }
        assert not wrong, f"{when}: {wrong}"
        return sum(predicted.get(place) is None for place in server) / len(server)


Place = tuple[str, str, str, str]
"""What it is, schema and table, its name, and how it was asked for."""

_OF_SERVER = """
SELECT 'default', n.nspname || '.' || c.relname, a.attname, 'plain', pg_get_expr(d.adbin, d.adrelid)
FROM pg_attrdef d JOIN pg_class c ON c.oid = d.adrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.adnum
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
UNION ALL
SELECT 'check', n.nspname || '.' || c.relname, k.conname, how, pg_get_expr(k.conbin, k.conrelid, how = 'pretty')
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN (VALUES ('plain'), ('pretty')) AS hows (how)
WHERE k.contype = 'c' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
UNION ALL
SELECT 'predicate', n.nspname || '.' || t.relname, c.relname, how, pg_get_expr(i.indpred, i.indrelid, how = 'pretty')
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
JOIN pg_namespace n ON n.oid = c.relnamespace CROSS JOIN (VALUES ('plain'), ('pretty')) AS hows (how)
WHERE i.indpred IS NOT NULL AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
UNION ALL
SELECT 'key', n.nspname || '.' || t.relname, c.relname, how, pg_get_indexdef(i.indexrelid, 1, how = 'pretty')
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
JOIN pg_namespace n ON n.oid = c.relnamespace CROSS JOIN (VALUES ('plain'), ('pretty')) AS hows (how)
WHERE i.indkey[0] = 0 AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
"""


def printed_by_server(connection: sa.Connection) -> dict[Place, str]:
    """What a server prints of all stored expressions."""
    rows = connection.exec_driver_sql(_OF_SERVER.replace("%", "%%"))
    return {(kind, table, name, how): text for kind, table, name, how, text in rows}


def printed_by_prediction(catalog: Catalog) -> dict[Place, str | None]:
    """What prediction says that the server prints of them; None where it does not know."""
    found: dict[Place, str | None] = {}
    state = catalog.state
    for table in catalog.tables.values():
        for column in table.columns:
            text = column.default if column.default is not None else column.expression
            if text is not None:
                found["default", str(table.name), column.name, "plain"] = shown(state, text, table.columns)
        for check in table.constraints:
            if check.kind == "check":
                text = check.expression or ""
                found["check", str(table.name), check.name, "plain"] = shown(state, text, table.columns)
                found["check", str(table.name), check.name, "pretty"] = pretty(state, text, table.columns)
        for index in table.indexes:
            if index.predicate is not None:
                text = index.predicate
                found["predicate", str(table.name), index.name, "plain"] = shown(state, text, table.columns)
                found["predicate", str(table.name), index.name, "pretty"] = pretty(state, text, table.columns)
            if index.expressions and index.columns[0] is None:
                text = index.expressions[0]
                for how in ("plain", "pretty"):
                    key = shown_key(state, text, table.columns, is_pretty=how == "pretty")
                    found["key", str(table.name), index.name, how] = key
    return found
