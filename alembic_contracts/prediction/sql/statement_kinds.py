"""A kind of statement in, what it can do to tables at most out: nothing, for a reason; nothing by itself; or more.

Every kind that the parser knows is in exactly one of these tables, by the parser's name. ``statements`` applies a kind;
``plpgsql.reach`` goes by these tables where a block or function is not run.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["CHANGES_ROWS", "HARMLESS", "OF_ACCESS", "OF_TYPES", "OWN_WAYS", "RESHAPING", "SHAPELESS", "SURE"]

_SERVER = "tablespaces and databases belong to the whole server"
_TEXT_SEARCH = "text search configurations are used by functions at run time alone"
_OPERATORS = "operators, casts and their classes give columns no other type"
_FOREIGN = "servers and wrappers are where foreign tables' rows come from"
_MESSAGES = "messages between sessions"
_LABELS = "labels, statistics and dependency marks are kept beside the table"
_NEVER_ALONE = "the parser puts it only inside of other statements"

SURE = frozenset({"listen_stmt", "notify_stmt", "unlisten_stmt"})
"""Those of the harmless kinds that do not fail, whatever there is."""

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
    "create_am_stmt": "how rows are stored is no part of a table's shape",
    "create_conversion_stmt": _OPERATORS,
    "create_fdw_stmt": _FOREIGN,
    "create_foreign_server_stmt": _FOREIGN,
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
    "sec_label_stmt": _LABELS,
    "set_operation_stmt": _NEVER_ALONE,
    "unlisten_stmt": _MESSAGES,
}
"""Kinds that cannot change the shape of any table, each with the reason."""

SHAPELESS = frozenset(
    {
        "select_stmt", "insert_stmt", "update_stmt", "delete_stmt", "merge_stmt", "copy_stmt", "truncate_stmt",
        "explain_stmt", "variable_set_stmt", "variable_show_stmt", "grant_stmt", "comment_stmt", "lock_stmt",
        "vacuum_stmt", "reindex_stmt", "cluster_stmt", "refresh_mat_view_stmt", "create_function_stmt",
        "create_cast_stmt", "create_op_class_stmt", "alter_function_stmt", "create_trig_stmt",
        "create_policy_stmt", "alter_policy_stmt", "create_seq_stmt", "constraints_set_stmt",
        "alter_seq_stmt", "create_enum_stmt", "composite_type_stmt", "create_range_stmt", "create_domain_stmt",
        "create_schema_stmt", "create_extension_stmt", "create_stats_stmt", "create_publication_stmt",
        "alter_publication_stmt", "declare_cursor_stmt", "fetch_stmt", "close_portal_stmt", "discard_stmt",
        "prepare_stmt", "deallocate_stmt", "define_stmt", "alter_owner_stmt", "return_stmt",
    }
)  # fmt: skip
"""Kinds that change no existing table by themselves; what they call may."""

CHANGES_ROWS = frozenset(
    {"insert_stmt", "update_stmt", "delete_stmt", "merge_stmt", "copy_stmt", "truncate_stmt", "select_stmt"}
)
"""Those of them that may change rows: by WITH, a SELECT does."""

OF_ACCESS = frozenset(
    {
        "grant_role_stmt", "create_role_stmt", "alter_role_stmt", "drop_role_stmt", "reassign_owned_stmt",
        "alter_default_privileges_stmt",
    }
)  # fmt: skip
"""Kinds about who may do what; what they take away is looked at apart."""

OF_TYPES = frozenset({"alter_enum_stmt", "alter_type_stmt"})
"""Kinds that change the tables which use a type."""

OWN_WAYS = frozenset({"do_stmt", "call_stmt", "drop_stmt"})
"""Kinds that are looked into: what a block, a procedure or the kind of what is dropped says."""

RESHAPING = frozenset(
    {
        "alter_table_stmt", "alter_domain_stmt", "create_stmt", "create_table_space_stmt", "drop_table_space_stmt",
        "alter_extension_stmt", "alter_extension_contents_stmt", "create_foreign_table_stmt",
        "import_foreign_schema_stmt", "create_event_trig_stmt", "index_stmt", "rename_stmt",
        "alter_object_schema_stmt", "rule_stmt", "transaction_stmt", "view_stmt", "load_stmt", "createdb_stmt",
        "alter_database_stmt", "dropdb_stmt", "alter_system_stmt", "create_table_as_stmt", "execute_stmt",
        "drop_owned_stmt", "create_subscription_stmt",
    }
)  # fmt: skip
"""Kinds that can change the tables which they name, or any table where they name none."""
