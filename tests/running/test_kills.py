"""Upgrades that are killed, lose their session or run out of time or disk: a few of ``python -m benchmarks.kills``."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from tests.support import kills, strikes
from tests.support.cluster import Cluster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FAULTS = (
    strikes.kill_client,
    strikes.kill_server,
    strikes.lose_session,
    strikes.statement_timeout,
    strikes.lock_timeout,
)
POINTS = 3
"""Of each fault in each mode."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster() as cluster:
        yield cluster


@pytest.fixture(scope="module", params=kills.MODES)
def bench(request: pytest.FixtureRequest, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> kills.Bench:
    return kills.Bench(cluster, request.param, tmp_path_factory.mktemp("kills") / "project")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_what_an_upgrade_leaves_is_a_state_that_it_commits(
    bench: kills.Bench, fault: Callable[[kills.Bench, kills.Outcome, float], None]
) -> None:
    outcome, chance = kills.Outcome(), random.Random(0)
    for number in range(POINTS):
        fault(bench, outcome, 2 * (number + chance.random()) / POINTS)
    assert outcome.tried == POINTS
    assert not outcome.bad, "\n\n".join(outcome.bad)


def test_what_an_upgrade_commits_is_what_it_promises(bench: kills.Bench) -> None:
    """One transaction has two ends, one for each revision as many as there are; more where scripts ask for it."""
    count = len(bench.allowed)
    if bench.mode == "one transaction":
        assert count == 2
    elif bench.mode == "one a revision":
        assert count == 5
    else:
        assert count > 5


def test_a_session_that_is_lost_before_the_commit_is_no_verdict(bench: kills.Bench) -> None:
    """Between the last statement and the guard's look it could not be checked; later it is as without a guard."""
    if bench.mode != "one transaction":
        pytest.skip("the last moments are the same in each")
    said, outcome = [], kills.Outcome()
    for moment in range(bench.moments - 15, bench.moments, 2):
        with bench.database() as name:
            assert bench.upgrade(name, STRIKE="session", STRIKE_AT=str(moment)) > 0
            said.append(bench.said())
            bench.judge(name, outcome, f"lost at {moment} of {bench.moments}")
    assert not outcome.bad, "\n\n".join(outcome.bad)
    assert not any("would be broken" in each for each in said)
    refused = [each for each in said if "could not be checked before its commit" in each]
    assert refused
    assert not any("Traceback" in each for each in refused)


def test_a_full_disk(cluster: Cluster, tmp_path: Path) -> None:
    with strikes.disk(True) as disk:
        if disk is None:
            pytest.skip("nobody can mount a small file system here")
        bench, outcome = kills.Bench(cluster, kills.MODES[0], tmp_path / "project", disk), kills.Outcome()
        for point in (0.0, 0.6):
            strikes.fill(disk)(bench, outcome, point)
        bench.close()
    assert outcome.ended
    assert not outcome.bad, "\n\n".join(outcome.bad)


def test_what_is_wrong_afterwards_is_found(bench: kills.Bench) -> None:
    outcome = kills.Outcome()
    with bench.database() as name:
        bench.run(name, "ALTER TABLE t ADD surprise int")
        bench.judge(name, outcome, "a state that nobody commits")
    assert "a state that no upgrade commits" in outcome.bad[0]
    outcome = kills.Outcome()
    with bench.database() as name:
        bench.run(name, "ALTER TABLE t DROP price CASCADE")
        bench.judge(name, outcome, "a broken contract")
    assert any("contracts are broken" in each for each in outcome.bad)
