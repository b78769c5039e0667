"""Addresses of news: one's own notices, the office's look at them, dead letters."""

from django.urls import path

from jishi.cases.web.news import letters, notices, own

urlpatterns = [
    path("me/notices", own.page, name="my-notices"),
    path("desk/notices", notices.page, name="notices"),
    path("desk/dead-letters", letters.page, name="dead-letters"),
    path("desk/dead-letters/<int:number>/again", letters.again, name="dead-letter-again"),
]
