"""The API of what is handled together: parts, whistles, links. If-Match is the version of the row that is moved; of the
case, where something begins (spec 10 §16)."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from jishi.cases.actions import links, parts, rating, whistle
from jishi.cases.models import OutsideLink, Part, Participant, Whistle
from jishi.cases.queries import casepage, together
from jishi.cases.rest.edge import router
from jishi.cases.shapes import (
    GroundIn,
    LinkIn,
    PartIn,
    RatingIn,
    RatingObjectionIn,
    RatingRulingIn,
    ResultIn,
    WhistleIn,
    WordsIn,
    version_seen,
)
from jishi.cases.states import RatingSide
from jishi.foundation.refusals import NotAllowed, NotFound


def _case(request: HttpRequest, number: str) -> Any:
    """Find a case for a colleague or a program. What bodies ask each other, and an extract, may hold others' words.

    :raises NotFound: not to be seen. :raises NotAllowed: a caller reads his timeline.
    """
    found = casepage.find(number, by=request.actor)  # type: ignore[attr-defined]
    if request.actor.kind not in ("staff", "client"):  # type: ignore[attr-defined]
        raise NotAllowed(why="单位之间的协办往来不对外；办到哪一步，看您的进度页。")
    return found


def _page(request: HttpRequest, response: HttpResponse, number: str) -> dict[str, Any]:
    """Answer with everything beside the case as it is now; the case's version is the ETag."""
    case = _case(request, number)
    response["ETag"] = f'"{case.version}"'
    said = together.pages(case, by=request.actor, now=request.now)  # type: ignore[attr-defined]
    return {"case": case.number, "version": case.version, "status": case.status, **said}


def _move(
    request: HttpRequest, response: HttpResponse, number: str, model: Any, row_id: int, verb: Callable[..., Any],
    **given: Any,
) -> dict[str, Any]:  # fmt: skip
    """Do one verb on a row of this case, at the version that was seen."""
    version, case = version_seen(request), _case(request, number)
    path = "whistle__case" if model is Participant else "case"
    if not (0 < row_id < 2**63 and model.objects.filter(id=row_id, **{path: case}).exists()):
        raise NotFound
    verb(row_id, by=request.actor, now=request.now, version=version, **given)  # type: ignore[attr-defined]
    return _page(request, response, number)


# --- parts -------------------------------------------------------------------------------------------------


@router.get("/cases/{number}/together", summary="Parts, whistles and links of a case")
def get_together(request: HttpRequest, response: HttpResponse, number: str) -> dict[str, Any]:
    """Give what was asked of others for this case, with the verbs open to this program."""
    return _page(request, response, number)


@router.post("/cases/{number}/parts", summary="Ask another body for a part", response={201: dict[str, Any]})
def ask(request: HttpRequest, response: HttpResponse, number: str, payload: PartIn) -> tuple[int, dict[str, Any]]:
    """Ask another body for a piece of the work; it blocks the answer until it is done, returned or released."""
    version, case = version_seen(request), _case(request, number)
    asking = parts.Asking(payload.body, payload.what, payload.due_at, payload.item)
    parts.ask(case.id, asking=asking, by=request.actor, now=request.now, version=version)  # type: ignore[attr-defined]
    return 201, _page(request, response, number)


@router.post("/cases/{number}/parts/{part}/sign", summary="Sign for a part")
def sign_part(request: HttpRequest, response: HttpResponse, number: str, part: int) -> dict[str, Any]:
    """Sign for a part."""
    return _move(request, response, number, Part, part, parts.sign)


@router.post("/cases/{number}/parts/{part}/return", summary="Return a part")
def return_part(
    request: HttpRequest, response: HttpResponse, number: str, part: int, payload: GroundIn
) -> dict[str, Any]:
    """Return a part with a ground and a citation."""
    why = parts.Returning(payload.ground, payload.words, payload.item)
    return _move(request, response, number, Part, part, parts.return_, why=why)


@router.post("/cases/{number}/parts/{part}/contest", summary="Contest the return of a part")
def contest_part(
    request: HttpRequest, response: HttpResponse, number: str, part: int, payload: WordsIn
) -> dict[str, Any]:
    """Contest a return: the ruling body decides."""
    return _move(request, response, number, Part, part, parts.contest, words=payload.words)


