"""What a program asks, read liberally and refused by name: parameters, moments, areas, pages, jurisdictions."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.utils import timezone

from jishi.cases.models import Jurisdiction
from jishi.cases.open311.answers import Fault, Wrong, clean
from jishi.cases.queries.public import Wanted
from jishi.duties import queries as duties
from jishi.foundation.tenants import Tenant

SPAN = timedelta(days=90)
CAP = 1000
FARTHEST = 100_000  # rows that a bare page number may skip; beyond it the Link is followed
MOST_IDS = 100
NOT_IN_A_LINK = ("page", "page_size", "after", "api_key")
LARGEST_RADIUS = 10_000.0
_BARE_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_PLUS_LOST = re.compile(r"(\d{4}-\d{2}-\d{2}T[\d:.]+) (\d{2}:?\d{2})")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")
_KEY = re.compile(r"(\d{1,18})\.(\d{1,18})\.(\d{1,18})")


class Given:
    """The parameters of a call: the body wins over the query, empty is absent, control characters are gone."""

    def __init__(self, request: HttpRequest) -> None:
        self._values: dict[str, list[str]] = {}
        sources = [request.GET, request.POST] if request.method == "POST" else [request.GET]
        for source in sources:
            for name, values in source.lists():
                if kept := [v for v in (clean(str(value)).strip() for value in values) if v]:
                    self._values[clean(name)] = kept
        self.key_in_address = "api_key" in map(clean, request.GET)  # a log of addresses holds it now (ASVS V14.2.1)
        self.files = list(request.FILES) if request.method == "POST" else []
        self.media = request.FILES.getlist("media") if request.method == "POST" else []

    def one(self, name: str) -> str:
        """Give the value of a parameter, the last one if it came twice; empty if it did not come."""
        return self._values.get(name, [""])[-1]

    def every(self, *names: str) -> list[str]:
        """Give all values that came under any of these names."""
        return [value for name in names for value in self._values.get(name, [])]

    def listed(self, name: str) -> list[str]:
        """Give the parts of a comma list."""
        return [part.strip() for part in self.one(name).split(",") if part.strip()]

    def without(self, *names: str) -> dict[str, list[str]]:
        """Give everything but these, as it came."""
        return {name: values for name, values in sorted(self._values.items()) if name not in names}

    def has(self, *names: str) -> bool:
        """Tell whether one of these came."""
        return any(name in self._values for name in names)


# --- jurisdictions -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Served:
    """The jurisdiction that a call is for."""

    name: str
    area: str = ""
    contact: str = ""
    key_service: str = ""
    answers_with_token: bool = False


def jurisdiction(given: Given, tenant: Tenant) -> Served:
    """Give the jurisdiction that is meant; it may be left out where one is served.

    :raises Wrong: 400 needed and absent, 404 not one of ours.
    """
    said = given.one("jurisdiction_id").lower()
    rows = served_by(tenant)
    if not said:
        if len(rows) > 1:
            raise Wrong(Fault(400, "jurisdiction_id was not provided"))
        return rows[0]
    known = {row.name: row for row in rows}
    if len(rows) == 1 and said in own_names(tenant):
        return rows[0]
    if said not in known:
        raise Wrong(Fault(404, "jurisdiction_id provided was not found"))
    return known[said]


def served_by(tenant: Tenant) -> list[Served]:
    """Give the jurisdictions of a tenant; one of its own name where nobody has named any."""
    rows = Jurisdiction.objects.filter(tenant_id=tenant.id).order_by("area", "name")
    found = [Served(r.name, r.area, r.contact, r.key_service, r.answers_with_token) for r in rows]
    return found or [Served(own_names(tenant)[0])]


def own_names(tenant: Tenant) -> list[str]:
    """Give the names by which a tenant is known without being told: its hosts; the test jurisdiction by its code."""
    return [str(host).lower() for host in tenant.hosts] or [f"{tenant.code.lower()}.test"]


# --- moments and numbers -----------------------------------------------------------------------------------


def moment(text: str, *, end: bool = False) -> datetime | None:
    """Read a moment; without zone, and a bare day, in the jurisdiction's zone. None: it cannot be read.

    >>> moment("2026-03-02T09:15:00 08:00").isoformat()
    '2026-03-02T09:15:00+08:00'
    """
    lost = _PLUS_LOST.fullmatch(text)
    said = f"{lost[1]}+{lost[2]}" if lost else text
    try:
        if _BARE_DAY.fullmatch(said):
            day = datetime.fromisoformat(said).date()
            at = datetime.combine(day, time(23, 59, 59) if end else time(0, 0, 0))
        else:
            at = datetime.fromisoformat(said)
        aware = at if at.tzinfo else timezone.make_aware(at)
        return aware if 1900 < aware.astimezone(timezone.get_default_timezone()).year < 3000 else None
    except (ValueError, OverflowError):
        return None


def number(text: str) -> float | None:
    """Read a decimal with a point. None: it is none, or not finite.

    >>> number("31,5"), number("NaN"), number("31.5")
    (None, None, 31.5)
    """
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def stamp(at: datetime | None) -> str | None:
    """Write a moment in the jurisdiction's zone with its offset, in seconds."""
    return timezone.localtime(at).replace(microsecond=0).isoformat() if at else None


