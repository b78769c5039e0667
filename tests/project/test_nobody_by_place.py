"""No address, question, form or table gives people by place; room numbers stand in no URL (spec 20 §13, line 16)."""

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models

from config.api import api
from jishi.portal import words_compile
from tests.probing.addresses import pages

ROOT = Path(__file__).resolve().parents[2]
DOOR = {"room", "rooms", "unit", "floor", "dwelling", "door", "flat", "apartment", "household", "address", "where"}
PLACE = {
    "division", "division_code", "community", "compound", "compound_id", "building", "building_id", "dwelling",
    "dwelling_id", "grid", "grid_id", "address", "room", "lives_in", "belongs_to", "lng_e7",
    "from_community", "transition", "transition_id",  # a torn-down village is a place as well
}  # fmt: skip
FORM = re.compile(r"<form\b[^>]*>.*?</form>", re.S)


def test_no_page_has_a_door_or_a_room_in_its_address():
    named = {(route.path, part) for route in pages() for part in re.findall(r"<(\w+)>", route.path)}

    assert [one for one in named if one[1] in DOOR] == []
    assert [route.path for route in pages() if DOOR & set(re.split(r"\W+", route.path))] == []


def test_no_operation_of_the_api_takes_one_in_its_address():
    document = api.get_openapi_schema()
    asked = {
        (path, one["name"])
        for path, methods in document["paths"].items()
        for operation in methods.values()
        for one in operation.get("parameters", ())
    }

    assert [one for one in asked if one[1] in DOOR] == []
    assert [path for path, _ in asked if DOOR & set(re.split(r"\W+", path))] == []


def test_no_answer_of_the_api_describes_a_room():
    schemas = api.get_openapi_schema()["components"]["schemas"]

    described = {(name, field) for name, one in schemas.items() for field in one.get("properties", {})}
    assert [one for one in described if one[1] in {"room", "dwelling", "household", "residents"}] == []


PAGES = [p for p in words_compile.own_files(ROOT)[0] if p.suffix == ".html"]


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.name)
def test_a_form_that_asks_for_a_place_is_sent_in_the_body(path):
    for form in FORM.findall(path.read_text()):
        names = set(re.findall(r'name="([\w-]+)"', form))
        if names & {"address", "where", "room", "elsewhere"} or "where_fields" in form:
            assert 'method="post"' in form.split(">", 1)[0], path


def test_no_table_of_places_holds_a_person_beside_a_place():
    """Rows of a person seal where they point; rows of a place name nobody."""
    both = []
    for model in apps.get_app_config("places").get_models():
        fields = {f.name: f for f in model._meta.concrete_fields}
        keys = [f for f in fields.values() if isinstance(f, models.ForeignKey)]
        people = [f for f in keys if f.related_model.__name__ == "Account"]
        if people and PLACE & {f.attname for f in fields.values()} | PLACE & set(fields):
            both.append(model.__name__)

    assert both == []
