"""Reports that every reporter is tested with. Messages and remedies have the form in which the rules write them."""

from __future__ import annotations

from datetime import date

from msgspec.structs import replace

from alembic_contracts.contracts.contract import Ending, Owner
from alembic_contracts.documents.document import ContractLocation
from alembic_contracts.judging.aftermath import Aftermath
from alembic_contracts.judging.violations import Checked, Notice, Report, Violation
from alembic_contracts.schemas.schema import Name
from alembic_contracts.schemas.steps import Location, Unproven
from alembic_contracts.schemas.uses import Place

DATA_ENGINEERING = Owner("Data Engineering Team", "data-eng@museum.org")
CURATORS = Owner("Curators' Desk")
IMAGES = Name("public", "object_images")
IMAGES_CONTRACT = "met-museum-data/object-images-contract-spec"
DROP = Location("0007", "migrations/versions/0007_normalise_images.py", 13, 'op.drop_table("object_images")')
ALTER = Location(
    "0008",
    "migrations/versions/0008_wider_ids.py",
    21,
    'op.alter_column("object_images", "object_id", type_=sa.BigInteger())',
)


STAGED = Place("models/staging/stg_images.sql", 7, "model stg_images")
GUIDE = Place("", None, "exposure Museum guide (guide@example.org)")
USES = (
    STAGED,
    GUIDE,
    Place("models/staging/stg_images.sql", 12, "model stg_images"),
    Place("models/marts/pictures.sql", 3),
    Place("models/marts/pictures.sql", 4),
)


def _column_exists(column: str, line: int, used_by: tuple[Place, ...] = ()) -> Violation:
    return Violation(
        rule="column-exists",
        severity="error",
        contract=IMAGES_CONTRACT,
        table=IMAGES,
        column=column,
        expected="present",
        actual="absent",
        introduced=True,
        message=(
            f"public.object_images.{column} does not exist. "
            "Queries and writes that name it fail with 'column does not exist'."
        ),
        remedy=(
            "Expand first, contract later. Add what is new beside it and keep both filled:\n"
            '    op.add_column("object_images", sa.Column("new_name", ...))\n'
            f'    op.execute("UPDATE public.object_images SET new_name = {column}")\n'
            f"Drop {column} in a later revision, once its consumers have moved and "
            f"contracts/object_images.json:{line} no longer names it.\n"
            "Agree on the date with Data Engineering Team <data-eng@museum.org>."
        ),
        owner=DATA_ENGINEERING,
        location=DROP,
        contract_location=ContractLocation("contracts/object_images.json", (line, 9), f"/schema/properties/{column}"),
        ending=Ending("contracts/object_images.json", line, len(column) + 13, '"sunset": "YYYY-MM-DD",'),
        used_by=used_by,
    )


def _object_id(rule: str, expected: str, actual: str, line: int) -> Violation:
    what = rule.partition("-")[2]
    return Violation(
        rule=rule,
        severity="error",
        contract=IMAGES_CONTRACT,
        table=IMAGES,
        column="object_id",
        expected=expected,
        actual=actual,
        introduced=True,
        message=(
            f"public.object_images.object_id has the {what} {actual} instead of {expected}. "
            f"Consumers that read or write it as {expected} get errors or other values."
        ),
        remedy=(
            f"Keep the {what}, or add a column beside it while consumers move:\n"
            '    op.add_column("object_images", sa.Column("object_id_new", ...))\n'
            "If every consumer can take it, ask Data Engineering Team <data-eng@museum.org> to change "
            f"contracts/object_images.json:{line} first."
        ),
        owner=DATA_ENGINEERING,
        location=ALTER,
        contract_location=ContractLocation("contracts/object_images.json", (line, 13)),
        sunset=date(2031, 7, 16),
        ending=Ending("contracts/object_images.json", 24, None, "", date(2031, 7, 16)),
    )


TABLE_ABSENT = Violation(
    rule="table-exists",
    severity="warning",
    contract="curation/gallery-labels",
    table=Name("Exhibits", "Gallery Labels"),
    column=None,
    expected="present",
    actual="absent",
    introduced=False,
    message="Exhibits.Gallery Labels does not exist. Every query on it fails with 'relation does not exist'.",
    remedy=(
        "Keep Exhibits.Gallery Labels until its consumers have moved: create what is new beside it, in this\n"
        "revision or another, and drop the old table in a later one.\n"
        "Agree on the date with Curators' Desk."
    ),
    owner=CURATORS,
    location=None,
    contract_location=ContractLocation("contracts/gallery_labels.json", (14, 23)),
    used_by=(Place("labels/print.py"), GUIDE, Place("", None, "dashboard Rooms"), Place("", None, "dashboard Loans")),
)

RICH = Report(
    phase="before",
    violations=(
        _column_exists("primary_image", 30, USES),
        _column_exists("additional_images", 40, (STAGED, GUIDE)),
        replace(
            _object_id("column-type", "integer", "bigint", 24),
            folded=(_object_id("numeric-precision", "32", "64", 25),),
        ),
        TABLE_ABSENT,
    ),
    unproven=(
        Unproven(
            "The statement calls refresh_labels(), a function whose body was not found.",
            Location("0009", "migrations/versions/0009_labels.py", 9, 'op.execute("SELECT refresh_labels()")'),
        ),
    ),
    notices=(
        Notice(
            "The contract curation/gallery-labels was written for the database museum; this one is postgres.",
            ContractLocation("contracts/gallery_labels.json", (12, 24)),
        ),
    ),
    checked=Checked(contracts=3, tables=3, facts=41, revisions=3),
    contracts=(IMAGES_CONTRACT, "curation/gallery-labels", "met-museum-data/object-tags"),
    aftermath=Aftermath(started=False, before=("0008",), now=("0008",)),
)
"""Everything that a report can hold, short of hostile text."""

KEPT = Report(
    phase="check", checked=Checked(contracts=1, tables=1, facts=24, revisions=6), contracts=(IMAGES_CONTRACT,)
)
ROLLED_BACK = Report(
    phase="commit",
    violations=(_column_exists("primary_image", 30),),
    checked=Checked(contracts=1, tables=1, facts=24, revisions=1),
    contracts=(IMAGES_CONTRACT,),
    aftermath=Aftermath(before=("0008",), now=("0008",)),
)
UNPROVEN = Report(
    phase="check",
    unproven=RICH.unproven,
    checked=Checked(contracts=1, tables=1, facts=24, revisions=0),
    contracts=(IMAGES_CONTRACT,),
)

REPORTS = {"rich": RICH, "kept": KEPT, "rolled_back": ROLLED_BACK, "unproven": UNPROVEN}
