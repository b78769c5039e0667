"""Our facts in the fields of GeoReport v2, with states in words that a resident uses (spec 13 §§5–7)."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from jishi.cases.models import Handover
from jishi.cases.open311.asking import stamp
from jishi.cases.queries import public, standing, turns
from jishi.cases.queries.public import Shown
from jishi.duties import queries as duties
from jishi.places import queries as places

DATATYPES = {
    "bool": "singlevaluelist", "choice": "singlevaluelist", "many": "multivaluelist", "number": "number",
    "text": "text", "string": "string", "date": "datetime", "moment": "datetime", "datetime": "datetime",
    "note": "string",
}  # fmt: skip
LISTS = ("singlevaluelist", "multivaluelist")
DETAILED = {
    "RECEIVED": "RECEIVED", "CONSULTING": "PENDING", "OFFERED": "PENDING", "SUSPENDED": "PENDING", "BANKED": "PENDING",
    "HANDLING": "IN_PROCESS", "REPLIED": "IN_PROCESS", "FEEDBACK": "PROCESSED", "CLOSED": "PROCESSED",
    "DECLINED": "REJECTED", "WITHDRAWN": "REJECTED", "ABSORBED": "PENDING",
}  # fmt: skip


def lang() -> str:
    """Give the language in which names and sentences are told: what the caller's Accept-Language wishes, else zh."""
    return "en" if (get_language() or "zh").startswith("en") else "zh"


# --- services ----------------------------------------------------------------------------------------------


def services() -> list[dict[str, Any]]:
    """List the public matters of the book in force."""
    book, said = duties.matters(), lang()
    rows = []
    for row in duties.leaves():
        if not row.public:
            continue
        path = duties.matter_path(row.code)
        rows.append(
            {
                "service_code": row.code, "service_name": row.called(said),
                "description": " / ".join(m.called(said) for m in path), "metadata": bool(row.questions),
                "type": "realtime", "keywords": ",".join(a.replace(",", " ") for a in row.aliases),
                "group": (path[0] if path else book[row.code]).called(said),
            }
        )  # fmt: skip
    return rows


def definition(row: Any) -> dict[str, Any]:
    """Give the extra questions of a matter as attributes, in order."""
    return {"service_code": row.code, "attributes": [attribute(q, i) for i, q in enumerate(row.questions, 1)]}


def attribute(question: Mapping[str, Any], order: int) -> dict[str, Any]:
    """Give one question; `variable` false is a text that is only shown."""
    said, kind = lang(), datatype(question)
    unit = _("单位：%(unit)s") % {"unit": question["unit"]} if question.get("unit") else None
    told = {
        "variable": question.get("type") != "note", "code": str(question["code"]), "datatype": kind,
        "required": is_required(question), "datatype_description": unit,
        "order": order, "description": worded(question, said),
    }  # fmt: skip
    choices = duties.choices_of(question) if kind in LISTS else []
    return {**told, "values": [{"key": str(c["code"]), "name": worded(c, said)} for c in choices]}


def datatype(question: Mapping[str, Any]) -> str:
    """Name the datatype of a question of the book."""
    return DATATYPES.get(str(question.get("type", "choice")), "string")


def is_required(question: Mapping[str, Any]) -> bool:
    """Tell whether a report without an answer to it is refused."""
    return bool(question.get("required")) and question.get("type") != "note"


def worded(fact: Mapping[str, Any], said: str) -> str:
    """Give the words of a question or a choice."""
    return str((fact.get("text_en") if said == "en" else "") or fact.get("text") or fact.get("code") or "")


# --- requests ----------------------------------------------------------------------------------------------


def request(shown: Shown, *, base: str = "", more: Sequence[Handover] | None = None) -> dict[str, Any]:
    """Give one request in the fields of §5.5; `more`: who was asked, for the extended attributes. `base`: our root."""
    case, said = shown.case, lang()
    is_open, promised = shown.is_open, None if public.settled(shown.case) else shown.case.promise_due_at
    told: dict[str, Any] = {
        "service_request_id": shown.number, "status": "open" if is_open else "closed",
        "status_notes": standing.notes(shown, said), "service_name": shown.matter_in(said),
        "service_code": case.matter, "description": shown.text or None,
        "agency_responsible": shown.lead.called(said) if shown.lead else None,
        "service_notice": standing.promise(case) if is_open else None,
        "requested_datetime": stamp(shown.report.received_at), "updated_datetime": stamp(shown.updated_at),
        "expected_datetime": stamp(promised), "address": shown.place or None, "address_id": None, "zipcode": None,
        "lat": shown.lat, "long": shown.lng, "media_url": next(iter(media(shown, base)), None),
    }  # fmt: skip
    if more is not None:
        pictures = {"media": media(shown, base), "answer_media": answer_media(shown, base)}
        told["extended_attributes"] = {**extended(shown, more), **pictures}
    return told


