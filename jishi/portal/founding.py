"""Founds the demonstration town through the rooms' own verbs, as a real town: nothing is inserted past them."""

import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.utils.timezone import localdate

from jishi.accounts.actions import accounts
from jishi.accounts.actions.accounts import Opening
from jishi.bodies import queries as bodies_known
from jishi.bodies.actions import bodies, grid_posts, posts
from jishi.bodies.actions.bodies import Founding
from jishi.bodies.actions.posts import NewPost
from jishi.cases.actions import errands, history, knowing, patrols, sampling, trial
from jishi.cases.actions.arrival import Incoming
from jishi.cases.actions.errands import Setting
from jishi.cases.actions.history import Happened, PastLife
from jishi.cases.queries import patch, samples
from jishi.duties import queries as duties
from jishi.duties.actions import codebook, founding, golden
from jishi.duties.actions.codebook import NewMatter
from jishi.duties.actions.deciding import PushDownRefused
from jishi.duties.actions.golden import NewGolden
from jishi.foundation import anchors, scope
from jishi.foundation.actor import Actor, system
from jishi.foundation.tenants import Tenant
from jishi.places import queries as places
from jishi.portal.demo import past_cases, town
from jishi.portal.demo.nouns import GoldenDispatch, PastCase, Person, Step, Town
from jishi.portal.demo.rounds import JOBS, ROUNDS
from jishi.portal.demo_ground import found_ground

CODE = "990181"
PASSWORD = "yunxi-yanshi-2026"  # of everybody in the demonstration; a real installation has none
SINCE = date(2025, 1, 1)
LISTS_HOLDER = f"streets:{CODE}000000"
PAST = 5000
ARCHIVE = "yunxi-archive"
ASKED_FOR = 6  # days back: nobody asked longer ago is still to be called (spec 10 §9: five days)
DRAWN = Fraction(1, 2)

# The steps of the demonstration's lives, in the words of the tables. Parts are left out of a past life: they are lives
# of their own, and are lived with the verbs themselves (`demo_desks`).
VERBS = {
    "offered": "dispatch.offer", "signed": "handover.sign", "signed_by_time": "handover.sign_by_time",
    "return_asked": "handover.return_", "returned": "handover.accept_return",
    "consultation_opened": "consultation.contest", "ruled": "ruling.rule", "contacted": "handling.note_contact",
    "progressed": "handling.note_progress", "suspended": "clocks.suspend", "resumed": "clocks.resume",
    "banked": "banking.bank", "taken_up": "banking.take_up", "replied": "handling.reply", "approved": "review.approve",
    "sent_back": "review.send_back", "feedback_given": "feedback.answer", "closed": "feedback.conclude",
    "reopened": "reopening.reopen", "answered_at_once": "intake.answer_at_once",
    "settled_on_spot": "intake.settle_on_spot", "declined": "intake.decline",
}  # fmt: skip


def found(*, now: datetime, say: Callable[[str], None]) -> int:
    """Found the town, if it does not stand yet; gives the tenant's id."""
    tenant, is_new = Tenant.objects.get_or_create(
        code=CODE,
        defaults={
            "name": "云溪市（演示）", "name_en": "Yunxi (demonstration)", "zone": settings.TIME_ZONE,
            "hosts": ["localhost", "127.0.0.1", "[::1]", "testserver"], "founded_at": now,
        },
    )  # fmt: skip
    if not is_new:
        return tenant.id
    by = system(tenant.id)
    made = town()
    with scope.work(by):
        found_ground(made, SINCE, by=by, now=now)
        say("网格、小区、道路 · grids, compounds, roads")
    with scope.work(by):
        ids = found_bodies(made, by=by, now=now)
        found_lists(made, ids, by=by, now=now)
        say("单位、事项、三张清单 · bodies, matters, three lists")
    with scope.work(by):
        found_people(made, ids, by=by, now=now)
        say("岗位和人 · posts and people")
    found_trial(tenant, now=now)
    return tenant.id


def found_trial(beside: Tenant, *, now: datetime) -> None:
    """Found the test jurisdiction of Open311 beside a town: the same matters, no people, no ground, no host."""
    with scope.work(system(beside.id)):
        book = duties.matters(day=localdate(now))
    tenant, _ = Tenant.objects.get_or_create(
        code=beside.trial_code,
        defaults={
            "name": f"{beside.name} · 接口试用", "name_en": f"{beside.name_en} · API test", "zone": beside.zone,
            "hosts": [], "founded_at": now,
        },
    )  # fmt: skip
    with scope.work(system(tenant.id)):
        trial.adopt(book, by=system(tenant.id), now=now)


