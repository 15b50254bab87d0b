"""What a script is handed for a value that is not known: it notices being looked at, and says so."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Self

__all__ = ["MadeUpCount", "Noticing"]


class Noticing:
    """Stands for a value that only the server knows.

    It can be carried about and be bound as a parameter again; being compared, converted, printed, called or branched on
    is what a script can decide by, and is told. What ``is None`` asks nobody can notice, so values that may be NULL are
    told as soon as they are fetched.
    """

    __slots__ = ("_notice",)

    def __init__(self, notice: Callable[[], None]) -> None:
        """Have a function called when somebody looks."""
        object.__setattr__(self, "_notice", notice)

    @property  # type: ignore[misc]  # isinstance() looks here
    def __class__(self) -> type:
        """Tell: of which class a value is may be what a script decides by."""
        object.__getattribute__(self, "_notice")()
        return Noticing

    def __getattr__(self, name: str) -> Any:
        """Tell, and go on with as little harm as possible: any part of what is not known is not known."""
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        object.__getattribute__(self, "_notice")()
        return self


def _told(result: Callable[[Noticing], Any]) -> Callable[..., Any]:
    def method(self: Noticing, *_args: Any, **_kwargs: Any) -> Any:
        object.__getattribute__(self, "_notice")()
        return result(self)

    return method


for _names, _result in (
    ("__bool__ __contains__ __ge__ __gt__ __le__ __lt__ __ne__", lambda _: True),
    ("__eq__", lambda _: False),
    ("__hash__", id),
    ("__int__ __index__ __len__", lambda _: 1),
    ("__float__", lambda _: 1.0),
    ("__str__ __repr__ __format__", lambda _: "not_known_here"),
    ("__iter__", lambda _: iter(())),
    (
        (
            "__add__ __radd__ __sub__ __rsub__ __mul__ __rmul__ __truediv__ __rtruediv__ __floordiv__ __mod__ __rmod__ "
            "__neg__ __abs__ __call__ __getitem__ __and__ __or__ __xor__ __round__"
        ),
        lambda self: self,
    ),
):
    for _name in _names.split():
        setattr(Noticing, _name, _told(_result))


class MadeUpCount(int):
    """A number that comes of rows which are not known, as how many a change found; tells whether somebody goes by it.

    That there is none or some is seen to by the worlds, without rows and with one; any other number is not.
    """

    _exists: Callable[[], None]
    _number: Callable[[], None]

    def __new__(cls, count: int, exists: Callable[[], None], number: Callable[[], None]) -> Self:
        """Have functions called when somebody asks whether there is any, and how many."""
        self = super().__new__(cls, count)
        self._exists, self._number = exists, number
        return self

    def __bool__(self) -> bool:
        self._exists()
        return int.__bool__(self)

    def __hash__(self) -> int:
        """Tell, but for SQLAlchemy's session, which files objects under their keys."""
        asks = sys._getframe(1).f_globals.get("__name__")  # noqa: SLF001 - documented
        if not str(asks).startswith("sqlalchemy.orm."):
            self._number()
        return int.__hash__(self)

    def __add__(self, other: int) -> int:
        """Go on telling of the sum of several counts."""
        if not isinstance(other, int):
            return NotImplemented
        others = (
            other._exists if isinstance(other, MadeUpCount) else self._number if int.__bool__(other) else self._exists
        )

        def exists() -> None:
            self._exists()
            others()

        return MadeUpCount(int.__add__(self, other), exists, self._number)

    __radd__ = __add__


def _counting(name: str) -> Callable[..., Any]:
    method = getattr(int, name)

    def look(self: MadeUpCount, *arguments: Any) -> Any:
        (self._exists if arguments == (0,) else self._number)()
        return method(self, *arguments)

    return look


_LOOKS = "__eq__ __ne__ __lt__ __le__ __gt__ __ge__ __str__ __repr__ __format__ __index__ __int__"
_RECKONS = (
    "__sub__ __rsub__ __mul__ __rmul__ __truediv__ __rtruediv__ __floordiv__ __rfloordiv__ __mod__ __rmod__ __divmod__ "
    "__rdivmod__ __pow__ __rpow__ __neg__ __pos__ __abs__ __invert__ __and__ __rand__ __or__ __ror__ __xor__ __rxor__ "
    "__lshift__ __rlshift__ __rshift__ __rrshift__ __round__ __trunc__ __floor__ __ceil__ __float__ bit_length to_bytes"
)
for _name in f"{_LOOKS} {_RECKONS}".split():
    setattr(MadeUpCount, _name, _counting(_name))
