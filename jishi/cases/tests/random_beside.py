"""What else anybody may try at any moment: mediation, topics, errands, photos, hiding, unsealing, lists of one's own.

The same kind of lines as in random_steps.py; NOT_WALKED says of every other verb why it is not tried there.
"""

from datetime import timedelta
from functools import cache
from typing import Any

from django.utils.timezone import localdate

from conftest import TOWN
from jishi.cases.actions import (
    arrival,
    choosing,
    clocks,
    disputes,
    errands,
    filters,
    handling,
    mediation,
    mediators,
    papers,
    patrols,
    photos,
    privacy,
    publishing,
    recusing,
    reminding,
    sweeping,
    topic,
    unsealing,
)  # fmt: skip
from jishi.cases.legwork import FINDINGS
from jishi.cases.models import (
    Case,
    Errand,
    Mediation,
    MediationParty,
    Mediator,
    PatrolRoute,
    Photo,
    SavedFilter,
    Suggestion,
    Topic,
    TopicMeasure,
    Unsealing,
)  # fmt: skip
from jishi.cases.tests import mediation_steps as m
from jishi.cases.tests import photo_steps as p
from jishi.cases.tests import topic_steps
from jishi.cases.tests.random_steps import (
    MATTERS,
    TEXTS,
    WHY,
    Now,
    Step,
    World,
    any_of,
    on_case,
    on_row,
    own_report,
    role,
    the_caller,
    the_clock,
    the_lead,
)
from jishi.foundation import scope
from jishi.foundation.actor import Actor, system
from jishi.places import queries as places

AREA = "990181001002"
LIST = "status=open"


def _nothing(verb: Any, **given: Any) -> Any:
    """Call a verb that is about no row: what it takes is said by name."""
    return lambda w, c, row: (lambda _none, **more: verb(**more), None, _spoken(w, c, row, given))


def _first(verb: Any, make: Any, **given: Any) -> Any:
    """Call a verb whose first word is made for this step."""
    return lambda w, c, row: (verb, make(w, c, row), _spoken(w, c, row, given))


def _spoken(w: World, c: Now, row: Any, given: dict[str, Any]) -> dict[str, Any]:
    return {name: value(w, c, row) if callable(value) else value for name, value in given.items()}


# --- mediation -----------------------------------------------------------------------------------------------


@cache
def _chair(town: int) -> Actor:
    return m.chair(town)


def _mediator(w: World, c: Now, row: Any) -> Actor:
    return _chair(w.town)


def _party(w: World, c: Now, row: Any) -> Actor:
    return papers.as_party(w.one(MediationParty, mediation=row.id))


def _whoever(*choices: Any) -> Any:
    return lambda w, c, row: w.rng.choice(choices)(w, c, row)


def _register(w: World, c: Now, row: Any) -> mediators.Line:
    by = _chair(w.town)
    return mediators.Line(by.account_id or 0, min(by.body_ids), "宋和平", "河西街道人民调解委员会",
                          ("neighbours", "property"), ("普通话",), localdate(w.now))  # fmt: skip


def _proposal(w: World, c: Now, row: Any) -> disputes.Proposal:
    others = (m.OTHER,) if w.rng.random() < 0.8 else ()
    danger = "none" if w.rng.random() < 0.9 else "violence"
    who = w.one(Mediator, active_to=None).id
    return disputes.Proposal(kind="neighbours", what=m.ABOUT, mediator_id=who, danger=danger, others=others)


def _sat(w: World, c: Now, row: Any) -> mediation.Sat:
    with scope.work(system(w.town)):
        came = list(MediationParty.objects.filter(mediation=row).values_list("id", flat=True))
    return mediation.Sat(w.now, "社区议事厅", came, m.NOTES)


def _terms(w: World, c: Now, row: Any) -> mediation.Draft:
    return mediation.Draft(m.TERMS, [localdate(w.now) + timedelta(days=7)], w.rng.random() < 0.5)