def point(given: Given) -> tuple[float, float] | None:
    """Read `lat` and `long` together. :raises Wrong: one of them alone, no number, outside the earth."""
    if not given.has("lat", "long"):
        return None
    faults, found = [], []
    for name, limit in (("lat", 90), ("long", 180)):
        said = given.one(name)
        value = number(said)
        if not said:
            faults.append(Fault(400, f"{name} required: lat and long come together"))
        elif value is None:
            faults.append(Fault(400, f"{name}: not a decimal number with a point"))
        elif abs(value) > limit:
            faults.append(Fault(400, f"{name}: outside -{limit}…{limit}"))
        else:
            found.append(value)
    if faults:
        raise Wrong(*faults)
    return found[0], found[1]


# --- lists -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Listing:
    """What `GET /requests` is asked: filters, page, and where the page before ended."""

    wanted: Wanted
    size: int
    page: int
    paged: bool
    by_change: bool
    extensions: bool
    just_count: bool
    after: tuple[datetime, int] | None = None

    @property
    def skip(self) -> int:
        return 0 if self.after else (self.page - 1) * self.size


def listing(given: Given, *, now: datetime, area: str) -> Listing:
    """Read the parameters of a list. :raises Wrong: names each that is wrong."""
    faults: list[Fault] = []
    size, page = _whole(given, "page_size", CAP, CAP, faults), _whole(given, "page", 1, 1_000_000, faults)
    paged = given.has("page", "page_size", "after")
    top, after = _key(given, faults)
    since, until = _period(given, "start_date", "end_date", faults, free=False)
    changed_after, changed_before = _period(given, "updated_after", "updated_before", faults, free=paged)
    by_change = bool(changed_after or changed_before)
    if not by_change and not since and not until:
        since = now - SPAN
    wanted = Wanted(
        matters=_matters(given, faults), status=_status(given, faults), since=since, until=until,
        changed_after=changed_after, changed_before=changed_before, box=_box(given, faults),
        circle=_circle(given, faults), area=area, top=top,
    )  # fmt: skip
    if (page - 1) * size > FARTHEST and not after:
        faults.append(Fault(400, f"page: at most {FARTHEST // size + 1}; follow the Link of the page before"))
    if faults:
        raise Wrong(*faults)
    return Listing(
        wanted, size if paged else CAP, page, paged, by_change, given.one("extensions") == "true",
        given.one("just_count") == "true", after,
    )  # fmt: skip


def days(given: Given, *, now: datetime) -> tuple[datetime, datetime]:
    """Read the days of which updates are asked; none: the last 90. :raises Wrong: names each that is wrong."""
    faults: list[Fault] = []
    since, until = _period(given, "start_date", "end_date", faults, free=False)
    if faults:
        raise Wrong(*faults)
    return since or now - SPAN, until or now


