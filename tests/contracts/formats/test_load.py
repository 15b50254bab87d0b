"""Files and folders: which of them are contracts, and how what is none is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import pytest

from alembic_contracts.contracts import formats
from alembic_contracts.documents.files import MAXIMUM_BYTES
from alembic_contracts.errors import CannotCheck, InvalidContracts
from alembic_contracts.support.paths import shown

ROOT = Path(__file__).parents[3]


def contract(name: str = "images", **changes) -> str:
    value = {
        "spec-version": "1.0.0",
        "name": name,
        "namespace": "museum",
        "owner": {"name": "Data"},
        "schema": {"table_name": "images", "properties": {"id": {"constraints": {"data_type": "integer"}}}},
    }
    return json.dumps({**value, **changes}, indent=2)


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "contracts").mkdir()
    return tmp_path / "contracts"


def load(*paths: str):
    return formats.load([Path(path) for path in paths or ["contracts"]], root=Path.cwd())


def problems(*paths: str) -> list[str]:
    with pytest.raises(InvalidContracts) as refused:
        load(*paths)
    assert str(refused.value) == "\n".join(map(str, refused.value.problems))
    return [str(problem) for problem in refused.value.problems]


def test_folders_are_searched_at_any_depth_in_the_order_of_names(folder) -> None:
    for name in ("b/2.json", "b/1.JSON", "a.json", "c/d/e.json", ".hidden.json", ".git/x.json", "README.md", "b.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(contract(name.replace("/", "-")))
    assert [c.location.file for c in load()] == [
        "contracts/a.json",
        "contracts/b/1.JSON",
        "contracts/b/2.json",
        "contracts/c/d/e.json",
    ]


def test_a_file_that_is_named_twice_is_read_once(folder) -> None:
    (folder / "a.json").write_text(contract())
    (folder / "link.json").symlink_to("a.json")
    (folder / "loop").symlink_to(".")
    assert len(load("contracts", "contracts/a.json", "contracts", "./contracts/../contracts/a.json")) == 1


def test_linked_folders_are_searched(folder) -> None:
    (folder.parent / "shared").mkdir()
    (folder.parent / "shared" / "a.json").write_text(contract())
    (folder / "team").symlink_to("../shared")
    assert [c.location.file for c in load()] == ["contracts/team/a.json"]


def test_relative_paths_count_from_the_root_and_are_shown_from_the_working_directory(folder, monkeypatch) -> None:
    (folder / "a.json").write_text(contract())
    (folder / "b.json").write_text("{")
    inside = folder.parent / "migrations"
    inside.mkdir()
    monkeypatch.chdir(inside)
    (found,) = formats.load([Path("contracts/a.json")], root=folder.parent)
    assert found.location.file == "../contracts/a.json"
    with pytest.raises(InvalidContracts) as refused:
        formats.load([Path("contracts")], root=folder.parent)
    assert refused.value.problems[0].file == "../contracts/b.json"


def test_nothing_there_is_never_a_success(folder) -> None:
    with pytest.raises(CannotCheck, match=r"^There are no contracts at `missing`: no such file or folder\.$"):
        load("missing")
    with pytest.raises(
        CannotCheck,
        match=r"^There are no contracts in `contracts`: no file in it is named `\*\.json`, `\*\.yaml`, `\*\.yml`\.$",
    ):
        load()
    (folder / "README.md").write_text("x")
    (folder / ".a.json").write_text(contract())
    with pytest.raises(CannotCheck, match="no contracts in `contracts`"):
        load()
    (folder / "a.json").write_text(contract())
    (folder.parent / "empty").mkdir()
    with pytest.raises(CannotCheck, match="no contracts in `empty`"):
        load("contracts", "empty")


def test_files_can_be_listed_without_reading_them(folder) -> None:
    (folder / "a.json").write_text("broken")
    assert formats.files([Path("contracts")], root=Path.cwd()) == (folder / "a.json",)
    (folder / "b.json").mkdir()
    with pytest.raises(InvalidContracts, match="is a folder"):
        formats.files([Path("contracts")], root=Path.cwd())


def test_a_hidden_file_that_is_named_is_read(folder) -> None:
    (folder / ".a.json").write_text(contract())
    assert len(load("contracts/.a.json")) == 1


def test_a_byte_order_mark_is_accepted_and_takes_no_column(folder) -> None:
    (folder / "a.json").write_bytes(b"\xef\xbb\xbf" + contract().replace("\n", "\r\n").encode())
    (found,) = load()
    assert (found.location.line, found.location.column) == (3, 3)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "contracts/a.json:1:1: the file is empty"),
        (b"\xef\xbb\xbf", "contracts/a.json:1:1: the file is empty"),
        (b'{"a": "\xff"}', "contracts/a.json:1:8: the byte 0xff is not UTF-8; save the file as UTF-8"),
        (b'{\r\n"\xc3\xa9": "\xe9"}', "contracts/a.json:2:7: the byte 0xe9 is not UTF-8; save the file as UTF-8"),
        ("{}".encode("utf-16"), "contracts/a.json: is UTF-16 or UTF-32 text; save it as UTF-8"),
        (b"\x7fELF\x02\x01\x00\x00\xff\xfe", "contracts/a.json: is a binary file, not text"),
        (b"\x89PNG\r\n\x1a\n", "contracts/a.json:1:1: the byte 0x89 is not UTF-8; save the file as UTF-8"),
        (b"[" * 100_000, "contracts/a.json:1:65: nested more than 64 levels deep (at " + "/0" * 64 + ")"),
        (b"{\n", "contracts/a.json:2:1: the file ends before the `{` of line 1 is closed"),
    ],
)
def test_files_that_are_no_json(folder, data, expected) -> None:
    (folder / "a.json").write_bytes(data)
    assert problems() == [expected]


def test_a_file_of_100_megabytes_is_refused_in_milliseconds(folder) -> None:
    with (folder / "a.json").open("wb") as file:
        file.write(b"[1]")
        file.truncate(100 * 1024**2)
    (folder / "b.json").write_bytes(b" " * (MAXIMUM_BYTES + 1))
    load_started = time.process_time()
    found = problems("contracts/a.json")
    assert time.process_time() - load_started < 0.5  # reading them all takes seconds
    assert found == ["contracts/a.json: has 100.0 MiB; a contract may have 4 MiB"]
    assert problems("contracts/b.json") == ["contracts/b.json: has 4.0 MiB; a contract may have 4 MiB"]


def test_a_file_of_the_largest_size_is_read(folder) -> None:
    text = contract()
    (folder / "a.json").write_text(text + " " * (MAXIMUM_BYTES - len(text)))
    assert len(load()) == 1


def test_what_is_named_like_a_contract_but_is_none(folder) -> None:
    (folder / "good.json").write_text(contract())
    (folder / "folder.json").mkdir()
    (folder / "gone.json").symlink_to("nowhere")
    (folder / "circle.json").symlink_to("circle.json")
    (folder / "other.yaml").write_text("a: 1")
    os.mkfifo(folder / "pipe.json")
    assert problems() == [
        "contracts/circle.json: cannot be read: Too many levels of symbolic links",
        "contracts/folder.json: is a folder, not a contract file",
        "contracts/gone.json: cannot be read: No such file or directory",
        "contracts/other.yaml:1:1: not a contract: the key `kind` is missing",
        "contracts/pipe.json: is no regular file",
    ]


def test_a_folder_named_like_a_contract_may_hold_some(folder) -> None:
    (folder / "team.json").mkdir()
    (folder / "team.json" / "a.json").write_text(contract())
    assert len(load()) == 1


def test_a_named_file_in_no_known_format(folder) -> None:
    (folder / "a.txt").write_text(contract())
    assert problems("contracts/a.txt") == [
        (
            "contracts/a.txt: is in no format that is known here: "
            "a contract's file name ends in `.json` or `.yaml` or `.yml`"
        )
    ]


def test_files_and_folders_that_may_not_be_read() -> None:
    script = textwrap.dedent("""
        import os, sys
        from pathlib import Path
        from alembic_contracts.contracts import formats
        from alembic_contracts.errors import InvalidContracts
        os.chdir(sys.argv[1])
        formats.load([Path("contracts/good.json")], root=Path.cwd())  # all imports
        if os.geteuid() == 0:  # root may read everything
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        try:
            formats.load([Path("contracts")], root=Path.cwd())
        except InvalidContracts as invalid:
            print(invalid)
    """)
    with tempfile.TemporaryDirectory() as name:  # not tmp_path, whose parents only their owner may enter
        folder = Path(name, "contracts")
        folder.mkdir()
        Path(name).chmod(0o755)
        (folder / "good.json").write_text(contract())
        (folder / "bad.json").write_text(contract())
        (folder / "bad.json").chmod(0)
        (folder / "shut").mkdir(mode=0)
        run = subprocess.run([sys.executable, "-c", script, name], capture_output=True, text=True, check=False)
        (folder / "shut").chmod(0o755)
    assert run.stdout.splitlines() == [
        "contracts/bad.json: cannot be read: Permission denied",
        "contracts/shut: cannot be read: Permission denied",
    ], run.stderr


def test_problems_of_all_files_are_collected_in_the_order_of_files_and_lines(folder) -> None:
    (folder / "b.json").write_text('{"a": 1,}')
    (folder / "a.json").write_text(contract(namespace="", owner={"nam": "x"}))
    (folder / "c.json").write_text(contract())
    assert [problem.split(": ")[0] for problem in problems()] == [
        "contracts/a.json:4:16",
        "contracts/a.json:6:5",
        "contracts/b.json:1:8",
    ]


def test_two_contracts_of_one_name_are_refused_at_the_second(folder) -> None:
    (folder / "a.json").write_text(contract("x"))
    (folder / "b.json").write_text(contract("y"))
    (folder / "c.json").write_text("\n" + contract("x"))
    (folder / "d.json").write_text(contract("x", namespace="gallery"))
    assert problems() == [
        "contracts/c.json:4:3: there is a contract `museum/x` already, in contracts/a.json, line 3 (at /name)"
    ]


def test_two_contracts_on_one_table_are_both_kept(folder) -> None:
    (folder / "a.json").write_text(contract("x"))
    (folder / "b.json").write_text(contract("y"))
    one, other = load()
    assert one.tables == other.tables
    assert one.id != other.id


def test_a_format_is_one_new_module(folder) -> None:
    """A module that is put next to the others is found, tells its documents by their mark, and shares the parser."""
    package = folder.parent / "more"
    package.mkdir()
    (package / "other.py").write_text(
        textwrap.dedent("""
        from alembic_contracts.contracts.contract import Contract, Owner
        from alembic_contracts.documents.json_text import parse
        SUFFIXES = (".json", ".other")
        MARK = "otherVersion"
        def contracts(document):
            return (Contract(namespace="other", name=document.value["name"], owner=Owner("Other"), facts=(),
                             location=document.location("/name")),)
        """)
    )
    (folder / "a.json").write_text(contract())
    (folder / "b.json").write_text('{"otherVersion": 1, "name": "b"}')
    (folder / "c.other").write_text('{"otherVersion": 1, "name": "c"}')
    (folder / "d.json").write_text('{"name": "d"}')
    script = textwrap.dedent("""
        import sys
        from pathlib import Path
        from alembic_contracts.contracts import formats
        formats.__path__.append(sys.argv[1])
        print([c.id for c in formats.load([Path("contracts")], root=Path.cwd())])
    """)
    command = [sys.executable, "-c", script, str(package)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (
        "contracts/d.json:1:1: not a contract: the key `spec-version` or `kind` or `otherVersion` is missing"
        in run.stderr
    )
    (folder / "d.json").unlink()
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "['museum/images', 'other/b', 'other/c']"


def test_two_hundred_contracts_take_no_time(folder) -> None:
    text = (ROOT / "contracts/object_images.json").read_text()
    for number in range(200):
        (folder / f"{number:03}.json").write_text(text.replace("object-images-contract-spec", f"spec-{number}"))
    load("contracts/000.json")  # imports
    started = time.process_time()
    assert len(load()) == 200
    assert time.process_time() - started < 4  # 0.4 s on an idle machine


def test_neither_jsonschema_nor_a_parser_is_imported_with_the_package() -> None:
    script = (
        "import sys, alembic_contracts.contracts.formats;"
        "print([m for m in sys.modules if m in ('jsonschema', 'alembic')])"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_how_paths_are_shown(tmp_path, monkeypatch) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a")
    assert shown("b/../b/x.json") == "b/x.json"
    assert shown(tmp_path / "a" / "x.json") == "x.json"
    assert shown(tmp_path / "x.json") == "../x.json"
    assert shown("/nowhere-else/x.json") == "/nowhere-else/x.json"
    assert shown(os.fsdecode(b"\xff.json")) == "\ufffd.json"
    monkeypatch.chdir("/")
    assert shown(tmp_path / "x.json") == str(tmp_path / "x.json")[1:]
