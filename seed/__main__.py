"""``python -m seed``: one entry for everything that this folder does."""

from __future__ import annotations

import click

from seed.fetch import fetch
from seed.load import load
from seed.query import query
from seed.sample import sample


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Examples:
  alembic upgrade head            make the tables
  python -m seed load             fill them with a made-up sample of 3,000 objects
  python -m seed query images     and look at the result

DATABASE_URL names the database; without it, it is this checkout's own PostgreSQL.
""",
)
def main() -> None:
    """Fill the museum's database and look into it.

    Every command exits with 0 if all went well, 1 if it could not do its work, 2 if it was called wrongly.
    """


for command in (load, query, sample, fetch):
    main.add_command(command)

if __name__ == "__main__":
    main(prog_name="python -m seed")
