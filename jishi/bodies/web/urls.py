"""Addresses of the register of bodies."""

from django.urls import path

from jishi.bodies.web import desk, handing, serving

urlpatterns = [
    path("desk/bodies", desk.register, name="bodies"),
    path("desk/bodies/found", desk.found, name="body-found"),
    path("desk/bodies/<str:code>", desk.body, name="body"),
    path("desk/bodies/<str:code>/<slug:verb>", desk.act, name="body-act"),
    path("desk/grid-posts", serving.communities, name="grid-posts"),
    path("desk/grid-posts/<str:code>", serving.community, name="grid-posts-of"),
    path("desk/handing-over/<int:plan_id>", handing.page, name="handing-over"),
]
