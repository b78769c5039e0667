"""The same life as Mermaid text and as a page of Markdown, for readers who prefer a list."""

from jishi.kernels.procedure.layout import layers
from jishi.kernels.procedure.table import BIRTH, Clock, Move, Procedure, clock_columns


def mermaid(procedure: Procedure, lang: str = "zh") -> str:
    """This will write the life as a Mermaid state diagram; moves between the same states share an arrow."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for move in procedure.moves:
        for source in move.sources or (BIRTH,):
            titles = arrows.setdefault((source, move.to), [])
            title = _plain(move.title.in_(lang))
            if title not in titles:
                titles.append(title)
    lines = ["stateDiagram-v2", "  direction LR"]
    lines += [f'  state "{_plain(procedure.state(c).name.in_(lang))}" as {c}' for c in layers(procedure)]
    for (source, target), titles in arrows.items():
        lines.append(f"  {source or '[*]'} --> {target} : {' / '.join(titles)}")
    lines += [f"  {code} --> [*]" for code in layers(procedure) if code in procedure.ends]
    return "\n".join(lines) + "\n"


def page(procedure: Procedure) -> str:
    """This will write the page beside the picture: diagrams, every move, every clock, in both languages."""
    p = procedure
    lines = [
        f"# {p.name.zh} · {p.name.en}",
        "",
        f"由 `institutions/procedures/{p.code}.toml` 画出，不要手改。Drawn from the table; do not edit.",
        f"版本 edition {p.edition}，自 from {p.valid_from.isoformat()}，核对情况 standing: {p.standing}。",
        f"依据 source: {'；'.join(p.law)}。",
        "",
        f"![{p.name.zh}]({p.code}.svg)",
        "",
        *_fence(mermaid(p, "zh")),
        *_fence(mermaid(p, "en")),
        "| 号 | 从 from | 行为 verb | 到 to | 谁 who | 条件 guard | 时限 clocks | 留痕 trail |",
        "|---|---|---|---|---|---|---|---|",
        *(_row(p, m) for m in (*p.moves, *p.acts)),
        "",
        "| 时限 clock | 归谁 owner | 默认 default | 来源 source | 到期 at expiry | 挂起是否停 suspension |",
        "|---|---|---|---|---|---|",
        *(_clock(p, c) for c in p.clocks),
    ]
    return "\n".join(lines) + "\n"


def _fence(text: str) -> list[str]:
    return ["```mermaid", *text.splitlines(), "```", ""]


def _plain(text: str) -> str:
    """Signs that Mermaid reads as its own are written as blanks."""
    return "".join(" " if c in '":;#{}' else c for c in text)


def _cells(*cells: str) -> str:
    return "| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |"


def _row(p: Procedure, m: Move) -> str:
    who = "、".join(w if w.startswith("clock:") else p.party(w).name.zh for w in m.who)
    origin = f"（自 {', '.join(m.origins)}）" if m.origins else ""
    clocks = "；".join(f"{act} {', '.join(kinds)}" for act, kinds in clock_columns(m) if kinds)
    return _cells(
        m.no,
        (", ".join(m.sources) or "–") + origin,
        f"{m.title.zh} · {m.title.en} `{m.verb}`",
        m.to or "–",
        who,
        f"{m.guard.zh}<br>{m.guard.en}" if m.guard.zh else "–",
        clocks or "–",
        f"`{m.trail}`",
    )


def _clock(p: Procedure, c: Clock) -> str:
    amount = c.amount
    amount += f"（紧急 emergency {c.emergency_amount}）" if c.emergency_amount else ""
    amount += f"（至少 at least {c.floor}）" if c.floor else ""
    expiry = f"`{c.at_expiry}`" + (f" → {c.then}" if c.then else "")
    expiry += "（事件了结后照走 · outlives the case）" if c.outlives else ""
    name = f"{c.name.zh} · {c.name.en} `{c.kind}`"
    return _cells(name, p.party(c.owner).name.zh, amount, c.source, expiry, c.stopped_by_suspension)