_OF_A_TALK = any_of(Mediation)
MEDIATING = (
    Step("mediators.register", role("office", "ldxz"), _first(mediators.register, _register)),
    Step("mediators.end_term", role("office", "ldxz"), on_row(mediators.end_term, why=WHY),
         lambda w, c: w.one(Mediator, active_to=None)),
    Step("mediation.propose", _whoever(the_lead, _mediator, the_caller),
         on_case(mediation.propose, proposal=_proposal)),
    Step("mediation.consent", _party, on_row(mediation.consent), _OF_A_TALK),
    Step("mediation.recuse", _whoever(_mediator, _party), on_row(mediation.recuse, ground="kin"), _OF_A_TALK),
    Step("mediation.name_mediator", the_lead,
         on_row(mediation.name_mediator, mediator_id=lambda w, c, r: w.one(Mediator).id), _OF_A_TALK),
    Step("mediation.give_link", _whoever(the_lead, _mediator), on_row(mediation.give_link,
         party_id=lambda w, c, r: w.one(MediationParty, mediation=r.id).id), _OF_A_TALK),
    Step("mediation.prolong", _party, on_row(mediation.prolong, days=10), _OF_A_TALK),
    Step("mediation.note_sitting", _mediator, on_row(mediation.note_sitting, sat=_sat), _OF_A_TALK),
    Step("mediation.draft", _mediator, on_row(mediation.draft, draft=_terms), _OF_A_TALK),
    Step("mediation.agree", _party, on_row(mediation.agree), _OF_A_TALK),
    Step("mediation.leave", _whoever(_party, _mediator),
         on_row(mediation.leave, end=lambda w, c, r: w.rng.choice(("not_agreed", "unsuitable"))), _OF_A_TALK),
    Step("mediation.confirm_performed", _party, on_row(mediation.confirm_performed), _OF_A_TALK),
    Step("mediation.report_broken", _party, on_row(mediation.report_broken), _OF_A_TALK),
    Step("mediation.remind", the_clock, on_row(mediation.remind), _OF_A_TALK),
    Step("papers.open", _whoever(_mediator, _party),
         lambda w, c, r: (papers.open_, m.again(r), {}), _OF_A_TALK),
)  # fmt: skip

# --- topics --------------------------------------------------------------------------------------------------


def _nomination(w: World, c: Now, row: Any) -> topic.Nomination:
    return topic_steps.nomination(matters=[w.rng.choice(MATTERS)])


def _plan(w: World, c: Now, row: Any) -> topic.Plan:
    return topic_steps.plan(w.town, w.now)


def _any_topic(w: World, c: Now) -> Topic:
    return w.one(Topic)  # type: ignore[no-any-return]


def _measured(w: World, c: Now, row: Any) -> Actor:
    return w.staff("handler", w.rng.choice((w.body["psyh"], w.body["cgj"])))


def _found(w: World, c: Now, row: Any) -> arrival.Incoming:
    return arrival.Incoming(text=w.rng.choice(TEXTS), channel="topic", matter=w.rng.choice(MATTERS))


TOPICS = (
    Step("topic.nominate", the_lead, _first(topic.nominate, _nomination)),
    Step("topic.choose", role("office", "ldxz"), on_row(topic.choose, plan=_plan), _any_topic),
    Step("topic.pass_over", role("office", "ldxz"), on_row(topic.pass_over, why=WHY), _any_topic),
    Step("topic.finish_measure", _measured, on_row(topic.finish_measure, words="井都清了一遍，水下得去。",
         measure_id=lambda w, c, r: w.one(TopicMeasure, topic=r.id).id), _any_topic),
    Step("topic.open_case", _measured, on_row(topic.open_case, incoming=_found, tenant_code=TOWN), _any_topic),
    Step("topic.assess", role("office", "ldxz"), on_row(topic.assess, words="清完以后没有再堵，件数下来了。"),
         _any_topic),
    Step("topic.close", role("office", "ldxz"), on_row(topic.close), _any_topic),
    Step("topic.go_on", role("office", "ldxz"),
         on_row(topic.go_on, measures=lambda w, c, r: topic_steps.measures(w.town, w.now)), _any_topic),
)  # fmt: skip

# --- errands and rounds --------------------------------------------------------------------------------------


def _worker(w: World, c: Now, row: Any) -> Actor:
    by = w.staff("grid_worker", w.body["sqcz"])
    return Actor(tenant_id=w.town, kind="staff", account_id=_chair(w.town).account_id, post_id=7, area=AREA,
                 roles=by.roles, body_ids=by.body_ids)  # fmt: skip


