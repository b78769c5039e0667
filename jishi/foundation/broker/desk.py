"""What the broker does when it is asked. One lock: its answers have an order, and the book tells it.

Wrapping, hashing and signing are counted by the minute; every opening, approval, change, end and refusal is a line.
"""

import hashlib
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from jishi.foundation import keys
from jishi.foundation.broker import book as books
from jishi.foundation.broker import passkeys
from jishi.foundation.broker.book import Book, Person
from jishi.foundation.broker.limits import LIMITS, Buckets, Who
from jishi.foundation.broker.refusals import (
    NotAskedLikeThat,
    NotOnTheList,
    NotTheReceivingBody,
    SamePersonTwice,
    SecondPersonNeeded,
    SignatureNeeded,
    TooCostlyWait,
    TooFewApprovers,
)
from jishi.foundation.refusals import Refused
from jishi.kernels.ledger.canonical import canonical

FRESH = 300  # seconds from challenge to signature
OPEN = 24 * 3600  # seconds for which an approval lets somebody look
WAITS = 7 * 24 * 3600  # seconds for which a change waits for the second approver
PENDING = 40  # challenges of one person at once; of all who are not on the list together
LOST = 30  # seconds for which the answer to a question stays, should it have been lost on its way
Message = Mapping[str, Any]
Answer = dict[str, Any]


class Held(keys.FileKeys):
    """The root key, held by the broker alone; what was destroyed stands in its book."""

    def __init__(self, folder: Path, book: Book) -> None:
        self.book = book
        super().__init__(folder)

    def is_destroyed(self, context: bytes) -> bool:
        return keys.mark_of(context) in self.book.state.destroyed


@dataclass(frozen=True, slots=True)
class _Pending:
    """A challenge that waits for its signature: for which wish, until when, counted against whom."""

    wish: str
    until: float
    who: Who | None


