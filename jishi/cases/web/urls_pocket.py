"""Addresses of the grid worker's pocket, and of the desk that sets errands."""

from django.urls import path

from jishi.cases.web import pocket, voices
from jishi.cases.web.work import errands, patrols

urlpatterns = [
    path("pocket", pocket.shell, name="pocket"),
    path("pocket/start", pocket.start, name="pocket-start"),
    path("pocket/key/renew", pocket.key, {"do": "renew"}, name="pocket-key-renew"),
    path("pocket/key/settle", pocket.key, {"do": "settle"}, name="pocket-key-settle"),
    path("pocket/spots", pocket.spots, name="pocket-spots"),
    path("pocket/voices", voices.page, name="pocket-voices"),
    path("pocket/device", pocket.device, name="pocket-device"),
    path("pocket/worker.js", pocket.worker, name="pocket-worker"),
    path("pocket/manifest.webmanifest", pocket.manifest, name="pocket-manifest"),
    path("desk/errands", errands.desk, name="errands"),
    path("desk/errands/<str:number>/drop", errands.drop, name="errand-drop"),
    path("desk/errands/<str:number>/photos/<int:row>", errands.photo, name="errand-photo"),
    path("desk/patrols", patrols.desk, name="patrols"),
    path("desk/patrols/<int:row>", patrols.one, name="patrol"),
    path("desk/patrols/<int:row>/end", patrols.end, name="patrol-end"),
]