def _job(w: World, c: Now, row: Any) -> errands.Setting:
    if w.rng.random() < 0.5:
        return errands.Setting(w.rng.choice(("verify_before", "verify_after")), "看一眼井口", case_id=c.id)
    return errands.Setting("deliver", "停水通知贴到公告栏", division_code=AREA, place_text="翠竹苑南门公告栏",
                           free=w.rng.random() < 0.3)  # fmt: skip


def _any_errand(w: World, c: Now) -> Errand:
    return w.one(Errand)  # type: ignore[no-any-return]


def _numbered(verb: Any, **given: Any) -> Any:
    return lambda w, c, row: (verb, row.number, _spoken(w, c, row, given))


def _press(w: World, c: Now, row: Any) -> errands.Press:
    return errands.Press(row.number, "find", words="配电间门没关严，里面有积水。", matter=w.rng.choice(MATTERS))


def _route(w: World, c: Now, row: Any) -> patrols.NewRoute:
    with scope.work(system(w.town)):
        grid = places.grids_in(AREA)[0].id
    points = (patrols.Point("北门配电间"), patrols.Point("南门井口"))
    return patrols.NewRoute("翠竹苑一圈", grid, points, "有没有积水", 7, localdate(w.now))


WALKING = (
    Step("errands.set", _whoever(role("dispatcher"), the_lead), _first(errands.set_, _job, tenant_code=TOWN)),
    Step("errands.take", _worker, _numbered(errands.take), _any_errand),
    Step("errands.put_back", _worker, _numbered(errands.put_back), _any_errand),
    Step("errands.finish", _worker,
         _numbered(errands.finish, finding=lambda w, c, r: FINDINGS[r.kind][0]), _any_errand),
    Step("errands.find", _worker, _first(errands.find, _press, tenant_code=TOWN), _any_errand),
    Step("errands.cannot", _worker, _numbered(errands.cannot, words="门锁着，没有人"), _any_errand),
    Step("errands.drop", role("dispatcher"), _numbered(errands.drop, words="不用了"), _any_errand),
    Step("errands.tell_setter", the_clock, _nothing(errands.tell_setter)),
    Step("errands.drop_idle", the_clock, _nothing(errands.drop_idle)),
    Step("patrols.lay", _whoever(role("dispatcher"), role("office", "ldxz")), _first(patrols.lay, _route)),
    Step("patrols.end", _whoever(role("dispatcher"), role("office", "ldxz")), on_row(patrols.end, words=WHY),
         lambda w, c: w.one(PatrolRoute)),
    Step("patrols.set_due", the_clock, _nothing(patrols.set_due, tenant_code=TOWN)),
    Step("patrols.sweep", the_clock, _nothing(patrols.sweep)),
)  # fmt: skip

# --- what strangers may see, and who spoke -------------------------------------------------------------------


@cache
def _picture() -> Any:
    return photos.ready([p.sent()])


def _any_photo(w: World, c: Now) -> Photo:
    """Of a report that belongs to the case now: one that has left writes where it is."""
    here = {"report__memberships__case": c.id, "report__memberships__to_at": None}
    return w.one(Photo, **here)  # type: ignore[no-any-return]


def _on_report(verb: Any, **given: Any) -> Any:
    return lambda w, c, row: (verb, row.report_id, _spoken(w, c, row, given))


def _asker(w: World, c: Now, row: Any) -> Actor:
    """Somebody of the body that holds the case, with an account that readings can name."""
    return w.staff("handler", c.lead or w.body["psyh"], account=_chair(w.town).account_id or 0)


