"""Addresses of topics: the office's board, one topic, what everybody may read."""

from django.urls import path

from jishi.cases.web.topics import pages

urlpatterns = [
    path("topics", pages.public, name="topics"),
    path("topics/<int:row>", pages.public_one, name="topic"),
    path("desk/topics", pages.board, name="topic-board"),
    path("desk/topics/<int:row>", pages.one, name="topic-one"),
    path("desk/topics/<int:row>/<slug:code>", pages.one, name="topic-act"),
]
