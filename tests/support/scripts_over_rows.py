"""An application beside version scripts, and scripts that use it in loops over rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.rehearsing import TABLE, History, columns, reasons

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["APPLICATION", "DECIDES", "IMPORT", "loop", "of_loop"]

DECIDES = """
        if op.get_bind().execute(sa.text("SELECT count(*) FROM t WHERE a = 'x'")).scalar() > 0:
            op.execute("INSERT INTO t (a) VALUES ('y')")
"""
APPLICATION = '''
import datetime
import json as _json
import os
import re
import uuid
from datetime import timezone
from functools import lru_cache
from urllib.parse import quote

import sqlalchemy as sa

PATTERN = re.compile("[^a-z]+")
LIMIT = 20
KINDS = {"a": "b"}
count = 0


def utc_now():
    """The time."""
    return datetime.datetime.now(timezone.utc).replace(tzinfo=None)


def new_id(dashed: bool = True) -> str:
    if dashed:
        return str(uuid.uuid4())
    return uuid.uuid4().hex


def slug(text, *, most=LIMIT):
    words: list[str] = []
    for word in PATTERN.split(text.lower())[:LIMIT]:
        if word and word not in words:
            words.append(word)
    return "-".join(sorted(words, key=len))[:most]


def loads(text, default=None):
    try:
        return _json.loads(text)
    except (ValueError, TypeError) as error:
        if default is None:
            raise ValueError(f"no JSON: {error}")
        return default


def nested(text):
    return {"of": loads(text, {}), "id": new_id(dashed=False), "at": quote(slug(text))}


def factorial(number):
    return 1 if number < 2 else number * factorial(number - 1)


def drop(connection):
    connection.execute(sa.text("ALTER TABLE t DROP COLUMN a"))


def drops_deeper(connection, text):
    return slug(text) and drop(connection)


def called(function, given):
    return function(given)


def counted(text):
    global count
    count += 1
    return text


def at_home(text):
    return os.environ.get("HOME", text)


def through_a_module(text):
    place = os
    return place.environ.get("HOME", text)


def in_a_file(text):
    with open("/tmp/x") as file:
        return file.read()


def kept_in_a_default(text, found=[]):
    found.append(text)
    return found


def kept_in_the_module(text):
    KINDS[text] = text
    return text


def of_a_table(text):
    return KINDS.get(text)


def changes_what_it_is_given(names, text):
    names.append(text)
    return text


def adds_to_what_it_is_given(names, text):
    names += [text]
    return text


def by_name(text, name):
    return getattr(text, name)()


def evaluated(text):
    return eval(text)


@lru_cache
def remembered(text):
    return text


def decorated(function):
    def inner(text):
        function(text)
        return text

    return inner


@decorated
def wrapped(text):
    return text


def closing(text):
    import subprocess

    return subprocess.run(text)


class Turned:
    def __init__(self, text):
        self.text = text


def turned(text):
    return Turned(text).text


def attribute(row):
    row.text = 1
    return row


def dunder(text):
    return text.__class__.__mro__
'''
NAMES = [line.partition("(")[0].split()[1] for line in APPLICATION.splitlines() if line.startswith("def ")]
IMPORT = f"""
import application_of_tests as application
from application_of_tests import slug as made_shorter
from application_of_tests import {", ".join(NAMES)}
"""


def loop(value: str) -> str:
    return f"""
        bind, names = op.get_bind(), []
        for row in bind.execute(sa.text("SELECT id, a FROM t")).all():
            bind.execute(sa.text("UPDATE t SET a = :a WHERE id = :i"), {{"a": {value}, "i": row.id}})
        op.execute("ALTER TABLE t ADD COLUMN b")
    """


def of_loop(folder: Path, value: str, extra: str = IMPORT) -> list[list[str]]:
    history = History(folder, [TABLE])
    history.add(loop(value), extra=extra)
    history.upgrade("r0")
    predictions = history.predicted()
    assert all(columns(each.after) == ["id", "a", "b"] for each in predictions if each.cut is None)
    return [reasons(each) for each in predictions]
