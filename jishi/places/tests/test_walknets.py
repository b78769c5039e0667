"""The net of ways: a file with its report, in force from a day, walked on where it leads."""

import json
from collections import OrderedDict
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
import shapely
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import localdate

from conftest import MONDAY_TEN
from jishi.accounts.tests.factories import a_grant, an_account, signed_in
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import Invalid, NotAllowed, NotFound
from jishi.kernels.geo import datum
from jishi.places import queries
from jishi.places import walknets as unpacked
from jishi.places.actions import barriers, walknets
from jishi.places.actions.barriers import NewBarrier, NewCrossing
from jishi.places.models import WalkNet
from jishi.places.queries import walking
from jishi.places.refusals import GroundFileRefused, ImportIsOver, SwappedAxes, UnknownDatum, WalkNetHasFaults
from jishi.places.tests.factories import SINCE, a_town, at, degrees, office

pytestmark = pytest.mark.django_db
TODAY = localdate(MONDAY_TEN)
SQUARE = [((0, 0), (2, 0)), ((0, 1), (2, 1)), ((0, 0), (0, 1)), ((2, 0), (2, 1))]  # in steps of some 500 m
CORNERS = (at(0, 0), at(2, 1))


@pytest.fixture
def by(other_tenant: int):
    actor = office(other_tenant)
    with scope.work(actor):
        yield actor


def file_of(lines, move=lambda p: p, **said) -> bytes:
    rows = [
        {"type": "Feature", "properties": said, "geometry": {"type": "LineString", "coordinates": [
            [float(c) for c in move(degrees(*p))] for p in line]}}
        for line in lines
    ]  # fmt: skip
    return json.dumps({"type": "FeatureCollection", "features": rows}).encode()


def checked(by: Actor, content: bytes | None = None, crs: str = "cgcs2000") -> WalkNet:
    return walknets.check_file(content or file_of(SQUARE), "ways.geojson", crs=crs, by=by, now=MONDAY_TEN)


def adopted(by: Actor, content: bytes | None = None, on: date = TODAY) -> WalkNet:
    return walknets.adopt(checked(by, content).id, active_from=on, document_no="云街〔2026〕3号", by=by, now=MONDAY_TEN)


def walked(day: date = TODAY) -> queries.Walked:
    return queries.walks_between([CORNERS], day=day)[0]


def test_a_file_is_checked_adopted_and_walked_on_from_its_day(by):
    crow = walked()

    row = adopted(by, on=TODAY + timedelta(days=3))

    assert crow.straight and walked().straight  # not yet
    assert not (later := walked(TODAY + timedelta(days=3))).straight
    assert later.metres == pytest.approx(row.length_m / 2, rel=0.001)  # round two sides of the block
    assert [e.verb for e in trail.of("walk_net", row.id)] == ["walk_net.checked", "walk_net.adopted"]


def test_the_net_before_answers_for_its_own_days(by):
    first = adopted(by)
    shortcut = [*SQUARE, ((0, 0), (2, 1))]
    second = adopted(by, file_of(shortcut), TODAY + timedelta(days=10))

    assert (first.number, second.number) == (1, 2)
    assert walked().metres > walked(TODAY + timedelta(days=10)).metres
    assert queries.walk_net(TODAY).id == first.id and queries.walk_net(SINCE) is None


def test_a_barrier_cuts_the_ways_of_its_day_and_a_crossing_opens_one(by):
    adopted(by)
    known = {"crs": "cgcs2000", "active_from": TODAY, "by": by, "now": MONDAY_TEN}
    rail = shapely.LineString([degrees(1, -1), degrees(1, 3)])
    barriers.add([NewBarrier("b1", "云溪铁路", "railway", rail)], **known)
    pair = (at(0.5, 0), at(1.5, 0))

    shut = queries.walks_between([pair], day=TODAY)[0]
    report = checked(by).report
    barriers.add_crossings([NewCrossing("x1", "b1", "underpass", *degrees(1, 1))], **known)
    north = queries.walks_between([pair], day=TODAY)[0]

    assert shut == queries.Walked(None, straight=True)
    assert [f["code"] for f in report["findings"]].count("cut_by_barrier") >= 2 and not report["blockers"]
    assert not north.straight  # west, up, across, down, back
    assert north.metres == pytest.approx(963 + 481 + 1112, rel=0.01)


def test_a_route_goes_along_the_ways_and_says_by_which_net(by):
    stops = [at(1, 0), at(2, 0.5), at(1, 1)]
    before = queries.route_for(stops, at(0, 0), day=TODAY)

    row = adopted(by)
    route = queries.route_for(stops, at(0, 0), day=TODAY)

    assert before.net == "estimated" and all(before.straight)
    assert route.net == str(row.number) and not any(route.straight)
    assert route.length_m == pytest.approx(row.length_m, rel=0.02) and route.length_m <= route.given_m
    corner = degrees(2, 0)
    assert any(abs(x - corner[0]) < 1e-6 and abs(y - corner[1]) < 1e-6 for leg in route.legs for x, y in leg)


