"""No password holds for ever: renewed while the server runs, nobody is cut off, a power cut locks nobody out."""

from __future__ import annotations

import os
import time

import psycopg
import pytest

from jishi.foundation import database
from jishi.foundation.database import cluster as clusters
from jishi.foundation.database import roles

from .folders import ask

MONTH = 31 * 86_400


def words_of(folder):
    return {role: (folder / "secrets" / role).read_text().strip() for role in roles.ROLES}


def made_old(folder):
    for role in roles.ROLES:
        os.utime(folder / "secrets" / role, (time.time() - MONTH, time.time() - MONTH))
    return words_of(folder)


def works(server):
    addresses = (server.url_web, server.url_owner, server.url_bootstrap)
    return [ask(url, "select current_user")[0][0] for url in addresses]


ALL = ["jishi_web", "jishi_owner", "jishi_bootstrap"]


class TestAfterAMonth:
    def test_the_worker_renews_each_and_an_open_connection_stays_open(self, cluster):
        server = database.ensure(cluster)
        before = made_old(cluster)
        with psycopg.connect(server.url_web) as held:
            assert database.attend(cluster) is True

            after = words_of(cluster)
            assert all(after[role] != before[role] for role in roles.ROLES)
            assert held.execute("select 1").fetchone() == (1,)
        assert works(server) == ALL

    def test_the_old_one_opens_nothing_any_more(self, cluster, tmp_path):
        server = database.ensure(cluster)
        old = tmp_path / "old"
        old.write_text(made_old(cluster)["jishi_owner"])
        old.chmod(0o600)
        database.attend(cluster)

        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(
                host=str(server.socket_dir), port=server.port, user="jishi_owner", dbname="jishi", passfile=str(old)
            )

    def test_a_young_one_is_left_alone(self, cluster):
        database.ensure(cluster)
        before = words_of(cluster)
        database.attend(cluster)

        assert words_of(cluster) == before


class TestInBetween:
    def test_a_server_that_goes_away_leaves_a_start_that_sets_all_anew(self, cluster, monkeypatch):
        server = database.ensure(cluster)
        before = made_old(cluster)

        adopt = roles.adopt

        def gone(layout, role):
            if role == "jishi_bootstrap":  # the database has the new one, its file is still the old one
                raise KeyboardInterrupt
            adopt(layout, role)

        with monkeypatch.context() as patch:
            patch.setattr(roles, "adopt", gone)
            with pytest.raises(KeyboardInterrupt):
                database.attend(cluster)
        with pytest.raises(psycopg.OperationalError):
            ask(server.url_bootstrap, "select 1")

        again = database.ensure(cluster)
        assert works(again) == ALL
        assert all(word != before[role] for role, word in words_of(cluster).items())
        assert not list((cluster / "secrets").glob("*.half"))

    def test_a_server_that_refuses_keeps_the_old_ones(self, cluster, monkeypatch):
        server = database.ensure(cluster)
        before = made_old(cluster)

        def refuses(connection, role, word):
            connection.execute("alter role nobody_of_this_name password null")

        monkeypatch.setattr(clusters, "_set_password", refuses)
        assert database.attend(cluster) is True

        assert words_of(cluster) == before
        assert works(server) == ALL
        assert not list((cluster / "secrets").glob("*.half"))
