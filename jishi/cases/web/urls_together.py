"""Addresses of what bodies handle together, and of the page for an outsider."""

from django.urls import path

from jishi.cases.web.together import board, outside, pages

urlpatterns = [
    path("cases/<str:number>/together", pages.show, name="together"),
    path("cases/<str:number>/together/files/<int:row>", pages.open_file, name="together-file"),
    path("cases/<str:number>/together/new/<slug:code>", pages.begin, name="together-begin"),
    path("cases/<str:number>/together/<slug:kind>/<slug:code>/<int:row>", pages.press, name="together-press"),
    path("desk/together", board.mine, name="inbox-together"),
    path("desk/whistles", board.board, name="whistles"),
    path("link/done", outside.done, name="outside-done"),
    path("link", outside.by_link, name="outside-link"),
]