def link_of(request: HttpRequest, listing: Listing, *, top: int, last: tuple[datetime, int]) -> str:
    """Give the Link of the next page: its key fixes where it begins and above which row nothing is looked at. A
    program's key that came along unasked is not said again: a reading needs none (spec 13 §2), and links are kept."""
    micros = (last[0] - datetime.fromtimestamp(0, tz=last[0].tzinfo)) // timedelta(microseconds=1)
    said = {k: v for k, v in request.GET.items() if clean(k) not in NOT_IN_A_LINK}
    more: Mapping[str, Any] = {
        "page": listing.page + 1, "page_size": listing.size, "after": f"{top}.{micros}.{last[1]}",
    }  # fmt: skip
    return f'<{request.build_absolute_uri(request.path)}?{urlencode({**said, **more})}>; rel="next"'


def _key(given: Given, faults: list[Fault]) -> tuple[int | None, tuple[datetime, int] | None]:
    said = given.one("after")
    if not said:
        return None, None
    found = _KEY.fullmatch(said)
    try:
        micros = timedelta(microseconds=int(found[2])) if found else timedelta()
        at = datetime.fromtimestamp(0, tz=timezone.get_current_timezone()) + micros
    except OverflowError:
        found = None
    if found is None:
        faults.append(Fault(400, "after: not the key of a Link"))
        return None, None
    return int(found[1]) or None, (at, int(found[3]))


def _whole(given: Given, name: str, default: int, most: int, faults: list[Fault]) -> int:
    said = given.one(name)
    if not said:
        return default
    if not (said.isascii() and said.isdigit() and len(said) <= 9 and 1 <= int(said) <= most):
        faults.append(Fault(400, f"{name}: a whole number from 1 to {most}"))
        return default
    return int(said)


def _period(
    given: Given, first: str, last: str, faults: list[Fault], *, free: bool
) -> tuple[datetime | None, datetime | None]:
    """Read two ends, inclusive. One alone makes a span of 90 days; both may be 90 days apart, unless `free`."""
    found: dict[str, datetime | None] = {}
    for name in (first, last):
        said = given.one(name)
        found[name] = moment(said, end=name == last) if said else None
        if said and found[name] is None:
            faults.append(Fault(400, f"{name}: not a date or time of ISO 8601"))
    since, until = found[first], found[last]
    if since and until and since > until:
        faults.append(Fault(400, f"{first} is after {last}"))
    if since and until and until - since > SPAN and not free:
        faults.append(Fault(400, f"{first} and {last}: at most 90 days apart"))
    if since and not until and not free:
        return since, since + SPAN
    if until and not since and not free:
        return until - SPAN, until
    return since, until


def _status(given: Given, faults: list[Fault]) -> frozenset[str]:
    said = frozenset(s.lower() for s in given.listed("status"))
    if not said <= {"open", "closed"}:
        faults.append(Fault(400, "status: open, closed"))
    return said


def _matters(given: Given, faults: list[Fault]) -> tuple[str, ...]:
    said = tuple(dict.fromkeys(given.listed("service_code")))
    book = duties.matters()
    past = duties.past_matters([c for c in said if c not in book and len(c) <= 40])
    for code in said:
        if not (book[code].public if code in book else code in past):
            faults.append(Fault(404, "service_code provided was not found"))
            break
    return said


def _box(given: Given, faults: list[Fault]) -> tuple[float, float, float, float] | None:
    if not given.has("bbox"):
        return None
    said = [number(part) for part in given.one("bbox").split(",")]
    if len(said) != 4 or None in said:
        faults.append(Fault(400, "bbox: west,south,east,north in decimal degrees"))
        return None
    west, south, east, north = (float(v or 0) for v in said)
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        faults.append(Fault(400, "bbox: west,south,east,north in decimal degrees"))
        return None
    return west, south, east, north


def _circle(given: Given, faults: list[Fault]) -> tuple[float, float, float] | None:
    if not given.has("lat", "long", "radius"):
        return None
    try:
        at = point(given)
    except Wrong as no:
        faults.extend(no.faults)
        return None
    radius = number(given.one("radius")) if given.has("radius") else None
    if at is None or radius is None or not 0 < radius <= LARGEST_RADIUS:
        faults.append(Fault(400, f"radius: metres, at most {LARGEST_RADIUS:.0f}, with lat and long"))
        return None
    return at[1], at[0], radius
