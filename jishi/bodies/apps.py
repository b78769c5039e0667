from django.apps import AppConfig


class BodiesConfig(AppConfig):
    name = "jishi.bodies"
    label = "bodies"
