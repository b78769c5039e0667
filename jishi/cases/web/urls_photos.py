"""Addresses of photos and of unsealing: the desk's pages of a case, one's own page, the copies for strangers."""

from django.urls import path

from jishi.cases.web import enclosed, handing_out, playing
from jishi.cases.web.desk import photos as desk
from jishi.cases.web.desk import unsealing
from jishi.cases.web.resident import photos as own

urlpatterns = [
    path("cases/<str:number>/photos", desk.page, name="case-photos"),
    path("cases/<str:number>/unsealing", unsealing.page, name="case-unsealing"),
    path("cases/<str:number>/reply-files/<int:row>", enclosed.colleague, name="case-reply-file"),
    path("mine/<str:number>/reply-files/<int:row>", enclosed.caller, name="timeline-reply-file"),
    path("cases/<str:number>/recordings/<slug:code>", playing.colleague, name="case-recording"),
    path("mine/<str:number>/recordings/<slug:code>", playing.caller, name="timeline-recording"),
    path("desk/unsealings", unsealing.queue, name="unsealings"),
    path("mine/<str:number>/photos", own.page, name="timeline-photos"),
    path("photos/<slug:code>.jpg", handing_out.public_photo, name="photo"),
    path("photos/<slug:code>/<slug:size>.jpg", handing_out.public_photo, name="photo-small"),
]
