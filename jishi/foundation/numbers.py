"""Public numbers: letter + division6 + yymmdd + seq5 + check character (ISO 7064 mod 37,36)."""

from collections.abc import Iterable, Mapping
from datetime import date

from jishi.foundation import scope
from jishi.foundation.asking import ask

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

# Besides, in the same statement, the ids under which the rows will be stored. What is asked stands in a row of its own:
# of lists as they are given the server would make a plan each time, for these very values.
_TAKE = """
    WITH asked AS MATERIALIZED (
        SELECT %s::bigint AS tenant, %s::date AS day, %s::text[] AS kinds, %s::int[] AS counts, %s::text[] AS series,
               %s::int[] AS many),
    taken AS (
        INSERT INTO foundation_counter AS c (tenant_id, kind, day, last)
        SELECT tenant, kind, day, count FROM asked, unnest(kinds, counts) AS wanted (kind, count) ORDER BY kind
        ON CONFLICT (tenant_id, kind, day) DO UPDATE SET last = c.last + EXCLUDED.last RETURNING kind, last
    )
    SELECT kind, last, NULL::bigint[] FROM taken
    UNION ALL SELECT rows.series, 0, ARRAY(SELECT nextval(rows.series::regclass) FROM generate_series(1, count))
    FROM asked, unnest(asked.series, many) AS rows (series, count)
"""


def take(letter: str, division6: str, day: date, count: int = 1) -> list[str]:
    """Take `count` fresh numbers of `day` in the tenant's own series; one statement."""
    return take_together({letter: count}, division6, day)[letter]


def take_together(counts: Mapping[str, int], division6: str, day: date) -> dict[str, list[str]]:
    """Take fresh numbers of several series, `counts` by letter; one statement for all."""
    return take_with_ids(counts, division6, day, {})[0]


def take_with_ids(
    counts: Mapping[str, int], division6: str, day: date, tables: Mapping[str, int]
) -> tuple[dict[str, list[str]], dict[str, list[int]]]:
    """Take fresh numbers, and ids for so many rows of each table, growing; one statement for all.

    Rows whose ids are known before they are stored can point at each other and go in one statement (`together`).
    """
    wanted = {letter: count for letter, count in sorted(counts.items()) if count}
    series = {f"{table}_id_seq": table for table, count in tables.items() if count}
    taken: dict[str, list[str]] = {letter: [] for letter in counts}
    ids: dict[str, list[int]] = {table: [] for table in tables}
    if not wanted and not series:
        return taken, ids
    told = (wanted, wanted.values(), series, (tables[table] for table in series.values()))
    for kind, last, given in ask(_TAKE, [scope.current().actor.tenant_id, day, *map(_written, told)]):
        if given is not None:
            ids[series[kind]] = sorted(given)
            continue
        stem = f"{kind}{division6}{day:%y%m%d}"
        taken[kind] = [with_check(f"{stem}{n:05d}") for n in range(last - wanted[kind] + 1, last + 1)]
    return taken, ids


def _written(told: Iterable[object]) -> str:
    """Letters, names of tables and counts as the database reads a list of them: a fifth of what a list given costs."""
    return "{" + ",".join(map(str, told)) + "}"


def with_check(stem: str) -> str:
    """Append the check character."""
    p = 36
    for char in stem:
        p = (p + _ALPHABET.index(char)) % 36 or 36
        p = p * 2 % 37
    return stem + _ALPHABET[(37 - p) % 36]


def is_sound(number: str) -> bool:
    """Tell whether `number` carries the right check character."""
    text = number.strip().upper()
    return len(text) >= 2 and all(c in _ALPHABET for c in text) and with_check(text[:-1]) == text


def names_a_row(text: object) -> bool:
    """Tell whether `text` can be the number of a row: 1–18 ASCII digits; "²" and "٣" are digits of other trades."""
    said = str(text)
    return said.isascii() and said.isdigit() and len(said) <= 18
