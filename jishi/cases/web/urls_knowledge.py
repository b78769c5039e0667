"""Addresses of the kept answers."""

from django.urls import path

from jishi.cases.web.knowledge import pages

urlpatterns = [
    path("knowledge", pages.listed, name="knowledge"),
    path("desk/knowledge", pages.board, name="knowledge-kept"),
    path("desk/knowledge/<int:number>", pages.one, name="knowledge-one"),
    path("desk/knowledge/<int:number>/end", pages.end, name="knowledge-end"),
]
