"""Every address of the site. Rooms bring their own lists; nothing else is mounted."""

from django.urls import include, path

from config import crossing, health, unanswered, wiring
from config.api import api

wiring.wire()

handler400, handler404, handler500 = unanswered.bad_request, unanswered.not_found, unanswered.went_wrong

urlpatterns = [
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("csp", crossing.blocked),
    path("api/v1/", api.urls),
    path("", include("jishi.accounts.web.urls")),
    path("", include("jishi.places.web.urls")),
    path("", include("jishi.places.web.urls_plans")),
    path("", include("jishi.bodies.web.urls")),
    path("", include("jishi.duties.web.urls")),
    path("", include("jishi.cases.open311.urls")),
    path("", include("jishi.cases.web.urls")),
    path("", include("jishi.portal.web.urls")),
]
