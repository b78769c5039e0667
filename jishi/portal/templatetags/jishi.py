"""The words of our templates: `{% load jishi %}`. All is built with `format_html`; nothing is marked safe."""

import datetime as dt
import re
import uuid
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from django import template
from django.forms import BaseForm, BoundField, CheckboxInput, CheckboxSelectMultiple, FileInput, RadioSelect, Textarea
from django.template.defaultfilters import linebreaksbr
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from jishi.portal import moments, vendored

register = template.Library()

CHIP_ICON = {
    "wait": "wait",
    "run": "run",
    "hold": "hold",
    "back": "back",
    "done": "done",
    "near": "bell",
    "risk": "warn",
    "plain": "",
}
_ZH = "\u3000-\u303f\u3400-\u9fff\uff00-\uffef“”·"
HAN = re.compile(f"[{_ZH}0-9]*[\u3400-\u9fff][{_ZH}0-9]*")  # the figures of a name are read with it
ISO_DAY = re.compile(r"\b20\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])\b", re.ASCII)
NEAR_SHARE = 0.75  # from here a clock shows itself
ABREAST = 20  # letters; longer choices stand below each other: a phone would break them after two characters


def _lang() -> str:
    return get_language() or "zh-hans"


def _of(thing: Any, name: str, default: Any = "") -> Any:
    if isinstance(thing, Mapping):
        return thing.get(name, default)
    return getattr(thing, name, default)


def _word(thing: Any) -> str:
    """This will say a thing that has .zh and .en (institutions bring both); a plain text stays itself."""
    if isinstance(thing, str):
        return thing
    if (english := _of(thing, "name_en", None)) is not None:  # a body, a matter: two names of their own
        return str(english) if english and _lang().startswith("en") else str(_of(thing, "name"))
    own = "zh" if _lang().startswith("zh") else "en"
    return str(_of(thing, own) or _of(thing, "zh") or _of(thing, "label") or thing)


def _upper(text: str) -> str:
    """Begin a label of its own with a capital on an English page."""
    return text[:1].upper() + text[1:] if _lang().startswith("en") else text


def _now(context: template.Context) -> dt.datetime:
    return context.get("now") or timezone.now()


@register.filter
def word(thing: Any) -> str:
    """This will say `thing` in the reader's language."""
    return "" if thing is None else _word(thing)


@register.filter
def own(text: Any) -> SafeString:
    """This will mark Chinese names and words as Chinese on an English page, so that they are read out rightly."""
    plain = "" if text is None else _word(text)
    if _lang().startswith("zh") or not HAN.search(plain):
        return escape(plain)
    ends = [0, *(end for found in HAN.finditer(plain) for end in found.span()), len(plain)]
    runs = [plain[a:b] for a, b in zip(ends, ends[1:], strict=False)]
    marked = (format_html('<span lang="zh-Hans">{}</span>', r) if HAN.search(r) else r for r in runs if r)
    return format_html_join("", "{}", ((r,) for r in marked))


@register.filter
def law(source: Any) -> SafeString:
    """This will name a law in its own words; the remark that its text was not compared is said in the reader's."""
    return own(str(source or "").replace("（原文未核对）", _("（原文未核对）")))


# --- signs -------------------------------------------------------------------------------------------------


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """This will draw one icon of the sprite; with a label it speaks, without it is decoration."""
    if not label:
        return _silent_icon(name)
    href = f"{static('portal/icons.svg')}#i-{name}"
    return format_html('<svg class="ic" role="img" aria-label="{}"><use href="{}"/></svg>', label, href)


@lru_cache(maxsize=256)
def _silent_icon(name: str) -> SafeString:
    """Fifty rows of a list draw the same few."""
    sprite = static("portal/icons.svg")
    return format_html('<svg class="ic" aria-hidden="true"><use href="{}#i-{}"/></svg>', sprite, name)


@register.simple_tag
def mark() -> SafeString:
    """This will draw our mark: four stones carrying each other."""
    return format_html('<svg aria-hidden="true"><use href="{}#mark"/></svg>', static("portal/icons.svg"))