def found_bodies(made: Town, *, by: Actor, now: datetime) -> dict[str, int]:
    """Found the 40 bodies; streets stand above their communities."""
    streets = {b.division[:9]: b.code for b in made.bodies if b.level == "street"}
    watching = next(b.work_phone for b in made.bodies if b.level == "centre")
    rows = [
        Founding(
            code=b.code, name=b.name, short_name=b.short_name, level=b.level, division_code=b.division,
            name_en=b.name_en,
            parent=streets.get(b.division[:9], "") if b.level == "community" else "", work_phone=b.work_phone,
            supervising_phone=watching if b.level == "street" else "",
            calendar="always" if b.round_the_clock else "office",
        )
        for b in sorted(made.bodies, key=lambda b: b.level == "community")
    ]  # fmt: skip
    return bodies.found_many(rows, active_from=SINCE, by=by, now=now)


def found_lists(made: Town, ids: dict[str, int], *, by: Actor, now: datetime) -> None:
    """Adopt the code book, publish the three lists, name who coordinates when nothing matches."""
    codebook.adopt_book(
        [
            NewMatter(
                code=m.code, name=m.name, name_en=m.name_en, aliases=m.aliases, public=m.public,
                default_visibility=m.default_visibility, at_home=m.at_home, spot=m.spot, life_days=m.life_days,
                questions=tuple(_question(q) for q in m.questions),
            )
            for m in made.matters
        ],
        number=1, effective_from=SINCE, source="演示市镇，非任何地方公布", by=by, now=now,
    )  # fmt: skip
    text = (settings.INSTITUTIONS_DIR / "demo/duty_items.csv").read_text(encoding="utf-8")
    founding.load_lists(
        text, title="云溪市街道履职事项清单（演示）", holder=LISTS_HOLDER, effective_from=SINCE,
        document_no="演示〔2025〕1号", by=by, now=now,
    )  # fmt: skip
    golden.add_many([_golden(g) for g in made.golden_dispatches], by=by, now=now)
    for body in made.bodies:
        if body.level == "street" or body.code == "sqzx":
            founding.set_fallback(body.division, ids[body.code], from_day=SINCE, by=by, now=now)


def found_knowledge(tenant_id: int, *, now: datetime) -> int:
    """Keep what residents often ask, each answer by its body; gives how many. Once: a second call keeps nothing."""
    told = tomllib.loads((settings.INSTITUTIONS_DIR / "demo/knowledge.toml").read_text(encoding="utf-8"))["item"]
    by = system(tenant_id)
    with scope.work(by):
        ids = {b.code: b.id for b in bodies_known.names().values()}
        if knowing.is_begun(by=by):
            return 0
        for row in told:
            said = knowing.Said(row["question"], row["answer"], row["source"], row["matter"], row["asked"])
            knowing.write(said, owner_body_id=ids[row["owner"]], by=by, now=now)
    return len(told)


def _golden(g: GoldenDispatch) -> NewGolden:
    above = [g.community[:n].ljust(12, "0") for n in (2, 4, 6, 9)]
    facts: dict[str, Any] = {
        "matter": g.matter,
        "place": {
            "divisions": above, "community": g.community, "kinds": list(g.place_kinds), "zones": list(g.zones),
            "exact": True,
        },
        **{f"answers.{name}": value for name, value in g.answers.items()},
    }  # fmt: skip
    if g.channel:
        facts["channel"] = g.channel
    if g.said_at:
        facts["said_at"] = {"at": f"{g.said_at}:00+08:00"}
    expected = {"outcome": g.outcome, "items": list(g.items), "bodies": list(g.bodies), "ask": list(g.ask)}
    return NewGolden(g.id, facts, {k: v for k, v in expected.items() if v}, g.why, g.text)


def _question(question: Any) -> dict[str, Any]:
    return {
        "code": question.code, "text": question.zh, "text_en": question.en,
        "type": question.type, "unit": question.unit,
        "choices": [{"code": c.code, "text": c.zh, "text_en": c.en} for c in question.choices],
    }  # fmt: skip


def found_people(made: Town, ids: dict[str, int], *, by: Actor, now: datetime) -> None:
    """Open the accounts to sign in as, create their posts, begin their terms. They share one password, hashed once."""
    hashed = make_password(PASSWORD)
    opened = accounts.open_many(
        [Opening(p.username, p.name, None, "resident" not in p.roles, hashed) for p in made.people], by=by, now=now
    )
    staff = [(p, a.id) for p, a in zip(made.people, opened, strict=True) if p.body]
    areas = {b.code: b.division for b in made.bodies if b.level == "community"}
    made_posts = posts.create_posts([_post(p, ids, areas) for p, _ in staff], by=by, now=now)
    posts.begin_terms([(post, account) for post, (_, account) in zip(made_posts, staff, strict=True)], by=by, now=now)
    found_register(made, [(p, post) for post, (p, _) in zip(made_posts, staff, strict=True)], by=by, now=now)