@dataclass
class Desk:
    """The broker's verbs over one folder. `clock` gives seconds since 1970: nobody else's clock is asked."""

    folder: Path
    clock: Callable[[], float]
    limits: Mapping[str, tuple[float, float]] = field(default_factory=lambda: LIMITS)

    def __post_init__(self) -> None:
        self.book = Book(self.folder, self.clock)
        self.held = Held(self.folder, self.book)
        self.lock = threading.RLock()
        self.pending: dict[str, _Pending] = {}
        self.answered: dict[str, tuple[str, Answer, float]] = {}
        self.counted: Counter[str] = Counter()
        self.counted_from = self.clock()
        self.buckets = Buckets(self.limits)

    def begin(self, people: list[Person]) -> None:
        """Write the first list, once.

        :raises TooFewApprovers: it would have fewer than two. :raises NotAskedLikeThat: twice, or who cannot sign.
        """
        if self.book.state.count:
            raise NotAskedLikeThat(what="begin")
        for one in people:
            _ensure_whole(one)
        _ensure_two({one.credential: one for one in people})
        self.book.write("begun", people=[books.written(one) for one in people])

    def join(self, people: list[Person]) -> None:
        """Write the first list of a town that comes later. Whoever runs the broker does it, while it does not serve.

        :raises NotAskedLikeThat: nothing was begun, of several towns, or of one that is known: its approvers change it.
        :raises TooFewApprovers: it would have fewer than two.
        """
        towns = {one.tenant for one in people}
        known = self.book.state.people
        taken = {one.tenant for one in known.values()} & towns or known.keys() & {one.credential for one in people}
        if not self.book.state.count or len(towns) != 1 or taken:
            raise NotAskedLikeThat(what="join")
        for one in people:
            _ensure_whole(one)
        _ensure_two({one.credential: one for one in people})
        self.book.write("joined", people=[books.written(one) for one in people])

    def answer(self, message: Message) -> Answer:
        """Do what was asked, or say no by code. Never says why more than a refusal does.

        A question with a number of its own (`once`) that comes again word for word was answered, and the answer was
        lost: it is given again, and nothing is done twice.
        """
        once = message.get("once")
        if not isinstance(once, str) or message.get("do") not in _SIGNED:
            return self._answer(message)
        with self.lock:
            now = self.clock()
            self.answered = {n: kept for n, kept in self.answered.items() if kept[2] > now}
            try:
                said = hashlib.sha256(canonical(message).encode()).hexdigest()
            except (TypeError, ValueError, RecursionError):
                return {"refused": NotAskedLikeThat.code, "facts": {"what": "once"}}
            if once in self.answered and self.answered[once][0] == said:
                return self.answered[once][1]
            answer = self._answer(message)
            self.answered[once] = (said, answer, now + LOST)
            return answer

    def _answer(self, message: Message) -> Answer:
        with self.lock:
            do = str(message.get("do", ""))
            try:
                return self._do(do, message)
            except Refused as no:
                return self._refuse(do, no)
            except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as no:
                return {"refused": NotAskedLikeThat.code, "facts": {"what": f"{do[:40]}: {type(no).__name__}"}}

    def _do(self, do: str, message: Message) -> Answer:
        verb = _VERBS.get(do)
        if verb is None:
            raise NotAskedLikeThat(what=do[:40])
        if do not in _AWAY:
            self.book.ensure_sound()
        found = verb(self, message)
        with suppress(keys.KeyNotAvailable):  # what was done is done; it is counted with the next minute
            self._count_minutes()
        return found

    def _refuse(self, do: str, no: Refused) -> Answer:
        if do in _SIGNED and self.buckets.take("refused", self.clock()):
            with suppress(keys.KeyNotAvailable):  # the disk is full: refused all the same
                self.book.write("refused", verb=do, code=no.code)
        return {"refused": no.code, "facts": {k: v for k, v in no.facts.items() if isinstance(v, str | int)}}

    def close(self) -> None:
        """Write what was counted, and let go of the book."""
        with self.lock:
            with suppress(keys.KeyNotAvailable):
                self._flush()
            self.book.close()

    # --- data keys, hashes, signatures ---------------------------------------------------------------------------

    def _wrap(self, m: Message) -> Answer:
        self._limit("wrap")
        return _bytes(self.held.wrap(_hex(m, "key"), context=_hex(m, "context"), suite=_suite(m)))

    def _unwrap(self, m: Message) -> Answer:
        self._limit("unwrap")
        context = _hex(m, "context")
        if self.held.is_destroyed(context):
            raise keys.KeyEnded
        return _bytes(self.held.unwrap(_hex(m, "wrapped"), context=context, suite=_suite(m)))

    def _mac(self, m: Message) -> Answer:
        self._limit("mac")
        return _bytes(self.held.mac(_hex(m, "value"), context=_hex(m, "context"), suite=_suite(m)))

    def _sign(self, m: Message) -> Answer:
        self._limit("sign")
        return _bytes(self.held.sign(_hex(m, "message")))

    def _public_key(self, m: Message) -> Answer:
        return _bytes(self.held.public_key())

    def _health(self, m: Message) -> Answer:
        state = self.book.state
        return {
            "ok": self.held.health().ok and state.count > 0 and self.book.is_sound, "lines": state.count,
            "head": state.head, "people": len(state.people),
        }  # fmt: skip

    # --- keys of their own ---------------------------------------------------------------------------------------

    def _wrap_own(self, m: Message) -> Answer:
        self._limit("wrap_own")
        return _bytes(self.held.wrap_own(_hex(m, "key"), context=_hex(m, "context"), suite=_suite(m)))

    def _challenge(self, m: Message) -> Answer:
        """Give what a passkey must sign for this wish: fresh, for this wish alone, once."""
        who = self._listed(m.get("who"))
        self._limit("challenge", who=who)
        now = self.clock()
        self.pending = {c: kept for c, kept in self.pending.items() if kept.until > now}
        own = [c for c, kept in self.pending.items() if kept.who == who]
        for oldest in own[: len(own) - PENDING + 1]:
            del self.pending[oldest]
        wish = canonical(m["wish"])
        challenge = hashlib.sha256(b"jishi-signs:" + wish.encode() + secrets.token_bytes(32)).digest()
        self.pending[challenge.hex()] = _Pending(wish, now + FRESH, who)
        return _bytes(challenge)

    def _listed(self, said: Any) -> Who | None:
        """Give the person whose page asks, if on the list: only whose share is counted hangs on it, nothing else."""
        found = {one.who for one in self.book.state.people.values()}
        return next((who for who in found if list(who) == said), None)

    def _open_own(self, m: Message) -> Answer:
        wish, person = keys.Wish(**m["wish"]), self._signer(m)
        if person.tenant != wish.tenant_id:
            raise NotOnTheList
        second = self._ensure_may_look(wish, person)
        kept = [_own_key(one) for one in m["kept"]]
        if wish.act == "receive" and any(str(one.body) != person.body for one in kept):
            raise NotTheReceivingBody
        found = {str(one.number): self.held.unwrap_own(one, wish=wish).hex() for one in kept}
        self.book.write(
            "opened", wish=asdict(wish), by=books.written(person), second=books.written(second) if second else None
        )
        return {"keys": found}

    def _ensure_may_look(self, wish: keys.Wish, person: Person) -> Person | None:
        """Give the second person whose approval opens it; None for the receiving body, which needs none."""
        if wish.act == "receive":
            _ensure_may(person, books.RECEIVE)
            return None
        if wish.act != "look":
            raise SignatureNeeded
        _ensure_may(person, books.UNSEAL)
        if person.account != wish.asker:
            raise NotOnTheList
        approval = self.book.state.approvals.get(books.approval_of(wish))
        if approval is None or approval.until <= self.clock():
            raise SecondPersonNeeded
        second = self.book.state.people.get(approval.person.credential)
        if second is None or books.UNSEAL not in second.may or second.who == person.who or second.body == person.body:
            raise SecondPersonNeeded
        return second

    def _approve(self, m: Message) -> Answer:
        wish, person = keys.Wish(**m["wish"]), self._signer(m)
        if wish.act != "approve" or person.tenant != wish.tenant_id:
            raise NotOnTheList
        _ensure_may(person, books.UNSEAL)
        if person.account == wish.asker:
            raise SamePersonTwice
        askers = [p for p in self.book.state.people.values() if p.who == (wish.tenant_id, wish.asker)]
        bodies = {p.body for p in askers if books.UNSEAL in p.may}
        if not bodies:
            raise NotOnTheList
        if person.body in bodies:
            raise SecondPersonNeeded
        until = int(self.clock()) + OPEN
        self.book.write("approved", of=books.approval_of(wish), by=books.written(person), until=until)
        return {"until": until}

    def _withdraw(self, m: Message) -> Answer:
        """Let an approval end before its time: the request was denied, or its asker looks no more. It opens nothing."""
        of = books.approval_of(keys.Wish(**m["wish"]))
        approval = self.book.state.approvals.get(of)
        if approval is not None and approval.until > self.clock():
            self.book.write("withdrawn", of=of)
        return {"withdrawn": of}

    def _destroy(self, m: Message) -> Answer:
        """End keys of their own whose rows have ended. A data key goes by two approvers alone (`change`)."""
        contexts = [bytes.fromhex(one) for one in m["contexts"]]
        if any(not one.startswith(b"own-key:") for one in contexts):
            raise SecondPersonNeeded
        self._limit("destroy", len(contexts))
        if marks := sorted({keys.mark_of(one) for one in contexts} - self.book.state.destroyed):
            self.book.write("destroyed", marks=marks)
        return {"destroyed": len(contexts)}

    # --- the list ------------------------------------------------------------------------------------------------

    def _people(self, m: Message) -> Answer:
        self._limit("people")
        state, now = self.book.state, self.clock()
        waiting = [
            {"number": c.number, "kind": c.kind, "about": dict(c.about), "by": books.written(c.by), "at": c.at}
            for c in state.waiting.values()
            if c.at + WAITS > now
        ]
        return {"people": [books.written(one) for one in state.people.values()], "waiting": waiting}

    def _ask_change(self, m: Message) -> Answer:
        """Ask for a change of the list, or for the end of a data key; a second approver makes it."""
        person = self._signer(m)
        _ensure_may(person, books.LIST)
        wish = m["wish"]
        if wish["act"] != "ask_change":
            raise SignatureNeeded
        kind, about = str(wish["kind"]), wish["about"]
        self._ensure_possible(kind, about, tenant=person.tenant)
        for one in self.book.state.waiting.values():
            if (one.kind, one.about, one.by.who) == (kind, about, person.who) and one.at + WAITS > self.clock():
                return {"number": one.number}  # asked before, and the answer was lost
        return {"number": self.book.write("change_asked", kind=kind, about=about, by=books.written(person))}

    def _make_change(self, m: Message) -> Answer:
        person = self._signer(m)
        _ensure_may(person, books.LIST)
        wish = m["wish"]
        if wish["act"] == "make_change" and self.book.state.made.get(int(wish["change"])) == person.who:
            return {"made": int(wish["change"])}  # made before, and the answer was lost
        change = self.book.state.waiting.get(int(wish["change"]))
        if wish["act"] != "make_change" or change is None or change.at + WAITS <= self.clock():
            raise SignatureNeeded
        first = self.book.state.people.get(change.by.credential)
        if first is None or books.LIST not in first.may:
            raise NotOnTheList
        if first.tenant != person.tenant:
            raise NotOnTheList
        if first.who == person.who:
            raise SamePersonTwice
        self._ensure_possible(change.kind, change.about, tenant=person.tenant)
        self.book.write("change_made", change=change.number, by=books.written(person))
        return {"made": change.number}

    def _ensure_possible(self, kind: str, about: Message, *, tenant: int) -> None:
        """Insist on a change that leaves two approvers, asked and made by the town's own.

        :raises NotOnTheList: it is another town's person or key, or nobody's.
        """
        people = dict(self.book.state.people)
        if kind == "add":
            person = books.person_of(about)
            _ensure_whole(person)
            listed = people.get(person.credential, person)
            _ensure_of(tenant, person.tenant, listed.tenant)
            people[person.credential] = person
        elif kind == "remove":
            gone = people.pop(str(about["credential"]), None)
            if gone is None:
                raise NotOnTheList
            _ensure_of(tenant, gone.tenant)
        elif kind == "destroy":
            _ensure_data_key(about, tenant)
        else:
            raise NotAskedLikeThat(what=kind[:40])
        _ensure_two({credential: one for credential, one in people.items() if one.tenant == tenant})

    # --- pieces --------------------------------------------------------------------------------------------------

    def _signer(self, m: Message) -> Person:
        """Give whose passkey signed for exactly this wish, just now; a challenge serves once."""
        shown = passkeys.read(str(m["shown"]))
        person = self.book.state.people.get(shown.credential)
        asked = self.pending.get(shown.challenge)
        self._limit("signed", who=asked.who if asked else None)  # whose page was given it, not whom the sender names
        self.pending.pop(shown.challenge, None)
        if asked is None or asked.wish != canonical(m["wish"]) or asked.until <= self.clock():
            raise SignatureNeeded
        if person is None:
            raise NotOnTheList
        passkeys.ensure_signed(shown, person)
        return person

    def _limit(self, name: str, count: int = 1, *, who: Who | None = None) -> None:
        if not self.buckets.take(name, self.clock(), count, who=who):
            raise TooCostlyWait(what=name)
        self.counted[name] += count

    def _count_minutes(self) -> None:
        if self.clock() - self.counted_from >= 60:
            self._flush()

    def _flush(self) -> None:
        if self.counted:
            self.book.write("counted", since=int(self.counted_from), counts=dict(sorted(self.counted.items())))
        self.counted, self.counted_from = Counter(), self.clock()


