"""The parser's messages: the file that describes them in, a class for each that is asked for out.

The library makes all 279 with protobuf's own modules in Python: that was a third of what the guard adds to an upgrade
of one small revision. protobuf's C library needs none of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

__all__ = ["Messages"]

_FILE = "pg_query.proto"
_FILES = 0x0A
"""The tag of the only field of a ``FileDescriptorSet``: https://protobuf.dev/programming-guides/encoding/."""


class Messages(ModuleType):
    """What ``postgast.pg_query_pb2`` is, as far as it is used."""

    def __init__(self, name: str, described: Path) -> None:
        """Read the descriptions.

        Args:
            name: of the module that it stands for.
            described: the library's serialized ``FileDescriptorSet``.

        Raises:
            ImportError: protobuf has no such C library.
            Exception: the file or the C library is another one than it was.
        """
        super().__init__(name)
        library = import_module("google._upb._message")
        self._base = import_module("google.protobuf.message").Message
        self._meta = library.MessageMeta
        pool = library.DescriptorPool()
        for file in _files(described.read_bytes()):
            pool.AddSerializedFile(file)
        self.DESCRIPTOR: Any = pool.FindFileByName(_FILE)
        _ = self.ParseResult  # where classes are made in another way, it shows here

    def __getattr__(self, name: str) -> Any:
        """Return the class of a message, made as ``message_factory.GetMessageClass`` does."""
        descriptor = self.DESCRIPTOR.message_types_by_name.get(name)
        if descriptor is None:
            raise AttributeError(name)
        made = getattr(descriptor, "_concrete_class", None)
        if made is None:
            made = self._meta(name, (self._base,), {"DESCRIPTOR": descriptor, "__module__": self.__name__})
        setattr(self, name, made)
        return made


def _files(described: bytes) -> Iterator[bytes]:
    """Yield the ``FileDescriptorProto``s of a set, serialized as they are."""
    at = 0
    while at < len(described):
        if described[at] != _FILES:
            raise ValueError(f"{described[at]} at {at}")
        at += 1
        length = shift = 0
        while True:
            byte = described[at]
            at += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        yield described[at : at + length]
        at += length