def found_register(made: Town, held: Sequence[tuple[Person, int]], *, by: Actor, now: datetime) -> None:
    """Put the grid workers on the public register of their grids, with the secretary of the community as leader."""
    ids = {g.code: g.id for g in places.grids_in(CODE, localdate(now))}
    communities = {b.code: b.division for b in made.bodies if b.level == "community"}
    for code in [p.grid for p, _ in held if p.grid]:
        for person, post in held:
            if person.grid == code:
                grid_posts.serve(post, ids[code], "full_time", by=by, now=now)
            elif person.grid is None and communities.get(str(person.body)) == code[:12]:
                grid_posts.serve(post, ids[code], "leader", by=by, now=now)


def _post(person: Person, ids: dict[str, int], communities: Mapping[str, str]) -> NewPost:
    """A community's own post works in it: without that area nobody there keeps its houses."""
    area = communities.get(str(person.body), "")
    return NewPost(
        body_id=ids[str(person.body)], title=person.post, title_en=person.post_en[:1].upper() + person.post_en[1:],
        roles=person.roles, area=area, work_phone=person.phone,
    )  # fmt: skip


def send_out(tenant_id: int, *, now: datetime) -> int:
    """Lay the rounds of the grid workers and set what waits for them today, once; gives how many errands wait."""
    by = system(tenant_id)
    with scope.work(by):
        if patrols.are_laid(by=by):
            return 0
        grids = {g.code: g.id for g in places.grids_in(CODE, localdate(now))}
        for r in ROUNDS:
            points = tuple(patrols.Point(name) for name in r.places)
            first = localdate(now) + timedelta(days=r.first_in)
            new = patrols.NewRoute(r.name, grids[r.grid], points, r.look_for, r.every_days, first)
            patrols.lay(new, by=by, now=now)
        jobs = [
            Setting(
                j.kind, j.what, division_code=j.grid[:12], grid_id=grids[j.grid], place_text=j.place, free=j.free,
                due_at=now + timedelta(hours=j.hours),
            )
            for j in JOBS
        ]  # fmt: skip
        waiting = len([errands.set_(job, by=by, now=now, tenant_code=CODE) for job in jobs])
        waiting += _look_at_cases(JOBS[0].grid[:12], by=by, now=now)
        made, _more = patrols.set_due(by=by, now=now, tenant_code=CODE)
    return waiting + made


def _look_at_cases(area: str, *, by: Actor, now: datetime) -> int:
    """Have two cases of the area looked at, where the lists let a worker be asked."""
    kinds, done = {"RECEIVED": "verify_before", "FEEDBACK": "verify_after"}, 0
    for case in (one.case for one in patch.patch(by=by, now=now).cases):
        if done < 2 and case.status in kinds and case.division_code.startswith(area):
            with suppress(PushDownRefused):
                setting = Setting(kinds[case.status], "去看一眼，现在是不是这样", case_id=case.id)
                errands.set_(setting, by=by, now=now, tenant_code=CODE)
                done += 1
    return done


def draw_calls(tenant_id: int, *, now: datetime) -> int:
    """Bind and draw whom the feedback desk calls, for each past day whose question still runs, once; bind today's.

    Everything in the order and at the hours in which it happens elsewhere: bound the evening before, anchored and drawn
    after midnight. Half are drawn, not a fifth, so that a small town's desk has somebody to call. Gives how many.
    """
    by, today, drawn = system(tenant_id), localdate(now), 0
    with scope.work(by):
        if samples.of_desk(now=now).day is not None:
            return 0
        for day in (today - timedelta(days=back) for back in range(ASKED_FOR, -1, -1)):
            sampling.commit(day, share=DRAWN, by=by, now=_at(day - timedelta(days=1), time(17)))
            if day < today:
                after = day + timedelta(days=1)
                anchors.make(day=day, now=_at(after, time(0, 5)))
                drawn += len(sampling.draw(day, by=by, now=_at(after, time(0, 20))).drawn)
    return drawn


def _at(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, ZoneInfo(settings.TIME_ZONE))


