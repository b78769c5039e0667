"""up, worker, migrate, shell: the running platform."""

import os
import signal
import subprocess
import sys
import time
from argparse import ArgumentTypeError
from collections.abc import Callable, Sequence
from pathlib import Path

from config.cli import forked, running, using
from config.cli.standing import BASE, parser, stand

WORKER_PAUSE = 2.0  # seconds before a worker that ended is started again
Process = subprocess.Popen[bytes] | forked.Child  # tests supervise any program
PARTING = 3.0  # seconds that children which were just ended may take to give the folder back
MOST_STARTS = 5  # of the site within a minute


def up(argv: Sequence[str]) -> int:
    """Start database, site and worker; make the demonstration town on the first start; say where to look."""
    flags = parser("up", "Start the whole platform.")
    flags.add_argument("--port", type=a_port, default=8000, help="1 … 65535")
    flags.add_argument("--no-demo", action="store_true")
    given = flags.parse_args(argv)
    began = time.monotonic()
    if not given.no_demo:
        os.environ["JISHI_DEMO"] = "1"
    _ensure_port_free(given.port)
    folder = Path(given.data).resolve()
    _hold(folder, given.port)
    stand(given.data, django=False)
    using.stays(folder)
    try:
        if _schema_is_old(folder):
            _promise(folder)
            _run("manage", ["migrate", "--verbosity", "0"], folder, role="owner")
        if not given.no_demo:
            _run("manage", ["found_demo", "--first", "400"], folder, role="owner")
        return _serve(given.port, folder, began, demo=not given.no_demo)
    except BaseException:  # also Ctrl+C: nothing that was started here stays behind
        _stop_database()
        raise


def a_port(told: str) -> int:
    """Read a port. :raises ArgumentTypeError: not a number from 1 to 65535."""
    if not told.isascii() or not told.isdigit() or not 1 <= int(told) <= 65535:
        raise ArgumentTypeError(f"端口是 1 到 65535 的整数，不是“{told}”。 A port is 1 … 65535, not “{told}”.")
    return int(told)


def _hold(folder: Path, port: int) -> None:
    """One `up` per folder: a second one would take the database away from the first when it ends."""
    try:
        found = running.hold(folder, port)
    except OSError:
        return  # a folder that cannot be written is refused in words by `stand`
    if found:
        raise SystemExit(
            f"这个目录的平台已经在运行（{found}）。用那个网址，或用 --data 指定别的目录。 "
            f"The platform of this folder is running already ({found}): use that address, or name another folder "
            f"with --data."
        )


def _ensure_port_free(port: int) -> None:
    import socket

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise SystemExit(
                f"端口 {port} 已被占用，请换一个：./dev up --port {port + 1}。 "
                f"Port {port} is in use: ./dev up --port {port + 1}."
            ) from None


def _schema_is_old(folder: Path) -> bool:
    """Compare a stamp of all migration files with the last one applied here."""
    import hashlib

    files = sorted((BASE / "jishi").glob("*/migrations/*.py")) + [BASE / "uv.lock"]
    # What protects the rows is derived from models and protect.py: a change there must be applied too.
    files += [m for glob in ("*/models.py", "*/models/*.py") for m in sorted((BASE / "jishi").glob(glob))]
    files += [BASE / "jishi/foundation/protect.py", BASE / "jishi/foundation/database/leakproof.py"]
    now = hashlib.sha256(b"".join(f.read_bytes() for f in files if f.exists())).hexdigest()
    stamp = folder / "schema.stamp"
    if stamp.exists() and stamp.read_text() == now:
        return False
    (folder / "schema.next").write_text(now)
    return True


def _promise(folder: Path) -> None:
    """Mark what the text index needs (decision 0008), or say what the administrator of a server of others must run."""
    from jishi.foundation import database

    server = database.ensure(folder / "database")
    if server.data_dir is not None:
        database.mark_at(server.url_bootstrap, ("jishi", "template1"))
        return
    import psycopg

    with psycopg.connect(server.url_owner) as connection:
        if database.lacking(connection.cursor()):
            print(
                f"全文检索的索引还用不上，请数据库管理员执行一次： The text index cannot be used yet; ask the server's "
                f"administrator to run once:\n  {database.REMEDY}",
                file=sys.stderr,
            )


def _run(word: str, args: Sequence[str], folder: Path, *, role: str) -> None:
    """Run a word in a process of its own, so that the owner's rights end with it."""
    command = [sys.executable, "-m", "config.cli", word, *args]
    done = subprocess.run(command, env=_environment(folder, role), check=False)
    if done.returncode:
        raise SystemExit(done.returncode)
    if (folder / "schema.next").exists() and args[:1] == ["migrate"]:
        (folder / "schema.next").replace(folder / "schema.stamp")


def _environment(folder: Path, role: str) -> dict[str, str]:
    return {**os.environ, "JISHI_DATA": str(folder), "JISHI_ROLE": role, "PYTHONPATH": str(BASE)}


