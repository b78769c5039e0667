"""Addresses of residents' pages."""

from django.urls import path

from jishi.cases.web.resident import answering, following, opened, own, quality, speaking

urlpatterns = [
    path("speak", speaking.speak, name="speak"),
    path("speak/look", speaking.look, name="speak-look"),
    path("receipt", speaking.receipt, name="receipt"),
    path("receipt/away", speaking.put_away, name="receipt-away"),
    path("mine", following.mine, name="mine"),
    path("mine/leave", following.leave, name="mine-leave"),
    path("mine/<str:number>", following.timeline, name="timeline"),
    path("mine/<str:number>/add", following.add, name="timeline-add"),
    path("mine/<str:number>/object", following.object_, name="timeline-object"),
    path("mine/<str:number>/urge", following.urge, name="timeline-urge"),
    path("mine/<str:number>/reopen", following.reopen, name="timeline-reopen"),
    path("mine/<str:number>/withdraw", following.withdraw, name="timeline-withdraw"),
    path("mine/<str:number>/feedback", answering.by_number, name="timeline-feedback"),
    path("feedback/done", answering.done, name="judged"),
    path("feedback", answering.by_link, name="feedback-link"),
    path("me", own.me, name="me"),
    path("quality", quality.shown, name="quality"),
    path("quality.json", quality.file, {"form": "json"}, name="quality-json"),
    path("quality.csv", quality.file, {"form": "csv"}, name="quality-csv"),
    path("public", opened.listed, name="public"),
    path("public/map", opened.on_the_map, name="public-map"),
    path("public/cases.csv", opened.download, {"form": "csv"}, name="public-csv"),
    path("public/cases.geojson", opened.download, {"form": "geojson"}, name="public-geojson"),
]
