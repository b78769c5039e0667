"""Where everything of the picture stands. No drawing here: boxes of text, lines and dots in pixels.

The picture is a ladder: one upright line per state, in layers from birth to the ends; one rung per move.
Words stand left and right of the lines, never on them, so that nothing overlaps however many moves there are.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from jishi.kernels.procedure.table import BIRTH, Act, Move, Procedure, clock_columns

MARGIN = 24
WORDS_W = 272  # number, title, who
CLOCKS_W = 330
GAP = 18
LINE_H = 17
RUNG_PAD = 14
CHIP_H = 30

MARKS = {Act.START: "▶", Act.STOP: "■", Act.PAUSE: "Ⅱ", Act.RESUME: "▷", Act.CONTINUE: "↻"}
SAID = {
    "zh": {"when": "自{}转入", "or": "、", "clock": "{}到期", "act": "不改变状态"},
    "en": {"when": "if entered from {}", "or": ", ", "clock": "expiry of {}", "act": "does not move"},
}


@dataclass(frozen=True, slots=True)
class Words:
    """One line of text; `x`, `y` is its upper left corner."""

    x: float
    y: float
    w: float
    text: str
    size: int
    role: str

    @property
    def h(self) -> float:
        return self.size * 1.3


@dataclass(frozen=True, slots=True)
class Column:
    state: str
    x: float
    w: float
    chip: str


@dataclass(frozen=True, slots=True)
class Rung:
    """The arrows of one move at height `y`: from each source column to the target column."""

    y: float
    top: float
    h: float
    sources: tuple[float, ...]
    target: float
    is_act: bool


@dataclass(slots=True)
class Layout:
    width: float = 0
    height: float = 0
    top: float = 0
    bottom: float = 0
    columns: list[Column] = field(default_factory=list)
    rungs: list[Rung] = field(default_factory=list)
    words: list[Words] = field(default_factory=list)


def text_width(text: str, size: int) -> float:
    """This will guess, on the wide side, how many pixels a line takes."""
    return sum(size * (1.0 if ord(c) > 0x2000 else 0.6) for c in text)


def wrap(text: str, size: int, room: float) -> list[str]:
    """This will cut a text into lines that fit: at blanks, or after any wide character."""
    lines = [""]
    for piece in _pieces(text):
        if lines[-1] and text_width(lines[-1] + piece.rstrip(), size) > room:
            lines.append("")
        lines[-1] += piece if lines[-1] else piece.lstrip()
    return [line.rstrip() for line in lines]


def _pieces(text: str) -> list[str]:
    pieces = [""]
    for c in text:
        pieces[-1] += c
        if c == " " or ord(c) > 0x2000:
            pieces.append("")
    return [p for p in pieces if p]


def layers(p: Procedure) -> list[str]:
    """This will order the states: by their distance from birth, then by the table; ends come last."""
    distance = {BIRTH: 0}
    waiting = [BIRTH]
    for state in waiting:
        for move in p.open_moves(state):
            if move.to not in distance:
                distance[move.to] = distance[state] + 1
                waiting.append(move.to)
    far = len(p.states) + 1
    place = {s.code: i for i, s in enumerate(p.states)}
    return sorted(place, key=lambda c: (c in p.ends, 0 if c in p.ends else distance.get(c, far), place[c]))


def lay_out(p: Procedure, lang: str) -> Layout:
    """This will place the whole picture of a table in one language."""
    out = Layout()
    x = _columns(out, p, lang)
    out.width = x + GAP + CLOCKS_W + MARGIN
    out.words.append(_line(MARGIN, MARGIN, p.name.in_(lang), 22, "title"))
    note = f"{p.edition} · {p.valid_from.isoformat()} · {p.standing}"
    out.words.append(_line(MARGIN, MARGIN + 32, note, 12, "note"))
    y = MARGIN + 64.0
    out.top = y
    for c in out.columns[1:]:
        _chip(out, c, y, p.state(c.state).name.in_(lang))
    y += CHIP_H + 10
    for move in (*p.moves, *p.acts):
        y = _rung(out, p, move, lang, y)
    out.bottom = y + 8
    for c in out.columns[1:]:
        _chip(out, c, out.bottom, p.state(c.state).name.in_(lang))
    out.height = _legend(out, lang, out.bottom + CHIP_H + 18)
    return out


def _line(x: float, y: float, text: str, size: int, role: str) -> Words:
    return Words(x, y, text_width(text, size), text, size, role)


def _columns(out: Layout, p: Procedure, lang: str) -> float:
    x = float(MARGIN + WORDS_W + GAP)
    out.columns.append(Column(BIRTH, x + 10, 20, "birth"))
    x += 20 + GAP
    for code in layers(p):
        state = p.state(code)
        w = max(64.0, text_width(state.name.in_(lang), 13) + 20)
        out.columns.append(Column(code, x + w / 2, w, state.chip))
        x += w + GAP
    return x


def _chip(out: Layout, c: Column, y: float, name: str) -> None:
    w = text_width(name, 13)
    out.words.append(Words(c.x - w / 2, y + (CHIP_H - 13 * 1.3) / 2, w, name, 13, "chip"))


def _rung(out: Layout, p: Procedure, move: Move, lang: str, y: float) -> float:
    titles = wrap(f"{move.no}  {move.title.in_(lang)}", 14, WORDS_W)
    who = wrap(_who(p, move, lang), 12, WORDS_W)
    clocks = [line for said in _clocks(p, move, lang) for line in wrap(said, 12, CLOCKS_W)]
    lines = max(len(titles) + len(who), len(clocks), 2)
    h = lines * LINE_H + RUNG_PAD
    at = y + RUNG_PAD / 2
    for i, text in enumerate(titles):
        out.words.append(_line(MARGIN, at + i * LINE_H - 1, text, 14, "move"))
    for i, text in enumerate(who):
        out.words.append(_line(MARGIN, at + (len(titles) + i) * LINE_H + 1, text, 12, "who"))
    right = out.width - MARGIN - CLOCKS_W
    first = y + (h - len(clocks) * LINE_H) / 2
    for i, text in enumerate(clocks):
        out.words.append(_line(right, first + i * LINE_H, text, 12, "clock"))
    at_x = {c.state: c.x for c in out.columns}
    sources = tuple(at_x[s] for s in (move.sources or (BIRTH,)))
    out.rungs.append(Rung(y + h / 2, y, h, sources, at_x[move.to] if move.to else sources[0], not move.to))
    return y + h


def _who(p: Procedure, move: Move, lang: str) -> str:
    said = SAID["en" if lang.startswith("en") else "zh"]
    names = [
        said["clock"].format(p.clock(w.removeprefix("clock:")).name.in_(lang))
        if w.startswith("clock:")
        else p.party(w).name.in_(lang)
        for w in move.who
    ]
    text = said["or"].join(names)
    if move.origins:
        text += " · " + said["when"].format(said["or"].join(p.state(o).name.in_(lang) for o in move.origins))
    return text if move.to else f"{text} · {said['act']}"


def _clocks(p: Procedure, move: Move, lang: str) -> Iterable[str]:
    between = SAID["en" if lang.startswith("en") else "zh"]["or"]
    for act, kinds in clock_columns(move):
        if kinds:
            yield f"{MARKS[act]} {between.join(p.clock(k).name.in_(lang) for k in kinds)}"


LEGEND = {
    "zh": ["▶ 时限起算", "■ 停止", "Ⅱ 暂停", "▷ 恢复", "↻ 接着算", "竖线是状态，横线是环节，箭头指向新状态"],
    "en": [
        "▶ clock starts",
        "■ stops",
        "Ⅱ pauses",
        "▷ resumes",
        "↻ goes on with what was left",
        "uprights are states, rungs are moves",
    ],
}


def _legend(out: Layout, lang: str, y: float) -> float:
    x: float = MARGIN
    for text in LEGEND["en" if lang.startswith("en") else "zh"]:
        w = text_width(text, 12)
        if x + w > out.width - MARGIN and x > MARGIN:
            x, y = MARGIN, y + 20
        out.words.append(_line(x, y, text, 12, "note"))
        x += w + 28
    return y + 20 + MARGIN
