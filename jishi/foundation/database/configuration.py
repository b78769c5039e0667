"""What the server is told: written anew at each start, so that code and cluster never differ. No secret in
it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from .layout import PORT, Layout
from .unavailable import unavailable

SHM = Path("/dev/shm")
ENOUGH_SHM = 128 * 1024 * 1024

STEADY = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "64",
    # Modest on purpose: server, site and worker of a demonstration stay within 600 MiB together.
    "shared_buffers": "64MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "effective_cache_size": "512MB",
    "max_wal_size": "512MB",
    "wal_level": "replica",
    "max_wal_senders": "4",
    "jit": "off",
    # A table that grew from nothing is planned as if it were empty until it is looked at: keys are then searched by
    # tenant alone, row after row. The first batch of an import must not decide how the other hundred are checked.
    "autovacuum_naptime": "10s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "password_encryption": "scram-sha-256",
    "ssl": "off",
    # Logs hold no person: no statement, no parameter, no DETAIL, and no ERROR line, because it may
    # quote a value.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_connections": "off",
    "log_checkpoints": "off",
    "log_autovacuum_min_duration": "-1",
    "logging_collector": "on",
    "log_filename": "postgresql-%a.log",
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_file_mode": "0600",
}
SAFE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
UNSAFE = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
"""Throwaway clusters of tests only: fast, and gone after a power cut."""

HBA = "local all all scram-sha-256\nlocal replication jishi_bootstrap scram-sha-256\n"
TRUSTING_HBA = "local all all trust\n"
"""While a cluster is made or restored (no passwords yet, a socket folder of its own), and for throwaway
clusters."""


@dataclass(frozen=True)
class Wanted:
    socket_dir: Path
    throwaway: bool
    may_write: bool = True
    is_private: bool = False


def write(layout: Layout, wanted: Wanted, *, major: int) -> Path:
    """This will write both files, each at once or not at all, and name the first.

    :raises DatabaseUnavailable: folder_not_writable
    """
    kind = "private" if wanted.is_private else "server"
    hba = layout.conf / f"{kind}.hba.conf"
    conf = layout.conf / f"{kind}.conf"
    _put(hba, TRUSTING_HBA if wanted.is_private or wanted.throwaway else HBA)
    _put(
        conf,
        "".join(f"{name} = {_quoted(value)}\n" for name, value in _told(layout, wanted, hba, major).items()),
    )
    return conf


def may_write(layout: Layout) -> bool:
    """This will say whether the server that runs was told to write."""
    try:
        return "default_transaction_read_only = 'on'" not in (layout.conf / "server.conf").read_text("utf-8")
    except OSError:
        return True


def _told(layout: Layout, wanted: Wanted, hba: Path, major: int) -> dict[str, str]:
    told = STEADY | (UNSAFE if wanted.throwaway else SAFE)
    told["hba_file"] = str(hba)
    told["log_directory"] = str(layout.log)
    told["unix_socket_directories"] = '"' + str(wanted.socket_dir).replace('"', '""') + '"'
    told["dynamic_shared_memory_type"] = _shared_memory()
    told["default_transaction_read_only"] = "off" if wanted.may_write else "on"
    if major >= 18:
        told["io_method"] = "sync"  # three worker processes less; on two cores they win nothing
    return told


def _shared_memory() -> str:
    """This will avoid /dev/shm where it is absent, closed or as small as containers make it (64 MiB)."""
    try:
        found = os.statvfs(SHM)
    except OSError:
        return "mmap"
    if not os.access(SHM, os.W_OK) or found.f_bavail * found.f_frsize < ENOUGH_SHM:
        return "mmap"
    return "posix"


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def _put(path: Path, text: str) -> None:
    half = path.with_name(path.name + ".half")
    try:
        half.write_bytes(os.fsencode(text))
        half.chmod(0o644)
        half.replace(path)
    except OSError as error:
        half.unlink(missing_ok=True)
        raise unavailable("folder_not_writable", folder=path.parent) from error
