"""The base format: whatever a contract holds, it is read, or what is wrong is said."""

from __future__ import annotations

import contextlib
import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alembic_contracts.documents.json_text import parse as parse_json
from alembic_contracts.errors import InvalidContracts
from tests.support.native import BASE, read

patiently = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)
WORDS = st.sampled_from(
    ["ARRAY", "USER-DEFINED", "int4[]", "numeric(9)", "timestamp(3)", "a.b", "interval", "oidvector"]
)
PLACES = sorted(parse_json(BASE, "x.json").values)


def _replaced(value, pointer: str, new):
    """A copy of a value with the member at a pointer replaced."""
    if not pointer:
        return new
    key, _, rest = pointer[1:].partition("/")
    return {**value, key: _replaced(value[key], f"/{rest}" if rest else "", new)}


@patiently
@given(st.sampled_from(PLACES), ANYTHING | WORDS, st.sampled_from(PLACES), ANYTHING | WORDS)
def test_no_contract_raises_anything_but_problems(one, value, other, another) -> None:
    contract = _replaced(json.loads(BASE), one, value)
    with contextlib.suppress(KeyError, TypeError, ValueError):  # the other place is gone with the first
        contract = _replaced(contract, other, another)
    text = json.dumps(contract)
    try:
        found = read(text)
    except InvalidContracts as invalid:
        messages = list(map(str, invalid.problems))
    else:
        assert found[0].facts
        return
    assert messages
    assert all(map(str.isprintable, messages))
