"""The receiving body of record at the broker: its number is bound to the key, whatever the site says (spec 10 §13)."""

from pathlib import Path

import pytest

from jishi.foundation import keys
from jishi.foundation.tests.test_broker import OPENED, ROW, House, wish


@pytest.fixture
def house(tmp_path: Path):
    made = House(tmp_path / "broker")
    yield made
    made.desk.close()


class TestThePasskeyOfAnotherBody:
    def test_of_another_report_opens_nothing_and_the_book_says_who_tried(self, house: House) -> None:
        assert house.look(house.elsewhere, "receive")["refused"] == "not_the_receiving_body"
        assert house.lines()[-1]["facts"] == {"verb": "open_own", "code": "not_the_receiving_body"}

    def test_is_bound_to_the_key_and_no_word_of_the_site_changes_it(self, house: House) -> None:
        asked = wish("receive")
        forged = house.ask("open_own", wish=asked, kept=house.kept(body=6), shown=house.signed(house.elsewhere, asked))

        assert forged["refused"] == "does_not_open"

    def test_is_nobody_where_no_desk_was_left(self, house: House) -> None:
        nobodys = house.kept(keys.own_context(1, ROW, 1, body=0), body=0)
        asked = wish("receive")
        said = house.ask("open_own", wish=asked, kept=nobodys, shown=house.signed(house.receiver, asked))

        assert said["refused"] == "not_the_receiving_body"
        house.approve()
        assert house.do("open_own", house.asker, wish("look"), kept=nobodys) == OPENED