def _serve(port: int, folder: Path, began: float, *, demo: bool) -> int:
    forked.read_the_code()

    started: list[Process] = []

    def child(name: str, work: Callable[[], object]) -> Process:
        started.append(forked.Child(name, work))
        return started[-1]

    def pages() -> Process:
        return child("jishi-site", forked.site(port))

    def background() -> Process:
        return child("jishi-worker", forked.background)

    try:
        site, back = pages(), background()
        _wait_for_page(port, site)
        _say_where(port, folder, time.monotonic() - began, demo=demo)
        rest = demo and not (folder / "demo.past").exists()
        past = child("jishi-past", forked.past(folder / "past.log")) if rest else None
        return _until_stopped(site, back, pages, background, past)
    finally:
        _end(started)  # whatever went wrong: a forked child that lives is waited for when this process ends


def _wait_for_page(port: int, site: Process) -> None:
    import urllib.error
    import urllib.request

    for _ in range(600):
        if site.poll() is not None:
            raise SystemExit("网站没有启动，原因见上。 The site did not start; the reason is above.")
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health/live", timeout=5).read()
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return
    raise SystemExit("网站 60 秒内没有应答。 The site did not answer within 60 s.")


def _say_where(port: int, folder: Path, seconds: float, *, demo: bool) -> None:
    print(f"\n  基石  http://127.0.0.1:{port}/   （{seconds:.1f} s）\n", flush=True)
    if demo:
        people = folder / "people.txt"
        if people.exists():
            print(people.read_text(encoding="utf-8"), flush=True)
    print("  Ctrl+C 停止 · stop\n", flush=True)


def _until_stopped(
    site: Process, back: Process, pages: Callable[[], Process], background: Callable[[], Process], past: Process | None
) -> int:
    """Wait; when the site is stopped, or somebody stops us, end the others and then the database.

    A worker that ends is started again: pages go on meanwhile, and /health/ready says that it is away. So is the site
    when it is killed, until it has fallen over `MOST_STARTS` times within a minute: then it ends with its own code.
    """
    children = [site, back, *([past] if past is not None else [])]
    falls: list[float] = []

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    def again(name: str, old: Process, start: Callable[[], Process]) -> Process:
        print(f"{name}; it is started again.", file=sys.stderr, flush=True)
        time.sleep(WORKER_PAUSE)
        children.remove(old)
        children.append(start())
        return children[-1]

    signal.signal(signal.SIGTERM, stop)
    code = 0
    try:
        while True:
            if site.poll() is not None:
                code, now = site.returncode or 0, time.monotonic()
                falls = [*(t for t in falls if now - t < 60), now]
                if not code or len(falls) >= MOST_STARTS:
                    break
                site, code = again("网站停了，重新启动。 The site ended", site, pages), 0
            if back.poll() is not None:
                back = again("后台进程停了，重新启动。 The worker ended", back, background)
            time.sleep(0.3)
    except KeyboardInterrupt:
        code = 0
    _end(children)
    _stop_database()
    return code


def _stop_database() -> None:
    """Turn the database off, unless a command in another window still works: then the last of them does it."""
    if "JISHI_DATABASE_URL" not in os.environ and not using.leave(Path(os.environ["JISHI_DATA"]), patience=PARTING):
        print(
            "另一个命令还在用数据库，等它结束，数据库随之停止。 Another command still uses the database, which stops "
            "when that command has ended.",
            file=sys.stderr,
        )


def _end(children: Sequence[Process]) -> None:
    for child in children:
        if child.poll() is None:
            child.terminate()
    for child in children:
        try:
            child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            child.kill()


def worker(argv: Sequence[str]) -> int:
    """Run the background process: news, clocks, anchors."""
    given = parser("worker", "Deliver news, act on clocks, make anchors.").parse_args(argv)
    stand(given.data)
    from config.work import run

    run()
    return 0


def migrate(argv: Sequence[str]) -> int:
    """Bring schema, row security and grants up to date, as the owner."""
    given = parser("migrate", "Bring the schema up to date.").parse_args(argv)
    folder = stand(given.data, role="owner")
    from django.core.management import call_command

    _promise(folder)
    call_command("migrate", verbosity=1)
    return 0


def manage(argv: Sequence[str]) -> int:
    """Run a management command as the role of the environment (web, unless JISHI_ROLE says owner)."""
    stand(os.environ.get("JISHI_DATA") or str(BASE / ".jishi"), role=os.environ.get("JISHI_ROLE", "web"))
    from django.core.management import execute_from_command_line

    execute_from_command_line(["jishi", *argv])
    return 0


def shell(argv: Sequence[str]) -> int:
    """Open an interactive shell in the scope of nobody: rows appear inside scope.work(actor)."""
    given = parser("shell", "Open a shell.").parse_args(argv)
    stand(given.data)
    from django.core.management import call_command

    call_command("shell")
    return 0
