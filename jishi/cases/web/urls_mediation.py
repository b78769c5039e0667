"""Addresses of mediation: a party's, the mediator's, the case's, the public register."""

from django.urls import path

from jishi.cases.web.mediating import desk, party, register

urlpatterns = [
    path("cases/<str:number>/mediation", desk.of_case, name="mediation"),
    path("desk/mediations", desk.mine, name="mediations"),
    path("desk/mediations/<int:row>", desk.one, name="mediation-one"),
    path("desk/mediations/<int:row>/<slug:code>", desk.one, name="mediation-act"),
    path("mediate", party.by_link, name="mediation-link"),
    path("mediate/<slug:code>", party.by_link, name="mediation-link-act"),
    path("mine/<str:number>/mediation", party.by_number, name="timeline-mediation"),
    path("mine/<str:number>/mediation/<slug:code>", party.by_number, name="timeline-mediation-act"),
    path("mediators", register.listed, name="mediators"),
    path("desk/mediators", register.kept, name="mediators-kept"),
    path("desk/mediators/<int:row>/end", register.kept, name="mediator-end"),
]