@register.simple_tag(takes_context=True)
def state_chip(context: template.Context, state: Any, states: Mapping[str, Any] | None = None) -> SafeString:
    """This will show a state as icon and word: an object with .chip, .zh, .en, or a code of `states`."""
    known = states or context.get("states") or {}
    found = known.get(state, state) if isinstance(state, str) else state
    kind = _of(found, "chip", "plain") if not isinstance(found, str) else "plain"
    return chip(_word(found), kind if kind in CHIP_ICON else "plain")


@register.simple_tag
def chip(text: Any, kind: str = "plain", icon_name: str | None = None) -> SafeString:
    """This will show a word as a chip of one kind: wait run hold back done near risk plain."""
    name = CHIP_ICON.get(kind, "") if icon_name is None else icon_name
    return format_html('<span class="chip {}">{}{}</span>', kind, icon(name) if name else "", _upper(_word(text)))


@register.simple_tag(takes_context=True)
def clock_chip(context: template.Context, clock: Any, before: str = "") -> SafeString:
    """This will show one obligation: the ring says how much has gone, the text what is left.

    `clock` has due_at, share_used (0..1), late, paused, text; each may be absent. `before` stands in front.
    """
    if clock is None:
        return format_html("")
    due, text = _of(clock, "due_at", None), _of(clock, "text")
    now, lang = _now(context), _lang()
    late = bool(_of(clock, "late", due is not None and due < now))
    share = min(1.0, max(0.0, float(_of(clock, "share_used", None) or (1.0 if late else 0.0))))
    if not text and due is not None:
        text = moments.due_text(due, lang=lang, now=now)
    words = _upper(f"{before} {text}".strip()) if lang == "en" else f"{before}{text}"
    if _of(clock, "paused", None):
        return format_html('<span class="clk off">{}{}</span>', icon("hold"), words)
    kind = " late" if late else " near" if _of(clock, "near", share >= NEAR_SHARE) else ""
    title = moments.moment(moments.ends(due), lang=lang, now=now) if due else words
    return format_html('<span class="clk{}" title="{}">{}{}</span>', kind, title, _ring(round(share * 100)), words)


@lru_cache(maxsize=128)
def _ring(percent: int) -> SafeString:
    return format_html(
        '<svg viewBox="0 0 16 16" aria-hidden="true"><circle class="o" cx="8" cy="8" r="7"/>'
        '<circle class="p" cx="8" cy="8" r="2.5" pathLength="100" stroke-dasharray="{} 100"'
        ' transform="rotate(-90 8 8)"/></svg>',
        percent,
    )


# --- days and figures --------------------------------------------------------------------------------------


@register.filter
def day(value: moments.Moment | None) -> str:
    """This will write 11月25日（周三）."""
    return moments.day(value, lang=_lang(), now=timezone.now()) if value else ""


@register.filter
def short_day(value: moments.Moment | None) -> str:
    """This will write 11月25日."""
    return moments.short_day(value, lang=_lang(), now=timezone.now()) if value else ""


@register.filter
def moment(value: moments.Moment | None) -> str:
    """This will write 11月25日（周三）17:30."""
    return moments.moment(value, lang=_lang(), now=timezone.now()) if value else ""


@register.filter
def days(text: str) -> str:
    """This will write each day like 2026-11-22 inside a text as the reader writes days."""
    now = timezone.now()
    return ISO_DAY.sub(lambda d: moments.short_day(dt.date.fromisoformat(d[0]), lang=_lang(), now=now), str(text))


@register.filter
def ends(value: moments.Moment | None) -> moments.Moment | None:
    """This will read a moment as the end of a term: midnight is 24:00 of the day that it closes."""
    return moments.ends(value) if value else value


@register.filter
def desk(value: moments.Moment | None) -> str:
    """This will write 11-25 17:30."""
    return moments.desk(value, now=timezone.now()) if value else ""


@register.filter
def ago(value: dt.datetime | None) -> str:
    """This will write 3 分前, 昨天 17:20."""
    return moments.ago(value, lang=_lang(), now=timezone.now()) if value else ""


@register.simple_tag(takes_context=True)
def when(context: template.Context, value: moments.Moment | None, form: str = "moment") -> SafeString:
    """This will write a `<time>`; `form` is moment, day, short_day, desk or ago."""
    if value is None:
        return format_html("")
    now = _now(context)
    if form == "desk":
        text = moments.desk(value, now=now)
    elif form == "ago" and isinstance(value, dt.datetime):
        text = moments.ago(value, lang=_lang(), now=now)
    else:
        write = {"day": moments.day, "short_day": moments.short_day}.get(form, moments.moment)
        text = write(value, lang=_lang(), now=now)
    exact = value.isoformat(timespec="minutes") if isinstance(value, dt.datetime) else value.isoformat()
    return format_html('<time datetime="{}">{}</time>', exact, text)


