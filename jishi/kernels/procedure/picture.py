"""The picture of a life as SVG: the same table gives the same bytes."""

from collections.abc import Iterator

from jishi.kernels.procedure.layout import CHIP_H, Column, Layout, Rung, Words, lay_out
from jishi.kernels.procedure.table import Procedure

# One calm pair per kind of chip: ground, ink. Each pair has a contrast of 4.5 : 1 or more.
COLOURS = {
    "wait": ("#fdf1d6", "#7a4f00"),
    "run": ("#dcebfa", "#154a80"),
    "hold": ("#ece6f6", "#543a80"),
    "back": ("#fbe3df", "#8c2f1f"),
    "done": ("#dff0e3", "#1e5c33"),
    "birth": ("#46505a", "#46505a"),
}
STYLE = (
    'text{font-family:"Noto Sans CJK SC","Source Han Sans SC","PingFang SC","Microsoft YaHei",sans-serif;'
    "fill:#1f272e}.title{font-weight:600}.move{font-weight:600}.who,.note,.clock{fill:#4a555f}"
)


def draw(procedure: Procedure, lang: str = "zh") -> str:
    """This will draw the life in one language (`zh` or `en`) as an SVG document."""
    out = lay_out(procedure, lang)
    title = escape(procedure.name.in_(lang))
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(out.width)} {_n(out.height)}" '
        f'width="{_n(out.width)}" height="{_n(out.height)}" role="img" lang="{escape(lang)}">'
    )
    lines = [head, f"<title>{title}</title>", f"<style>{STYLE}</style>"]
    lines.append(f'<rect width="{_n(out.width)}" height="{_n(out.height)}" fill="#ffffff"/>')
    lines += _bands(out)
    lines += _uprights(out)
    by_x = {c.x: c for c in out.columns}
    for rung in out.rungs:
        lines += _arrows(rung, by_x)
    lines += [_text(w, out) for w in out.words]
    lines.append("</svg>")
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    for sign, name in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(sign, name)
    return text


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _bands(out: Layout) -> Iterator[str]:
    for i, rung in enumerate(out.rungs):
        if i % 2 == 0:
            yield f'<rect y="{_n(rung.top)}" width="{_n(out.width)}" height="{_n(rung.h)}" fill="#f6f8fa"/>'


def _uprights(out: Layout) -> Iterator[str]:
    for c in out.columns[1:]:
        ground, ink = COLOURS[c.chip]
        yield (
            f'<line x1="{_n(c.x)}" y1="{_n(out.top + CHIP_H)}" x2="{_n(c.x)}" y2="{_n(out.bottom)}" '
            f'stroke="{ink}" stroke-opacity="0.3" stroke-width="1.5"/>'
        )
        for y in (out.top, out.bottom):
            yield (
                f'<rect x="{_n(c.x - c.w / 2)}" y="{_n(y)}" width="{_n(c.w)}" height="{CHIP_H}" rx="15" '
                f'fill="{ground}" stroke="{ink}" stroke-opacity="0.45"/>'
            )


def _arrows(rung: Rung, by_x: dict[float, Column]) -> Iterator[str]:
    y = rung.y
    ink = COLOURS[by_x[rung.target].chip][1]
    for x in rung.sources:
        if rung.is_act or x == rung.target:
            yield (
                f'<path d="M{_n(x)} {_n(y - 7)}h9a7 7 0 0 1 0 14h-4" fill="none" '
                f'stroke="{ink}" stroke-width="1.6"/>'
                f'<path d="M{_n(x + 1)} {_n(y + 7)}l6 -4v8z" fill="{ink}"/>'
            )
            continue
        side = 1 if rung.target > x else -1
        end = rung.target - side * 2
        yield (
            f'<line x1="{_n(x)}" y1="{_n(y)}" x2="{_n(end - side * 8)}" y2="{_n(y)}" '
            f'stroke="{ink}" stroke-width="1.8"/>'
            f'<path d="M{_n(end)} {_n(y)}l{-side * 9} -4.5v9z" fill="{ink}"/>'
        )
    for x in rung.sources:
        yield f'<circle cx="{_n(x)}" cy="{_n(y)}" r="4.5" fill="{COLOURS[by_x[x].chip][1]}"/>'


def _text(words: Words, out: Layout) -> str:
    fill = ""
    x, anchor = words.x, ""
    if words.role == "chip":
        middle = words.x + words.w / 2
        column = min(out.columns[1:], key=lambda c: abs(c.x - middle))
        fill = f' style="fill:{COLOURS[column.chip][1]}"'
        x, anchor = middle, ' text-anchor="middle"'
    y = words.y + words.size * 1.02
    return (
        f'<text class="{words.role}" x="{_n(x)}" y="{_n(y)}" font-size="{words.size}"{anchor}{fill}>'
        f"{escape(words.text)}</text>"
    )
