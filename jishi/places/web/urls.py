"""Addresses of the room of places: the desk that keeps the ground."""

from django.urls import path

from jishi.places.web import codes, houses, imports, names, naming, walknets, years

urlpatterns = [
    path("place-names", naming.say, name="say-a-name"),
    path("desk/ground", imports.ground, name="places"),
    path("desk/ground/map", imports.ground_map, name="places-map"),
    path("desk/ground/imports", imports.start, name="ground-imports"),
    path("desk/ground/imports/<int:import_id>", imports.report, name="ground-import"),
    path("desk/ground/imports/<int:import_id>/map", imports.report_map, name="ground-import-map"),
    path("desk/ground/imports/<int:import_id>/file", imports.report_file, name="ground-import-file"),
    path("desk/ground/imports/<int:import_id>/do/<slug:verb>", imports.act, name="ground-import-act"),
    path("desk/ground/barriers", imports.barriers, name="ground-barriers"),
    path("desk/ground/ways", walknets.nets, name="walk-nets"),
    path("desk/ground/ways/<int:net_id>", walknets.net, name="walk-net"),
    path("desk/ground/ways/<int:net_id>/map", walknets.net_map, name="walk-net-map"),
    path("desk/ground/ways/<int:net_id>/do/<slug:verb>", walknets.act, name="walk-net-act"),
    path("desk/ground/compounds", houses.compounds, name="houses-kept"),
    path("desk/ground/compounds/<int:compound_id>", houses.compound, name="compound-kept"),
    path("desk/ground/houses/<int:building_id>", houses.building, name="building-kept"),
    path("desk/ground/keep/<slug:verb>", houses.keep, name="houses-keep"),
    path("desk/ground/codes", codes.kept, name="ground-codes"),
    path("desk/ground/codes/<slug:verb>", codes.act, name="ground-codes-act"),
    path("desk/ground/years", years.grids, name="ground-years"),
    path("desk/ground/years/map", years.grids_map, name="ground-years-map"),
    path("desk/ground/special", years.special, name="ground-special"),
    path("desk/ground/divisions", years.divisions, name="ground-divisions"),
    path("desk/ground/names", names.review, name="ground-names"),
    path("desk/ground/names/settle", names.settle, name="ground-names-settle"),
]
