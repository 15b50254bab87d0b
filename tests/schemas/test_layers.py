"""Mappings that share what is the same are, step by step, what dictionaries are that share nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random

import pytest

from alembic_contracts.prediction.catalog.catalog import Catalog
from alembic_contracts.prediction.catalog.snapshots import Snapshots
from alembic_contracts.prediction.containment.messages import VALUES, Reader, Writer
from alembic_contracts.prediction.statements import execute
from alembic_contracts.schemas.layers import Layers, differences
from alembic_contracts.schemas.schema import Schema


class Value:
    """One that is equal to others and not the same."""

    def __init__(self, number: int = 0) -> None:
        self.number = number

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Value) and other.number == self.number

    def __hash__(self) -> int:
        return self.number


def unlike(one: Mapping[int, Value], other: Mapping[int, Value]) -> set[int]:
    return {key for key in {*one, *other} if one.get(key) is not other.get(key)}


@pytest.mark.parametrize("seed", range(30))
def test_they_are_what_dictionaries_are(seed: int) -> None:
    random = Random(seed)
    plain: dict[int, Value] = {number: Value() for number in range(random.choice((0, 1, 50)))}
    shared = Layers.of(plain)
    seen: list[tuple[dict[int, Value], Layers[int, Value]]] = [({**plain}, shared)]
    for _ in range(200):
        keys = random.choices(range(60), k=random.choice((1, 1, 1, 2, 20)))
        changes = {key: random.choice((Value(), Value(key % 2), None, plain.get(key))) for key in keys}
        plain = {key: value for key, value in {**plain, **changes}.items() if value is not None}
        changed = shared.changed(changes)
        assert (changed is shared) == (not unlike(plain, seen[-1][0]))
        shared = changed
        seen.append(({**plain}, shared))
    for one, layers in seen:
        assert len(layers) == len(one)
        assert {*layers} == {*one}
        assert not unlike(one, layers)
        assert all(key in one or (key not in layers and layers.get(key, 1) == 1) for key in range(60))
    for _ in range(300):
        (one, shared_one), (other, shared_other) = random.choices(seen, k=2)
        expected = unlike(one, other)
        assert differences(shared_one, shared_other) == differences(shared_one, other) == expected
        assert differences(one, shared_other) == expected
        assert (shared_one == shared_other) == (shared_one == other) == (one == shared_other) == (one == other)
    assert any(one == other and shared is not same for one, shared in seen for other, same in seen)


def test_what_is_shared_is_not_gone_through(monkeypatch: pytest.MonkeyPatch) -> None:
    values = Layers.of({number: Value() for number in range(1000)})
    same, unlike_it = values.changed({0: Value()}), values.changed({0: Value(1)})

    def through_all(_self: Layers[int, Value]) -> Iterator[int]:
        raise AssertionError

    monkeypatch.setattr(Layers, "__iter__", through_all)
    assert values == same != unlike_it
    assert values != values.changed({0: None})


def test_what_is_absent_raises_a_key_error() -> None:
    values = Layers.of({1: "a", 2: "b", 3: "c"}).changed({2: None})
    for key in (2, 4):
        with pytest.raises(KeyError):
            values[key]
    assert values == {1: "a", 3: "c"}


TOKEN = bytes(16)


def message(value: object) -> bytes:
    return Writer(TOKEN).message(VALUES, value)


def snapshots(tables: int) -> list[Schema]:
    catalog = Catalog()
    taken = Snapshots(catalog.state)
    found = [taken.now()]
    for number in range(tables):
        for sql in (f"CREATE TYPE e{number} AS ENUM ('a')", f"CREATE TABLE t{number} (id serial, e e{number})"):
            list(execute(catalog, sql))
            found.append(taken.now())
    return found


def test_snapshots_take_room_in_proportion_to_what_changes() -> None:
    small, large = (len(message(snapshots(tables))) for tables in (100, 400))
    assert large <= 4.6 * small


def test_a_snapshot_stays_what_it_is() -> None:
    taken = snapshots(20)
    assert [len(each.tables) for each in taken] == [0, *(number // 2 for number in range(1, 41))]
    assert [len(each.types) for each in taken] == [0, *((number + 1) // 2 for number in range(1, 41))]
    assert list(Reader(TOKEN).feed(message(taken))) == [(VALUES, taken)]
    assert taken[-1] == Catalog(taken[-1]).schema()


def test_what_is_undone_is_not_there() -> None:
    catalog = Catalog()
    taken = Snapshots(catalog.state)

    def after(sql: str) -> Schema:
        list(execute(catalog, sql))
        return taken.now()

    catalog.begin()
    first = after("CREATE TABLE t (a integer)")
    after("SAVEPOINT s")
    assert after("ALTER TABLE t ADD b text, ADD c text NOT NULL, ADD d integer").tables != first.tables
    assert after("ALTER TABLE t DROP a").tables != first.tables
    assert after("ROLLBACK TO s").tables == first.tables
    catalog.rollback()
    assert not taken.now().tables
