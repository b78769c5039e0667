from django.apps import AppConfig


class PlacesConfig(AppConfig):
    name = "jishi.places"
    label = "places"
