"""Figures of a whole platform in a folder of its own: hostile sign-in (F15), nothing leaves (F19), way back (F9)."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from config.cli.figures.figure import Figure, worst
from config.cli.standing import BASE

SHORT, LONG = 20, 60  # seconds of the flood
BACK_WITHIN, BACK_CASES = 30 * 60, 1_000_000
# Every Python of the site begins with this: a connection to anywhere but this machine is refused and written down.
_WATCH = """
import os, sys
_to = os.environ["JISHI_OUTGOING"]
def _look(event, args):
    if event == "socket.connect":
        where = args[1]
        host = where[0] if isinstance(where, tuple) else ""
        if host and not (host.startswith("127.") or host in ("::1", "localhost", "0.0.0.0")):
            with open(_to, "a") as out:
                out.write(f"connect {host}\\n")
            raise OSError("no way out")
    elif event == "socket.getaddrinfo" and args[0] not in (None, "", "localhost", "127.0.0.1", "::1", b"127.0.0.1"):
        with open(_to, "a") as out:
            out.write(f"name {args[0]}\\n")
sys.addaudithook(_look)
"""


def whole_site(*, full: bool) -> dict[str, Figure]:
    """This will start one platform and measure on it: pages offline, the flood, then backup, restore and verify."""
    from benchmarks import attack
    from benchmarks import site as sites

    with tempfile.TemporaryDirectory(prefix="jishi-outgoing-") as folder:
        Path(folder, "sitecustomize.py").write_text(_WATCH, encoding="ascii")
        heard = Path(folder, "outgoing")
        heard.touch(mode=0o666)
        with sites.site({"PYTHONPATH": folder, "JISHI_OUTGOING": str(heard)}) as made:
            asked = _every_page(made.url)
            flood = attack.measured(made, LONG if full else SHORT)
        left = heard.read_text("ascii").splitlines()
        back = _way_back(made.folder)
    told = "; ".join(f"{one.what}: {one.measured}" for one in flood)
    reached = worst(*(one.met for one in flood), None if not full else True)
    return {
        "F9": back,
        "F15": Figure("F15", "hostile sign-in", reached, told),
        "F19": Figure(
            "F19", "outgoing connections of an offline run", not left,
            f"{len(left)} in {asked} pages, sign-in, worker and a flood" + "".join(f"; {one}" for one in left[:5]),
        ),
    }  # fmt: skip


def _every_page(url: str) -> int:
    """Ask every address without a number in it, as a stranger and signed in."""
    from benchmarks.site import Browser
    from jishi.portal.demo.people import PEOPLE
    from jishi.portal.founding import PASSWORD

    paths, asked = _paths(), 0
    for name in ("", *(person[0] for person in PEOPLE[:6])):
        browser = Browser(url, "192.0.2.44")
        if name:
            browser.sign_in(name, PASSWORD)
        for path in paths:
            browser.ask(path)
            asked += 1
    return asked


def _paths() -> list[str]:
    from django.urls import URLPattern, URLResolver, get_resolver

    def mounted(patterns: list[URLPattern | URLResolver], before: str) -> list[str]:
        found = []
        for one in patterns:
            path = before + str(one.pattern)
            found += mounted(one.url_patterns, path) if isinstance(one, URLResolver) else [path]
        return found

    return [p for p in dict.fromkeys(mounted(get_resolver().url_patterns, "/")) if not set("<({^\\") & set(p)]


def _way_back(folder: Path) -> Figure:
    """Keep a copy, bring it back into another folder, verify; how long that takes for the cases that are there."""
    what = "restore and verify of 1M cases"
    other = Path(tempfile.mkdtemp(prefix="jishi-back-"))
    other.chmod(0o711)
    copy = other / "copy"
    cases = _said(folder, "manage", "shell", "-v", "0", "-c", _COUNT)
    made = _run("backup", str(copy), "--data", str(folder))
    began = time.monotonic()
    (other / "keys").symlink_to(folder / "keys")
    brought = _run("restore", str(copy), "--data", str(other / "data"), keys=folder / "keys")
    took = time.monotonic() - began
    again = _said(other / "data", "manage", "shell", "-v", "0", "-c", _COUNT, keys=folder / "keys")
    _stop(other / "data")
    _stop(folder)
    equal = cases == again and cases.isdecimal()
    said = f"{cases or '?'} cases back and verified in {took:.1f} s, {'equal' if equal else f'not equal: {again}'}"
    fine = made.returncode == 0 and brought.returncode == 0 and equal
    if not fine:
        said += f"; {(made.stderr + brought.stderr + brought.stdout)[-200:]}".replace("\n", " ")
    enough = cases.isdecimal() and int(cases) >= BACK_CASES
    return Figure("F9", what, worst(fine, None if not enough else took <= BACK_WITHIN), said)


_COUNT = (
    "from jishi.foundation import scope; from jishi.foundation.actor import system; "
    "from jishi.foundation.tenants import Tenant; from jishi.cases.actions import replaying; "
    "t = Tenant.objects.order_by('id')[0]; "
    "w = scope.work(system(t.id)); w.__enter__(); print(replaying.whole(by=system(t.id)).cases)"
)


def _run(*words: str, keys: Path | None = None) -> "subprocess.CompletedProcess[str]":
    kept = {k: v for k, v in os.environ.items() if not k.startswith("JISHI_") or k == "JISHI_PG_BIN"}
    given = {**kept, "JISHI_DEMO": "1", "PYTHONPATH": str(BASE), **({"JISHI_KEYS": str(keys)} if keys else {})}
    command = [sys.executable, "-m", "config.cli", *words]
    return subprocess.run(command, cwd=BASE, env=given, capture_output=True, text=True, check=False)


def _said(folder: Path, *words: str, keys: Path | None = None) -> str:
    os_keys = {"JISHI_KEYS": str(keys)} if keys else {}
    kept = {k: v for k, v in os.environ.items() if not k.startswith("JISHI_") or k == "JISHI_PG_BIN"}
    given = {**kept, **os_keys, "JISHI_DEMO": "1", "JISHI_DATA": str(folder), "PYTHONPATH": str(BASE)}
    command = [sys.executable, "-m", "config.cli", *words]
    done = subprocess.run(command, cwd=BASE, env=given, capture_output=True, text=True, check=False)
    return (done.stdout.strip().splitlines() or [done.stderr[-100:]])[-1]


def _stop(data: Path) -> None:
    from jishi.foundation.database import stop

    stop(data / "database")
