"""backup, restore, verify, bundle, anchor."""

import json
import sys
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from config.cli import filekeeping, running
from config.cli.standing import parser, stand, tenant_code


def backup(argv: Sequence[str]) -> int:
    """Keep a verified copy of database and files in a new folder."""
    flags = parser("backup", "Keep a verified copy of database and files in a new folder.")
    flags.add_argument("to")
    given = flags.parse_args(argv)
    from jishi.foundation import database

    try:
        made = database.backup(Path(given.data).resolve() / "database", Path(given.to))
    except database.DatabaseUnavailable as no:
        print(f"{no.sentence_zh}\n{no.sentence_en}", file=sys.stderr)
        return 1
    count, size = filekeeping.keep(Path(given.data).resolve(), made.folder)
    _note(given.data, "backup.last")
    print(f"{made.folder}  {(made.size + size) / 2**20:.1f} MiB  {count} files  {made.taken_at}")
    print(
        "数据库没有加密，照片等文件是加密的，都不含钥匙；请放在 0700 的地方。 "
        "The database in it is not encrypted, files are; it holds no keys: keep it private."
    )
    return 0


def restore(argv: Sequence[str]) -> int:
    """Bring a copy back; what was there is kept beside it."""
    flags = parser("restore", "Bring a copy back; what was there is kept beside it.")
    flags.add_argument("source")
    given = flags.parse_args(argv)
    from jishi.foundation import database
    from jishi.foundation.database.safekeeping import facts

    data, source = Path(given.data).resolve(), Path(given.source)
    running.ensure_nobody(data, "恢复会在它脚下换掉数据库", "this would take the database away under it")
    try:
        filekeeping.check(source)
        taken_at = facts(source).taken_at
        database.restore(data / "database", source)
    except filekeeping.FilesNotWhole as broken:
        print(f"备份里的文件不完整：{broken}。 The files of this backup are not whole: {broken}.", file=sys.stderr)
        return 1
    except database.DatabaseUnavailable as no:
        print(f"{no.sentence_zh}\n{no.sentence_en}", file=sys.stderr)
        return 1
    filekeeping.bring_back(data, source)
    _note(given.data, "restore.last")
    _end_again(given.data, taken_at)
    return verify(["--data", given.data])


def upgrade(argv: Sequence[str]) -> int:
    """Dump with the programs that made the data, restore into those found now, verify, swap the names."""
    flags = parser("upgrade", "Bring the data to another major version of PostgreSQL.")
    flags.add_argument("--from-bin", metavar="DIR", help="the programs that made the data; without: those found now")
    given = flags.parse_args(argv)
    from jishi.foundation import database
    from jishi.foundation.database.upgrade import upgrade as bring

    try:
        done = bring(
            Path(given.data).resolve() / "database", Path(given.from_bin) if given.from_bin else None,
            told=lambda step: print(f"  … {step}", flush=True),
        )  # fmt: skip
    except database.DatabaseUnavailable as no:
        print(f"{no.sentence_zh}\n{no.sentence_en}", file=sys.stderr)
        return 1
    print(f"{done.old} → {done.new}  {done.tables} tables, {done.rows} rows")
    print(f"原来的数据留在 {done.kept}，30 天后可以删。 The old data is kept there; delete it after 30 days.")
    return verify(["--data", given.data])


def mirror(argv: Sequence[str]) -> int:
    """Compare a root, as the second body reads it out, with ours; if it is one of them, note the day."""
    flags = parser("mirror", "Note that an anchor is kept by a second body: it reads out the root that it holds.")
    flags.add_argument("root")
    given = flags.parse_args(argv)
    stand(given.data)
    from jishi.foundation import anchors, scope
    from jishi.foundation.actor import system
    from jishi.foundation.tenants import Tenant

    for tenant in Tenant.objects.order_by("id"):
        with scope.work(system(tenant.id)):
            found = anchors.by_root(given.root.strip().lower())
        if found is not None:
            _note(given.data, "mirror.last")
            print(f"{tenant.code}  {found.day}  一致 · the same")
            return 0
    print("这里没有这个日根：抄错了，或者记录被换过。 No such root here: misread, or the record was replaced.")
    return 1


