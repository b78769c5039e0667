"""A picture that a program names by an address: fetched later, kept, shown to nobody (13 §5.3)."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from config import work
from jishi.cases.actions import fetching
from jishi.cases.models import Photo
from jishi.cases.tests import news_steps
from jishi.cases.tests import open311_steps as o
from jishi.cases.tests import photo_steps as p
from jishi.foundation import outgoing, outside, scope
from jishi.foundation.actor import messenger, system
from jishi.foundation.models import Delivery
from jishi.foundation.outgoing import AddressRefused, Answer, NotDelivered

URL = "https://pictures.example/pole.jpg?size=2"


@pytest.fixture
def key(town: int) -> str:
    return o.key_of(town)


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(settings, "FILES_DIR", tmp_path)
    return tmp_path


@pytest.fixture
def lies(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], list[str]]:
    """Say what lies at the address; gives the addresses that were asked."""

    def there(what: Any) -> list[str]:
        asked: list[str] = []

        def bring(url: str, *, longest: int) -> Answer:
            asked.append(url)
            if isinstance(what, Exception):
                raise what
            return Answer(200, "image/jpeg", what)

        monkeypatch.setattr(outgoing, "bring", bring)
        return asked

    return there


def owed(town: int) -> list[Delivery]:
    with scope.work(system(town)):
        return list(Delivery.objects.filter(reaction=fetching.REACTION))


def kept(town: int) -> list[Photo]:
    with scope.work(system(town)):
        return list(Photo.objects.select_related("file"))


def test_is_fetched_after_the_answer_and_kept_closed_beside_the_report(town: int, key: str, lies: Any) -> None:
    asked = lies(p.picture())

    number = o.posted(key, media_url=URL)
    before = (list(asked), kept(town))
    news_steps.send_out(town, timezone.now())

    assert before == ([], []), "whoever reports does not wait for another machine"
    assert asked == [URL]
    (photo,) = kept(town)
    assert (photo.sent_by, photo.may_publish, photo.file.kind) == ("program", False, "jpeg")
    assert o.both(f"requests/{number}").value[0]["media_url"] is None
    assert [d.done_at is not None for d in owed(town)] == [True]


def test_no_letter_waits_for_a_picture_that_a_stranger_named(town: int, key: str, lies: Any) -> None:
    lies(p.picture())
    o.posted(key, media_url=URL)
    now = timezone.now()
    news_steps.in_the_house(town, now)

    letters = outside.receivers(by=messenger(town), now=now, slow=work.FETCHED)
    pictures = outside.receivers(by=messenger(town), now=now, slow=work.FETCHED, fetched=True)

    assert fetching.REACTION not in {reaction for reaction, _ in letters}
    assert {reaction for reaction, _ in pictures} == {fetching.REACTION}


def test_the_same_fetch_twice_keeps_one_picture(town: int, key: str, lies: Any) -> None:
    lies(p.picture())
    o.posted(key, media_url=URL)
    news_steps.send_out(town, timezone.now())

    with scope.work(system(town)):
        Delivery.objects.filter(reaction=fetching.REACTION).update(done_at=None, next_at=timezone.now())
    news_steps.send_out(town, timezone.now())

    assert len(kept(town)) == 1


@pytest.mark.parametrize(
    ("what", "why"),
    [
        (b"<html><script>1</script>", "file_not_what_it_says"), (b"", "file_is_empty"),
        (NotDelivered("timeout"), "timeout"), (AddressRefused(why_zh="x", why_en="x"), "address_refused"),
    ],
)  # fmt: skip
def test_what_may_not_be_kept_is_told_to_who_runs_it_and_the_report_stays(
    town: int, key: str, lies: Any, what: Any, why: str
) -> None:
    lies(what)

    number = o.posted(key, media_url=URL)
    news_steps.send_out(town, timezone.now())

    assert kept(town) == []
    (told,) = owed(town)
    assert (told.error, told.done_at) == (why, None)
    assert told.next_at > timezone.now() - timedelta(seconds=1)
    assert o.get(f"requests/{number}").status == 200


def test_an_address_inside_is_never_called(town: int, key: str) -> None:
    o.posted(key, media_url="http://127.0.0.1:5432/a.jpg")
    news_steps.send_out(town, timezone.now())

    assert [d.error for d in owed(town)] == ["address_refused"]
    assert kept(town) == []