@register.filter
def number(value: Any, places: int | None = None) -> str:
    """This will write 25,547; nothing known is a dash, never 0."""
    return "—" if value is None or value == "" else moments.number(value, places)


@register.filter
def span(seconds: float | dt.timedelta | None) -> str:
    """This will write a length of time: 18 小时 7 分."""
    if seconds is None:
        return "—"
    return moments.span(seconds.total_seconds() if isinstance(seconds, dt.timedelta) else seconds)


# --- forms -------------------------------------------------------------------------------------------------


@register.inclusion_tag("portal/parts/field.html")
def field(bound: BoundField, label: str = "", hint: str = "", key: str = "") -> dict[str, Any]:
    """This will render one field: label above, hint, error, control. `key`: the desk key that jumps to it."""
    widget = bound.field.widget
    hint = hint or str(bound.help_text)
    if getattr(widget, "input_type", "") in ("date", "datetime-local"):
        hint = " · ".join(filter(None, (hint, _day_hint(widget.input_type))))
    name = bound.auto_id or bound.html_name
    described = [f"{name}_hint"] if hint else []
    described += [f"{name}_error"] if bound.errors else []
    attrs: dict[str, Any] = {"aria-describedby": " ".join(described)} if described else {}
    if bound.errors:
        attrs["aria-invalid"] = "true"
    if key:
        attrs["data-field-key"] = key
    kind, limit = "input", getattr(bound.field, "max_length", None)
    if isinstance(widget, RadioSelect | CheckboxSelectMultiple):
        kind = "choice"
    elif isinstance(widget, CheckboxInput):
        kind = "tick"
    elif isinstance(widget, FileInput):
        kind = "file"
    else:
        attrs["class"] = f"{widget.attrs.get('class', '')} in".strip()
        if isinstance(widget, Textarea) and limit:
            attrs["data-count"] = f"{name}_count"
    choices = [_choice(sub) for sub in bound] if kind == "choice" else []
    return {
        "bound": bound,
        "kind": kind,
        "label": _upper(str(label or bound.label)),
        "hint": hint,
        "key": key,
        "name": name,
        "control": bound.as_widget(attrs=attrs) if kind != "choice" else "",
        "choices": choices,
        "abreast": 1 < len(choices) < 4 and all(_width(c["head"]) <= ABREAST for c in choices),
        "described": " ".join(described),
        "count_of": limit if "data-count" in attrs else None,
        "optional": not bound.field.required,
    }


def _day_hint(kind: str) -> str:
    """Say which day is meant by an example in words: the browser decides how the field itself is written."""
    now = timezone.now()
    said = moments.moment(now, lang=_lang(), now=now) if kind != "date" else moments.day(now, lang=_lang(), now=now)
    return str(_("例如 %(day)s") % {"day": said})


def _width(text: str) -> int:
    """Measure roughly as it is set: a Chinese character is as wide as two letters."""
    return sum(2 if HAN.match(c) else 1 for c in text)


def _choice(sub: Any) -> dict[str, Any]:
    head, _sep, tail = str(sub.choice_label).partition("\n")
    return {"tag": sub.tag(), "head": _upper(head), "tail": tail, "on": sub.data.get("selected", False)}


@register.inclusion_tag("portal/parts/error_summary.html")
def error_summary(form: BaseForm) -> dict[str, Any]:
    """This will list what must be corrected, each with a link to its field; focus moves here."""
    items = [
        {"href": f"#{form[name].id_for_label or form[name].auto_id}", "label": form[name].label, "text": text}
        for name, errors in form.errors.items()
        if name in form.fields
        for text in errors
    ]
    return {
        "items": items,
        "whole": form.non_field_errors(),
        "count": len(items) + len(form.non_field_errors()),
    }


@register.simple_tag
def idempotency(key: str = "") -> SafeString:
    """This will write the hidden key of one intended act, so that a second press is the same act."""
    return format_html('<input type="hidden" name="idempotency_key" value="{}">', key or uuid.uuid4().hex)