def _ensure_may(person: Person, what: str) -> None:
    if what not in person.may:
        raise NotOnTheList


def _ensure_whole(person: Person) -> None:
    """Insist on somebody who can sign for something, on some site. :raises ValueError: no key that can be checked."""
    if not person.may or not set(person.may) <= set(books.MAY) or not person.rp or not person.body:
        raise NotAskedLikeThat(what="may")
    passkeys.ensure_key(person)


def _ensure_of(tenant: int, *others: int) -> None:
    if any(other != tenant for other in others):
        raise NotOnTheList


def _ensure_data_key(about: Message, tenant: int) -> None:
    """Insist that the mark is that of a data key of this town: the mark alone tells of no town."""
    context = bytes.fromhex(about["context"])
    if keys.mark_of(context) != about["mark"]:
        raise NotAskedLikeThat(what="mark")
    if not context.startswith(f"data-key:{tenant}:".encode()):
        raise NotOnTheList


def _ensure_two(people: Mapping[str, Person]) -> None:
    """Insist on two approvers in each town that has anybody on the list, and in one town at least."""
    approvers: dict[int, set[int]] = {one.tenant: set() for one in people.values()}
    for one in people.values():
        if books.LIST in one.may:
            approvers[one.tenant].add(one.account)
    if not approvers or min(map(len, approvers.values())) < 2:
        raise TooFewApprovers


