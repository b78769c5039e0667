"""Prepares a test run: the owner's role, folders of its own, a throwaway server unless one is named.

Loaded by pytest with ``-p config.testing`` before Django reads its settings.
"""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ["JISHI_ROLE"] = "owner"
os.environ.setdefault("JISHI_FILES_FREE", "0")  # how full this machine's disk is decides no test
for _library in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # the workers fill the cores; more threads only wait
    os.environ.setdefault(_library, "1")
_made = "" if os.environ.get("JISHI_DATA") else tempfile.mkdtemp(prefix="jishi-test-")
os.environ["JISHI_DATA"] = os.environ.get("JISHI_DATA") or _made
os.environ.setdefault("JISHI_HOSTS", "localhost,127.0.0.1,testserver,other.example,town.example")
Path(os.environ["JISHI_DATA"]).chmod(0o711)  # the database's own account must get through
(Path(os.environ["JISHI_DATA"]) / "static").mkdir(exist_ok=True)
_DATABASE = Path(os.environ["JISHI_DATA"]) / "database"
_ours = False
_BASE = Path(__file__).resolve().parent.parent

if "PYTEST_XDIST_WORKER" not in os.environ:
    from jishi.portal.words_compile import compile_words

    compile_words(_BASE, _BASE / ".jishi/locale")

if "JISHI_DATABASE_URL" not in os.environ and "JISHI_PG_OWNER" not in os.environ:
    from jishi.foundation.database import ensure

    _server = ensure(_DATABASE, throwaway=True)
    os.environ["JISHI_PG_OWNER"], os.environ["JISHI_PG_WEB"] = _server.url_owner, _server.url_web
    _ours = True


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server that this process started and take its folder away (workers of xdist only use them)."""
    if _ours:
        from jishi.foundation.database import stop  # noqa: PLC0415

        stop(_DATABASE)
    if _made:
        shutil.rmtree(_made, ignore_errors=True)
