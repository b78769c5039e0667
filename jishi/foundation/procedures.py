"""Lives as data: reads institutions/procedures/*.toml, refuses what is unsound, answers as a kernel table."""

from functools import cache

from django.conf import settings

from jishi.foundation.refusals import WrongMoment as WrongMomentRefused
from jishi.kernels import procedure
from jishi.kernels.procedure import Move, Procedure, WrongMoment


class UnsoundProcedure(RuntimeError):
    """A life that does not hold together is not loaded; the findings say where."""


@cache
def load(code: str) -> Procedure:
    """Give the life `code` as its file says.

    :raises UnsoundProcedure: a state is not reached, a clock does not stop, a word is missing …
    """
    path = settings.INSTITUTIONS_DIR / "procedures" / f"{code}.toml"
    table = procedure.parse(path.read_text(encoding="utf-8"))
    findings = procedure.check(table)
    if findings:
        raise UnsoundProcedure(f"{path.name}: " + "; ".join(str(f) for f in findings))
    return table


def ensure_move(life: Procedure, verb: str, state: str, origin: str = "") -> Move:
    """Give the row of `verb` in `state`.

    :raises refusals.WrongMoment: the table has no such row; names the state and what is open now.
    """
    found = life.move(verb, state, origin or None)
    if isinstance(found, WrongMoment):
        name = life.state(state).name if state else None
        raise WrongMomentRefused(
            state=state,
            state_zh=name.zh if name else "还没有",
            state_en=name.en if name else "not there yet",
            open=[m.verb for m in found.open_moves],
            open_zh="、".join(dict.fromkeys(m.title.zh for m in found.open_moves)) or "没有",
            open_en=", ".join(dict.fromkeys(m.title.en for m in found.open_moves)) or "nothing",
        )
    return found
