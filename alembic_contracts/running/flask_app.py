"""An env.py that asks Flask for its application in, that application around a body of code out.

``flask db`` loads the application before it runs Flask-Migrate's env.py; other command lines have to do so themselves.
Flask is imported where env.py is about it alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

__all__ = ["application", "asks_flask"]


def asks_flask(env_py: Path) -> bool:
    """Whether an env.py, which need not be there, asks Flask for its application."""
    return env_py.is_file() and "current_app" in env_py.read_text("utf-8", "replace")


@contextmanager
def application(env_py: Path) -> Iterator[None]:
    """Have ``flask.current_app`` while the body runs, where env.py is about it and nobody has set it.

    The application is the one that ``flask`` itself would find: ``FLASK_APP``, else app.py or wsgi.py.

    Args:
        env_py: the project's env.py, which need not be there.
    """
    if find_spec("flask") is None or not asks_flask(env_py):
        yield
        return
    from flask import has_app_context
    from flask.cli import NoAppException, ScriptInfo

    if has_app_context():
        yield
        return
    try:
        app = ScriptInfo(app_import_path=os.environ.get("FLASK_APP")).load_app()
    except NoAppException:  # env.py will say what it misses
        yield
        return
    with app.app_context():
        yield
