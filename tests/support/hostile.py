"""Names and texts that nobody vouches for, and what has them."""

from __future__ import annotations

from msgspec.structs import replace

from alembic_contracts import texts
from alembic_contracts.contracts.contract import (
    Contract,
    Fact,
    Owner,
)
from alembic_contracts.documents.document import ContractLocation
from alembic_contracts.judging.violations import Violation
from alembic_contracts.schemas.schema import Name
from alembic_contracts.schemas.steps import Location
from alembic_contracts.schemas.uses import Place

HOSTILE = {
    "escape": "\x1b[31mred\x1b]0;title\x07",
    "C1": "a\x9b31mb\x85c\x90d",
    "line feed": "a\n::error::b\n- c\n\n# d\n    op.drop_table('x')",
    "carriage return": "kept\rbroken",
    "tab": "a\tb",
    "HTML": "<script>alert('x')</script><img src=x onerror=y>&amp;</details>",
    "attribute": "\" onmouseover='x' y=\"",
    "comment": "--> <!-- ]]> */ //",
    "Markdown": "**a** `b` [c](javascript:d) ![e](http://f) | g | @h #1 ~~i~~ $j$ https://k",
    "fence": "```\n# a\n```",
    "workflow command": "::error file=a::b",
    "percent": "%0A::error::a%25",
    "double quote": 'a"b""c',
    "single quote": "a'b''c",
    "backslash": "a\\b\\n\\",
    "SQL": 'a"; DROP TABLE b; --',
    "colon": "a :b ::c:d",
    "braces": "{table} {0} %s %(x)s ${y}",
    "YAML": "a: b # c",
    "bidirectional": "a\u202eb\u2066c\u200fd\u061ce",
    "zero width": "a\u200bb\u200cc\u2060d\ufeffe\u00adf",
    "separators": "a\u2028b\u2029c",
    "tags": "a\U000e0041b",
    "surrogate": "a\ud800b",
    "link of SARIF": "[a](1)",
    "reserved word": "select",
    "megabyte": "x" * 1_000_000,
}
WHERE = ContractLocation("contracts/x.json", (3, 5), "/schema")


def uses(text: str) -> tuple[Place, ...]:
    return (Place(text, 7, text), Place(text, None, text), Place("", None, f"exposure {text}"))


def violation(text: str, **changes) -> Violation:
    return replace(
        Violation(
            rule="column-exists",
            severity="error",
            contract=text,
            table=Name("public", text),
            column=text,
            expected=text,
            actual=text,
            introduced=True,
            message=f"{text} is gone. {text} fails.",
            remedy=f"Keep {texts.line(text)}:\n    op.execute({texts.quoted(text)})",
            owner=Owner(text, text),
            location=Location(text, f"migrations/{text}.py", 7, text),
            contract_location=replace(WHERE, file=text),
            used_by=uses(text),
        ),
        **changes,
    )


def a_contract(text: str, *facts: Fact, name: str | None = None) -> Contract:
    return Contract(
        namespace=name or text,
        name=name or text,
        owner=Owner(text, "a@example.org"),
        facts=facts,
        location=WHERE,
        description=text,
        used_by={(Name("public", text), None): uses(text), (Name("public", text), text): uses(text)},
    )