# --- pieces of pages ---------------------------------------------------------------------------------------


@register.simple_tag
def said(text: str, kind: str = "p") -> SafeString:
    """This will set somebody's own words in the serif and in quotation marks: they are not ours."""
    if not text:
        return format_html("")
    chinese = "" if _lang().startswith("zh") or not HAN.search(str(text)) else format_html(' lang="zh-Hans"')
    return format_html('<{} class="said"{}>“{}”</{}>', kind, chinese, linebreaksbr(text), kind)


@register.inclusion_tag("portal/parts/trace.html")
def trace(items: Iterable[Any], small: bool = True) -> dict[str, Any]:  # noqa: FBT001 (a template writes it by name)
    """This will show how a rule came to its answer; each item: mark (yes nope maybe), title, text, chip."""
    return {
        "items": [
            {"mark": _of(i, "mark"), "title": _of(i, "title"), "text": _of(i, "text"), "chip": _of(i, "chip")}
            for i in items
        ],
        "small": small,
    }


@register.simple_tag
def kv(pairs: Any) -> SafeString:
    """This will show up to seven facts of one thing; pairs of (name, fact); an empty fact is a dash."""
    rows = pairs.items() if isinstance(pairs, Mapping) else pairs
    body = format_html_join(
        "", "<dt>{}</dt><dd>{}</dd>", ((k, "—" if v in (None, "") else v) for k, v in rows)
    )
    return format_html('<dl class="kv s">{}</dl>', body)


@register.inclusion_tag("portal/parts/timeline_item.html", takes_context=True)
def timeline_item(context: template.Context, entry: Any) -> dict[str, Any]:
    """This will show one thing that happened: at, title, icon, kind, text, said, sub, note, note_kind, id."""
    names = ("at", "title", "icon", "kind", "text", "said", "sub", "note", "note_said", "note_kind", "id")
    facts = {name: _of(entry, name) for name in names}
    kind = facts["kind"] or "run"
    return {
        **facts,
        "kind": kind,
        "icon": facts["icon"] or CHIP_ICON.get(kind) or "check",
        "dense": context.get("dense", False),
        "now": context.get("now"),
    }


@register.simple_tag
def empty(text: str, icon_name: str = "mine", url: str = "", label: str = "") -> SafeString:
    """This will say what would appear here, and the next useful place."""
    way = format_html('<a class="btn" href="{}">{}</a>', url, label) if url else ""
    return format_html('<div class="empty">{}<p>{}</p>{}</div>', icon(icon_name), text, way)


@register.simple_tag(takes_context=True)
def pager(context: template.Context, after: Any, label: str = "") -> SafeString:
    """This will link to the rows after `after` (keyset), keeping filters and sort; none: nothing."""
    if after in (None, ""):
        return format_html("")
    query = context["request"].GET.copy()
    query["after"] = str(after)
    return format_html(
        '<p class="more-rows"><a rel="next" href="?{}">{}</a></p>',
        query.urlencode(),
        label or _("再看下面的"),
    )


@register.simple_block_tag
def td(content: str, label: str, css: str = "") -> SafeString:
    """This will write a cell that keeps its column head where a folded table has none (phones)."""
    return format_html(
        '<td class="{}" data-l="{}">{}</td>' if css else '<td{} data-l="{}">{}</td>', css, label, content
    )


# --- the page itself ---------------------------------------------------------------------------------------


@register.simple_tag
def page_lang() -> str:
    """This will name the language of the page: zh-Hans or en."""
    return "zh-Hans" if _lang().startswith("zh") else "en"


@register.simple_tag
def other_language(short: bool = False) -> str:  # noqa: FBT001 (a template tag has no keyword-only form)
    """This will name the language one may change to, in that language itself."""
    if _lang().startswith("zh"):
        return "EN" if short else "English"
    return "中文"


@register.simple_tag
def vendor(path: str) -> SafeString:
    """This will load a script or style of others, from our own address, held to its recorded digest."""
    url, digest = static(f"portal/vendor/{path}"), vendored.INTEGRITY[path]
    if path.endswith(".css"):
        return format_html('<link rel="stylesheet" href="{}" integrity="{}">', url, digest)
    return format_html('<script src="{}" integrity="{}" defer></script>', url, digest)
