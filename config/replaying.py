"""The replay: rebuild each case's state from its entries and compare it with the row (spec 90 §6, F11).

A row that was changed without a verb, by whoever can write the database, differs from what its entries tell.
`jishi verify` asks, and so does `check trust` (F11); nothing asks by itself.
"""

from dataclasses import dataclass

from django.db import connection

_DIFFERENT = """
    WITH told AS (
        SELECT DISTINCT ON (subject_id) subject_id, codes ->> 'status' AS status FROM foundation_entry
        WHERE subject_kind = 'case' AND codes ? 'status' ORDER BY subject_id, seq DESC
    ), grown AS (
        SELECT subject_id, max((codes ->> 'version')::bigint) AS version, count(*) AS entries FROM foundation_entry
        WHERE subject_kind = 'case' GROUP BY subject_id
    )
    SELECT c.number, coalesce(t.status, %(born)s), c.status, g.version, c.version, g.entries
    FROM cases_case c LEFT JOIN told t ON t.subject_id = c.id LEFT JOIN grown g ON g.subject_id = c.id
    WHERE g.entries IS NULL OR c.status <> coalesce(t.status, %(born)s) OR c.version < coalesce(g.version, 1)
    ORDER BY c.number LIMIT %(most)s
"""
BORN = "RECEIVED"  # the state of a case with its first entry


@dataclass(frozen=True, slots=True)
class Difference:
    """One row that its entries do not tell. `told` is what they say; empty: there is no entry at all."""

    number: str
    told: str
    found: str

    def sentence(self) -> str:
        """Say it in both languages."""
        told, said = self.told or "没有", self.told or "nothing"
        return f"{self.number}：留痕说{told}，表里是 {self.found} · the trail says {said}, the row {self.found}"


def differences(most: int = 1000) -> list[Difference]:
    """Give the cases of this scope whose row is not what their entries tell; one statement, at most `most`."""
    with connection.cursor() as cursor:
        cursor.execute(_DIFFERENT, {"born": BORN, "most": most})
        rows = cursor.fetchall()
    return [Difference(number, told if entries else "", found) for number, told, found, _, _, entries in rows]


def counted() -> int:
    """Give how many cases of this scope are compared."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM cases_case")
        return int(cursor.fetchone()[0])
