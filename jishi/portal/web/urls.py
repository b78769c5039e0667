"""Addresses of the shell."""

from django.urls import path

from jishi.portal.web import display, help, home

urlpatterns = [
    path("", home.home, name="home"),
    path("home", home.after_sign_in, name="after-sign-in"),
    path("display", display.choose, name="display"),
    path("help", help.page, {"template": "portal/help.html"}, name="help"),
    path("help/how-it-runs", help.page, {"template": "portal/how_it_runs.html"}, name="how-it-runs"),
    path("help/accessibility", help.page, {"template": "portal/accessibility.html"}, name="accessibility"),
    path(
        "help/about-the-platform",
        help.page,
        {"template": "portal/about_the_platform.html"},
        name="about-the-platform",
    ),
    path("help/components", help.components, name="components"),
]
