"""Puts a process on its feet: folders, database, Django, as the role that the word needs."""

import os
import sys
from argparse import ArgumentParser
from pathlib import Path

from config.cli import using

BASE = Path(__file__).resolve().parent.parent.parent

NO_TOWN = "还没有建市镇，先运行 ./dev up。 No town stands here yet: run ./dev up first."


def parser(word: str, sentence: str) -> ArgumentParser:
    """Give a parser that knows ``--data``."""
    made = ArgumentParser(prog=f"jishi {word}", description=sentence)
    made.add_argument("--data", default=os.environ.get("JISHI_DATA") or str(BASE / ".jishi"), metavar="DIR")
    return made


def stand(data: str, *, role: str = "web", django: bool = True) -> Path:
    """Start or attach to the database of `data` and set Django up as `role`.

    Whoever only looks (not the owner) is refused where nothing was founded. What had to be started is turned off
    again when the last command that uses it has ended (`using`); `up` says that it stays.

    :raises SystemExit: the database cannot be had; one sentence says why and what to do.
    """
    folder = Path(data).resolve()
    os.environ["JISHI_DATA"], os.environ["JISHI_ROLE"] = str(folder), role
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    looks = django and role != "owner"
    _attach(folder, looks=looks)
    if django:
        import django as framework

        framework.setup()
        if looks and not _has_tables():
            raise SystemExit(NO_TOWN)
    return folder


def _attach(folder: Path, *, looks: bool) -> None:
    from jishi.foundation.database import DatabaseUnavailable, ensure, status

    if looks and status(folder / "database").state == "absent":
        raise SystemExit(NO_TOWN)
    embedded = "JISHI_DATABASE_URL" not in os.environ
    try:
        (folder / "static").mkdir(parents=True, exist_ok=True)
        if embedded:
            using.enter(folder)
        server = ensure(folder / "database")
    except DatabaseUnavailable as no:
        raise SystemExit(f"{no.sentence_zh}\n{no.sentence_en}") from None
    except OSError as no:
        raise SystemExit(f"目录“{folder}”不能写入。 The folder {folder} cannot be written: {no.strerror}.") from None
    if embedded:
        os.environ["JISHI_PG_OWNER"], os.environ["JISHI_PG_WEB"] = server.url_owner, server.url_web
        if not server.attached:
            using.started(folder)
    if server.said_zh:
        print(f"{server.said_zh}\n{server.said_en}", file=sys.stderr)


def _has_tables() -> bool:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('foundation_tenant') IS NOT NULL")
        found = bool(cursor.fetchone()[0])
    if not connection.in_atomic_block:
        connection.close()
    return found


def tenant_code() -> str:
    """Give the tenant that a command works for: JISHI_TENANT, or the only one.

    :raises SystemExit: several stand there and none was named, or none at all.
    """
    from jishi.foundation.tenants import TRIAL, Tenant

    codes = list(Tenant.objects.exclude(code__endswith=TRIAL).order_by("id").values_list("code", flat=True))
    wanted = os.environ.get("JISHI_TENANT")
    if wanted and wanted in codes:
        return wanted
    if len(codes) == 1:
        return str(codes[0])
    if not codes:
        raise SystemExit(NO_TOWN)
    raise SystemExit(f"请用 JISHI_TENANT 指定：{'、'.join(codes)}。 Name one by JISHI_TENANT: {', '.join(codes)}.")
