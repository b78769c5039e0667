from django.apps import AppConfig


class DutiesConfig(AppConfig):
    name = "jishi.duties"
    label = "duties"
