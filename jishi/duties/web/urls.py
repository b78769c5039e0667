"""Addresses of the duty lists: for citizens, and the desk that keeps them."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