def clock(argv: Sequence[str]) -> int:
    """Say whether the clock is trusted; with ``--right`` the administrator says that it is right now."""
    flags = parser("clock", "Is the clock to be trusted? What acts by itself on time waits while it is not.")
    flags.add_argument("--right", action="store_true", help="it is right now; what was noted while it was ahead goes")
    given = flags.parse_args(argv)
    stand(given.data)
    from django.utils import timezone

    from config import clockwatch

    now = timezone.now()
    if given.right and clockwatch.trust(now):
        print("记下了。请重新启动后台进程。 Noted. Please start the worker again.")
    why = clockwatch.why_not(now)
    print(f"{now:%F %T %Z}  {why or '可信 · trusted'}")
    if why and not given.right:
        print("把钟对准，再写 · set the clock, then say: ./dev jishi clock --right")
    return 1 if why else 0


def _end_again(data: str, taken_at: str) -> None:
    """What was deleted stays deleted: the lists beside the store, then whatever has ended since (spec 90 §7.4)."""
    stand(data)
    from django.utils import timezone

    from jishi.cases.actions import retention
    from jishi.foundation import files, scope, sealed
    from jishi.foundation.actor import clock
    from jishi.foundation.tenants import Tenant

    now, since = timezone.now(), datetime.fromisoformat(taken_at)
    for tenant in Tenant.objects.order_by("id"):
        by = clock(tenant.id, f"restore:{int(now.timestamp())}")
        with scope.work(by):
            retention.end_again(files.ended(tenant_id=tenant.id), by=by)
            sealed.end_again(since, tenant_id=tenant.id)
            retention.run(by=by, now=now)


def _note(data: str, name: str) -> None:
    """Write down when it was done: `check --deploy` asks how long ago."""
    (Path(data).resolve() / name).write_text(datetime.now(UTC).isoformat(timespec="seconds") + "\n", "ascii")


def verify(argv: Sequence[str]) -> int:
    """Verify a bundle (offline, standard library only), or the trail of this installation."""
    flags = parser("verify", "Verify a bundle, a dossier, or the whole trail of this installation.")
    flags.add_argument("bundle", nargs="?")
    given = flags.parse_args(argv)
    if given.bundle:
        from config.cli import dossiers
        from jishi.kernels.ledger import verifier

        if dossiers.is_dossier(given.bundle):
            return dossiers.verify(given.bundle)

        return verifier.main([given.bundle])
    stand(given.data)
    from jishi.cases.actions import replaying
    from jishi.foundation import anchors, files, scope
    from jishi.foundation.actor import system
    from jishi.foundation.tenants import Tenant

    bad = 0
    for tenant in Tenant.objects.order_by("id"):
        with scope.work(system(tenant.id)):
            found, lost = anchors.verify(), files.missing(tenant_id=tenant.id)
            different = replaying.whole(by=system(tenant.id)).different
        counted = f"{found.entries} entries, {found.subjects} subjects, {found.anchors} anchors"
        print(f"{tenant.code} {tenant.name}: {counted}")
        for number in lost[:20]:
            print(f"  ✕ 文件不见了 · a file is missing: {number}")
        bad += len(lost)
        for sentence in found.findings[:20]:
            print(f"  ✕ {sentence}")
        bad += len(found.findings)
        for one in different[:20]:
            print(f"  ✕ {one.sentence()}")
        bad += len(different)
    print("完好 · sound" if not bad else f"{bad} 处不对 · {bad} findings")
    return 1 if bad else 0


def bundle(argv: Sequence[str]) -> int:
    """Write a bundle of the trail, without words, that strangers can verify."""
    flags = parser("bundle", "Write a bundle of the trail that strangers can verify.")
    flags.add_argument("to")
    given = flags.parse_args(argv)
    stand(given.data)
    from jishi.foundation import anchors, scope
    from jishi.foundation.actor import system
    from jishi.foundation.tenants import Tenant

    tenant = Tenant.objects.get(code=tenant_code())
    with scope.work(system(tenant.id)), zipfile.ZipFile(given.to, "w", zipfile.ZIP_DEFLATED) as out:
        for name, lines in anchors.bundle().items():
            out.writestr(name, lines if isinstance(lines, str) else json.dumps(lines, ensure_ascii=False))
    print(given.to)
    return 0


def anchor(argv: Sequence[str]) -> int:
    """Make an anchor over everything recorded since the last one."""
    given = parser("anchor", "Make an anchor now.").parse_args(argv)
    stand(given.data)
    from django.utils import timezone

    from jishi.foundation import anchors, scope
    from jishi.foundation.actor import system
    from jishi.foundation.tenants import Tenant

    tenant = Tenant.objects.get(code=tenant_code())
    now = timezone.now()
    with scope.work(system(tenant.id)):
        made = anchors.make(day=timezone.localdate(now), now=now)
    print(f"{made.number}  {made.day}  {made.entries} entries  {made.root}  {anchors.words_of(made)}")
    return 0
