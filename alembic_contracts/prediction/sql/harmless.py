"""A kind of statement in, the reason out why it cannot change the shape of any table."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["HARMLESS"]

_SERVER = "tablespaces and databases belong to the whole server"
_TEXT_SEARCH = "text search configurations are used by functions at run time alone"
_OPERATORS = "operators, casts and their classes give columns no other type"
_FOREIGN = "servers and wrappers are where foreign tables' rows come from"
_MESSAGES = "messages between sessions"
_LABELS = "labels, statistics and dependency marks are kept beside the table"
_NEVER_ALONE = "the parser puts it only inside of other statements"

HARMLESS: Mapping[str, str] = {
    "alter_collation_stmt": "only the version that PostgreSQL remembers changes",
    "alter_database_refresh_coll_stmt": _SERVER,
    "alter_database_set_stmt": "a database's settings count from the next session on",
    "alter_event_trig_stmt": "switches an event trigger on or off; that it exists was said when it was made",
    "alter_fdw_stmt": _FOREIGN,
    "alter_foreign_server_stmt": _FOREIGN,
    "alter_object_depends_stmt": _LABELS,
    "alter_op_family_stmt": _OPERATORS,
    "alter_operator_stmt": _OPERATORS,
    "alter_role_set_stmt": "a role's settings count from the next session on",
    "alter_stats_stmt": _LABELS,
    "alter_subscription_stmt": "replication brings rows, no columns",
    "alter_table_move_all_stmt": "tables only move to another tablespace",
    "alter_table_space_options_stmt": _SERVER,
    "alter_tsconfiguration_stmt": _TEXT_SEARCH,
    "alter_tsdictionary_stmt": _TEXT_SEARCH,
    "alter_user_mapping_stmt": _FOREIGN,
    "check_point_stmt": "writes what is in memory to disk",
    "constraints_set_stmt": "only when constraints are checked changes, for this transaction",
    "create_am_stmt": "how rows are stored is no part of a table's shape",
    "create_cast_stmt": _OPERATORS,
    "create_conversion_stmt": _OPERATORS,
    "create_fdw_stmt": _FOREIGN,
    "create_foreign_server_stmt": _FOREIGN,
    "create_op_class_stmt": _OPERATORS,
    "create_op_family_stmt": _OPERATORS,
    "create_plang_stmt": "a language is used by functions alone",
    "create_transform_stmt": _OPERATORS,
    "create_user_mapping_stmt": _FOREIGN,
    "drop_subscription_stmt": "replication brings rows, no columns",
    "drop_user_mapping_stmt": _FOREIGN,
    "listen_stmt": _MESSAGES,
    "notify_stmt": _MESSAGES,
    "plassign_stmt": _NEVER_ALONE,
    "raw_stmt": _NEVER_ALONE,
    "replica_identity_stmt": _NEVER_ALONE,
    "return_stmt": _NEVER_ALONE,
    "sec_label_stmt": _LABELS,
    "set_operation_stmt": _NEVER_ALONE,
    "unlisten_stmt": _MESSAGES,
}
