"""A text of the catalog that is not known in, a string out that tells when a script looks into it.

SQLAlchemy and Alembic need some string, and often only hand it on: that is silent, and what is handed on means the
same. A script that compares it, searches in it or writes it somewhere gets an answer that may be wrong: a doubt says
so. What C code does with a string's memory (``re``, ``json``, ``str.join``) cannot be seen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

from sqlalchemy.dialects.postgresql.base import PGInspector
from sqlalchemy.sql.elements import TextClause

__all__ = ["NoticingInspector", "UnknownClause", "UnknownOptions", "UnknownText"]

Notice = Callable[[], None]

_LOOKS = (
    "__add__", "__contains__", "__eq__", "__format__", "__ge__", "__getitem__", "__gt__", "__hash__", "__iter__",
    "__le__", "__len__", "__lt__", "__mod__", "__mul__", "__ne__", "__repr__", "__rmod__", "__str__", "capitalize",
    "casefold", "center", "count", "encode", "endswith", "expandtabs", "find", "format", "format_map", "index",
    "isalnum", "isalpha", "isascii", "isdecimal", "isdigit", "isidentifier", "islower", "isnumeric", "isprintable",
    "isspace", "istitle", "isupper", "join", "ljust", "lower", "lstrip", "partition", "removeprefix", "removesuffix",
    "replace", "rfind", "rindex", "rjust", "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith",
    "strip", "swapcase", "title", "translate", "upper", "zfill",
)  # fmt: skip


class UnknownText(str):
    """A plausible text; whoever looks into it is noticed."""

    __slots__ = ("notice",)
    notice: Notice

    def __new__(cls, text: str, notice: Notice) -> Self:
        """Return a string that calls ``notice`` when somebody looks into it."""
        self = super().__new__(cls, text)
        self.notice = notice
        return self

    def plain(self) -> str:
        """Return the text without anybody noticing."""
        return str.__str__(self)

    def __bool__(self) -> bool:
        """Whether there is a text is known: there is."""
        return True

    def __radd__(self, other: str) -> str:
        self.notice()
        return other + self.plain()


def _noticing(name: str) -> Callable[..., Any]:
    method = getattr(str, name)

    def look(self: UnknownText, *arguments: Any, **options: Any) -> Any:
        self.notice()
        return method(self.plain(), *arguments, **options)

    look.__name__ = name
    return look


for _name in _LOOKS:
    setattr(UnknownText, _name, _noticing(_name))


class UnknownOptions(dict[str, Any]):
    """A dictionary that may lack keys; whoever asks for one of these, or for all that there is, is noticed."""

    def __init__(self, known: dict[str, Any], unknown: tuple[str, ...], notice: Notice) -> None:
        """Hold what is known; ``unknown`` are the keys that may be missing."""
        super().__init__(known)
        self._unknown, self._notice = unknown, notice

    def _asked(self, key: object) -> None:
        if key in self._unknown:
            self._notice()

    def __getitem__(self, key: str) -> Any:
        self._asked(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self._asked(key)
        return super().__contains__(key)

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value."""
        self._asked(key)
        return super().get(key, default)

    def __eq__(self, other: object) -> bool:
        self._notice()
        return dict(self) == other

    __hash__ = None

    def __repr__(self) -> str:
        self._notice()
        return super().__repr__()

    def keys(self) -> Any:
        """Return the keys."""
        self._notice()
        return super().keys()

    def items(self) -> Any:
        """Return keys and values."""
        self._notice()
        return super().items()


class UnknownClause(TextClause):
    """The same as SQL in a reflected table: DDL takes it over in silence, anybody else is noticed."""

    inherit_cache = False

    def __init__(self, text: UnknownText) -> None:
        """Take an unknown text."""
        self._unknown, self._compiling = text, False
        super().__init__(text.plain())

    @property
    def text(self) -> str:
        """The SQL."""
        if not self._compiling:
            self._unknown.notice()
        return self._written

    @text.setter
    def text(self, written: str) -> None:
        self._written = written

    def __str__(self) -> str:
        self._unknown.notice()
        return self._written

    def compile(self, *arguments: Any, **options: Any) -> Any:
        """Compile for whoever is no compiler itself."""
        self._unknown.notice()
        return super().compile(*arguments, **options)

    def _compiler_dispatch(self, visitor: Any, **options: Any) -> Any:
        self._compiling = True
        try:
            return super()._compiler_dispatch(visitor, **options)
        finally:
            self._compiling = False


def _clause(text: Any) -> Any:
    return UnknownClause(text) if isinstance(text, UnknownText) else text


class NoticingInspector(PGInspector):
    """An inspector whose reflected tables have clauses in place of unknown texts, as ``text()`` would lose them."""

    def _reflect_column(self, table: Any, col_d: Any, *rest: Any, **options: Any) -> None:
        described: Any = {**col_d, "default": _clause(col_d.get("default"))}
        if "computed" in described:
            computed = described["computed"]
            described["computed"] = {**computed, "sqltext": _clause(computed["sqltext"])}
        super()._reflect_column(table, described, *rest, **options)

    def _reflect_check_constraints(self, _reflect_info: Any, table_key: Any, *rest: Any, **options: Any) -> None:
        checks = _reflect_info.check_constraints.get(table_key, [])
        known = {**_reflect_info.check_constraints}
        known[table_key] = [{**check, "sqltext": _clause(check["sqltext"])} for check in checks]
        replaced = _reflect_info.__class__(**{**vars(_reflect_info), "check_constraints": known})
        super()._reflect_check_constraints(replaced, table_key, *rest, **options)

    def _reflect_indexes(self, _reflect_info: Any, table_key: Any, *rest: Any, **options: Any) -> None:
        indexes = [dict(index) for index in _reflect_info.indexes.get(table_key, [])]
        replaced = _reflect_info.__class__(**{**vars(_reflect_info), "indexes": {table_key: indexes}})
        super()._reflect_indexes(replaced, table_key, *rest, **options)
