"""backup, restore, verify, bundle, anchor."""

import json
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

from config.cli.standing import parser, stand, tenant_code


def backup(argv: Sequence[str]) -> int:
    """Keep a verified copy of the whole database in a new folder."""
    flags = parser("backup", "Keep a verified copy of the database in a new folder.")
    flags.add_argument("to")
    given = flags.parse_args(argv)
    from jishi.foundation import database

    try:
        made = database.backup(Path(given.data).resolve() / "database", Path(given.to))
    except database.DatabaseUnavailable as no:
        print(f"{no.sentence_zh}\n{no.sentence_en}", file=sys.stderr)
        return 1
    _note(given.data, "backup.last")
    print(f"{made.folder}  {made.size / 2**20:.1f} MiB  {made.taken_at}")
    print("这份备份没有加密，也不含钥匙；请放在 0700 的地方。 It is not encrypted and holds no keys: keep it private.")
    return 0


def restore(argv: Sequence[str]) -> int:
    """Bring a copy back; what was there is kept beside it."""
    flags = parser("restore", "Bring a copy back; what was there is kept beside it.")
    flags.add_argument("source")
    given = flags.parse_args(argv)
    from jishi.foundation import database

    try:
        database.restore(Path(given.data).resolve() / "database", Path(given.source))
    except database.DatabaseUnavailable as no:
        print(f"{no.sentence_zh}\n{no.sentence_en}", file=sys.stderr)
        return 1
    _note(given.data, "restore.last")
    return verify(["--data", given.data])


def _note(data: str, name: str) -> None:
    """Write down when it was done: `check --deploy` asks how long ago."""
    from datetime import UTC, datetime

    (Path(data).resolve() / name).write_text(datetime.now(UTC).isoformat(timespec="seconds") + "\n", "ascii")


def verify(argv: Sequence[str]) -> int:
    """Verify a bundle (offline, standard library only), or the trail of this installation."""
    flags = parser("verify", "Verify a bundle, or the whole trail of this installation.")
    flags.add_argument("bundle", nargs="?")
    given = flags.parse_args(argv)
    if given.bundle:
        from jishi.kernels.ledger import verifier

        return verifier.main([given.bundle])
    stand(given.data)
    from jishi.foundation import anchors, scope
    from jishi.foundation.actor import system
    from jishi.foundation.tenants import Tenant

    bad = 0
    for tenant in Tenant.objects.order_by("id"):
        with scope.work(system(tenant.id)):
            found = anchors.verify()
        counted = f"{found.entries} entries, {found.subjects} subjects, {found.anchors} anchors"
        print(f"{tenant.code} {tenant.name}: {counted}")
        for sentence in found.findings[:20]:
            print(f"  ✕ {sentence}")
        bad += len(found.findings)
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
