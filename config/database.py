"""Where the database is and as whom we speak to it: embedded (unix socket) or JISHI_DATABASE_URL."""

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

WEB_ROLE = "jishi_web"
LIMITS = "-c lock_timeout=5s -c statement_timeout=15s"  # spec 90 §12: refuse with a sentence, never pile up


def settings_for(role: str, state_dir: Path) -> dict[str, Any]:
    """Give Django's database settings for `role`: ``web`` (requests, worker) or ``owner`` (migrations).

    The embedded server says its own addresses (JISHI_PG_WEB, JISHI_PG_OWNER, set by the program's command).
    On a server of others one login owns the tables and steps down to the web role.
    """
    embedded = os.environ.get(f"JISHI_PG_{role.upper()}")
    if embedded:
        return _from_url(embedded, LIMITS if role == "web" else "")
    url = os.environ.get("JISHI_DATABASE_URL")
    if url:
        return _from_url(url, f"-c role={WEB_ROLE} {LIMITS}" if role == "web" else "")
    return _from_url(f"postgresql://{WEB_ROLE}@/jishi?host={state_dir / 'run'}", LIMITS)


def _from_url(url: str, settings: str) -> dict[str, Any]:
    parts = urlsplit(url)
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    host = options.pop("host", parts.hostname or "")
    port = options.pop("port", str(parts.port or ""))
    if settings:
        options["options"] = f"{options.get('options', '')} {settings}".strip()
    options |= {"server_side_binding": True, "prepare_threshold": 5}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": host,
        "PORT": port,
        "NAME": os.environ.get("JISHI_PG_NAME") or unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "OPTIONS": options,
        "CONN_MAX_AGE": 600,
        "TEST": {"NAME": os.environ.get("JISHI_TEST_DB", "test_jishi")},
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
        half = path.with_suffix(f".{os.getpid()}")
        fd = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "w") as out:
            out.write(secrets.token_urlsafe(48))
        try:
            os.link(half, path)  # the first of two starts wins
        except FileExistsError:
            pass
        finally:
            half.unlink()
    if path.stat().st_mode & 0o077:
        raise SystemExit(f"{path} can be read by others. Close it: chmod 600 {path}")
    return path.read_text()
