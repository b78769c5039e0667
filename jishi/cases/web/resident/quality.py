"""The page on which everybody reads how good the guesses are, and its two files (spec 12 §9)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from jishi.cases.actions import measured_letters
from jishi.cases.queries import quality
from jishi.cases.triage.thresholds import STATED
from jishi.cases.web.resident import quality_drawn
from jishi.duties import queries as duties
from jishi.foundation.refusals import NotFound

Words = Mapping[str, str | Promise]
STAGES: Words = {
    "locate": gettext_lazy("找地方"), "classify": gettext_lazy("认事项"), "duplicates": gettext_lazy("比相近"),
    "route": gettext_lazy("派单位"), "deadline": gettext_lazy("算时限"), "personal_data": gettext_lazy("遮个人信息"),
    "risk": gettext_lazy("认紧急"), "hot_topics": gettext_lazy("找热点"), "answers": gettext_lazy("推荐现成的答复"),
    "letters": gettext_lazy("在真实来信上"), "speed": gettext_lazy("多快"),
}  # fmt: skip
FIGURES: Words = {
    "within_50": gettext_lazy("50 米以内"), "within_200": gettext_lazy("200 米以内"),
    "within_1000": gettext_lazy("1,000 米以内"), "right_grid": gettext_lazy("网格对"),
    "right_community": gettext_lazy("社区对"), "abstained": gettext_lazy("没有说地点"),
    "accuracy": gettext_lazy("第一个就对"), "top3": gettext_lazy("前三个里有对的"),
    "macro_f1": gettext_lazy("各类平均 F1"), "calibration_error": gettext_lazy("把握和实际差多少"),
    "filled_in": gettext_lazy("替人填上的"), "filled_in_right": gettext_lazy("填上的里面对的"),
    "precision": gettext_lazy("提出的里面对的"), "recall": gettext_lazy("该找到的里面找到的"), "f1": "F1",
    "blocking_recall": gettext_lazy("初筛没有漏掉的"), "b_cubed": gettext_lazy("分组像不像（B³ F1）"),
    "final_body": gettext_lazy("第一个就是最后承办的单位"),
    "final_body_in_three": gettext_lazy("前三个里有最后承办的单位"),
    "fallback": gettext_lazy("清单没有，兜底的"), "first_dispatch": gettext_lazy("首派准确率"),
    "equal_to_pinned": gettext_lazy("和定下的时限一样"),
    "minutes_to_a_person": gettext_lazy("从说到有人看，中位分钟"),
    "within_10_minutes": gettext_lazy("10 分钟以内有人看"), "found_topics": gettext_lazy("标过的热点里找到的"),
    "precision_at_10": gettext_lazy("前十个里是热点的"), "delay": gettext_lazy("第三个人说了以后，中位几小时找到"),
    "fragments": gettext_lazy("一个热点被拆成几个，平均"), "pipeline_ms": gettext_lazy("每千条，整条流水，毫秒"),
    "minimise_ms": gettext_lazy("每千条，遮个人信息，毫秒"), "locate_ms": gettext_lazy("每千条，找地方，毫秒"),
    "classify_ms": gettext_lazy("每千条，认事项，毫秒"), "route_ms": gettext_lazy("每千条，派单位，毫秒"),
    "deadline_ms": gettext_lazy("每千条，算时限，毫秒"), "p95_ms": gettext_lazy("一条，百分之九十五在多少毫秒里"),
    "answer_taken": gettext_lazy("用了的"), "answer_aside": gettext_lazy("没有用的"),
    "answer_unseen": gettext_lazy("还没有人看的"), "surest_80": gettext_lazy("最有把握的八成里对的"),
    "memory_mib": gettext_lazy("常驻内存，MiB"),
}  # fmt: skip
BY: Words = {
    "golden": gettext_lazy("标过的句子"), "marked": gettext_lazy("标过的热点"), "town": gettext_lazy("本地"),
    "desk": gettext_lazy("受理的人说的"),
    "level_0": gettext_lazy("具体事项"), "level_1": gettext_lazy("上一级"), "level_2": gettext_lazy("上两级"),
    "level_3": gettext_lazy("上三级"), "taken": gettext_lazy("照清单派的"), "not_taken": gettext_lazy("没照清单派的"),
    "all": gettext_lazy("合计"), "none": gettext_lazy("没说到地名"), "room": gettext_lazy("说到室"),
    "building": gettext_lazy("说到楼"), "compound": gettext_lazy("说到小区"), "facility": gettext_lazy("说到设施"),
    "road number": gettext_lazy("说到门牌"), "road": gettext_lazy("说到路"), "community": gettext_lazy("说到社区"),
    "street": gettext_lazy("说到街道"), "district": gettext_lazy("说到区"), "grid": gettext_lazy("说到网格"),
    "crossing": gettext_lazy("说到路口"), "phone": gettext_lazy("电话"), "identity": gettext_lazy("证件号"),
    "card": gettext_lazy("银行卡"), "name": gettext_lazy("姓名"), "address": gettext_lazy("门牌室号"),
    "plate": gettext_lazy("车牌"), "mail": gettext_lazy("邮箱"), "messenger": gettext_lazy("通讯号"),
    "account": gettext_lazy("户号"), "passport": gettext_lazy("护照"), "health": gettext_lazy("健康"),
    "raw_learned": gettext_lazy("七大类，961 封，学过；五个种子平均"),
    "tokens_learned": gettext_lazy("七大类，6,332 封（只留了词），学过"),
    "raw_zero": gettext_lazy("七大类，961 封，一封没学，只看公开的事项库"),
    "danger_mended": gettext_lazy("险情，规则照着改过的 6,319 封"),
    "danger_unseen": gettext_lazy("险情，另外的 917 封"), "pairs": gettext_lazy("是不是一件，620 对"),
    "topic_sale": gettext_lazy("最大的热点"), "topic_plant": gettext_lazy("第二大的热点"),
    "topics": gettext_lazy("人标的十个热点"), "letters_name": gettext_lazy("姓名，旁边有称呼或者职务"),
    "letters_name_bare": gettext_lazy("姓名，旁边没有"), "letters_address": gettext_lazy("门牌室号，300 封"),
    "letters_health": gettext_lazy("健康，300 封"), "letters_all": gettext_lazy("遮掉的，300 封"),
    "religion": gettext_lazy("信仰"), "ethnicity": gettext_lazy("民族"), "record": gettext_lazy("犯罪记录"),
}  # fmt: skip
COLUMNS: Words = {
    "": gettext_lazy("数"), "zero_shot": gettext_lazy("没有学之前"), "learned": gettext_lazy("学了以后"),
    "recall": FIGURES["recall"], "precision": FIGURES["precision"], "goal": gettext_lazy("说好要到"),
}  # fmt: skip
WHY: Words = {
    "no_cases": gettext_lazy("还没有这样的事"), "not_learned": gettext_lazy("还没有学过"),
    "nobody_decided": gettext_lazy("还没有人并过或否过"),
    "needs_every_pair": gettext_lazy("要两两全比，只在测试集上量"),
    "no_marked_groups": gettext_lazy("没有人工标过的分组"), "nobody_acted": gettext_lazy("受理的人还没有处置过险情"),
    "nobody_put_together": gettext_lazy("近三十天没有人把三条以上并成一件"),
    "no_record": gettext_lazy("没有记录过这一项"),
    "nothing_offered": gettext_lazy("还没有推荐过"),
    "no_code_book": gettext_lazy("还没有事项分类"), "not_yet": gettext_lazy("还没有到第一次"),
}  # fmt: skip
BASIS: Words = {
    "edition": gettext_lazy("考的是在用的这一版没有学过的、后来的事。"),
    "twin": gettext_lazy("让做法相同、只学了前一段的一版来答后一段：后一段它没有见过。"),
    "zero_shot": gettext_lazy("确认过的事还太少，没有学过；考的是照清单和事项库文字认的。"), "none": "",
}  # fmt: skip
EVERY: Mapping[str, tuple[str, ...]] = {
    "locate": ("within_50", "within_200", "within_1000", "right_grid", "right_community", "abstained"),
    "classify": ("accuracy", "top3", "macro_f1", "calibration_error", "filled_in", "filled_in_right"),
    "duplicates": ("precision", "recall", "f1", "blocking_recall", "b_cubed"),
    "route": ("final_body", "final_body_in_three", "fallback", "first_dispatch"), "deadline": ("equal_to_pinned",),
    "personal_data": ("recall", "precision"),
    "risk": ("recall", "precision", "minutes_to_a_person", "within_10_minutes"),
    "hot_topics": ("precision_at_10", "found_topics", "delay", "fragments", "b_cubed"),
    "answers": ("answer_taken", "answer_aside", "answer_unseen"),
    "letters": ("macro_f1", "surest_80"), "speed": ("pipeline_ms", "p95_ms", "memory_mib"),
}  # fmt: skip
PLAIN = frozenset({"macro_f1", "calibration_error", "f1", "b_cubed"})
SHARES = frozenset({"surest_80", "precision", "recall"})  # told in percent where no counts stand behind them too
FEW = 30  # below it a share is told as counts


@dataclass(frozen=True, slots=True)
class Cell:
    """`text`: the figure; `more`: interval and counts; `why`: why it was not measured."""

    text: str
    more: str
    why: str | Promise


Line = tuple[str | Promise, str | Promise, tuple[tuple[str | Promise, Cell | None], ...]]
SHORT, FOLDED = 8, 3  # lines of a stage before the rest is folded away, and how many are worth a fold
# The first glance: of each stage the figure that matters most, the first that was measured.
FIRST: tuple[tuple[str, str, str, str], ...] = (
    ("classify", "accuracy", "level_0", "learned"), ("classify", "accuracy", "level_0", "zero_shot"),
    ("route", "final_body", "", ""), ("locate", "within_200", "", ""), ("duplicates", "precision", "", ""),
    ("deadline", "equal_to_pinned", "", ""), ("personal_data", "recall", "all", ""),
    ("risk", "recall", "golden", ""), ("hot_topics", "found_topics", "marked", ""), ("answers", "answer_taken", "", ""),
    ("letters", "macro_f1", "raw_learned", ""), ("speed", "pipeline_ms", "", ""),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Section:
    code: str
    name: str | Promise
    models: tuple[str | Promise, ...]
    lines: tuple[Line, ...]
    note: str = ""
    missing: tuple[tuple[str, str | Promise], ...] = ()  # names of what was not measured, and why, each reason once

    @property
    def first(self) -> tuple[Line, ...]:
        """The lines that are read at once; the rest unfolds."""
        return self.lines if len(self.lines) <= SHORT + FOLDED else self.lines[:SHORT]

    @property
    def rest(self) -> tuple[Line, ...]:
        return self.lines[len(self.first) :]


@dataclass(frozen=True, slots=True)
class Headline:
    """One figure of the first glance: where it stands below, what it is, its value."""

    stage: str
    name: str | Promise
    figure: str | Promise
    text: str
    more: tuple[str, ...]


@require_safe
def shown(request: HttpRequest) -> HttpResponse:
    """Show every figure with interval and counts, what each edition learned from, and that a person decides."""
    tenant = request.tenant.id  # type: ignore[attr-defined]
    lang = get_language() or "zh"
    found = quality.editions(tenant_id=tenant, lang=lang)
    rows = [(told, [(FIGURES.get("top3" if n == "top_3" else n, n), v) for n, v in told.figures]) for told in found]
    published = quality.published(tenant_id=tenant)
    facts: dict[str, Any] = {"rows": rows, "published": published, "sections": _sections(_not_yet())}
    if published is not None:
        told = published.told
        facts |= {
            "told": told, "headlines": list(_headlines(told["rows"])),
            "basis": BASIS.get(told["basis"], ""), "sections": _sections(told["rows"]),
            "letter_files": measured_letters.recorded()["file"], **_tables(told.get("tables", {}), lang),
        }  # fmt: skip
    return render(request, "cases/resident/quality.html", facts)


@require_safe
def file(request: HttpRequest, form: str) -> HttpResponse:
    """Hand out the published file, byte for byte (json), or its rows as a sheet (csv)."""
    published = quality.published(tenant_id=request.tenant.id)  # type: ignore[attr-defined]
    if published is None:
        raise NotFound
    if form == "json":
        answer = HttpResponse(published.content, content_type="application/json; charset=utf-8")
        answer["ETag"] = f'"{published.sha256}"'
    else:
        answer = HttpResponse(quality.as_csv(published.told), content_type="text/csv; charset=utf-8")
    name = f"quality-{published.told['until']}.{form}"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _sections(rows: Sequence[Mapping[str, Any]]) -> list[Section]:
    found = []
    for code, name in STAGES.items():
        own = [r for r in rows if r["stage"] == code] or [r for r in _not_yet() if r["stage"] == code]
        own = sorted(own, key=lambda r: r["by"] not in ("", "all")) if code == "personal_data" else own
        if code == "personal_data":  # a line for each kind, beside each other how much was found and how much was right
            own = [{**r, "model": r["figure"], "figure": r["by"] or "all", "by": ""} for r in own]
        missing = _missing(own)
        own = [r for r in own if r["value"] is not None or not _is_silent(r, own)]
        models = tuple(m for m in COLUMNS if any(r["model"] == m for r in own))
        keys = list(dict.fromkeys((r["figure"], r["by"] if code != "speed" else "") for r in own))
        at = {(r["figure"], r["by"] if code != "speed" else "", r["model"]): r for r in own}
        short = measured_letters.missed(own)
        lines = tuple(
            (
                FIGURES.get(figure) or _by(figure), _by(by),
                tuple((COLUMNS[m], _cell(at.get((figure, by, m)), short=(figure, by) in short)) for m in models),
            )
            for figure, by in keys
        )  # fmt: skip
        found.append(Section(code, name, tuple(COLUMNS[m] for m in models), lines, _day(code, own), missing))
    return found


def _day(code: str, own: Sequence[Mapping[str, Any]]) -> str:
    """Give the day on which a recorded stage was measured; the others are measured with the file."""
    if code == "letters":
        return str(measured_letters.recorded()["at"])
    at = max((str(r["by"]) for r in own if r["by"]), default="") if code == "speed" else ""
    return at[:10]


def _headlines(rows: Sequence[Mapping[str, Any]]) -> Iterable[Headline]:
    """Give one measured figure of each stage; a stage without one says so below and has none here."""
    at = {(r["stage"], r["figure"], r["by"] if r["stage"] != "speed" else "", r["model"]): r for r in rows}
    told: set[str] = set()
    for key in FIRST:
        row = at.get(key)
        if row is None or row["value"] is None or key[0] in told:
            continue
        told.add(key[0])
        cell = _cell(row)
        if cell is not None:
            more = tuple(words for words in cell.more.split(" · ") if words)
            yield Headline(key[0], STAGES[key[0]], FIGURES[key[1]], cell.text, more)


def _is_silent(row: Mapping[str, Any], own: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether nothing of this row's line, or of its column, was measured."""
    line = [r for r in own if (r["figure"], r["by"]) == (row["figure"], row["by"])]
    column = [r for r in own if r["model"] == row["model"]]
    return all(r["value"] is None for r in line) or all(r["value"] is None for r in column)


