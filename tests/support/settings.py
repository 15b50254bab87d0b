"""Settings read out of files in the working directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from alembic_contracts.config import Settings, read_settings
from alembic_contracts.errors import InvalidSettings

RULES = ("column-exists", "column-type", "primary-key", "table-exists")


def read(*, toml: str | None = None, ini: str | None = None, section: str = "alembic", **environ: str) -> Settings:
    """Write the files into the working directory and read the settings in them."""
    files = {"pyproject.toml": toml, "alembic.ini": ini}
    for name, text in files.items():
        if text is not None:
            Path(name).write_text(text)
    return read_settings(
        ini_file=Path("alembic.ini") if ini is not None else None,
        toml_file=Path("pyproject.toml") if toml is not None else None,
        environ={f"ALEMBIC_CONTRACTS_{key}": value for key, value in environ.items()},
        known_rules=RULES,
        section=section,
    )


def refusal(**sources: str) -> str:
    with pytest.raises(InvalidSettings) as refused:
        read(**sources)
    return str(refused.value)


T = "[tool.alembic_contracts]\n"
I = "[alembic_contracts]\n"  # noqa: E741  next to T it is plain
