"""Addresses of what the town lets the guesses do."""

from django.urls import path

from jishi.cases.web.rules import pages

urlpatterns = [
    path("desk/auto-offers", pages.offers, name="auto-offers"),
    path("desk/auto-offers/<int:row>/stop", pages.stop, name="auto-offers-stop"),
    path("desk/dangers", pages.dangers, name="danger-rules"),
    path("desk/dangers/<slug:code>", pages.propose, name="danger-propose"),
    path("desk/dangers/<int:number>/<slug:step>", pages.danger_step, name="danger-step"),
    path("desk/pairs", pages.pairs, name="pairs"),
    path("desk/pairs/<int:number>/<slug:step>", pages.pair_step, name="pairs-step"),
]
