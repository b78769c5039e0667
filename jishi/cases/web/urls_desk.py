"""Addresses of the desks and of the page of one case."""

from django.urls import path

from jishi.cases.web.desk import bulk, case, caselist, dispatch, models, operator, presence, record

urlpatterns = [
    path("desk/operator", operator.console, name="operator"),
    path("desk/operator/look", operator.look, name="operator-look"),
    path("desk/operator/add", operator.add, name="operator-add"),
    path("desk/dispatch", dispatch.desk, name="dispatch"),
    path("cases", caselist.cases, name="cases"),
    path("cases.csv", caselist.sheet, name="cases-csv"),
    path("cases/filters", caselist.keep, name="filter-keep"),
    path("cases/filters/<int:row>/drop", caselist.drop, name="filter-drop"),
    path("desk/bulk", bulk.start, name="bulk"),
    path("desk/bulk/<int:plan>", bulk.one, name="bulk-plan"),
    path("desk/bulk/<int:plan>/<slug:step>", bulk.step, name="bulk-step"),
    path("desk/record", record.page, name="record"),
    path("desk/models", models.board, name="models"),
    path("desk/models/<int:number>/<slug:step>", models.step, name="models-step"),
    path("cases/<str:number>", case.case, name="case"),
    path("cases/<str:number>/do/<slug:code>", case.act, name="case-act"),
    path("cases/<str:number>/here", presence.here, name="case-here"),
    path("cases/<str:number>/contact", case.contact, name="case-contact"),
]