def _own_key(one: Message) -> keys.OwnKey:
    """Read one wrapped key. The body it names was bound to it when it was wrapped: under another it does not open."""
    return keys.OwnKey(int(one["number"]), str(one["suite"]), bytes.fromhex(one["wrapped"]), int(one["body"]))


def _hex(message: Message, name: str) -> bytes:
    return bytes.fromhex(message[name])


def _bytes(value: bytes) -> Answer:
    return {"bytes": value.hex()}


def _suite(message: Message) -> str:
    if message["suite"] not in keys.KEY_BYTES:
        raise NotAskedLikeThat(what="suite")
    return str(message["suite"])


_SIGNED = frozenset({"open_own", "approve", "ask_change", "make_change", "destroy"})
_AWAY = frozenset({"health"})  # answered while the book takes nothing
_VERBS: Mapping[str, Callable[[Desk, Message], Answer]] = {
    "wrap": Desk._wrap, "unwrap": Desk._unwrap, "mac": Desk._mac, "sign": Desk._sign, "public_key": Desk._public_key,
    "health": Desk._health, "wrap_own": Desk._wrap_own, "challenge": Desk._challenge, "open_own": Desk._open_own,
    "approve": Desk._approve, "destroy": Desk._destroy, "people": Desk._people, "ask_change": Desk._ask_change,
    "make_change": Desk._make_change, "withdraw": Desk._withdraw,
}  # fmt: skip