@router.post("/cases/{number}/parts/{part}/uphold", summary="Rule that the return stands")
def uphold_part(
    request: HttpRequest, response: HttpResponse, number: str, part: int, payload: WordsIn
) -> dict[str, Any]:
    """Rule that the return of a part stands."""
    return _move(request, response, number, Part, part, parts.uphold, words=payload.words)


@router.post("/cases/{number}/parts/{part}/deny", summary="Rule that the part is theirs")
def deny_part(request: HttpRequest, response: HttpResponse, number: str, part: int, payload: WordsIn) -> dict[str, Any]:
    """Rule that the part is the body's, citing an item."""
    return _move(request, response, number, Part, part, parts.deny, words=payload.words, cited_item_id=payload.item)


@router.post("/cases/{number}/parts/{part}/finish", summary="Finish a part")
def finish_part(
    request: HttpRequest, response: HttpResponse, number: str, part: int, payload: ResultIn
) -> dict[str, Any]:
    """Say what was done; only the asked body can."""
    return _move(request, response, number, Part, part, parts.finish, result=payload.result)


@router.post("/cases/{number}/parts/{part}/release", summary="Let a part go")
def release_part(
    request: HttpRequest, response: HttpResponse, number: str, part: int, payload: WordsIn
) -> dict[str, Any]:
    """Let a part go before it is signed; afterwards it takes the asked body's consent."""
    return _move(request, response, number, Part, part, parts.release, words=payload.words)


@router.post("/cases/{number}/parts/{part}/ask-release", summary="Ask the body to stop")
def ask_release(
    request: HttpRequest, response: HttpResponse, number: str, part: int, payload: WordsIn
) -> dict[str, Any]:
    """Ask the body that signed whether it agrees to stop."""
    return _move(request, response, number, Part, part, parts.ask_release, words=payload.words)


@router.post("/cases/{number}/parts/{part}/keep", summary="Do not agree to stop")
def keep_part(request: HttpRequest, response: HttpResponse, number: str, part: int, payload: WordsIn) -> dict[str, Any]:
    """Go on although the asker would have it stopped."""
    return _move(request, response, number, Part, part, parts.keep, words=payload.words)


# --- whistles ----------------------------------------------------------------------------------------------


@router.post("/cases/{number}/whistles", summary="Blow the whistle", response={201: dict[str, Any]})
def blow(request: HttpRequest, response: HttpResponse, number: str, payload: WhistleIn) -> tuple[int, dict[str, Any]]:
    """Call several bodies together as the street of the place."""
    version, case = version_seen(request), _case(request, number)
    given = payload.dict(exclude={"bodies", "lead_body"})
    called = tuple(whistle.Called(b.body, b.role, b.item, b.why) for b in payload.bodies)
    call = whistle.Call(bodies=called, lead_body_id=payload.lead_body, **given)
    whistle.blow(case.id, call=call, by=request.actor, now=request.now, version=version)  # type: ignore[attr-defined]
    return 201, _page(request, response, number)


@router.post("/cases/{number}/whistles/{whistle_id}/start", summary="Start")
def start_whistle(request: HttpRequest, response: HttpResponse, number: str, whistle_id: int) -> dict[str, Any]:
    """Begin to act, as the host."""
    return _move(request, response, number, Whistle, whistle_id, whistle.start)


@router.post("/cases/{number}/whistles/{whistle_id}/conclude", summary="Conclude")
def conclude_whistle(
    request: HttpRequest, response: HttpResponse, number: str, whistle_id: int, payload: WordsIn
) -> dict[str, Any]:
    """End the work, when every body has its own result or a recorded absence."""
    return _move(request, response, number, Whistle, whistle_id, whistle.conclude, words=payload.words)


@router.post("/cases/{number}/whistles/{whistle_id}/call-off", summary="Call it off")
def call_off_whistle(
    request: HttpRequest, response: HttpResponse, number: str, whistle_id: int, payload: WordsIn
) -> dict[str, Any]:
    """Call a whistle off with a reason."""
    return _move(request, response, number, Whistle, whistle_id, whistle.call_off, words=payload.words)


BODY = "/cases/{number}/whistle-bodies/{participant}"


@router.post(f"{BODY}/answer", summary="Answer a whistle")
def answer_whistle(request: HttpRequest, response: HttpResponse, number: str, participant: int) -> dict[str, Any]:
    """Say that the body comes."""
    return _move(request, response, number, Participant, participant, whistle.answer)


