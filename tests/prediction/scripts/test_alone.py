"""Which scripts go by nothing but their text and the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alembic_contracts.prediction.scripts.alone import is_alone
from alembic_contracts.prediction.scripts.words import words_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"""Important."""\nfrom alembic import op\nimport sqlalchemy as sa', True),
        ("from typing import (\n    Any,\n)\nfrom sqlalchemy.dialects import sqlite", True),
        ("import json, re", True),
        ("import json, app", False),
        ("import random", False),
        ("from uuid import uuid4", False),
        ("sa.text('SELECT current_schema()')", True),
        ("sa.text('SELECT CURRENT_DATE')", False),
        ("from . import helper", False),
        ("from \\\n .json import helper", False),
        ("def upgrade():\n    from app import models", False),
        ("class A:\n    def f(self):\n        return [__import__('app') for _ in '']", False),
        ("models.metadata.create_all(op.get_bind())", False),
        ("if True: import app", False),
        ("x = 1; import app", False),
        ("import sqlmodel\nsqlmodel.sql.sqltypes.AutoString()", True),
        ("def upgrade(): context.get_context().opts", False),
        ("sa.text('SELECT date(\"now\")')", False),
        ("sa.select(sa.func.now())", False),
        ("from datetime import datetime\nx = datetime.now()", False),
        ("sa.Column('at', sa.DateTime, server_default=sa.func.now())\nsa.text('SELECT 1')", True),
        ("sa.Column('at', sa.DateTime, server_default=sa.text('CURRENT_TIMESTAMP'))", True),
    ],
)
def test_what_is_alone(text: str, tmp_path: Path, *, expected: bool) -> None:
    script = tmp_path / "script.py"
    script.write_text(text)
    words = words_of(str(script))
    assert words is not None
    assert is_alone(words) is expected
