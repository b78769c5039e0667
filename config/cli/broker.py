"""keys: the key broker (level K1). It runs under an account of its own, better on a machine of its own.

    jishi keys passkey NAME --may receive --may unseal --may list     on the site: lines for the broker's first list
    jishi keys begin FOLDER --people LIST [--from OLD_KEYS]           at the broker: root key, first list, own pair
    jishi keys join FOLDER --people LIST                              at the broker, stopped: another town's first list
    jishi keys pair FOLDER SITE_FOLDER                                at the broker: a pair for the site's JISHI_KEYS
    jishi keys serve FOLDER --at unix:/run/jishi-keys/socket          at the broker: answer until stopped
    jishi keys book FOLDER                                            at the broker: is its book whole? what it did
"""

import argparse
import json
import os
import shutil
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from config.cli.standing import parser, stand, tenant_code

if TYPE_CHECKING:
    from jishi.foundation.broker.book import Person


def main(argv: Sequence[str]) -> int:
    """Do one of the six; exit code 1 and a sentence where it cannot be."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    written = argparse.RawTextHelpFormatter
    flags = argparse.ArgumentParser("jishi keys", description=__doc__, formatter_class=written)
    words = flags.add_subparsers(dest="word", required=True)
    begin = words.add_parser("begin")
    begin.add_argument("folder", type=Path)
    begin.add_argument("--people", type=Path, required=True, help="lines that `keys passkey` printed, one a passkey")
    begin.add_argument("--from", dest="old", type=Path, help="the folder of key files that the site had (level K0)")
    join = words.add_parser("join")
    join.add_argument("folder", type=Path)
    join.add_argument("--people", type=Path, required=True, help="lines that `keys passkey` printed in that town")
    paired = words.add_parser("pair")
    paired.add_argument("folder", type=Path)
    paired.add_argument("site", type=Path, help="an empty folder, to be carried to the site")
    serve = words.add_parser("serve")
    serve.add_argument("folder", type=Path)
    serve.add_argument("--at", required=True, help="unix:/path or host:port")
    words.add_parser("book").add_argument("folder", type=Path)
    words.add_parser("passkey", add_help=False)
    given, rest = flags.parse_known_args(argv)
    from jishi.foundation.broker.book import NotWhole
    from jishi.foundation.refusals import Refused

    try:
        return _passkey(rest) if given.word == "passkey" else _WORDS[given.word](given)
    except Refused as no:
        print(f"{no.sentence('zh')} {no.sentence('en')}", file=sys.stderr)
    except NotWhole as line:
        print(f"簿子从第 {line} 行起被改动过。 The book was changed from line {line} on.", file=sys.stderr)
    except (OSError, ValueError, KeyError, TypeError) as no:
        print(f"不成 · {type(no).__name__}: {no}", file=sys.stderr)
    return 1


def _make(folder: Path, people: "list[Person]", old: Path | None) -> None:
    """Write the first list and the broker's own pair; nobody else reads what is written."""
    from jishi.foundation.broker import wire
    from jishi.foundation.broker.desk import Desk

    before = os.umask(0o077)
    try:
        for name in ("root.key", "anchor.key"):
            if old is not None and not (folder / name).exists():
                shutil.copyfile(old / name, folder / name)
        desk = Desk(folder, time.time)
        try:
            desk.begin(people)
        finally:
            desk.close()
        if not (folder / f"{wire.BROKER}.key").exists():
            wire.make_pair(folder, wire.BROKER)
    finally:
        os.umask(before)


def _people(path: Path) -> "list[Person]":
    from jishi.foundation.broker.book import person_of

    return [person_of(json.loads(line)) for line in path.read_text("utf-8").splitlines() if line.strip()]


def _join(given: argparse.Namespace) -> int:
    from jishi.foundation.broker.desk import Desk

    people = _people(given.people)
    desk = Desk(given.folder, time.time)
    try:
        desk.join(people)
    finally:
        desk.close()
    print(f"又一个城镇，名单 {len(people)} 把通行密钥，以后只有它自己的两位批准人能改。")
    print(f"Another town, {len(people)} passkeys are listed; from now on two approvers of its own change that.")
    return 0


def _begin(given: argparse.Namespace) -> int:
    folder: Path = given.folder
    people = _people(given.people)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _make(folder, people, given.old)
    print(f"名单 {len(people)} 把通行密钥，以后只有两位批准人能改。")
    print(f"{len(people)} passkeys are listed; from now on two approvers change that.")
    if given.old:
        print(f"把 {given.old} 里的 root.key、anchor.key 从网站的机器上抹掉，另存一份纸质副本。")
        print(f"Wipe root.key and anchor.key in {given.old} from the site's machine; keep a copy on paper.")
    return 0


def _pair(given: argparse.Namespace) -> int:
    from jishi.foundation.broker import wire

    wire.pair(given.folder, given.site)
    print(f"{given.site} → JISHI_KEYS (0700); JISHI_KEYS_BROKER=unix:/… | host:port")
    return 0


def _serve(given: argparse.Namespace) -> int:
    import signal

    from jishi.foundation.broker import serving

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)

    def ready() -> None:
        print(f"钥匙服务在 {given.at}，按 Ctrl+C 停止。 The key broker answers at {given.at}.", flush=True)

    try:
        serving.run(given.folder, given.at, ready=ready)
    except KeyboardInterrupt:
        return 0
    return 0


def _book(given: argparse.Namespace) -> int:
    from jishi.foundation.broker import book

    rows = list(book.rows_of((given.folder / book.NAME).read_bytes()))
    for do, count in sorted(Counter(row["do"] for row in rows).items()):
        print(f"{count:8}  {do}")
    print(f"完整，{len(rows)} 行 · whole, {len(rows)} lines\n{rows[-1]['hash'] if rows else book.START}")
    return 0


def _passkey(argv: Sequence[str]) -> int:
    flags = parser("keys passkey", "Print the lines of one person's passkeys for the broker's list.")
    flags.add_argument("username")
    flags.add_argument("--may", action="append", choices=("receive", "unseal", "list"), required=True)
    given = flags.parse_args(argv)
    stand(given.data)
    from django.utils import timezone

    from jishi.accounts import queries
    from jishi.foundation import scope
    from jishi.foundation.actor import system
    from jishi.foundation.broker.book import Person, written
    from jishi.foundation.tenants import Tenant

    tenant = Tenant.objects.get(code=tenant_code())
    with scope.work(system(tenant.id)):
        account = queries.by_username(given.username)
        bodies = sorted(queries.bodies_of(account, now=timezone.now())) if account else []
        found = queries.passkeys_of(account) if account else []
        if not account or not found or len(bodies) != 1:
            raise SystemExit("没有这个人、没有通行密钥，或者不是恰好在一个单位任职。"
                             " No such person, no passkey, or not in office at exactly one body.")  # fmt: skip
        for key in found:
            host = next((one for one in tenant.hosts if key.fits(one)), "")
            one = Person(
                tenant.id, account, str(bodies[0]), given.username, key.credential.hex(), key.public_key.hex(), host,
                tuple(given.may),
            )  # fmt: skip
            print(json.dumps(written(one), ensure_ascii=False))
    return 0


_WORDS = {"begin": _begin, "join": _join, "pair": _pair, "serve": _serve, "book": _book}
