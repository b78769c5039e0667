"""Addresses of plans of grids: the desk, one calculation, one plan, the notice for everybody."""

from django.urls import path

from jishi.places.web import plans

urlpatterns = [
    path("desk/plans", plans.desk, name="gridplan"),
    path("desk/plans/sweeps", plans.sweep_ask, name="plan-sweep-ask"),
    path("desk/plans/sweeps/<int:sweep_id>", plans.sweep, name="plan-sweep"),
    path("desk/plans/compare", plans.compare, name="plan-compare"),
    path("desk/plans/<int:run_id>/print", plans.printed, name="plan-run-print"),
    path("desk/plans/<int:run_id>", plans.run, name="plan-run"),
    path("desk/plans/<int:run_id>/map", plans.run_map, name="plan-run-map"),
    path("desk/plans/<int:run_id>/export.<slug:form>", plans.export, name="plan-run-export"),
    path("desk/plans/<int:run_id>/<slug:verb>", plans.act, name="plan-run-act"),
    path("desk/gridplans/<int:plan_id>", plans.one, name="gridplan-one"),
    path("desk/gridplans/<int:plan_id>/slips", plans.slips, name="gridplan-slips"),
    path("desk/gridplans/<int:plan_id>/<slug:verb>", plans.press, name="gridplan-press"),
    path("gridplans", plans.notices, name="gridplan-notices"),
    path("gridplans/<int:plan_id>", plans.notice, name="gridplan-notice"),
    path("gridplans/<int:plan_id>/map", plans.notice_map, name="gridplan-notice-map"),
]