SEEING = (
    Step("photos.add", the_caller,
         lambda w, c, r: (photos.add, r.report_id, {"given": _picture(), "may_publish": True}), own_report),
    Step("photos.open", the_lead, on_row(photos.open_, reason="看现场"), _any_photo),
    Step("photos.publish", role("reviewer"), on_row(photos.publish, boxes=((0, 0, 500, 500),), ground="person",
         why="盖住了门牌"), _any_photo),
    Step("photos.hide", _whoever(the_caller, role("reviewer")), on_row(photos.hide, why="照到了人"), _any_photo),
    Step("photos.agree", the_caller,
         on_row(photos.agree, may_publish=lambda w, c, r: w.rng.random() < 0.7), _any_photo),
    Step("photos.take_back", the_caller, on_row(photos.take_back), _any_photo),
    Step("privacy.redact", role("reviewer"), _on_report(privacy.redact, ground="person", why="写着是哪一家",
         passages=lambda w, c, r: w.rng.choice((["雨水井"], ["路灯"], ["棚子"]))), own_report),
    Step("privacy.amend", the_caller, _on_report(privacy.amend, text="门口的井堵了，请看一看。"), own_report),
    Step("privacy.hide", _whoever(the_caller, role("reviewer")), _on_report(privacy.hide, why=WHY), own_report),
    Step("privacy.show", _whoever(the_caller, role("reviewer")), _on_report(privacy.show), own_report),
    Step("publishing.close", role("reviewer"), on_case(publishing.close, why=WHY)),
    Step("unsealing.ask", _asker, _on_report(unsealing.ask, ground="verify",
         why="只有本人知道是哪一间，不问没法核实。"), own_report),
    Step("unsealing.approve", role("office", "ldxz"), on_row(unsealing.approve), any_of(Unsealing)),
    Step("unsealing.deny", role("office", "ldxz"), on_row(unsealing.deny, why=WHY), any_of(Unsealing)),
    Step("unsealing.look", _asker, on_row(unsealing.look), any_of(Unsealing)),
    Step("unsealing.end", _asker, on_row(unsealing.end), any_of(Unsealing)),
    Step("unsealing.end_due", the_clock, _nothing(unsealing.end_due)),
)  # fmt: skip

# --- one's own, and the clock --------------------------------------------------------------------------------


def _chosen(w: World, c: Now, row: Any) -> Any:
    w.one(Suggestion, report=row.report_id)
    return choosing.choose, row.report_id, {"chosen": {"matter": w.rng.choice(MATTERS)}}


BESIDES = (
    Step("filters.keep", _mediator, lambda w, c, r: (filters.keep, f"我的{w.rng.randrange(14)}", {"query": LIST})),
    Step("filters.drop", _mediator, on_row(filters.drop), lambda w, c: w.one(SavedFilter)),
    Step("choosing.choose", role("operator"), _chosen, own_report),
    Step("choosing.refuse_pairs", role("operator"),
         lambda w, c, r: (choosing.refuse_pairs, r.report_id, {"case_ids": [w.another(c)]}), own_report),
    Step("recusing.say_line", role("dispatcher"),
         on_case(recusing.say_line, line=lambda w, c, r: [w.any_body()] if w.rng.random() < 0.7 else [], why=WHY)),
    Step("recusing.stand_aside", lambda w, c, r: w.staff("dispatcher", w.body["sqzx"], 5000 + w.rng.randrange(99)),
         on_case(recusing.stand_aside, ground=lambda w, c, r: w.rng.choice(("kin", "interest")))),
    Step("recusing.let_back", role("dispatcher"),
         on_case(recusing.let_back, account_id=lambda w, c, r: next(iter(r.aside_account_ids), 1), why=WHY),
         lambda w, c: w.one(Case, id=c.id)),
    Step("handling.deny_termination", role("supervisor"), on_case(handling.deny_termination, why=WHY)),
    Step("clocks.preview", role("office", "ldxz"), _nothing(clocks.preview)),
    Step("clocks.recompute", role("office", "ldxz"), _nothing(clocks.recompute)),
    Step("sweeping.sweep", the_clock, _nothing(sweeping.sweep)),
    Step("reminding.remind", the_clock, _nothing(reminding.remind)),
)  # fmt: skip

ON_THE_CASE = {
    "handling.deny_termination", "recusing.say_line", "recusing.stand_aside", "recusing.let_back"
}  # fmt: skip
STEPS = (*MEDIATING, *TOPICS, *WALKING, *SEEING, *BESIDES)
# What is written on another subject than the case that was drawn, on several, or nowhere.
ELSEWHERE = {
    s.verb for s in (*TOPICS, *WALKING, *BESIDES) if s.verb not in ON_THE_CASE
} | {"mediators.register", "mediators.end_term", "papers.open", "photos.open", "unsealing.end_due"}  # fmt: skip

