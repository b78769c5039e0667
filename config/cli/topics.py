"""quality topics: group any file of messages as the platform would, and compare with topics that people marked."""

import argparse
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from config.cli.given import CannotMeasure
from config.cli.given import rows as rows_of
from jishi.kernels.text import figures

if TYPE_CHECKING:
    from jishi.kernels.text.clusters import Said
    from jishi.kernels.text.clusters_heat import Course

TOP = 10
_TIME = re.compile(r"(\d{4})[-/年.](\d{1,2})[-/月.](\d{1,2})日?[ T]*(?:(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?)?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)  # hours of the wall clock, whatever the zone


def flags(words: Any) -> argparse.ArgumentParser:
    """Add `topics` to the words of `jishi quality`."""
    one: argparse.ArgumentParser = words.add_parser("topics", help="hot topics: the hottest groups of a file (csv)")
    one.add_argument("--messages", required=True)
    one.add_argument("--id", required=True, metavar="COL")
    one.add_argument("--text", required=True, nargs="+", metavar="COL", help="one column or several (title, words)")
    one.add_argument("--time", required=True, metavar="COL")
    one.add_argument("--sender", metavar="COL", help="tells senders apart; without it every text is its own sender")
    one.add_argument("--topics", metavar="F.csv", help="marked topics: columns id, topic; the rest is not marked")
    one.set_defaults(measure=measure, tell=tell)
    return one


def measure(given: argparse.Namespace) -> dict[str, Any]:
    """Group, heat, rank; with marks: B-cubed, precision at ten, delay and fragments."""
    from jishi.kernels.text import clusters, clusters_heat

    rows = rows_of(given.messages, (given.id, given.time, *given.text, *([given.sender] if given.sender else ())))
    said = _said(rows, given)
    now = max(s.at_hours for s in said)
    ids = [row[given.id].strip() for row in rows]
    groups = clusters.groups(said)
    courses = [clusters_heat.course(said, g.rows, now=now) for g in groups]
    found = sorted(
        ((c, g) for c, g in zip(courses, groups, strict=True) if c is not None),
        key=lambda pair: (-pair[0].peak, -len(pair[1].rows), pair[0].first),
    )
    told: dict[str, Any] = {
        "stage": "topics", "messages": len(rows), "groups": len(found),
        "top": [_line(c, [ids[i] for i in g.rows], g.title, g.words) for c, g in found[:TOP]],
    }  # fmt: skip
    if given.topics:
        marks = {r["id"].strip(): r["topic"].strip() for r in rows_of(given.topics, ("id", "topic"))}
        if not marks.keys() & set(ids):
            raise CannotMeasure("标注里没有一个编号在这份文件里。", "No marked id is in the file of messages.")
        told |= against(marks, [(c, [ids[i] for i in g.rows]) for c, g in found], dict(zip(ids, said, strict=True)))
    return told


def _said(rows: Sequence[Mapping[str, str]], given: argparse.Namespace) -> list["Said"]:
    from jishi.kernels.text.clusters import Said
    from jishi.kernels.text.minimise import minimise

    texts = minimise("\n".join(row[c].strip() for c in given.text) for row in rows)
    return [
        Said(m.shown, hours(row[given.time]), row[given.sender].strip() if given.sender else f"{k}")
        for k, (row, m) in enumerate(zip(rows, texts, strict=True))
    ]


def hours(said: str) -> float:
    """Read a moment of the wall clock as hours since 1970. :raises CannotMeasure: it is none."""
    found = _TIME.search(said)
    try:
        if found is None:
            raise ValueError
        at = datetime(*(int(n or 0) for n in found.groups()), tzinfo=UTC)  # type: ignore[arg-type,misc]
    except ValueError:
        raise CannotMeasure(f"这个时间读不了：{said!r}。", f"This is no time: {said!r}.") from None
    return (at - _EPOCH).total_seconds() / 3600


def _line(course: "Course", ids: Sequence[str], title: str, words: Sequence[str]) -> dict[str, Any]:
    return {
        "title": title, "words": list(words), "reports": len(ids), "senders": course.senders,
        "peak": round(course.peak, 2), "peak_at": _moment(course.peak_at), "first": _moment(course.first),
        "last": _moment(course.last), "hot_from": _moment(course.onset) if course.onset is not None else None,
        "state": course.state, "ids": list(ids),
    }  # fmt: skip


def _moment(hour: float) -> str:
    return (_EPOCH + timedelta(hours=hour)).strftime("%Y-%m-%d %H:%M")


def against(
    marks: Mapping[str, str], found: Sequence[tuple["Course", Sequence[str]]], said: Mapping[str, "Said"]
) -> dict[str, Any]:
    """Compare with marked topics. A group is a hit when most of its reports belong to one marked topic."""
    topics: dict[str, list[str]] = {}
    for one, topic in marks.items():
        if topic and one in said:
            topics.setdefault(topic, []).append(one)
    groups = [ids for _, ids in found]
    told: list[dict[str, Any]] = []
    for topic, ids in sorted(topics.items(), key=lambda t: (-len(t[1]), t[0])):
        shared = ((len(set(ids) & set(g)), rank) for rank, g in enumerate(groups))
        parts = sorted((pair for pair in shared if pair[0]), key=lambda pair: (-pair[0], pair[1]))
        best = parts[0] if parts else (0, -1)
        told.append(
            {"topic": topic, "marked": len(ids), "found": best[0], "of_group": len(groups[best[1]]) if parts else 0,
             "rank": best[1] + 1 if parts else None, "fragments": len(parts),
             "delay_hours": _delay(found[best[1]][0], ids, said) if parts else None}
        )  # fmt: skip
    hits = sum(1 for g in groups[:TOP] if any(2 * len(set(g) & set(ids)) > len(g) for ids in topics.values()))
    return {
        "marked_topics": told, "b_cubed": figures.b_cubed(groups, list(topics.values())),
        "precision_at_10": figures.Share(hits, len(groups[:TOP])).told(),
    }  # fmt: skip


def _delay(course: "Course", ids: Sequence[str], said: Mapping[str, "Said"]) -> float | None:
    """Hours from the third sender of the marked topic (its onset) until the platform would have called it hot."""
    senders: set[str] = set()
    for one in sorted((said[i] for i in ids), key=lambda s: s.at_hours):
        senders.add(one.sender)
        if len(senders) == 3:
            return round(course.onset - one.at_hours, 1) if course.onset is not None else None
    return None


def tell(found: Mapping[str, Any]) -> None:
    """Write the hottest groups and the comparison for people."""
    print(f"消息 messages {found['messages']}，聚成 groups {found['groups']}")
    for rank, row in enumerate(found["top"], 1):
        print(f"{rank:3}  {row['reports']:4} 件 {row['senders']:4} 人  peak {row['peak']:6.1f}  {row['first'][:10]}"
              f"–{row['last'][:10]}  {row['title']}")  # fmt: skip
    for row in found.get("marked_topics", ()):
        print(f"  {row['topic']}: {row['found']}/{row['marked']}, rank {row['rank']}, fragments {row['fragments']}")
    if "b_cubed" in found:
        print("  B-cubed " + ", ".join(f"{k} {v:.3f}" for k, v in found["b_cubed"].items()))
        print(f"  precision at 10 {figures.percent(found['precision_at_10'])}")
