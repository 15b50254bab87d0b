"""Drivers refuse to connect where scripts run, also those that are only then imported; elsewhere they do not."""

from __future__ import annotations

import subprocess
import sys

import pytest

CODE = """
import sys
from alembic_contracts.prediction.scripts.real_drivers import drivers_refuse

{before}
asked = []
refused = [True]

def refusal(driver):
    asked.append(driver)
    return PermissionError(driver) if refused[0] else None

with drivers_refuse(refusal):
    {connect}
    refused[0] = False
    try:
        {call}
    except PermissionError:
        raise
    except Exception:
        pass
assert asked == [{name!r}] * 2, asked
try:
    {call}
except Exception:
    pass
assert asked == [{name!r}] * 2, asked
assert not any(type(finder).__module__.startswith("alembic_contracts") for finder in sys.meta_path)
"""

CALLS = {
    "psycopg": "psycopg.connect('host=/nowhere')",
    "psycopg's class": "psycopg.Connection.connect('host=/nowhere')",
    "psycopg's libpq": "psycopg.pq.PGconn.connect(b'host=/nowhere')",
    "psycopg2": "psycopg2.connect('host=/nowhere')",
    "psycopg2's class": "psycopg2.extensions.connection('host=/nowhere')",
    "pg8000": "pg8000.connect('me', unix_sock='/nowhere/x')",
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("first", [True, False])
def test_a_driver_refuses_before_and_after_it_is_imported(name: str, first: bool) -> None:
    module, call = CALLS[name].split(".")[0], CALLS[name]
    imported = f"import {module}" + (", psycopg2.extras" if module == "psycopg2" else "")
    connect = f"{'' if first else imported + '; '}_expect(lambda: {call})"
    expecting = """
def _expect(function):
    try:
        function()
    except PermissionError:
        return
    raise AssertionError("connected")
"""
    code = CODE.format(before=imported if first else "", connect=connect, call=call, name=module)
    done = subprocess.run([sys.executable, "-c", expecting + code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_else_is_made_of_a_class_that_connects_stays_what_it_is() -> None:
    code = """
from alembic_contracts.prediction.scripts.real_drivers import drivers_refuse

with drivers_refuse(PermissionError):
    import psycopg2.extras
    assert issubclass(psycopg2.extras.RealDictConnection, psycopg2.extensions.connection)
    assert not isinstance(1, psycopg2.extensions.connection)
    assert psycopg2.extensions.connection.__name__ == "connection"
    assert psycopg2.extras.Json({"a": 1}).dumps({"a": 1})
    try:
        psycopg2.extras.RealDictConnection("host=/nowhere")
    except PermissionError:
        pass
try:
    psycopg2.extras.RealDictConnection("host=/nowhere")
except psycopg2.OperationalError:
    pass
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
