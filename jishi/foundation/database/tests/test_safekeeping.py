from __future__ import annotations

import shutil
import stat

import pytest

from jishi.foundation import database
from jishi.foundation.database import DatabaseUnavailable

from .folders import ask, listing


@pytest.fixture
def kept(cluster, folder):
    server = database.ensure(cluster)
    ask(server.url_owner, "insert into kept values (2)")
    copy = database.backup(cluster, folder / "copy")
    return copy.folder


class TestBackup:
    def test_is_brought_back_with_everything_in_it(self, cluster, kept):
        server = database.ensure(cluster)
        ask(server.url_owner, "drop table kept")

        before = database.restore(cluster, kept)
        server = database.ensure(cluster)

        assert ask(server.url_owner, "select n from kept order by n") == [(1,), (2,)]
        assert ask(server.url_web, "select current_user") == [("jishi_web",)]
        assert (before / "PG_VERSION").is_file()

    def test_is_for_its_owners_eyes(self, kept):
        assert stat.S_IMODE(kept.stat().st_mode) == 0o700

    def test_is_brought_back_into_an_empty_folder(self, kept, folder):
        fresh = folder / "elsewhere-new"

        assert database.restore(fresh, kept) is None
        server = database.ensure(fresh)

        assert ask(server.url_owner, "select n from kept order by n") == [(1,), (2,)]
        database.stop(fresh)

    def test_overwrites_nothing(self, cluster, kept):
        before = listing(kept)

        with pytest.raises(DatabaseUnavailable, match="backup_folder_not_empty"):
            database.backup(cluster, kept)

        assert listing(kept) == before

    def test_leaves_a_stopped_database_stopped(self, cluster, folder):
        database.backup(cluster, folder / "copy")

        assert database.status(cluster).state == "stopped"

    def test_of_nothing_is_refused(self, folder):
        with pytest.raises(DatabaseUnavailable, match="no_database"):
            database.backup(folder / "nothing", folder / "copy")


class TestRestore:
    def test_refuses_a_copy_with_one_changed_byte_and_changes_nothing(self, cluster, kept):
        victim = next(
            path for path in sorted((kept / "base" / "global").iterdir()) if path.stat().st_size > 8000
        )
        content = bytearray(victim.read_bytes())
        content[4000] ^= 1
        victim.write_bytes(content)

        with pytest.raises(DatabaseUnavailable, match="backup_not_whole"):
            database.restore(cluster, kept)

        assert ask(database.ensure(cluster).url_owner, "select n from kept order by n") == [(1,), (2,)]

    def test_refuses_a_folder_that_is_no_copy(self, cluster, folder):
        (folder / "empty").mkdir()

        with pytest.raises(DatabaseUnavailable, match="backup_not_whole"):
            database.restore(cluster, folder / "empty")

    def test_interrupted_between_its_two_renames_is_finished_by_the_next_start(self, cluster, kept):
        ask(database.ensure(cluster).url_owner, "drop table kept")
        before = database.restore(cluster, kept)
        (cluster / "data").rename(cluster / "data.restored")
        (cluster / "swap").write_text(before.name + "\n")

        server = database.ensure(cluster)

        assert ask(server.url_owner, "select n from kept order by n") == [(1,), (2,)]
        assert not (cluster / "swap").exists()

    def test_interrupted_while_copying_leaves_the_present_data(self, cluster, kept):
        database.stop(cluster)
        shutil.copytree(kept / "base", cluster / "data.restored")
        (cluster / "data.restored" / "PG_VERSION").unlink()

        server = database.ensure(cluster)

        assert ask(server.url_owner, "select n from kept order by n") == [(1,), (2,)]
        assert not (cluster / "data.restored").exists()