def test_a_file_in_a_shifted_system_lands_where_it_is(by):
    def shift(p):
        return tuple(float(c[0]) for c in datum.from_cgcs2000([p[0]], [p[1]], "gcj02"))

    adopted(by, file_of(SQUARE))
    straight = walked().metres
    row = checked(by, file_of(SQUARE, shift), crs="gcj02")
    walknets.adopt(row.id, active_from=TODAY + timedelta(days=1), document_no="x", by=by, now=MONDAY_TEN)

    assert walked(TODAY + timedelta(days=1)).metres == pytest.approx(straight, abs=0.2)


def test_what_is_refused_changes_nothing(by):
    a_town(by.tenant_id)
    street = Actor(
        tenant_id=by.tenant_id, kind="staff", account_id=3, roles=frozenset({"office"}), area="990882001000"
    )
    stranger = Actor(tenant_id=by.tenant_id, kind="staff", account_id=2, roles=frozenset({"handler"}))
    far = checked(by, file_of([((400, 400), (401, 400))]))
    point = json.loads(file_of(SQUARE))
    point["features"][0]["geometry"] = {"type": "Point", "coordinates": list(degrees(0, 0))}
    pointed, good = checked(by, json.dumps(point).encode()), checked(by)
    known = {"document_no": "x", "by": by, "now": MONDAY_TEN}
    refusals = [
        (UnknownDatum, lambda: checked(by, crs="")),
        (SwappedAxes, lambda: checked(by, file_of(SQUARE, lambda p: p[::-1]))),
        (NotAllowed, lambda: checked(stranger)),
        (NotAllowed, lambda: checked(street)),
        (WalkNetHasFaults, lambda: walknets.adopt(far.id, active_from=TODAY, **known)),
        (WalkNetHasFaults, lambda: walknets.adopt(pointed.id, active_from=TODAY, **known)),
        (Invalid, lambda: walknets.adopt(good.id, active_from=TODAY - timedelta(days=1), **known)),
    ]

    for refusal, verb in refusals:
        with pytest.raises(refusal):
            verb()

    assert queries.walk_net(TODAY) is None and set(WalkNet.objects.values_list("state", flat=True)) == {"checked"}
    assert [f["code"] for f in far.report["findings"]] == ["outside_town"]
    walknets.drop(far.id, by=by, now=MONDAY_TEN)
    with pytest.raises(ImportIsOver):
        walknets.drop(far.id, by=by, now=MONDAY_TEN)


def test_a_file_too_large_is_refused_before_it_is_joined_and_its_longest_line_is_named(by, monkeypatch):
    def never(*_):
        raise AssertionError

    monkeypatch.setattr(walknets, "joined", never)
    mistyped = json.loads(file_of(SQUARE))
    mistyped["features"][1]["geometry"]["coordinates"] += [[0.0, 0.0], list(degrees(0, 0))]

    with pytest.raises(GroundFileRefused) as refused:
        checked(by, json.dumps(mistyped).encode())

    assert "第 2 行" in refused.value.sentence("zh-hans") and not WalkNet.objects.exists()


def test_too_much_on_one_spot_is_refused(by, monkeypatch):
    monkeypatch.setattr("jishi.kernels.geo.walknet.MOST_PAIRS", 3)

    with pytest.raises(GroundFileRefused):
        checked(by)


def test_a_file_sent_twice_is_checked_once_and_a_dropped_one_keeps_its_report_alone(by):
    first, again = checked(by), checked(by)
    walknets.drop(first.id, by=by, now=MONDAY_TEN)
    dropped = WalkNet.objects.get(id=first.id)

    assert again.id == first.id != checked(by).id
    assert bytes(dropped.arrays) == b"" and dropped.sha256 == first.sha256 and dropped.report["rows"] == 4
    with pytest.raises(NotFound):
        walking.drawn(dropped)


def test_empty_and_endless_lines_do_not_make_a_file_lie_outside_the_town(by):
    a_town(by.tenant_id)
    rows = json.loads(file_of([*SQUARE, *SQUARE]))
    for n in range(5):
        rows["features"][n]["geometry"]["coordinates"] = []

    assert "outside_town" not in {f["code"] for f in checked(by, json.dumps(rows).encode()).report["findings"]}


def test_a_net_that_has_not_begun_or_begins_today_is_replaced(by):
    wrong = adopted(by)
    later = adopted(by, file_of([*SQUARE, ((0, 0), (2, 1))]), TODAY + timedelta(days=9))
    right = adopted(by)

    assert queries.walk_net(TODAY).id == queries.walk_net(TODAY + timedelta(days=9)).id == right.id
    assert [WalkNet.objects.get(id=n.id).active_to for n in (wrong, later)] == [TODAY, TODAY + timedelta(days=9)]


