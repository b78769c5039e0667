"""Addresses of those who watch: what is stuck, what is banked, exclusions, reminders."""

from django.urls import path

from jishi.cases.web.work import exclusions, stuck

urlpatterns = [
    path("desk/stuck", stuck.board, name="stuck"),
    path("desk/banked", stuck.banked, name="banked"),
    path("desk/reminders", stuck.reminders, name="reminders"),
    path("desk/exclusions", exclusions.desk, name="exclusions"),
    path("desk/exclusions/<int:row>/<slug:code>", exclusions.act, name="exclusion-act"),
]