@router.post(f"{BODY}/object", summary="Object to a whistle")
def object_to_whistle(
    request: HttpRequest, response: HttpResponse, number: str, participant: int, payload: GroundIn
) -> dict[str, Any]:
    """Say that it is not the body's to come, citing an item."""
    why = whistle.Objection(payload.ground, payload.words, payload.item)
    return _move(request, response, number, Participant, participant, whistle.object_, why=why)


@router.post(f"{BODY}/uphold", summary="Uphold an objection")
def uphold_objection(
    request: HttpRequest, response: HttpResponse, number: str, participant: int, payload: WordsIn
) -> dict[str, Any]:
    """Rule that the body need not come."""
    return _move(request, response, number, Participant, participant, whistle.uphold, words=payload.words)


@router.post(f"{BODY}/deny", summary="Deny an objection")
def deny_objection(
    request: HttpRequest, response: HttpResponse, number: str, participant: int, payload: WordsIn
) -> dict[str, Any]:
    """Rule that the body comes."""
    return _move(request, response, number, Participant, participant, whistle.deny, words=payload.words)


@router.post(f"{BODY}/arrive", summary="Arrive")
def arrive(
    request: HttpRequest, response: HttpResponse, number: str, participant: int, payload: WordsIn
) -> dict[str, Any]:
    """Note that the body has come, in a sentence."""
    return _move(request, response, number, Participant, participant, whistle.arrive, words=payload.words)


@router.post(f"{BODY}/miss", summary="Record an absence")
def miss(
    request: HttpRequest, response: HttpResponse, number: str, participant: int, payload: WordsIn
) -> dict[str, Any]:
    """Record that the body did not come, in a sentence."""
    return _move(request, response, number, Participant, participant, whistle.miss, words=payload.words)


@router.post(f"{BODY}/report", summary="Report the body's own result")
def report(
    request: HttpRequest, response: HttpResponse, number: str, participant: int, payload: ResultIn
) -> dict[str, Any]:
    """Write the body's own result."""
    return _move(request, response, number, Participant, participant, whistle.report, result=payload.result)


@router.post(f"{BODY}/rate", summary="Rate")
def rate(
    request: HttpRequest, response: HttpResponse, number: str, participant: int, payload: RatingIn
) -> dict[str, Any]:
    """Rate the body as the street, or the whistle as the body."""
    rated = rating.Rated(payload.dict(exclude={"side", "words"}), payload.words)
    verb = rating.rate_body if payload.side == RatingSide.STREET else rating.rate_whistle
    return _move(request, response, number, Participant, participant, verb, rated=rated)


@router.post(f"{BODY}/object-to-rating", summary="Object to a rating")
def object_to_rating(
    request: HttpRequest, response: HttpResponse, number: str, participant: int, payload: RatingObjectionIn
) -> dict[str, Any]:
    """Object to the rating of the other side, once."""
    given = {"side": payload.side, "words": payload.words}
    return _move(request, response, number, Participant, participant, rating.object_, **given)


@router.post(f"{BODY}/rule-on-rating", summary="Rule on a rating")
def rule_on_rating(
    request: HttpRequest, response: HttpResponse, number: str, participant: int, payload: RatingRulingIn
) -> dict[str, Any]:
    """Rule on an objection to a rating; the rating stays as it is."""
    given = {"side": payload.side, "ruling": payload.ruling, "words": payload.words}
    return _move(request, response, number, Participant, participant, rating.rule, **given)


# --- links -------------------------------------------------------------------------------------------------


@router.post("/cases/{number}/links", summary="Ask an outside party by link", response={201: dict[str, Any]})
def send_link(request: HttpRequest, response: HttpResponse, number: str, payload: LinkIn) -> tuple[int, dict[str, Any]]:
    """Make a link for one outside party; the path is said once, its token is kept by nobody."""
    version, case = version_seen(request), _case(request, number)
    question = links.Question(payload.to, payload.question, payload.extract, payload.days)
    sent = links.send(case.id, question=question, by=request.actor, now=request.now, version=version)  # type: ignore[attr-defined]
    return 201, {**_page(request, response, number), "link": sent.link.id, "path": f"/link#{sent.token}"}


@router.post("/cases/{number}/links/{link}/revoke", summary="Take a link back")
def revoke_link(
    request: HttpRequest, response: HttpResponse, number: str, link: int, payload: WordsIn
) -> dict[str, Any]:
    """Take a link back."""
    return _move(request, response, number, OutsideLink, link, links.revoke, words=payload.words)