def test_first_adoptions_come_one_after_the_other(by):
    row = checked(by)

    with CaptureQueriesContext(connection) as asked:
        walknets.adopt(row.id, active_from=TODAY, document_no="x", by=by, now=MONDAY_TEN)

    assert any("pg_advisory_xact_lock" in q["sql"] and "walk_net:" in q["sql"] for q in asked.captured_queries)


def test_a_large_net_is_drawn_coarser(by, monkeypatch):
    row = checked(by)
    monkeypatch.setattr(walking, "MOST_DRAWN", 20)

    ends = walking._few(np.array([[[n * 10.0, 0], [n * 10.0 + 10, 0]] for n in range(400)]))

    assert 10 <= len(ends) <= 20 and ends.max() >= 3800
    assert walking.drawn(row)["features"][0]["geometry"]["coordinates"]


def test_what_is_unpacked_is_known_by_database_and_file_and_the_least_used_goes(by, monkeypatch):
    held, asked = pack_of(by), []

    def net(number: int, sha256: str = "a"):
        return unpacked.kept(number, sha256, lambda: asked.append((number, sha256)) or held)

    monkeypatch.setattr(unpacked, "_unpacked", OrderedDict())
    for number in (1, 2, 3, 4, 1, 5, 1):
        net(number)
    net(1, "b")
    monkeypatch.setitem(connection.settings_dict, "NAME", "another")
    net(1)

    assert asked == [(1, "a"), (2, "a"), (3, "a"), (4, "a"), (5, "a"), (1, "b"), (1, "a")]


def pack_of(by: Actor) -> bytes:
    return bytes(checked(by).arrays)


def test_the_ways_of_another_tenant_are_not_fetched(by, monkeypatch):
    row = checked(by)
    monkeypatch.setattr(unpacked, "_unpacked", OrderedDict())
    row.tenant_id += 1

    with pytest.raises(WalkNet.DoesNotExist):
        walking.ways_of(row)


class TestTheDesk:
    AT = "/desk/ground/ways"

    @pytest.fixture
    def desk(self, client, other_tenant):
        client.defaults["HTTP_HOST"] = "other.example"
        with scope.work(system(other_tenant)):
            a_town(other_tenant)
        account = an_account(other_tenant)
        a_grant(account, "office", post_id=31)
        return signed_in(client, account, post=31, at=datetime.now(UTC))

    def sent(self, desk, content: bytes, crs: str = "cgcs2000"):
        return desk.post(self.AT, {"file": SimpleUploadedFile("ways.geojson", content), "crs": crs})

    def test_a_file_is_checked_looked_at_and_adopted(self, desk, other_tenant):
        answer = self.sent(desk, file_of(SQUARE))
        page, drawn = desk.get(answer.url).content.decode(), desk.get(f"{answer.url}/map").json()
        said = {"day": localdate().isoformat(), "document_no": "云街〔2026〕3号", "version": "1"}

        assert "作为下一版启用" in page and drawn["features"][0]["properties"]["kind"] == "line"
        assert desk.post(f"{answer.url}/do/adopt", {**said, "version": "7"}).status_code == 412
        assert desk.post(f"{answer.url}/do/adopt", said).status_code == 302
        assert "第 1 版" in desk.get(self.AT).content.decode()

    def test_without_a_system_nothing_is_kept_and_the_reason_is_said(self, desk, other_tenant):
        answer = self.sent(desk, file_of(SQUARE), crs="")

        assert answer.status_code == 422 and "坐标系" in answer.content.decode()
        with scope.work(system(other_tenant)):
            assert not WalkNet.objects.exists()

    def test_a_fault_is_said_with_its_cure_and_cannot_be_adopted(self, desk):
        answer = self.sent(desk, file_of([((400, 400), (401, 400))]))
        page = desk.get(answer.url).content.decode()

        assert "在本市以外" in page and "作为下一版启用" not in page
        said = {"day": localdate().isoformat(), "document_no": "x", "version": "1"}
        assert desk.post(f"{answer.url}/do/adopt", said).status_code == 409
        assert desk.post(f"{answer.url}/do/drop", said).status_code == 302
        assert desk.get(f"{answer.url}/map").status_code == 404
        assert "data-map" not in desk.get(answer.url).content.decode()

    def test_a_map_is_not_drawn_twice_for_the_same_reader(self, desk):
        at = f"{self.sent(desk, file_of(SQUARE)).url}/map"
        etag = desk.get(at)["ETag"]

        assert desk.get(at, headers={"If-None-Match": etag}).status_code == 304
