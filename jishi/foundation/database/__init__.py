"""The embedded PostgreSQL and its supervisor: standard library and psycopg only, no Django (it runs
before settings).

    server = ensure(Path(".jishi/database"))     # start, or attach to, the server of this folder
    stop(Path(".jishi/database"))

README.md beside this file tells the life of the cluster; docs/decisions/0002-embedded-postgresql.md
tells why.
"""

from .leakproof import REMEDY, lacking, mark_at
from .safekeeping import Backup, backup, restore
from .supervisor import Server, Status, attend, ensure, status, stop
from .unavailable import DatabaseUnavailable

__all__ = [
    "REMEDY",
    "Backup",
    "DatabaseUnavailable",
    "Server",
    "Status",
    "attend",
    "backup",
    "ensure",
    "lacking",
    "mark_at",
    "restore",
    "status",
    "stop",
]
