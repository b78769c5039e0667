"""Addresses of this room's pages: residents', desks', work of a body."""

from django.urls import include, path

urlpatterns = [
    path("", include("jishi.cases.web.urls_resident")),
    path("", include("jishi.cases.web.urls_photos")),
    path("", include("jishi.cases.web.urls_desk")),
    path("", include("jishi.cases.web.urls_work")),
    path("", include("jishi.cases.web.urls_news")),
    path("", include("jishi.cases.web.urls_time")),
    path("", include("jishi.cases.web.urls_together")),
    path("", include("jishi.cases.web.urls_mediation")),
    path("", include("jishi.cases.web.urls_topics")),
    path("", include("jishi.cases.web.urls_clusters")),
    path("", include("jishi.cases.web.urls_pocket")),
    path("", include("jishi.cases.web.urls_knowledge")),
    path("", include("jishi.cases.web.urls_rules")),
]