def remember(
    tenant_id: int, *, today: date, now: datetime, say: Callable[[str], None], first: int | None = None
) -> int:
    """Take in the past year, the newest first, so that the desks are full before the archive is; gives how many.

    What is there already is left out, so a filling that was stopped goes on. `first`: only the newest so many.
    """
    by = system(tenant_id)
    made = town()
    lives = sorted(past_cases(PAST, seed=1, today=today), key=lambda c: c.said_at, reverse=True)[:first]
    with scope.work(by):
        there = history.known_ids(ARCHIVE)
    lives = [c for c in lives if c.external_id not in there]
    done = 0
    for start in range(0, len(lives), history.BATCH):
        with scope.work(by):
            known = Known(made, day=today, now=now)
            ids, refused = history.take_in(
                [known.life(c) for c in lives[start : start + history.BATCH]], by=by, now=now, tenant_code=CODE
            )
        done += len(ids)
        unfit = f"（{len(refused)} 件接不上 · refused）" if refused else ""
        say(f"{done} / {len(lives)} 件往事 · past cases{unfit}")
    return done


class Known:
    """Turns the demonstration's codes into ids."""

    def __init__(self, made: Town, *, day: date, now: datetime | None = None) -> None:
        law = duties.law(day)
        told_up_to = datetime.combine(day, time(10, 20), ZoneInfo(settings.TIME_ZONE))
        # What is still open is moved up to this moment, so that no desk of a fresh demonstration is a day late.
        self._shift = now - told_up_to - timedelta(minutes=3) if now else timedelta()
        self._bodies = law.body_ids
        self._items = {row.number: row for row in law.items.values()}
        self._town = made

    def life(self, case: PastCase, *, prefix: str = "") -> PastLife:
        """Give one past case as the room takes it in; `prefix` tells the ids of several fillings apart."""
        if case.status not in ("closed", "declined", "withdrawn"):
            steps = tuple(replace(s, at=s.at + self._shift) for s in case.steps)
            case = replace(case, said_at=case.said_at + self._shift, steps=steps)
        received = next(s.at for s in case.steps if s.what == "received")
        return PastLife(self._incoming(case, prefix), received, list(self._steps(case)))

    def _incoming(self, case: PastCase, prefix: str) -> Incoming:
        channel = case.channel if case.channel in ("web", "phone", "visit", "grid", "import") else "web"
        anonymous = case.voice == "anonymous"
        return Incoming(
            text=case.text, channel=channel, kind=case.kind.replace("-", "_"), voice=case.voice, said_at=case.said_at,
            lng=case.place.lng / 1e7, lat=case.place.lat / 1e7, crs="cgcs2000", accuracy_m=float(case.place.radius_m),
            address_text=case.place.name, matter=case.matter, answers=case.answers, urgency=case.urgency,
            caller_name="" if anonymous else case.caller_name, caller_contact="" if anonymous else case.caller_contact,
            external_system=ARCHIVE, external_id=prefix + case.external_id,
        )  # fmt: skip

    def _steps(self, case: PastCase) -> Iterable[Happened]:
        held = False
        for step in case.steps:
            verb = VERBS.get(step.what)
            if verb == "consultation.contest" and not held:
                verb = "consultation.open"
            held = step.what in ("offered", "ruled") or (held and step.what != "returned")
            if verb is None:
                continue
            yield Happened(verb, step.at, self._body_of(step), step.words or self._words(step, case), self._facts(step))

    def _body_of(self, step: Step) -> int | None:
        code = step.facts.get("to") or step.by
        return self._bodies.get(str(code))

    def _words(self, step: Step, case: PastCase) -> str:
        return case.reply if step.what == "replied" else ""

    def _facts(self, step: Step) -> dict[str, Any]:
        facts = dict(step.facts)
        for name, to in (("item", "item"), ("cited_item", "item")):
            row = self._items.get(str(facts.pop(name, "")))
            if row is not None:
                facts[to], facts["edition"] = row.id, row.edition
        if "proposed_body" in facts:
            facts["proposed"] = self._bodies.get(str(facts.pop("proposed_body")))
        if "invited" in facts:
            facts["invited"] = [self._bodies[c] for c in facts["invited"] if c in self._bodies]
        return facts


def people_page() -> str:
    """Give the lines that tell whom to sign in as."""
    rows = [f"    {p.username:14}{p.post}（{p.name}） · {p.post_en}" for p in town().people]
    return "\n".join(["  登录名（口令都是 " + PASSWORD + "）· sign in as (one password for all):", *rows, ""])


def shanghai_today(now: datetime) -> date:
    """Give the day up to whose morning (10:20) the demonstration's past is told, never one that lies ahead."""
    return (now - timedelta(hours=10, minutes=30)).astimezone(ZoneInfo(settings.TIME_ZONE)).date()

