"""Operations in, a version script out: by the project's own template, hooks and numbering, as Alembic writes it."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic.autogenerate import render_python_code
from alembic.operations import MigrateOperation, ops
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError, rev_id
from msgspec import Struct
from sqlalchemy import MetaData

from alembic_contracts import texts
from alembic_contracts.errors import CannotCheck
from alembic_contracts.reviews.fixes.remedy_code import undone
from alembic_contracts.running.postponed import refusing
from alembic_contracts.schemas.schema import Name

if TYPE_CHECKING:
    from alembic.config import Config

    from alembic_contracts.running.pending import Run

__all__ = ["Draft", "Wanted", "scripts_of", "written"]

Wanted = Callable[[Name, str | None], bool]
"""Whether a fix is to be about a table or column."""


class Draft(Struct, frozen=True, kw_only=True):
    """A revision that is to be written."""

    message: str
    reasons: tuple[str, ...]
    """What its docstring says beside the message."""
    operations: tuple[MigrateOperation, ...]
    day: date | None = None
    """The first on which it runs; None: any."""


def scripts_of(config: Config, folder: Path | None) -> ScriptDirectory:
    """Return the project's scripts, as they are now.

    Args:
        config: Alembic's configuration.
        folder: where to write instead of among them, for those who only want to see it.
    """
    scripts = ScriptDirectory.from_config(config)
    scripts.messaging_opts = {"quiet": True}
    if folder is not None:
        scripts.version_locations = [*(scripts.version_locations or [f"{scripts.dir}/versions"]), str(folder)]
    return scripts


_DIALECTS = ("mysql", "postgresql", "sqlite")
"""Whose types Alembic renders by the names of SQLAlchemy's modules."""


def written(draft: Draft, run: Run, scripts: ScriptDirectory, *, head: str, folder: Path | None) -> tuple[str, Path]:
    """Write a revision.

    Args:
        draft: what it does.
        run: the project's environment; its options say how operations are rendered.
        scripts: among which it goes.
        head: what it follows.
        folder: where to write it; None: where Alembic does.

    Returns:
        its id and its file.

    Raises:
        CannotCheck: Alembic refuses to write it.
    """
    script = _directive(draft, run, head)
    options = run.context.opts
    arguments: dict[str, Any] = {"config": run.environment.config, **(options.get("template_args") or {})}
    upgrade = _guarded(_rendered(script.upgrade_ops, run), draft, scripts, head)
    downgrade = _noted(_rendered(script.downgrade_ops, run), draft)
    imports = sorted(script.imports)
    code = upgrade + downgrade
    imports += [f"from sqlalchemy.dialects import {name}" for name in _DIALECTS if f"{name}." in code]
    name = run.arguments.get("engine_name")
    tokens = {"upgrades": upgrade, "downgrades": downgrade}
    if name is not None:  # Alembic's template for several databases
        tokens |= {f"{name}_upgrades": upgrade, f"{name}_downgrades": downgrade}
    try:
        made = scripts.generate_revision(
            script.rev_id or rev_id(),
            script.message,
            head=script.head,
            splice=script.splice,
            branch_labels=script.branch_label,
            version_path=folder or script.version_path,
            depends_on=script.depends_on,
            **{**arguments, **tokens, "imports": "\n".join(imports)},
        )
    except CommandError as error:
        raise CannotCheck(f"Alembic writes no revision: {error}") from error
    if made is None:
        raise CannotCheck("Alembic does not find the revision that it has written.")
    path = Path(made.path)
    _say_why(path, script.message or "", draft)
    return made.revision, path


def _say_why(path: Path, message: str, draft: Draft) -> None:
    """Put the reasons below the message in a script's docstring; in the message they would be in the file's name."""
    text = path.read_text(encoding="utf-8")
    reasons = [line for reason in draft.reasons for line in ("", *_wrapped(_in_docstring(reason)))]
    path.write_text(text.replace(message, "\n".join((message, *reasons)), 1), encoding="utf-8")


def _directive(draft: Draft, run: Run, head: str) -> ops.MigrationScript:
    """Return the revision after the project's own ``process_revision_directives``, which may number or name it."""
    undoing, _ = undone(draft.operations)
    script = ops.MigrationScript(
        rev_id(),
        ops.UpgradeOps(list(draft.operations)),
        ops.DowngradeOps(undoing),
        message=_in_docstring(draft.message),
        head=head,
        splice=False,
    )
    users = run.context.opts.get("process_revision_directives")
    users = getattr(users, "of_project", users)
    directives = [script]
    if users is not None:
        users(run.context, (head,), directives)
    if len(directives) != 1:
        raise CannotCheck("process_revision_directives of env.py does not let one revision be one.")
    return directives[0]


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, 100, break_long_words=False, break_on_hyphens=False)


def _in_docstring(text: str) -> str:
    """Return a text that ends no docstring, whatever is in it."""
    return texts.line(text).replace("\\", "\\\\").replace('"', "'")


def _rendered(operations: ops.UpgradeOps | ops.DowngradeOps | None, run: Run) -> str:
    if operations is None or not operations.ops:
        return "pass"
    options = run.context.opts
    # Rendering asks for some metadata, which env.py need not have; operations are rendered without looking at any.
    context = MigrationContext.configure(dialect=run.context.dialect, opts={"target_metadata": MetaData()})
    code = render_python_code(
        operations,
        sqlalchemy_module_prefix=options.get("sqlalchemy_module_prefix") or "sa.",
        alembic_module_prefix=options.get("alembic_module_prefix") or "op.",
        render_as_batch=bool(options.get("render_as_batch")),
        render_item=options.get("render_item"),
        user_module_prefix=options.get("user_module_prefix"),
        migration_context=context,
    )
    lines = [line for line in code.splitlines() if not line.strip().startswith("# ### ")]
    return "\n".join(lines).strip()


def _guarded(code: str, draft: Draft, scripts: ScriptDirectory, head: str) -> str:
    """Put before a script's code what refuses to run it before its day."""
    if draft.day is None:
        return code
    before = " ".join(revision.revision for revision in scripts.get_revisions(head))
    reason = (
        f"`{draft.message}` refuses to run before {draft.day:%Y-%m-%d}. {' '.join(draft.reasons)} "
        f"Until then, `alembic upgrade {before}` goes as far as it can."
    )
    return f"{textwrap.indent(refusing(draft.day, texts.line(reason)), '    ').strip()}\n\n    {code}"


def _noted(code: str, draft: Draft) -> str:
    """Put before a downgrade what it does not undo."""
    _, rest = undone(draft.operations)
    notes = [f"# Not undone: {_named(operation)}" for operation in rest]
    return "\n    ".join([*notes, code])


def _named(operation: MigrateOperation) -> str:
    text = str(operation.sqltext) if isinstance(operation, ops.ExecuteSQLOp) else type(operation).__name__
    return texts.line(" ".join(text.split()))
