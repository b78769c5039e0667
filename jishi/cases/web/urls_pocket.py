"""Addresses of the grid worker's pocket."""

from django.urls import path

from jishi.cases.web import pocket

urlpatterns = [
    path("pocket", pocket.shell, name="pocket"),
    path("pocket/start", pocket.start, name="pocket-start"),
    path("pocket/worker.js", pocket.worker, name="pocket-worker"),
    path("pocket/manifest.webmanifest", pocket.manifest, name="pocket-manifest"),
]
