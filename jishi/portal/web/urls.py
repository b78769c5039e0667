"""Addresses of the shell."""

from django.urls import path

from jishi.portal.web import display, help, home, my_grid, transitions, whereabouts

urlpatterns = [
    path("", home.home, name="home"),
    path("home", home.after_sign_in, name="after-sign-in"),
    path("display", display.choose, name="display"),
    path("my-grid", my_grid.find, name="my-grid"),
    path("grids/<str:code>", my_grid.sheet, name="grid-sheet"),
    path("me/residence", whereabouts.mine, name="residence"),
    path("me/residence/<slug:verb>", whereabouts.act, name="residence-act"),
    path("desk/transitions", transitions.board, name="transitions"),
    path("desk/transitions/<int:number>", transitions.one, name="transition"),
    path("desk/transitions/<int:number>/<slug:verb>", transitions.act, name="transition-act"),
    path("help", help.page, {"template": "portal/help.html"}, name="help"),
    path("help/how-it-runs", help.page, {"template": "portal/how_it_runs.html"}, name="how-it-runs"),
    path("help/accessibility", help.page, {"template": "portal/accessibility.html"}, name="accessibility"),
    path(
        "help/about-the-platform",
        help.page,
        {"template": "portal/about_the_platform.html"},
        name="about-the-platform",
    ),
    path("help/refusals", help.refusals, name="refusals"),
    path("help/components", help.components, name="components"),
]