def media(shown: Shown, base: str) -> list[str]:
    """Give the addresses of the covered copies that strangers may see."""
    return [f"{base}/photos/{code}.jpg" for code in shown.photos]


def answer_media(shown: Shown, base: str) -> list[str]:
    """Give the addresses of the covered copies beside the public answer; `media_url` stays what the matter is about."""
    return [f"{base}/photos/{code}.jpg" for code in shown.answer_photos]


def gone(shown: Shown) -> dict[str, Any]:
    """Give a request that strangers cannot read any more: its number, the moment, and nothing else."""
    return {
        "service_request_id": shown.number, "updated_datetime": stamp(shown.updated_at),
        "extended_attributes": {"removed": True},
    }  # fmt: skip


def extended(shown: Shown, asked: Sequence[Handover]) -> dict[str, Any]:
    """Give what no field of the specification holds; named so in README.md."""
    names, case = _bodies(), shown.case
    grid = places.grid(shown.report.grid_id) if shown.report.grid_id else None
    item = next((h.duty_item.number for h in reversed(asked) if h.duty_item is not None), None)
    return {
        "case": case.number, "detailed_status": DETAILED.get(case.status, "PENDING"),
        "grid": grid.code if grid else None, "channel_open": shown.report.channel, "promise_moved": shown.promise_moved,
        "returned_by": [names[h.body_id] for h in asked if h.status == "RETURNED" and h.body_id in names],
        "duty_item": item,
    }  # fmt: skip


def _bodies() -> dict[int, str]:
    said = lang()
    return {i: b.called(said) for i, b in public.bodies.names().items()}


# --- updates -----------------------------------------------------------------------------------------------

STEPS = {
    "case.received": gettext_lazy("已经收到。"), "case.offered": gettext_lazy("已经派出，等签收。"),
    "case.consultation_opened": gettext_lazy("几家单位开始商定由谁负责。"),
    "case.contested": gettext_lazy("由谁负责有争议，转会商。"), "case.ruled": gettext_lazy("已经裁定由谁负责。"),
    "case.upheld": gettext_lazy("裁定由原单位继续办。"), "handover.signed": gettext_lazy("承办单位签收了，开始办。"),
    "handover.signed_by_time": gettext_lazy("到时视为签收，开始办。"),
    "handover.returned": gettext_lazy("承办单位退回，正在重新派。"),
    "handover.returned_by_time": gettext_lazy("退回成立，正在重新派。"),
    "case.replied": gettext_lazy("承办单位答复了，正在审核。"), "case.sent_back": gettext_lazy("答复要补充，继续办。"),
    "case.reply_approved": gettext_lazy("有答复了。"), "case.answered_at_once": gettext_lazy("当场答复了。"),
    "case.settled_on_spot": gettext_lazy("当场办好了。"), "case.declined": gettext_lazy("没有受理。"),
    "case.decline_overturned": gettext_lazy("申诉成立，重新受理。"), "case.suspended": gettext_lazy("办理暂停。"),
    "case.resumed": gettext_lazy("接着办。"), "case.banked": gettext_lazy("现在解决不了，挂账，到时再看。"),
    "case.taken_up": gettext_lazy("挂账的事重新办理。"), "case.withdrawn": gettext_lazy("诉求人撤回了。"),
    "case.absorbed": gettext_lazy("和另一件事并在一起办。"), "case.restored": gettext_lazy("重新单独办。"),
    "case.parted": gettext_lazy("从另一件事里分出来，单独办。"),
    "case.sent_back_by_feedback": gettext_lazy("没有解决，退回重办。"), "case.reopened": gettext_lazy("重新打开。"),
    "case.reopened_elsewhere": gettext_lazy("改派别的单位重办。"), "case.terminated": gettext_lazy("办理终止。"),
}  # fmt: skip


def update(turn: turns.Turn) -> dict[str, Any]:
    """Give one public step as an update."""
    said = str(STEPS.get(turn.step, ""))
    return {
        "update_id": turn.id, "service_request_id": turn.number, "status": turn.status,
        "updated_datetime": stamp(turn.at), "description": f"{said} {turn.text}".strip() or None, "media_url": None,
    }  # fmt: skip
