"""Where the database is and as whom we speak to it: embedded (unix socket) or JISHI_DATABASE_URL."""

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

WEB_ROLE = "jishi_web"
OWNER_ROLE = "jishi_owner"
LIMITS = "-c lock_timeout=5s -c statement_timeout=15s"  # spec 90 §12: refuse with a sentence, never pile up


def settings_for(role: str, state_dir: Path) -> dict[str, Any]:
    """Give Django's database settings for `role`: ``web`` (requests, worker) or ``owner`` (migrations)."""
    url = os.environ.get("JISHI_DATABASE_URL")
    return _from_url(url, role) if url else _embedded(role, state_dir)


def _embedded(role: str, state_dir: Path) -> dict[str, Any]:
    return _postgres(
        HOST=os.environ.get("JISHI_PG_SOCKET", str(state_dir / "run")),
        PORT=os.environ.get("JISHI_PG_PORT", "5432"),
        NAME=os.environ.get("JISHI_PG_NAME", "jishi"),
        USER=OWNER_ROLE if role == "owner" else WEB_ROLE,
        PASSWORD="",
        OPTIONS={"options": LIMITS} if role == "web" else {},
    )


def _from_url(url: str, role: str) -> dict[str, Any]:
    parts = urlsplit(url)
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    if role == "web":
        options["options"] = f"{options.get('options', '')} -c role={WEB_ROLE} {LIMITS}".strip()
    return _postgres(
        HOST=options.pop("host", parts.hostname or ""),
        PORT=str(parts.port or ""),
        NAME=unquote(parts.path.lstrip("/")),
        USER=unquote(parts.username or ""),
        PASSWORD=unquote(parts.password or ""),
        OPTIONS=options,
    )


def _postgres(**rest: Any) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": 600,
        "TEST": {"NAME": os.environ.get("JISHI_TEST_DB", "test_jishi")},
        **rest,
    }


def secret(name: str, state_dir: Path) -> str:
    """Give the installation's own secret, made on first use (0600); JISHI_SECRET wins.

    :raises SystemExit: the file can be read by others.
    """
    given = os.environ.get("JISHI_SECRET")
    if given:
        return given
    path = Path(os.environ.get("JISHI_KEYS", state_dir / "keys")) / f"{name}.secret"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "w") as out:
            out.write(secrets.token_urlsafe(48))
    if path.stat().st_mode & 0o077:
        raise SystemExit(f"{path} can be read by others. Close it: chmod 600 {path}")
    return path.read_text()
