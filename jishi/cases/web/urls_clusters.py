"""Addresses of hot topics: the board, its map, one of them."""

from django.urls import path

from jishi.cases.web.work import clusters

urlpatterns = [
    path("desk/clusters", clusters.board, name="clusters"),
    path("desk/clusters/map", clusters.on_the_map, name="clusters-map"),
    path("desk/clusters/<int:row>", clusters.one, name="cluster"),
]
