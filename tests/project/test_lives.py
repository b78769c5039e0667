"""Every row of a life has its verb, its party, its message and its title; every event has a listener or a reason."""

import ast
import inspect
from importlib import import_module
from pathlib import Path

import pytest
from django.utils.module_loading import import_string

from config import wiring
from config.cli.checking import formalism
from jishi.cases import policies as case_policies
from jishi.cases import walkers as errand_policies
from jishi.foundation.outbox import Event
from jishi.kernels.procedure import Procedure, parse
from jishi.places import policies as place_policies

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "institutions/procedures").glob("*.toml"))
ROOMS = {  # whose life it is
    "case": "cases", "handover": "cases", "part": "cases", "whistle": "cases", "participant": "cases",
    "supervision": "cases", "mediation": "cases", "topic": "cases", "errand": "cases",
    "unsealing": "cases", "transition": "places", "gridplan": "places",
}  # fmt: skip
PARTIES = {
    "cases": {**case_policies.PARTIES, **errand_policies.PARTIES, **case_policies.TOPIC_PARTIES},
    "places": {**place_policies.PARTIES, **place_policies.PLAN_PARTIES},
}
EVENTS = [
    node.name
    for path in sorted(ROOT.glob("jishi/*/events.py"))
    for node in ast.parse(path.read_text(encoding="utf-8")).body
    if isinstance(node, ast.ClassDef)
]


def _life(path: Path) -> Procedure:
    return parse(path.read_text(encoding="utf-8"))


def _function(room: str, verb: str):
    """``consultation.open`` is the function ``open_`` where the bare name is Python's own."""
    module, name = verb.split(".")
    found = import_module(f"jishi.{room}.actions.{module}")
    return getattr(found, name, None) or getattr(found, f"{name}_", None)


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
class TestEveryRow:
    def test_is_a_verb_of_the_room_by_that_name(self, path):
        life = _life(path)

        missing = [m.verb for m in (*life.moves, *life.acts) if not callable(_function(ROOMS[life.code], m.verb))]

        assert missing == []

    def test_belongs_to_a_verb_that_takes_who_and_when(self, path):
        life = _life(path)
        wanting = {
            m.verb
            for m in (*life.moves, *life.acts)
            if not {"by", "now"} <= set(inspect.signature(_function(ROOMS[life.code], m.verb)).parameters)
        }

        assert wanting == set()

    def test_names_parties_that_the_policy_knows(self, path):
        life = _life(path)
        named = {who for m in (*life.moves, *life.acts) for who in m.who if not who.startswith("clock:")}

        assert named - set(PARTIES[ROOMS[life.code]]) == set()

    def test_tells_in_messages_that_exist_in_both_languages(self, path):
        life = _life(path)

        for move in (*life.moves, *life.acts):
            assert all((move.title.zh, move.title.en)), move.verb
            for code in move.tells:
                said = life.message(code).text
                assert all((said.zh, said.en)), code


def test_every_life_belongs_to_a_room():
    assert {p.stem for p in FILES} == set(ROOMS)


def test_every_party_of_a_policy_stands_in_a_table():
    named = {who for p in FILES for m in (*_life(p).moves, *_life(p).acts) for who in m.who}

    assert {party for parties in PARTIES.values() for party in parties} - named == set()


class TestEvents:
    def test_each_is_heard_or_unheard_on_purpose(self):
        assert set(EVENTS) == set(wiring.REACTIONS) | set(wiring.UNHEARD)
        assert not set(wiring.REACTIONS) & set(wiring.UNHEARD)
        assert all(len(why) > 20 for why in wiring.UNHEARD.values())

    def test_names_are_used_once(self):
        assert len(EVENTS) == len(set(EVENTS))

    @pytest.mark.parametrize("reaction", sorted({r for rs in wiring.REACTIONS.values() for r in rs}))
    def test_a_reaction_exists_and_takes_facts_and_now(self, reaction):
        assert list(inspect.signature(import_string(reaction)).parameters)[:2] == ["facts", "now"]

    def test_carry_ids_and_codes_only(self):
        for path in ROOT.glob("jishi/*/events.py"):
            module = import_module(f"jishi.{path.parent.name}.events")
            for _, event in inspect.getmembers(module, inspect.isclass):
                if issubclass(event, Event) and event is not Event:
                    types = {k: v for k, v in inspect.get_annotations(event, eval_str=True).items() if k != "subject"}
                    assert set(types.values()) <= {int, str, int | None, tuple[str, ...], tuple[int, ...]}, event
                    assert event.subject[1] in event.__dataclass_fields__


class TestFormalism:
    def test_nothing_of_ours_asks_for_it(self):
        assert formalism(ROOT) == []

    def test_a_planted_form_is_found(self, tmp_path):
        page = tmp_path / "jishi/cases/templates/cases/planted.html"
        page.parent.mkdir(parents=True)
        page.write_text("<label>今日打卡</label>\n<label>上传截图,参加排名</label>\n", encoding="utf-8")

        assert len(formalism(tmp_path)) == 2

    def test_a_sentence_that_says_we_do_not_is_let_through(self, tmp_path):
        page = tmp_path / "jishi/cases/templates/cases/said.html"
        page.parent.mkdir(parents=True)
        page.write_text("<p>平台不设积分,也不给人排名。</p>\n", encoding="utf-8")

        assert formalism(tmp_path) == []
