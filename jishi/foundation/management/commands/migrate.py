from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management import CommandError
from django.core.management.commands.migrate import Command as Migrate
from django.db import OperationalError, connection
from django.db.migrations import operations as do
from django.db.migrations.migration import Migration
from django.db.migrations.state import ProjectState
from django.utils import timezone
from psycopg.errors import LockNotAvailable

from jishi.foundation import partitions, protect

GROWS = (
    do.CreateModel, do.AddField, do.AddIndex, do.AddConstraint, do.RemoveIndex, do.RemoveConstraint, do.RunSQL,
)  # fmt: skip


PATIENCE = "5s"  # spec 90 §12
BUSY = (
    "数据库正忙：有人长时间占着一张表，等了 5 秒没有等到，这一步什么都没有改。请等那项工作结束后再试一次。 · "
    "The database is busy: somebody has held a table for more than 5 seconds, and this step changed nothing. "
    "Wait until that work has ended and try again."
)


class Command(Migrate):
    """Migrates, then brings row security, grants and partitions to what the models declare."""

    requires_system_checks: list[str] = []  # the schema does not wait for pages; ./dev check asks for everything

    def handle(self, *args: Any, **options: Any) -> None:
        with giving_up():
            if connection.introspection.table_names():
                super().handle(*args, **options)
            else:
                with drawn_one_by_one():
                    super().handle(*args, **options)
            if not options.get("app_label"):
                today = timezone.now().date()
                partitions.ensure_months(today.replace(day=1), 14)
                protect.apply()


@contextmanager
def giving_up() -> Iterator[None]:
    """While the schema changes, wait for no table longer than `PATIENCE`: who waits for it holds up everybody behind.

    :raises CommandError: somebody reads or writes one of the tables for longer; that migration changed nothing.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [PATIENCE])
    try:
        yield
    except OperationalError as no:
        if isinstance(no.__cause__, LockNotAvailable):
            raise CommandError(BUSY) from None
        raise


@contextmanager
def drawn_one_by_one() -> Iterator[None]:
    """While an empty database is filled, draw anew only the model that an operation adds or adds something to.

    Django draws with it, at every operation, all models that hang together; here that is every table, and it was nine
    tenths of the work. What keeps its older drawing points to the same tables and columns. A migration that does more
    than add (alters a field, runs Python) gets everything drawn anew first; so does a schema that stands already.
    """
    usual_apply, usual_find = Migration.apply, ProjectState._find_reload_model  # type: ignore[attr-defined]
    stale = False

    def alone(state: ProjectState, app_label: str, model_name: str, *_: bool) -> set[tuple[str, str]]:
        state.is_delayed = True  # Django's word for: draw all before it matters
        return {(app_label, model_name)}

    def apply(self: Migration, project_state: ProjectState, *args: Any, **options: Any) -> ProjectState:
        nonlocal stale
        grows = all(isinstance(one, GROWS) for one in self.operations)
        if stale and not grows:
            project_state.__dict__.pop("apps", None)
        stale = grows
        ProjectState._find_reload_model = alone if grows else usual_find  # type: ignore[attr-defined]
        return usual_apply(self, project_state, *args, **options)

    Migration.apply = apply  # type: ignore[method-assign]
    try:
        yield
    finally:
        Migration.apply = usual_apply  # type: ignore[method-assign]
        ProjectState._find_reload_model = usual_find  # type: ignore[attr-defined]