NEXT: dict[str, tuple[str, ...]] = {
    "mediation.propose": ("mediation.consent", "mediation.recuse"),
    "mediation.consent": ("mediation.consent", "mediation.note_sitting", "mediation.draft"),
    "mediation.recuse": ("mediation.name_mediator",), "mediation.name_mediator": ("mediation.consent",),
    "mediation.note_sitting": ("mediation.draft", "mediation.prolong", "papers.open"),
    "mediation.draft": ("mediation.agree",),
    "mediation.agree": ("mediation.agree", "mediation.confirm_performed", "mediation.report_broken"),
    "mediation.confirm_performed": ("mediation.confirm_performed",), "mediation.prolong": ("mediation.prolong",),
    "topic.nominate": ("topic.choose", "topic.pass_over"), "topic.choose": ("topic.finish_measure", "topic.open_case"),
    "topic.finish_measure": ("topic.finish_measure", "topic.assess"), "topic.assess": ("topic.close", "topic.go_on"),
    "errands.set": ("errands.take", "errands.drop"), "errands.put_back": ("errands.take",),
    "errands.take": ("errands.finish", "errands.find", "errands.cannot", "errands.put_back"),
    "patrols.lay": ("patrols.set_due", "patrols.sweep"),
    "photos.add": ("photos.publish", "photos.open", "photos.agree"), "photos.publish": ("photos.hide", "photos.agree"),
    "publishing.open": ("privacy.amend", "privacy.hide", "privacy.redact", "publishing.close"),
    "privacy.hide": ("privacy.show",), "unsealing.ask": ("unsealing.approve", "unsealing.deny"),
    "unsealing.approve": ("unsealing.look", "unsealing.end"), "unsealing.look": ("unsealing.end",),
    "filters.keep": ("filters.drop",), "handling.ask_termination": ("handling.terminate", "handling.deny_termination"),
}  # fmt: skip

