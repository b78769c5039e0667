"""check --deploy: is this installation ready for people? Each line a sentence, each fault what to do (spec 90 §11).

What only people can know (who holds the paper copy of a key, whether the root is mirrored elsewhere) is not asked here.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from config.cli.standing import BASE, parser, stand

ADMINISTRATORS = ("system_admin", "security_admin", "auditor")
BACKUP_AGE, DRILL_AGE = timedelta(hours=24), timedelta(days=31)
ENOUGH_SPACE = 0.20
LEAST_SECRET, SMALL = 16, 1 << 20
STRONG_RSA = 3072  # bits
DURABLE = ("data_checksums", "fsync", "full_page_writes", "synchronous_commit")


@dataclass(frozen=True, slots=True)
class Line:
    """One question, answered: fine or not, in two languages, and what to do if not."""

    fine: bool
    zh: str
    en: str
    do: str = ""


def main(argv: Sequence[str]) -> int:
    """Ask everything and print it; 0 ready, 1 not."""
    given = parser("check --deploy", "Is this installation ready for people?").parse_args(argv)
    folder = stand(given.data)
    lines = list(every_line(folder, now=datetime.now(UTC)))
    for line in lines:
        print(f"{'✓' if line.fine else '✕'} {line.zh} · {line.en}")
        if not line.fine:
            print(f"    → {line.do}")
    faults = sum(not line.fine for line in lines)
    print("可以上线 · ready" if not faults else f"还不能上线：{faults} 处 · not ready: {faults}")
    return 1 if faults else 0


def every_line(folder: Path, *, now: datetime) -> Iterator[Line]:
    """Answer every question about the installation in `folder`."""
    yield from _settings()
    yield from _unified(folder)
    yield from _on_the_way()
    yield from _keys(folder)
    yield from _database()
    yield from _accounts_of_the_machine(folder)
    yield from _copies(folder, now)
    yield from _parts(folder, now)
    yield from _towns(now)


def _settings() -> Iterator[Line]:
    from django.conf import settings

    yield Line(not settings.DEMO, "不是演示", "not a demonstration", "unset JISHI_DEMO; start with ./dev up --no-demo")
    yield Line(not settings.DEBUG, "调试已关", "debugging is off", "DEBUG = False")
    named = [h for h in settings.ALLOWED_HOSTS if h not in ("localhost", "127.0.0.1", "[::1]")]
    yield Line(
        bool(named) and not any("*" in h for h in named), "站点名称已写明", "the site's own names are given",
        "export JISHI_HOSTS=12345.example.gov.cn",
    )  # fmt: skip
    yield Line(
        settings.SECURE_PROXY_SSL_HEADER is not None, "前面有终止 TLS 的代理", "a proxy ends TLS in front",
        "export JISHI_BEHIND_PROXY=1, with a proxy that sets X-Forwarded-Proto and X-Forwarded-For itself",
    )  # fmt: skip
    yield Line(
        settings.SESSION_COOKIE_SECURE and settings.SECURE_HSTS_SECONDS > 0, "Cookie 只走 TLS，浏览器记住只走 TLS",
        "cookies over TLS only, and browsers remember it", "unset JISHI_INSECURE_COOKIES JISHI_DEMO",
    )  # fmt: skip


def _unified(folder: Path) -> Iterator[Line]:
    """Where the unified sign-in is set: its issuer over TLS, a client with a secret, the secret in no file here."""
    from django.conf import settings

    if not (settings.OIDC_ISSUER or settings.OIDC_CLIENT or settings.OIDC_SECRET):
        return
    yield Line(
        settings.OIDC_ISSUER.startswith("https://"), "统一身份认证走 TLS", "the unified sign-in speaks TLS",
        "export JISHI_OIDC_ISSUER=https://…",
    )  # fmt: skip
    yield Line(
        bool(settings.OIDC_CLIENT and len(settings.OIDC_SECRET) >= LEAST_SECRET), "统一身份认证的客户有密钥",
        "our client there has a secret",
        f"export JISHI_OIDC_CLIENT JISHI_OIDC_SECRET, of {LEAST_SECRET} characters at least, as the issuer gives them",
    )  # fmt: skip
    yield Line(
        settings.OIDC_RSA_BITS >= STRONG_RSA, "统一身份认证的钥匙有 128 位强度", "its keys have 128 bits of strength",
        "ask the issuer for ES256 or RSA of 3072 bits, and unset JISHI_OIDC_RSA_BITS",
    )  # fmt: skip
    written = [p.name for p in _files(BASE, folder) if settings.OIDC_SECRET.encode() in p.read_bytes()]
    yield Line(
        not (settings.OIDC_SECRET and written), "统一身份认证的密钥不在程序和数据目录的文件里",
        "its secret stands in no file of program or data",
        f"give it by the environment of the service alone, and take it out of: {', '.join(written)}",
    )  # fmt: skip


def _on_the_way() -> Iterator[Line]:
    """Nothing leaves this program in the clear, and nobody is believed without a certificate (ASVS V12.3.1)."""
    from django.conf import settings

    named = ("JISHI_DATABASE_URL", "JISHI_DATABASE_WEB_URL")
    open_ = [name for name in named if not _is_closed(os.environ.get(name, ""))]
    yield Line(
        not open_, "数据库走本机套接字，或者走核对证书的 TLS",
        "the database is reached by a socket, or by TLS with its certificate",
        f"add ?sslmode=verify-full&sslrootcert=… to {', '.join(open_)}, and ssl = on at the server",
    )  # fmt: skip
    yield Line(
        not settings.SMS or settings.SMS.startswith("https://"), "短信网关走 TLS",
        "the gateway of text messages speaks TLS", "export JISHI_SMS=https://…",
    )  # fmt: skip
    here = not settings.SCANNER or settings.SCANNER.startswith(("unix:", "127.0.0.1:", "[::1]:", "localhost:"))
    yield Line(
        here, "查毒的程序在本机，文件不在网上明着走", "the virus scanner is on this machine: files cross no network",
        "run clamd here and export JISHI_SCANNER=unix:/run/clamav/clamd.ctl; it speaks no TLS",
    )  # fmt: skip


def _is_closed(url: str) -> bool:
    """Whether a database at this address is reached by a socket of this machine, or by TLS that checks who answers.

    >>> _is_closed(""), _is_closed("postgresql://a@/b?host=/run/pg"), _is_closed("postgresql://a@/b")
    (True, True, True)
    >>> _is_closed("postgresql://a@db.gov.cn/b"), _is_closed("postgresql://a@db.gov.cn/b?sslmode=require")
    (False, False)
    >>> _is_closed("postgresql://a@db.gov.cn/b?sslmode=verify-full"), _is_closed("postgresql://a@/b?host=/run/pg,db")
    (True, False)
    >>> _is_closed("postgresql://a@/b?hostaddr=10.0.0.5"), _is_closed("postgresql://a@/b?host=/run/pg&hostaddr=10.0.0.5")
    (False, False)
    """
    at = urlsplit(url)
    asked = dict(parse_qsl(at.query))
    named = [at.netloc.rpartition("@")[2], *f"{asked.get('host', '')},{asked.get('hostaddr', '')}".split(",")]
    return asked.get("sslmode") == "verify-full" or all(unquote(host).startswith("/") for host in named if host)


def _files(*folders: Path) -> Iterator[Path]:
    """Name the small files that lie openly in these folders, where settings are put by hand."""
    for path in (one for folder in folders if folder.is_dir() for one in sorted(folder.iterdir())):
        if path.is_file() and os.access(path, os.R_OK) and path.stat().st_size < SMALL:
            yield path


def _keys(folder: Path) -> Iterator[Line]:
    from django.conf import settings

    from jishi.foundation import keys

    found = keys.provider().health()
    yield Line(
        found.ok, f"钥匙（{found.level}）：{found.zh}", f"keys ({found.level}): {found.en}",
        "start the broker: jishi keys serve; at K0 chmod 600 the key files, or bring them back from their paper copy",
    )  # fmt: skip
    kept = Path(settings.KEYS_DIR).resolve()
    root = (kept / "root.key").exists()
    yield Line(
        found.level != "K0" and not root, "保密的诉求在收，根钥匙在钥匙服务那里（K1），不在这里",
        "confidential reports are taken, and the root key lies with a key broker (K1), not here",
        f"wipe {kept}/root.key: the broker has it" if root and found.level != "K0"
        else "jishi keys begin, pair, serve under another account, better on another machine (docs/operating.md)",
    )  # fmt: skip
    yield Line(
        not kept.is_relative_to(folder), "钥匙不在数据目录里", "keys are outside the data folder",
        f"move {kept} to another disk and export JISHI_KEYS=THAT_FOLDER",
    )  # fmt: skip
    closed = kept.is_dir() and not kept.stat().st_mode & 0o077
    yield Line(closed, "钥匙目录别人读不到", "nobody else can read the folder of keys", f"chmod 700 {kept}")


def _database() -> Iterator[Line]:
    from django.db import connection, transaction

    from jishi.foundation import database, protect

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('jishi.tenant', '', true)")
        told = {name: _one(cursor, "SELECT current_setting(%s)", [name]) for name in DURABLE}
        off = [name for name, value in told.items() if value != "on"]
        yield Line(
            not off, "数据库写得牢，有校验和", "the database is durable and has checksums",
            f"in postgresql.conf, on: {', '.join(off)} (checksums: pg_checksums --enable, while it is stopped)",
        )  # fmt: skip
        tables = [m._meta.db_table for m in protect.protected_models()]
        seen = [t for t in tables if _one(cursor, f'SELECT EXISTS (SELECT FROM "{t}")', [])]
        yield Line(
            not seen, f"没有范围就一行也看不到（{len(tables)} 张表）",
            f"without a scope no row is seen ({len(tables)} tables)",
            f"./dev jishi migrate; seen now: {', '.join(seen)}",
        )  # fmt: skip
        mighty = _one(cursor, "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user", [])
        yield Line(
            not mighty, "网页用的角色没有特权", "the web role has no privilege", "ALTER ROLE … NOSUPERUSER NOBYPASSRLS"
        )
        lacking = database.lacking(cursor)
        yield Line(not lacking, "中文检索用得上索引", "the Chinese search can use its index", database.REMEDY)
        drift = abs((_one(cursor, "SELECT clock_timestamp()", []) - datetime.now(UTC)).total_seconds())
        yield Line(drift <= 2, "数据库和本机的钟一致", "database and machine have one clock", "synchronise both by NTP")


def _accounts_of_the_machine(folder: Path) -> Iterator[Line]:
    if "JISHI_DATABASE_URL" in os.environ:
        yield Line(True, "数据库在另一个账户下", "the database runs under another account")
        return
    from jishi.foundation.database.roles import BOOTSTRAP

    readable = [p for p in folder.rglob(BOOTSTRAP) if p.is_file() and os.access(p, os.R_OK)]
    yield Line(
        not readable, "网页进程读不到数据库超级用户的口令", "the web process cannot read the superuser's password",
        "run your own PostgreSQL under another account: export JISHI_DATABASE_URL=postgresql://…",
    )  # fmt: skip


def _copies(folder: Path, now: datetime) -> Iterator[Line]:
    yield Line(
        _is_younger(folder / "backup.last", BACKUP_AGE, now), "24 小时内有备份", "a backup within 24 hours",
        "./dev backup /mnt/backup/TODAY",
    )  # fmt: skip
    yield Line(
        _is_younger(folder / "restore.last", DRILL_AGE, now), "31 天内演练过恢复", "a restore within 31 days",
        "./dev restore /mnt/backup/TODAY --data A_SCRATCH_FOLDER, then copy its restore.last here",
    )  # fmt: skip
    disk = shutil.disk_usage(folder)
    yield Line(
        disk.free / disk.total >= ENOUGH_SPACE, "磁盘空余不少于 20 %", "at least 20 % of the disk are free",
        f"make room on the disk of {folder}",
    )  # fmt: skip


def _parts(folder: Path, now: datetime) -> Iterator[Line]:
    from django.conf import settings

    from config.cli import parts, renewing
    from jishi.foundation import carriers, outgoing

    try:
        listed, readable = outgoing.inside(), True
    except ValueError:
        listed, readable = (), False
    wide = [one.host for one in listed if one.network.num_addresses > 256]
    yield Line(
        readable and not wide, f"出门的内网地址写明了（{len(listed)} 个）",
        f"receivers inside the network are listed narrowly ({len(listed)})",
        f"JISHI_INSIDE=host=range:port, at most 256 addresses each: {', '.join(wide) or settings.INSIDE}",
    )  # fmt: skip
    twins = [name for name in carriers.every() if carriers.only_remembers(name)]
    yield Line(
        not twins, "短信和邮件不是替身", "no twin stands in for text messages or mail", "export JISHI_SMS JISHI_MAIL"
    )
    differ = parts.differences(BASE)
    yield Line(
        not differ, "装的和组成清单一致", "what is installed is what the list of parts says",
        f"install from the lock again; different: {', '.join(differ[:5])}",
    )  # fmt: skip
    late = renewing.breaches(BASE, on=now.date(), within=renewing.INSTALLED)
    yield Line(
        not late, "别人的部件没有超过写明的时限", "no part of others is older than allowed",
        f"install the latest release, within the days of SECURITY.md: {', '.join(late)}",
    )  # fmt: skip
    yield Line(
        _is_younger(folder / "mirror.last", DRILL_AGE, now), "31 天内有第二家单位核对过日根",
        "a second body compared an anchor within 31 days", "./dev jishi mirror ROOT, as the second body reads it out",
    )  # fmt: skip
    unnoticed = parts.unnoticed(BASE, folder)
    yield Line(
        not unnoticed, "没有核对过的制度都有人知道", "somebody has taken notice of every unverified institution",
        f"./dev jishi editions --noticed, after reading: {', '.join(unnoticed[:3])} …",
    )  # fmt: skip


def _towns(now: datetime) -> Iterator[Line]:
    from config import health
    from jishi.foundation.tenants import Tenant

    works = health.WORKER not in health.parts_missing()
    yield Line(works, "后台进程在跑", "the worker is running", "./dev jishi worker")
    towns = list(Tenant.objects.order_by("id"))
    yield Line(bool(towns), "有市镇", "a town stands here", "found one")
    for town in towns:
        yield from _town(town, now)


def _town(town: Any, now: datetime) -> Iterator[Line]:
    from django.db import connection

    from jishi.accounts import queries
    from jishi.foundation import scope
    from jishi.foundation.actor import system

    with scope.work(system(town.id)), connection.cursor() as cursor:
        held = queries.people_of_many(ADMINISTRATORS, now=now)
        people = [{one.account_id for one in held[role]} for role in ADMINISTRATORS]
        apart = all(people) and sum(map(len, people)) == len(set().union(*people))
        yield Line(
            apart, f"{town.name}：三员是三个人", f"{town.code}: three administrators are three persons",
            "give the missing post to another person: 系统、安全、审计",
        )  # fmt: skip
        anchored = _one(cursor, "SELECT max(made_at) > %s FROM foundation_anchor", [now - timedelta(hours=25)])
        yield Line(
            bool(anchored), f"{town.name}：昨天的日根已做", f"{town.code}: yesterday is anchored", "./dev jishi anchor"
        )
        plain = _one(
            cursor, "SELECT count(*) FROM cases_webhook WHERE active_to IS NULL AND url NOT LIKE 'https://%%'", []
        )
        yield Line(
            not plain, f"{town.name}：事件只发往走 TLS 的地址", f"{town.code}: news goes to addresses with TLS alone",
            f"{plain} webhooks begin with http://: let their programs open them anew as https://",
        )  # fmt: skip
        ended = _one(
            cursor, "SELECT EXISTS (SELECT FROM foundation_entry WHERE verb = 'retention.run' AND recorded_at > %s)",
            [now - timedelta(hours=36)],
        )  # fmt: skip
        yield Line(
            bool(ended), f"{town.name}：昨夜清理过到期内容", f"{town.code}: what has ended was ended last night",
            "keep the worker running over night: ./dev jishi worker",
        )  # fmt: skip


def _is_younger(stamp: Path, age: timedelta, now: datetime) -> bool:
    try:
        return now - datetime.fromisoformat(stamp.read_text("ascii").strip()) <= age
    except (OSError, ValueError):
        return False


def _one(cursor: Any, query: str, values: Sequence[object]) -> Any:
    cursor.execute(query, values)
    return cursor.fetchone()[0]
