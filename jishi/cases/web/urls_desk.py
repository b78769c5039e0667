"""Addresses of the desks and of the page of one case."""

from django.urls import path

from jishi.cases.web.desk import case, dispatch, operator

urlpatterns = [
    path("desk/operator", operator.console, name="operator"),
    path("desk/operator/look", operator.look, name="operator-look"),
    path("desk/operator/add", operator.add, name="operator-add"),
    path("desk/dispatch", dispatch.desk, name="dispatch"),
    path("cases", case.cases, name="cases"),
    path("cases/<str:number>", case.case, name="case"),
    path("cases/<str:number>/do/<slug:code>", case.act, name="case-act"),
    path("cases/<str:number>/contact", case.contact, name="case-contact"),
]
