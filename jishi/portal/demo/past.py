"""A year of the town's life: messages with rhythm, seasons, bursts, repetitions, and what came of them."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import accumulate, islice
from random import Random

from jishi.portal.demo import course as life
from jishi.portal.demo import words
from jishi.portal.demo.course import Told, status_after
from jishi.portal.demo.nouns import Matter, PastCase, Place, Step, Town
from jishi.portal.demo.spots import Spots
from jishi.portal.demo.town import town
from jishi.portal.demo.whose import LOCAL, Lists, answers_for

# Shapes only, rounded: how a municipal hotline's days look.
BY_MONTH = (1.05, 0.82, 1.0, 1.0, 1.0, 1.02, 1.12, 1.08, 1.06, 0.92, 0.95, 1.05)
BY_WEEKDAY = (1.2, 1.22, 1.15, 1.12, 1.02, 0.62, 0.6)
BY_HOUR = (9, 6, 4, 4, 5, 7, 17, 40, 68, 84, 86, 80, 66, 68, 70, 76, 68, 58, 50, 38, 33, 27, 20, 15)
# Letter of a season in messages.csv → factor in its months, factor in all others.
SEASONS = {
    "w": ((11, 12, 1, 2), 3.2, 0.2),
    "s": ((6, 7, 8, 9), 2.2, 0.8),
    "f": ((6, 7), 3.0, 0.7),
    "y": ((12, 1), 2.6, 0.8),
    "e": ((6, 7, 8, 9), 2.4, 0.6),
}
CHANNELS = (("phone", 61), ("web", 21), ("grid", 10), ("visit", 3), ("link", 3), ("import", 2))
KINDS = (("report", 61), ("complaint", 17), ("inquiry", 8), ("help", 7), ("suggestion", 5), ("tip_off", 2))
VOICES = (("open", 70), ("confidential", 21), ("anonymous", 9))
SHARE_TO_SIGN = 0.0004  # of each body whose handler can sign in: two of five thousand
SHARE_NEAR_DUPLICATE, SHARE_TWO_MATTERS, SHARE_CONTACT_IN_TEXT = 0.08, 0.035, 0.06
# What has not ended, besides what came in these days: of the cases whose answer is not due yet, so many are still in
# hand; of all, so many wait aside and so many are late. Of a town's open cases five to ten in a hundred are late.
SHARE_IN_HAND = 0.5
SHARE_SUSPENDED, SHARE_BANKED, SHARE_OVERDUE = 0.0028, 0.0024, 0.0008
LATE_BY, LATE_AT_MOST = 10.0, 20.0  # days: most of them, and the one that has waited longest
MARGIN = -1.1  # days: what is in hand is not due before the town is founded, at whatever hour of this day
EMERGENCIES = frozenset({"07.02.01", "02.03.01", "10.02.03"})
URGENT = frozenset(
    {
        "01.01.01",
        "01.02.02",
        "01.02.03",
        "01.02.04",
        "05.01.02",
        "07.01.02",
        "07.03.01",
        "10.01.03",
        "10.03.02",
    }
)


@dataclass(frozen=True)
class Topic:
    """A true hot topic: many people, one matter, one part of town, a few days."""

    code: str
    matter: str
    places: tuple[str, ...]
    first_days_ago: float
    last_days_ago: float
    share: float


TOPICS = (
    Topic("柳岸小区停水", "01.01.01", ("柳岸小区",), 3.1, 0.4, 0.0076),
    Topic(
        "东园产业园夜间异味",
        "08.02.02",
        ("东园产业园", "园区职工公寓", "东园一区", "东园二区"),
        19.0,
        6.0,
        0.0068,
    ),
    Topic(
        "翠竹苑一带雨后积水",
        "01.02.01",
        ("翠竹苑", "翠竹苑3号楼", "望溪公寓", "翠竹路近云溪大道"),
        133.0,
        128.0,
        0.0084,
    ),
)


def past_cases(
    n: int = 5000, *, seed: int = 20260101, today: dt.date, of: Town | None = None
) -> list[PastCase]:
    """This will live one year of `n` messages up to 10:20 of `today`; the same arguments give the same year.

    :raises ValueError: if `n` is below 1.
    """
    if n < 1:
        raise ValueError("a year needs at least one message")
    return list(Year(of or town(), Random(f"past-{seed}"), n, today).cases())


class Year:
    """The year being written: what was said so far, so that later messages can repeat it."""

    def __init__(self, town: Town, rng: Random, n: int, today: dt.date) -> None:
        self.rng, self.n = rng, n
        self.now = dt.datetime.combine(today, dt.time(10, 20), LOCAL).astimezone(dt.UTC)
        self.spots, self.lists = Spots(town, rng), Lists(town)
        self.matters = {m.code: m for m in town.matters if m.level == 3}
        self.names = {b.code: b.name for b in town.bodies}
        self.departments = [b.code for b in town.bodies if b.level in ("city_dept", "street")]
        self.by_month = {month: _month_mix(month) for month in range(1, 13)}
        self.people = town.people
        self.said: list[PastCase] = []

    def cases(self) -> Iterable[PastCase]:
        moments = sorted([*self._topic_moments(), *((m, None) for m in self._moments())], key=lambda m: m[0])
        drafts: list[tuple[PastCase, Told]] = []
        for number, (at, topic) in enumerate(moments, start=1):
            drafts.append(self._one(number, at, topic))
            self.said.append(drafts[-1][0])
        left_open = self._left_open(drafts)
        fresh = self._fresh(drafts)
        told = [fresh.get(n) or left_open.get(n, case) for n, (case, _) in enumerate(drafts)]
        waiting = self._waiting(told)
        return sorted((waiting.get(n, case) for n, case in enumerate(told)), key=lambda c: c.said_at)

    def _moments(self) -> list[dt.datetime]:
        """Moments of a year by month, weekday and hour, with this morning and yesterday well filled."""
        rng, local_now = self.rng, self.now.astimezone(LOCAL)
        days = [local_now.date() - dt.timedelta(days=d) for d in range(365, 0, -1)]
        weights = list(accumulate(BY_MONTH[d.month - 1] * BY_WEEKDAY[d.weekday()] for d in days))
        wanted = self.n - sum(round(self.n * t.share) for t in TOPICS)
        this_morning = min(wanted, max(1, round(self.n * 0.005)))
        made = [self.now - dt.timedelta(minutes=rng.uniform(1, 190)) for _ in range(this_morning)]
        for day in rng.choices(days, cum_weights=weights, k=wanted - this_morning):
            hour = rng.choices(range(24), BY_HOUR)[0]
            clock = dt.time(hour, rng.randrange(60), rng.randrange(60))
            made.append(dt.datetime.combine(day, clock, LOCAL).astimezone(dt.UTC))
        return [m.replace(microsecond=0) for m in made]

    def _topic_moments(self) -> Iterable[tuple[dt.datetime, Topic | None]]:
        for topic in TOPICS:
            for _ in range(round(self.n * topic.share)):
                # most speak soon after the beginning
                part = self.rng.betavariate(1.6, 2.6)
                days = topic.first_days_ago - part * (topic.first_days_ago - topic.last_days_ago)
                yield (self.now - dt.timedelta(days=days)).replace(microsecond=0), topic

    def _one(self, number: int, at: dt.datetime, topic: Topic | None) -> tuple[PastCase, Told]:
        rng = self.rng
        kind, earlier = _pick(KINDS, rng), None
        if topic:
            kind = rng.choice(("report", "complaint", "inquiry"))
            matter, place = self.matters[topic.matter], self._place_of(topic)
        else:
            earlier = self._earlier(at) if rng.random() < SHARE_NEAR_DUPLICATE * 1.04 else None
            if earlier:
                kind, matter, place = "report", self.matters[earlier.matter], earlier.place
            else:
                codes, cumulative = self.by_month[at.astimezone(LOCAL).month]
                matter = self.matters[rng.choices(codes, cum_weights=cumulative)[0]]
                place = self.spots.choose(words.mixes()[matter.code].places, rng)
        answers = dict(earlier.answers) if earlier else answers_for(matter, place, rng)
        told = self._told(matter, place, answers, at, kind)
        return self._written(number, at, told, answers, earlier, topic), told

    def _place_of(self, topic: Topic) -> Place:
        """One of the topic's places; a town drawn from another seed may lack the lesser ones."""
        known = [self.spots.by_name[name] for name in topic.places if name in self.spots.by_name]
        return self.rng.choice(known)

    def _told(
        self, matter: Matter, place: Place, answers: dict[str, object], at: dt.datetime, kind: str
    ) -> Told:
        rng = self.rng
        named = self.lists.whose(matter.code, place, answers, at)
        body = rng.choice(named.bodies) if named.bodies else life.CENTRE
        wrong = None
        if rng.random() < life.SHARE_RETURNED * 1.1 and named.outcome != "contested":
            wrong = rng.choice([b for b in self.departments if b != body])
        urgency = (
            "emergency" if matter.code in EMERGENCIES else "urgent" if matter.code in URGENT else "normal"
        )
        if kind == "inquiry":
            urgency = "normal"
        return Told(matter, place, named, body, wrong, self.names, _pick(CHANNELS, rng), kind, urgency)

    def _written(
        self,
        number: int,
        at: dt.datetime,
        told: Told,
        answers: dict[str, object],
        earlier: PastCase | None,
        topic: Topic | None,
    ) -> PastCase:
        rng = self.rng
        voice = _pick(VOICES, rng)
        name, phone = ("", "") if voice == "anonymous" else (words.surname(rng), words.mobile(rng))
        contact = (
            words.contact_words(name, phone, rng) if name and rng.random() < SHARE_CONTACT_IN_TEXT else ""
        )
        also = rng.choice(_beside(told.matter.code)) if rng.random() < SHARE_TWO_MATTERS else None
        text = words.message(
            told.matter.code,
            told.place,
            told.kind,
            rng,
            also=also,
            contact=contact,
            again=earlier is not None and rng.random() < 0.3,
            topic=topic.code if topic else None,
        )
        steps, late, reply = life.course(told, at, rng)
        steps = tuple(s for s in steps if s.at <= self.now)
        replied = any(s.what in ("replied", "answered_at_once", "settled_on_spot", "declined") for s in steps)
        return PastCase(
            external_id=f"YX{at.astimezone(LOCAL):%y%m%d}{number:05d}",
            channel=told.channel,
            kind=told.kind,
            voice=voice,
            said_at=at,
            text=text,
            place=told.place,
            matter=told.matter.code,
            item=told.named.item,
            body=told.body,
            urgency=told.urgency,
            caller_name=name,
            caller_contact=phone,
            answers=answers,
            also_about=also,
            near_duplicate_of=earlier.external_id if earlier else None,
            topic=topic.code if topic else None,
            steps=steps,
            status=status_after(steps),
            is_late=late and replied,
            reply=reply if replied else "",
        )

    def _earlier(self, at: dt.datetime) -> PastCase | None:
        """A message of the last days that this one may repeat, of no topic and itself no repetition."""
        recent = [
            c
            for c in self.said[-160:]
            if not c.near_duplicate_of
            and not c.topic
            and at - c.said_at < dt.timedelta(days=self.matters[c.matter].life_days)
            and c.kind in ("report", "complaint")
        ]
        return self.rng.choice(recent) if recent else None

    def _left_open(self, drafts: list[tuple[PastCase, Told]]) -> dict[int, PastCase]:
        """Cases that have not ended: the newest are in hand, some of the last weeks wait aside, a few are late."""
        made: dict[int, PastCase] = {}
        closed = [n for n in range(len(drafts) * 2 // 3, len(drafts)) if drafts[n][0].status == "closed"]
        age = {n: (self.now - drafts[n][0].said_at).total_seconds() / 86400 for n in closed}
        late = {n: _days_late(drafts[n][0].said_at, drafts[n][1].named.days, self.now) for n in closed}
        for n in closed:
            if late[n] < MARGIN and self.rng.random() < SHARE_IN_HAND:
                self._keep(made, n, drafts, life.in_hand(drafts[n][0].steps))
        self.rng.shuffle(closed)
        for how, share, oldest in (("suspended", SHARE_SUSPENDED, 24.0), ("banked", SHARE_BANKED, 70.0)):
            wanted = len(made) + round(self.n * share)
            for n in (n for n in closed if n not in made and 2.0 < age[n] < oldest):
                if len(made) < wanted:
                    case, told = drafts[n]
                    self._keep(made, n, drafts, life.aside(case.steps, told, how, self.now, self.rng))
        longest = [n for n in closed if n not in made and 15 < late[n] < LATE_AT_MOST][:1]
        wanted = len(made) + max(1, round(self.n * SHARE_OVERDUE))
        for n in (*longest, *(n for n in closed if n not in made and 1 < late[n] < LATE_BY)):
            if len(made) < wanted:
                self._keep(made, n, drafts, life.in_hand(drafts[n][0].steps))
        return made

    def _keep(
        self,
        made: dict[int, PastCase],
        n: int,
        drafts: list[tuple[PastCase, Told]],
        steps: tuple[Step, ...] | None,
    ) -> None:
        if steps is not None:
            made[n] = replace(drafts[n][0], steps=steps, status=status_after(steps), is_late=False, reply="")

    def _fresh(self, drafts: list[tuple[PastCase, Told]]) -> dict[int, PastCase]:
        """Of the last two days: returns not yet answered, consultations, replies under review."""
        rng, made = self.rng, {}
        recent = [
            n
            for n in range(len(drafts) - 1, -1, -1)
            if drafts[n][0].said_at > self.now - dt.timedelta(hours=52)
            and _days_late(drafts[n][0].said_at, drafts[n][1].named.days, self.now) < MARGIN
            and any(
                s.what == "contacted" and s.at < self.now - dt.timedelta(hours=4) for s in drafts[n][0].steps
            )
            and not any(s.what in ("returned", "consultation_opened") for s in drafts[n][0].steps)
        ]
        rng.shuffle(recent)
        shares = (("return_asked", 0.0014), ("consultation_opened", 0.0008), ("replied", 0.003))
        for what, share in shares:
            for _ in range(round(self.n * share)):
                if recent:
                    n = recent.pop()
                    made[n] = self._paused(*drafts[n], what)
        return made

    def _waiting(self, told: list[PastCase]) -> dict[int, PastCase]:
        """Let everybody who can sign in as a handler find something to sign: of a body that was offered less this
        morning, the newest ordinary matters are said this morning instead, and wait since the last half hour."""
        rng, made = self.rng, {}
        wanted = round(self.n * SHARE_TO_SIGN)
        repeated = {c.near_duplicate_of for c in told}
        since = self.now - dt.timedelta(minutes=30)  # before: the two hours for signing are soon over
        offered = [c.steps[-1] for c in told if c.status == "offered" and c.steps[-1].at > since]
        waits = Counter(s.facts["to"] for s in offered)
        for body in dict.fromkeys(p.body for p in self.people if "handler" in p.roles):
            newest = (
                n
                for n in range(len(told) - 1, -1, -1)
                if told[n].status == "closed" and told[n].urgency == "normal" and not told[n].topic
                and not told[n].near_duplicate_of and told[n].external_id not in repeated
                and body == told[n].body == _asked_of(told[n]) and told[n].channel != "grid"
            )  # fmt: skip
            for n in islice(newest, max(0, wanted - waits[body])):
                made[n] = self._said_this_morning(told[n], self.now - dt.timedelta(minutes=rng.randint(4, 28)))
        return made

    def _said_this_morning(self, case: PastCase, offered_at: dt.datetime) -> PastCase:
        """Tell a life anew up to its offer, at another moment; its number bears the day on which it is said."""
        steps = life.until(case.steps, "offered")
        later = offered_at - steps[-1].at
        moved = tuple(replace(s, at=s.at + later) for s in steps)
        said_at = case.said_at + later
        external_id = f"YX{said_at.astimezone(LOCAL):%y%m%d}{case.external_id[-5:]}"
        return replace(
            case, external_id=external_id, said_at=said_at, steps=moved, status=status_after(moved), is_late=False,
            reply="",
        )  # fmt: skip

    def _paused(self, case: PastCase, told: Told, what: str) -> PastCase:
        rng, steps = self.rng, life.until(case.steps, "signed" if what != "replied" else "contacted")
        at = self.now - dt.timedelta(hours=rng.uniform(0.2, 3.4))
        other = rng.choice([b for b in self.departments if b != told.body])
        asked = Step(
            "return_asked",
            steps[-1].at + (at - steps[-1].at) / 2 if what == "consultation_opened" else at,
            told.body,
            life.return_words(self.names[other], rng),
            {"ground": "not_our_duty", "cited_item": told.named.item, "proposed_body": other},
        )
        added = {
            "return_asked": (asked,),
            # A signed case comes to a consultation by a return that the desk does not answer itself.
            "consultation_opened": (asked, Step(what, at, life.CENTRE, "", {"invited": [told.body, other]})),
            "replied": (
                Step(what, at, told.body, life.reply_words(told, at, rng, solved=True), {"outcome": "solved"}),
            ),
        }[what]
        steps = (*steps, *added)
        reply = steps[-1].words if what == "replied" else ""
        return replace(case, steps=steps, status=status_after(steps), is_late=False, reply=reply)


def _days_late(said_at: dt.datetime, days: int, now: dt.datetime) -> float:
    """Natural days since so many working days have passed; holidays are not known here."""
    due = said_at.astimezone(LOCAL)
    while days:
        due += dt.timedelta(days=1)
        days -= due.weekday() < 5
    return (now - due).total_seconds() / 86400


def _asked_of(case: PastCase) -> str | None:
    """Name the body that was asked first; nobody, where a consultation came before."""
    first = next((s for s in case.steps if s.what in ("offered", "consultation_opened")), None)
    return str(first.facts["to"]) if first is not None and first.what == "offered" else None


def _month_mix(month: int) -> tuple[list[str], list[float]]:
    codes, weights = [], []
    for mix in words.mixes().values():
        factor = 1.0
        for letter in mix.season:
            months, inside, outside = SEASONS[letter]
            factor *= inside if month in months else outside
        codes.append(mix.matter)
        weights.append(mix.weight * factor)
    return codes, list(accumulate(weights))


def _beside(matter: str) -> list[str]:
    return [
        code
        for code in words.mixes()
        if code[:5] != matter[:5] and code[:2] in ("01", "02", "03", "04", "06", "08")
    ]


def _pick(shares: tuple[tuple[str, int], ...], rng: Random) -> str:
    return rng.choices([code for code, _ in shares], [share for _, share in shares])[0]