PIECE = "a piece of other verbs, walked through them"
BATCH = "by the worker or the administrator for a whole town, not by a person on a matter; tested in "
NOT_WALKED = {
    "attending.attend": "says of a mark that the desk has acted, and moves no case: test_risks.py",
    "handing_down.hand_down": "counts months for the room of places and moves no case: test_handing_down.py",
    "replaying.conclude": "writes the night's one entry on the town and moves no case: test_replaying.py",
    "dangers.acted": PIECE,
    "recusing.let_offices_place": "the clock's, over all that waits while somebody leaves: test_own_body_accused.py",
    "recusing.shut_out_again": "as recusing.let_offices_place: test_let_in.py",
    "archiving.note_taken": "one entry of a dossier that leaves: test_dossier.py",
    "arrival.look": "looks before anything is there; the intake is walked",
    "at_home.asking": "asks where a resident lives who ticked it, and moves no case: test_at_home.py",
    "auto_offers.adopt": "a rule of the town, on no case: test_auto_offers.py",
    "auto_offers.stop": "as auto_offers.adopt", "auto_offers.look_again": "as auto_offers.adopt",
    "danger_editions.propose": "an edition of rules, on no case: test_danger_editions.py",
    "danger_editions.adopt": "as danger_editions.propose", "danger_editions.give_back": "as danger_editions.propose",
    "knowing.write": "an answer that a body keeps, on no case: test_knowledge.py",
    "knowing.change": "as knowing.write", "knowing.end": "as knowing.write",
    "knowing.answer_of": "reads an answer for the intake that is walked: test_knowledge.py",
    "unsealing.receive": "needs a signature of a passkey: test_unsealing_broker.py",
    "patrols.change": "needs a route as it was laid, with all its places: test_rounds.py",
    "alongside.carry_out": PIECE, "alongside.tell": PIECE, "alongside.ensure_may_help": PIECE, "asking.deny": PIECE,
    "belonging.begin": PIECE, "belonging.conclude_beside": PIECE, "belonging.new_case": PIECE,
    "consultation.contest_held": PIECE, "covering.record": PIECE, "covering.note_photo": PIECE,
    "covering.note_words": PIECE, "dispatch.make_offer": PIECE, "dispatch.ensure_may_lead": PIECE,
    "errands.press_many": PIECE, "errands.store": PIECE, "intake.receive_many": PIECE,
    "rechecking.answered": PIECE, "rechecking.call": PIECE, "rechecking.drop": PIECE, "rechecking.settle": PIECE,
    "rechecking.again": PIECE,
    "choosing.keep": PIECE, "choosing.keep_answer": PIECE,
    "lending.ensure_lists_allow": PIECE, "making.make_report": PIECE, "moving.beside": PIECE,
    "moving.carry_out": PIECE, "moving.carry_out_beside": PIECE, "moving.carry_out_handover": PIECE,
    "naming.receiving_bodies": PIECE, "naming.superior_line": PIECE, "parts.ask_held": PIECE,
    "putting_back.unextend": PIECE, "putting_back.unsay_matter": PIECE,
    "links.open_file": "opens what came with an answer, as photos.open does, and moves no case: test_links.py",
    "calling.open": "a program's own list, on no case; test_webhooks.py",
    "calling.change_secret": "as calling.open", "calling.end": "as calling.open",
    "history.take_in": BATCH + "test_importing.py", "importing.begin": BATCH + "test_importing.py",
    "importing.step": BATCH + "test_importing.py", "importing.apply_checked": BATCH + "test_importing.py",
    "column_maps.save_map": BATCH + "test_importing.py", "settling.settle_many": BATCH + "test_importing.py",
    "learning.learn": BATCH + "test_learning.py", "learning.adopt": BATCH + "test_learning.py",
    "learning.return_to_former": BATCH + "test_learning.py", "learning.give_back": BATCH + "test_models.py",
    "taking.take": "an answer about a suggestion, no move of a matter: test_quality.py",
    "learning.shadow": BATCH + "test_models.py", "shadowing.answer_beside": BATCH + "test_models.py",
    "drifting.look": BATCH + "test_models.py", "drifting.weekly": BATCH + "test_models.py",
    "measuring.publish": BATCH + "test_quality.py",
    "clusters.recompute": BATCH + "test_clusters.py", "clusters.sweep": BATCH + "test_clusters.py",
    "clusters.is_due": BATCH + "test_clusters.py",
    "pairing.learn": BATCH + "test_pairing.py", "pairing.adopt": BATCH + "test_pairing.py",
    "pairing.give_back": BATCH + "test_pairing.py",
    "programs.register": BATCH + "test_open311.py", "programs.name_jurisdiction": BATCH + "test_open311.py",
    "programs.give_token": BATCH + "test_open311.py", "programs.forget_tokens": BATCH + "test_open311.py",
    "redelivery.send_again": "moves a letter, never a case; test_news_pages.py",
    "retention.due": BATCH + "test_retention.py", "retention.run": BATCH + "test_retention.py",
    "sampling.commit": BATCH + "test_samples.py", "sampling.draw": BATCH + "test_samples.py",
    "sampling.nightly": BATCH + "test_samples.py", "sending.pack": BATCH + "test_notices.py",
    "bringing.bring": "a photo after the row of a device, which syncing carries; test_bringing.py",
    "bringing.open": "reads a photo of an errand, moves nothing; test_bringing.py",
    "photos.add_brought": "a part of bringing; test_bringing.py",
    "bringing.bring_voice": "as bringing.bring", "recordings.add_brought": "as photos.add_brought",
    "recordings.add": "needs a voice; has a life of its own: test_recordings.py",
    "recordings.open": "as recordings.add",
    "recordings.write_down": "as recordings.add", "recordings.confirm": "as recordings.add",
    "recordings.take_back": "as recordings.add", "recordings.play": "reads, as recordings.open",
    "enclosing.open": "reads a file of a reply, moves nothing; test_reply_files.py",
    "answer_photos.publish": "needs a photo beside a reply with public words; test_reply_photos_public.py",
    "answer_photos.hide": "as answer_photos.publish",
    "receivers.set_receivers": "a part of intake, which is walked; test_receivers.py",
    "receivers.aside": "a question that intake asks; test_own_body_accused.py",
    "syncing.sync": "carries errands and intake from a device by their keys; test_sync.py",
    "trial.adopt": BATCH + "test_open311_more.py", "trial.reset": BATCH + "test_open311_more.py",
}  # fmt: skip
