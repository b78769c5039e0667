from django.apps import AppConfig


class FoundationConfig(AppConfig):
    name = "jishi.foundation"
    label = "foundation"
