"""The API of topics (spec 10 §12). If-Match is the version of the topic; a nomination carries a key."""

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from jishi.cases.actions import topic
from jishi.cases.queries import topics
from jishi.cases.rest.edge import router
from jishi.cases.shapes import TopicIn, TopicMoveIn, version_seen
from jishi.foundation import idempotency
from jishi.foundation.refusals import KeyMissing, NotFound

Run = Callable[[int, TopicMoveIn, Mapping[str, Any]], object]


def _measures(said: TopicMoveIn) -> list[topic.Measure]:
    return [topic.Measure(m.what, m.body, m.by_date) for m in said.measures]


def _plan(said: TopicMoveIn) -> topic.Plan:
    return topic.Plan(said.lead or 0, said.causes, _measures(said), said.indicator, said.target, tuple(said.assists))


MOVES: Mapping[str, Run] = {
    "choose": lambda row, said, who: topic.choose(row, plan=_plan(said), **who),
    "pass-over": lambda row, said, who: topic.pass_over(row, why=said.why, **who),
    "measures": lambda row, said, who: topic.finish_measure(row, measure_id=said.measure or 0, words=said.words, **who),
    "assess": lambda row, said, who: topic.assess(row, words=said.words, **who),
    "close": lambda row, said, who: topic.close(row, words=said.words, **who),
    "go-on": lambda row, said, who: topic.go_on(row, measures=_measures(said), **who),
}


@router.get("/topics", summary="Topics", auth=None)
def listed(request: HttpRequest) -> dict[str, Any]:
    """Give what is worked on at its root, and what came of it; colleagues see what is nominated, too."""
    by = request.actor  # type: ignore[attr-defined]
    give = topics.board if by.kind in ("staff", "client") else topics.public
    return {"topics": [_written(t) for t in give(by=by, now=timezone.now(), lang="zh")]}


@router.post("/topics", summary="Nominate a topic", response={201: dict[str, Any]})
def nominate(request: HttpRequest, response: HttpResponse, payload: TopicIn) -> tuple[int, dict[str, Any]]:
    """Nominate a kind of matter with the evidence; the counts beside it are taken from the record."""
    by, now, key = request.actor, timezone.now(), request.headers.get("Idempotency-Key", "")  # type: ignore[attr-defined]
    if not key:
        raise KeyMissing
    slot = idempotency.claim(key, route="topics", body=request.body, by=by, now=now)
    if slot.is_first:
        what = topic.Nomination(payload.title, payload.matters, payload.evidence_kind, payload.evidence)
        slot.fill({"id": topic.nominate(what, by=by, now=now).id})
    response["Location"] = f"/api/v1/topics/{slot.answer['id']}"
    return 201, _answer(request, response, slot.answer["id"])


@router.get("/topics/{row}", summary="One topic", auth=None)
def one(request: HttpRequest, response: HttpResponse, row: int) -> dict[str, Any]:
    """Give one topic: causes, measures, the figure before and after."""
    return _answer(request, response, row)


@router.post("/topics/{row}/{move}", summary="Move a topic")
def press(request: HttpRequest, response: HttpResponse, row: int, move: str, payload: TopicMoveIn) -> dict[str, Any]:
    """Do one move: choose, pass-over, measures, assess, close, go-on."""
    version, run = version_seen(request), MOVES.get(move)
    if run is None or not 0 < row < 2**63:
        raise NotFound
    run(row, payload, {"by": request.actor, "now": timezone.now(), "version": version})  # type: ignore[attr-defined]
    return _answer(request, response, row)


def _answer(request: HttpRequest, response: HttpResponse, row: int) -> dict[str, Any]:
    by = request.actor  # type: ignore[attr-defined]
    if not 0 < row < 2**63:
        raise NotFound
    is_public = by.kind not in ("staff", "client")
    found = topics.one(row, by=by, now=timezone.now(), lang="zh", is_public=is_public)
    response["ETag"] = f'"{found.row.version}"'
    return _written(found)


def _written(t: topics.OneTopic) -> dict[str, Any]:
    row = t.row
    figures = {
        "indicator": row.indicator, "edition": row.indicator_edition, "target": row.target,
        "baseline": [row.baseline_n, row.baseline_of],
        "result": [row.result_n, row.result_of] if row.assessed_at else None, "met": row.is_met,
    }  # fmt: skip
    return {
        "id": row.id, "version": row.version, "title": row.title, "matters": row.matters, "status": row.status,
        "month": row.month, "due": row.due_date.isoformat(), "lead": row.lead_body_id, "assists": row.assist_body_ids,
        "causes": row.causes, "result": row.result, "found": t.found, "may": sorted(t.may),
        "figures": figures if row.indicator else None,
        "measures": [
            {"id": m.row.id, "what": m.row.what, "body": m.row.body_id, "by": m.row.by_date.isoformat(),
             "done": m.row.done_words or None}
            for m in t.measures
        ],
    }  # fmt: skip
