"""Addresses of the grid worker's pocket, and of the desk that sets errands."""

from django.urls import path

from jishi.cases.web import pocket
from jishi.cases.web.work import errands

urlpatterns = [
    path("pocket", pocket.shell, name="pocket"),
    path("pocket/start", pocket.start, name="pocket-start"),
    path("pocket/worker.js", pocket.worker, name="pocket-worker"),
    path("pocket/manifest.webmanifest", pocket.manifest, name="pocket-manifest"),
    path("desk/errands", errands.desk, name="errands"),
    path("desk/errands/<str:number>/drop", errands.drop, name="errand-drop"),
]
