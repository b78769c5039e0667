"""Addresses of those who work on cases: a body's inbox, reviews, feedback, the import; and of the map."""

from django.urls import path

from jishi.cases.web.work import feedback_desk, grid, importing, inbox, map, review, second_look

urlpatterns = [
    path("desk/inbox", inbox.inbox, name="inbox"),
    path("desk/inbox/<str:number>", inbox.one, name="inbox-case"),
    path("desk/inbox/<str:number>/<slug:code>", inbox.act, name="inbox-act"),
    path("desk/review", review.queue, name="review"),
    path("desk/again", second_look.queue, name="second-look"),
    path("desk/again/<str:number>", second_look.act, name="second-look-act"),
    path("desk/review/<str:number>", review.act, name="review-act"),
    path("desk/feedback", feedback_desk.desk, name="feedback"),
    path("desk/feedback/commit", feedback_desk.commit, name="feedback-commit"),
    path("desk/feedback/<str:number>/contact", feedback_desk.contact, name="feedback-contact"),
    path("desk/feedback/<str:number>/<slug:code>", feedback_desk.act, name="feedback-act"),
    path("desk/import", importing.start, name="import"),
    path("desk/import/<int:run>", importing.run, name="import-run"),
    path("desk/import/<int:run>/step", importing.step, name="import-step"),
    path("desk/import/<int:run>/apply", importing.apply, name="import-apply"),
    path("grid", grid.today, name="grid-today"),
    path("grid/walk", grid.walk, name="grid-walk"),
    path("grid/report", grid.report, name="grid-report"),
    path("map", map.public, name="map"),
    path("map/grids", map.public_grids, name="map-grids"),
    path("desk/map", map.desk, name="desk-map"),
    path("desk/map/grids", map.desk_grids, name="desk-map-grids"),
]