def _missing(own: Sequence[Mapping[str, Any]]) -> tuple[tuple[str, str | Promise], ...]:
    """Name what was not measured, all of one reason together, so that each is said once."""
    reasons: dict[str, list[str]] = {}
    for r in own:
        if r["value"] is None and _is_silent(r, own):
            name = str(FIGURES.get(r["figure"]) or _by(r["figure"]))
            both = _("%(name)s（%(by)s）") % {"name": name, "by": _by(r["by"])}
            by = both if r["by"] and r["stage"] != "speed" else name
            by = str(COLUMNS[r["model"]]) if r["model"] == "learned" else by
            if by not in reasons.setdefault(r["why"], []):
                reasons[r["why"]].append(by)
    return tuple((str(_("、")).join(names), WHY.get(why, why)) for why, names in reasons.items())


def _not_yet() -> list[dict[str, Any]]:
    """What will be measured, before it was measured once."""
    empty = {"by": "", "model": "", "value": None, "low": None, "high": None, "hits": None, "of": None}
    return [{"stage": s, "figure": f, "why": "not_yet", **empty} for s, names in EVERY.items() for f in names]


def _by(code: str) -> str | Promise:
    return BY.get(code, code.replace("_", " "))


def _cell(row: Mapping[str, Any] | None, *, short: bool = False) -> Cell | None:
    """Write one figure; `short`: it misses what was aimed at, which stands beside it."""
    if row is None:
        return None
    value, of = row["value"], row["of"]
    if row["model"] == "goal":
        sign = "≤" if row["figure"] == "calibration_error" else "≥"
        return Cell(f"{sign} {_short(value, row)}", _("没达到") if short else _("达到"), "")
    if value is None:
        return Cell("", "", WHY.get(row["why"], row["why"]))
    interval = f"{_short(row['low'], row)}–{_short(row['high'], row)}" if row["low"] is not None else ""
    if row["hits"] is not None and of < FEW:
        return Cell(_("%(of)s 里 %(hits)s") % {"of": of, "hits": row["hits"]}, "", "")
    told = _("共 %(of)s") % {"of": f"{of:,}"} if of else ""
    counts = f"{row['hits']:,} / {of:,}" if row["hits"] is not None else told
    return Cell(_short(value, row), " · ".join(w for w in (interval, counts) if w), "")


def _short(value: float, row: Mapping[str, Any]) -> str:
    if row["figure"] in PLAIN:
        return f"{value:.3f}"
    return f"{value:.1%}" if row["hits"] is not None or row["figure"] in SHARES else f"{value:,.10g}"


def _tables(told: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """Drawings and tables of the matters; codes by their names."""
    curve, reliability = told.get("curve", []), told.get("reliability", [])
    book = duties.matters()

    def called(code: str) -> str:
        return book[code].called(lang) if code in book else code

    return {
        "curve": quality_drawn.curve(curve, STATED) if curve else None, "curve_rows": curve,
        "reliability": quality_drawn.reliability(reliability) if reliability else None,
        "reliability_rows": reliability, "ticks": quality_drawn.TICKS, "stated": STATED,
        "worst": [{**r, "true": called(r["true"]), "said": called(r["said"])} for r in told.get("worst_pairs", [])],
        "classes": list(_classes(told.get("classes", []), called)),
    }  # fmt: skip


def _classes(rows: Iterable[Mapping[str, Any]], called: Any) -> Iterable[dict[str, Any]]:
    for r in sorted(rows, key=lambda r: (-r["support"], r["label"])):
        yield {**r, "name": called(r["label"])}
