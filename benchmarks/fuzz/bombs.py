"""What is known to be hard on readers, by language: little text that takes a stack, a memory or an hour."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.fuzz.seeds import FILES, NATIVE, ODCS

__all__ = ["in_ini", "in_json", "in_python", "in_toml", "in_yaml"]

_MEGA = 1_000_000


def _of_bytes(valid: str) -> dict[str, bytes]:
    """Return what any text file can be."""
    data = valid.encode()
    return {
        "empty": b"",
        "one space": b" ",
        "byte order mark": b"\xef\xbb\xbf" + data,
        "two byte order marks": b"\xef\xbb\xbf" * 2 + data,
        "UTF-16": valid.encode("utf-16"),
        "UTF-32": valid.encode("utf-32"),
        "Latin 1": data + b"# \xe9\xe8\n",
        "surrogate in UTF-8": data + b"# \xed\xa0\x80\n",
        "NUL byte": data[:40] + b"\x00" + data[40:],
        "only NUL bytes": b"\x00" * 1000,
        "carriage returns": data.replace(b"\n", b"\r"),
        "binary": bytes(range(256)) * 40,
        "a line of a megabyte": b"x" * _MEGA,
        "a million lines": b"x\n" * _MEGA,
        "five megabytes": data + b"\n" * 5 * _MEGA,
        "conflict markers": b"<<<<<<< HEAD\n" + data + b"=======\n" + data + b">>>>>>> x\n",
        "control characters": data + b"\x1b[31m\x9b\xc2\x9b\xc2\x85\xe2\x80\xa8",
    }


def in_json() -> Mapping[str, bytes]:
    """Return JSON, and what is nearly JSON."""
    name = '"name": "orders"'
    valid = FILES["contracts/orders.json"]

    def in_place(text: str) -> bytes:
        assert name in valid
        return valid.replace(name, text).encode("utf-8", "surrogatepass")

    long_key = "k" * 2 * _MEGA
    return {
        **_of_bytes(valid),
        "500 lists": b"[" * 500 + b"]" * 500,
        "a million lists": b"[" * _MEGA,
        "a million objects": b'{"a":' * _MEGA,
        "500 lists in a value": in_place(f'"name": {"[" * 500}{"]" * 500}'),
        "an integer of 100,000 digits": in_place(f'"name": {"9" * 100_000}'),
        "an integer of 4,300 digits": in_place(f'"name": {"9" * 4300}'),
        "a fraction of a megabyte": in_place(f'"name": 0.{"1" * _MEGA}'),
        "an exponent": in_place('"name": 1e99999'),
        "NaN": in_place('"name": NaN'),
        "lone surrogate": in_place(r'"name": "\ud800"'),
        "raw lone surrogate": in_place('"name": "\ud800"'),
        "duplicated keys": in_place(f'{name}, "name": "x"'),
        "a thousand duplicated keys": in_place(", ".join([name] * 1000)),
        "a text of a megabyte": in_place(f'"name": "{"x" * _MEGA}"'),
        "a key of two megabytes around 100,000 values": f'{{"{long_key}": [{",".join("1" * 99_000)}]}}'.encode(),
        "keys of 20 kB in each other": in_place(
            name
            + ", "
            + "".join(f'"x-{"k" * 20_000}": {{' for _ in range(50))
            + f'"a": [{",".join("1" * 90_000)}]'
            + "}" * 50
        ),
        "a hundred thousand keys": in_place(name + ", " + ", ".join(f'"k{n}": 0' for n in range(90_000))),
        "a million values": b"[" + b"0," * _MEGA + b"0]",
        "escapes of a megabyte": in_place(f'"name": "{chr(92)}u0041{chr(92)}n{"x" * _MEGA}"'),
        "unclosed text": valid.replace('"orders",', '"orders,').encode(),
        "backslashes": in_place('"name": "' + "\\" * _MEGA + '"'),
        "a condition of parentheses": in_place(name).replace(b"total > 0", b"(" * 50_000 + b"1" + b")" * 50_000),
        "a long condition": in_place(name).replace(b"total > 0", b"total > 0" + b" AND total > 0" * 50_000),
        "a type of brackets": in_place(name).replace(b'"numeric"', b'"numeric' + b"[]" * 50_000 + b'"'),
        "a type of modifiers": in_place(name).replace(b'"numeric"', b'"numeric(' + b"9" * 50_000 + b')"'),
    }


def in_yaml() -> Mapping[str, bytes]:
    """Return YAML, and what is nearly YAML."""
    valid = ODCS

    def in_place(text: str) -> bytes:
        return valid.replace('purpose: "Who orders."', text).encode("utf-8", "surrogatepass")

    laughs = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
    )
    return {
        **_of_bytes(valid),
        "500 lists": b"[" * 500 + b"]" * 500,
        "500 lists in a value": in_place(f"purpose: {'[' * 500}{']' * 500}"),
        "500 dashes": b"- " * 500 + b"x",
        "a million lists": b"[" * _MEGA,
        "a million dashes": b"- " * _MEGA,
        "a million question marks": b"? " * _MEGA,
        "a million objects": b"{a: " * _MEGA,
        "500 objects by indentation": "".join(f"{' ' * n}a:\n" for n in range(500)).encode(),
        "an integer of 100,000 digits": in_place(f"purpose: {'9' * 100_000}"),
        "a version of 100,000 digits": valid.replace("version: 1.0.0", f"version: {'9' * 100_000}").encode(),
        "an octal number of 100,000 digits": in_place(f"purpose: 0o{'7' * 100_000}"),
        "a port of 100,000 hexadecimal digits": valid.replace("5432", f"0x{'f' * 100_000}").encode(),
        "a position of 100,000 hexadecimal digits": valid.replace(
            "Position: 1", f"Position: 0x{'f' * 100_000}"
        ).encode(),
        "an exponent": in_place("purpose: 1e99999"),
        "not a number": in_place("purpose: .nan"),
        "50,000 anchors": in_place(f"purpose: [{','.join(f'&a{n} x' for n in range(50_000))}]"),
        "50,000 aliases": in_place(f"purpose: [&a x, {','.join(['*a'] * 50_000)}]"),
        "50,000 anchors as a contract's names": (
            valid + "x:\n" + "".join(f"  &a{n} k{n}: *a{n}\n" for n in range(50_000))
        ).encode(),
        "a billion laughs": laughs.encode(),
        "a billion laughs in a value": (valid + laughs).encode(),
        "an alias of itself": b"a: &a [*a]\n",
        "an alias of nothing": b"a: *a\n",
        "an anchor twice": in_place("purpose: [&a x, &a y, *a]"),
        "merge keys": in_place("<<: {purpose: x}"),
        "a tag": in_place('purpose: !!python/object/apply:os.system ["true"]'),
        "a tag of a megabyte": in_place(f"purpose: !{'x' * _MEGA} y"),
        "an anchor of a megabyte": in_place(f"purpose: &{'x' * _MEGA} y"),
        "two documents": (valid + "---\n" + valid).encode(),
        "directives": b"%YAML 9.9\n%TAG ! x\n---\n" + valid.encode(),
        "tabs": valid.replace("  ", "\t").encode(),
        "duplicated keys": (valid + "name: x\nname: y\n").encode(),
        "10,000 duplicated keys": (valid + "x: 1\n" * 10_000).encode(),
        "keys that are lists": in_place("? [a]\n  : b"),
        "10,000 keys that are lists": (valid + "? [a]\n: b\n" * 10_000).encode(),
        "a key of two megabytes around 90,000 values": (f"? {'k' * 2 * _MEGA}\n: [{','.join('1' * 90_000)}]").encode(),
        "a text of a megabyte": in_place(f"purpose: {'x' * _MEGA}"),
        "a folded text of a million lines": in_place("purpose: >\n" + "    x\n" * 500_000),
        "lone surrogate": in_place(r'purpose: "\ud800"'),
        "an escape of ANSI": in_place(r'purpose: "\e[31m\x9b"'),
        "NUL escape": valid.replace("name: people", r'name: "peo\0ple"').encode(),
        "a name of ANSI": valid.replace("name: people", r'name: "\e[31mpeople\x9b"').encode(),
    }


def in_toml() -> Mapping[str, bytes]:
    """Return TOML, and what is nearly TOML."""
    valid = FILES["pyproject.toml"]
    return {
        **_of_bytes(valid),
        "500 lists": (valid + f"x = {'[' * 500}{']' * 500}\n").encode(),
        "500 lists as contracts": valid.replace('["contracts"]', "[" * 500 + "]" * 500).encode(),
        "100,000 lists": (valid + f"x = {'[' * 100_000}\n").encode(),
        "500 inline tables": (valid + f"x = {'{a = ' * 500}1{'}' * 500}\n").encode(),
        "an integer of 100,000 digits": (valid + f"x = {'9' * 100_000}\n").encode(),
        "an octal number of 100,000 digits": valid.replace('"introduced"', f"0o{'7' * 100_000}").encode(),
        "a dotted key of 100,000 parts": (valid + ".".join("a" * 100_000) + " = 1\n").encode(),
        "a table of 100,000 parts": (valid + "[" + ".".join("a" * 100_000) + "]\n").encode(),
        "50,000 tables": (valid + "".join(f"[tool.t{n}]\n" for n in range(50_000))).encode(),
        "duplicated keys": (valid + 'enforce = "report"\n').encode(),
        "not a number": valid.replace('"introduced"', "nan").encode(),
        "a date": valid.replace('"introduced"', "2030-01-01").encode(),
        "a date that is none": valid.replace('"introduced"', "2030-99-99").encode(),
        "a section of a megabyte": (valid + f"[tool.{'x' * _MEGA}]\n").encode(),
        "a setting of a megabyte": (valid + f"{'x' * _MEGA} = 1\n").encode(),
        "a value of a megabyte": valid.replace('"introduced"', f'"{"x" * _MEGA}"').encode(),
        "a path of a megabyte": valid.replace('["contracts"]', f'"{"x" * _MEGA}"').encode(),
        "a path with a NUL": valid.replace('["contracts"]', r'"a\u0000b"').encode(),
        "a snapshot with a NUL": valid.replace('"schema_snapshot.json"', r'"a\u0000b"').encode(),
        "a snapshot of a megabyte": valid.replace('"schema_snapshot.json"', f'"{"x" * _MEGA}"').encode(),
        "ANSI in a value": valid.replace('"introduced"', r'"\u001b[31m\u009b"').encode(),
        "a tool that is no table": b"tool = 1\n",
        "settings that are no table": b"[tool]\nalembic_contracts = 1\n",
    }


def in_ini() -> Mapping[str, bytes]:
    """Return an .ini file, and what is nearly one."""
    valid = FILES["alembic.ini"]
    laughs = "[DEFAULT]\nk0 = x\n" + "".join(f"k{n} = {f'%(k{n - 1})s' * 10}\n" for n in range(1, 10))
    return {
        **_of_bytes(valid),
        "a billion laughs": (laughs + valid.replace("enforce = introduced", "enforce = %(k9)s")).encode(),
        "a reference to itself": valid.replace("enforce = introduced", "enforce = %(enforce)s").encode(),
        "an unknown reference": valid.replace("enforce = introduced", "enforce = %(x)s").encode(),
        "a percent sign": valid.replace("enforce = introduced", "enforce = 5%").encode(),
        "duplicated section": (valid + "[alembic_contracts]\n").encode(),
        "duplicated setting": valid.replace("enforce = introduced", "enforce = strict\nenforce = strict").encode(),
        "no section": b"a = b\n",
        "100,000 broken lines": (valid + "x\n" * 100_000).encode(),
        "50,000 sections": (valid + "".join(f"[t{n}]\n" for n in range(50_000))).encode(),
        "100,000 settings": (valid + "".join(f"k{n} = 1\n" for n in range(100_000))).encode(),
        "a section of a megabyte": (valid + f"[{'x' * _MEGA}]\n").encode(),
        "a setting of a megabyte": valid.replace("enforce", "x" * _MEGA).encode(),
        "a value of a megabyte": valid.replace("introduced", "x" * _MEGA).encode(),
        "a path of a megabyte": valid.replace("contracts = contracts", f"contracts = {'x' * _MEGA}").encode(),
        "ANSI in a value": valid.replace("introduced", "\x1b[31m\u009b").encode(),
        "100,000 rules": valid.replace(
            "column-type = error", "\n    ".join(["column-type = error"] * 100_000)
        ).encode(),
    }


def in_python() -> Mapping[str, bytes]:
    """Return Python, and what is nearly Python."""
    valid = FILES["migrations/versions/b2_orders.py"]

    def prelude(text: str) -> bytes:
        return valid.replace("depends_on = None", f"depends_on = None\n{text}").encode("utf-8", "surrogatepass")

    def revision(text: str) -> bytes:
        return valid.replace('revision = "b2"\n', f"{text}\n", 1).encode("utf-8", "surrogatepass")

    def down(text: str) -> bytes:
        return valid.replace('down_revision = "a1"', f"down_revision = {text}").encode()

    return {
        **_of_bytes(valid),
        "a million lines": b"x = 1\n" * 50_000,  # a million take Python itself 500 MB
        "an unknown encoding": b"# -*- coding: klingon -*-\n" + valid.encode(),
        "Latin 1, declared": b"# -*- coding: latin-1 -*-\n" + valid.encode() + b"# \xe9\n",
        "another encoding than declared": b"# -*- coding: ascii -*-\n" + valid.encode() + b"# \xe9\n",
        "an encoding of hexadecimals": b"# -*- coding: hex -*-\n" + valid.encode(),
        "a syntax error": prelude("def ("),
        "a wrong indentation": prelude("  x = 1"),
        "tabs and blanks": prelude("if 1:\n\tx = 1\n        y = 1"),
        "5,000 parentheses": prelude("x = " + "(" * 5000),
        "500 lists": prelude(f"x = {'[' * 500}{']' * 500}"),
        "90 lists": prelude(f"x = {'[' * 90}{']' * 90}"),
        "100,000 minus signs": prelude("x = " + "-" * 100_000 + "1"),
        "100,000 additions": prelude("x = 1" + "+1" * 100_000),
        "100,000 attributes": prelude("x = None if True else y" + ".a" * 100_000),
        "an integer of 100,000 digits": prelude("x = " + "9" * 100_000),
        "a lone surrogate in a name": prelude('x = "\ud800"'),
        "no revision": revision(""),
        "a revision that is None": revision("revision = None"),
        "a revision that is a number": revision("revision = 5"),
        "a revision that is a list": revision("revision = ['b2']"),
        "an empty revision": revision("revision = ''"),
        "the revision of another": revision("revision = 'a1'"),
        "a revision of ANSI": revision(r"revision = '\x1b[31m\x9b'"),
        "a revision of 5,000 characters": revision("revision = 'x' * 5000"),
        "a revision with reserved characters": revision("revision = 'a@b:c-d+e'"),
        "a revision named heads": revision("revision = 'heads'"),
        "a lone surrogate as revision": revision(r"revision = '\ud800'"),
        "it follows itself": down('"b2"'),
        "it follows nothing that is there": down('"zz"'),
        "it follows a number": down("5"),
        "it follows an object": down("object()"),
        "it follows a list": down('["a1"]'),
        "it follows a set": down('{"a1"}'),
        "it follows ten thousand": down('tuple(f"x{n}" for n in range(10000))'),
        "it follows one twice": down('("a1", "a1")'),
        "a branch of two roots": down("None"),
        "it depends on itself": prelude('depends_on = "b2"'),
        "it depends on nothing that is there": prelude('depends_on = "zz"'),
        "labels that are a number": prelude("branch_labels = 5"),
        "the label of another revision": prelude('branch_labels = ("a1",)'),
        "no upgrade": valid.replace("def upgrade", "def upgrad").encode(),
        "an upgrade that is no function": prelude("") + b"\nupgrade = 5\n",
        "an upgrade that takes arguments": valid.replace("def upgrade()", "def upgrade(x)").encode(),
        "an async upgrade": valid.replace("def upgrade()", "async def upgrade()").encode(),
        "a generator": valid.replace("def upgrade():", "def upgrade():\n    yield").encode(),
        "recursion": valid.replace("def upgrade():", "def upgrade():\n    upgrade()").encode(),
        "an error": valid.replace(
            "def upgrade():", r"def upgrade():" + "\n    raise ValueError('\\x1b[31m\\x9b\\u202e')"
        ).encode(),
        "an error of a megabyte": valid.replace(
            "def upgrade():", "def upgrade():\n    raise ValueError('x' * 10**6)"
        ).encode(),
        "an error that cannot be told": valid.replace(
            "def upgrade():",
            "class E(Exception):\n    def __str__(self):\n        raise RuntimeError\n\n\ndef upgrade():\n    raise E",
        ).encode(),
        "an error while loading": prelude("raise ValueError('x')"),
        "an error while loading that cannot be told": prelude(
            "class E(Exception):\n    def __str__(self):\n        raise RuntimeError\n\n\nraise E"
        ),
        "an exit while loading": prelude("raise SystemExit(0)"),
        "recursion while loading": prelude("def f():\n    f()\n\n\nf()"),
        "an import of nothing": prelude("import there_is_no_such_module"),
        "statements of 60 kB": valid.replace(
            '"ALTER TABLE orders ADD UNIQUE (id)"', '"SELECT " + "1," * 30000 + "1"'
        ).encode(),
        "a statement of parentheses": valid.replace(
            '"ALTER TABLE orders ADD UNIQUE (id)"', '"SELECT " + "(" * 100000'
        ).encode(),
        "a statement of closed parentheses": valid.replace(
            '"ALTER TABLE orders ADD UNIQUE (id)"', '"SELECT " + "(" * 20000 + "1" + ")" * 20000'
        ).encode(),
        "a statement with a NUL": valid.replace('"ALTER TABLE orders ADD UNIQUE (id)"', r'"SELECT \x00"').encode(),
        "a statement with a lone surrogate": valid.replace(
            '"ALTER TABLE orders ADD UNIQUE (id)"', r'"SELECT \ud800"'
        ).encode(),
        "a statement of a long condition": valid.replace(
            '"ALTER TABLE orders ADD UNIQUE (id)"',
            '"ALTER TABLE orders ADD CHECK (total > 0" + " AND total > 0" * 1000 + ")"',
        ).encode(),
        "a table of 1,600 columns": valid.replace(
            'op.execute("ALTER TABLE orders ADD UNIQUE (id)")',
            'op.create_table("wide", *(sa.Column(f"c{n}", sa.Text) for n in range(1600)))',
        ).encode(),
        "names of ANSI": valid.replace('"state"', r'"\x1b[31m\x9b\u202estate\n::error::x"').encode(),
        "a message of ANSI": valid.replace('"""orders"""', '"""\x1b[31morders\u009b\u202e\n::error::x"""').encode(),
    }


assert NATIVE["name"] == "orders"  # what `in_json` looks for
