from django.apps import AppConfig


class PortalConfig(AppConfig):
    """The shell of the site. It owns no table."""

    name = "jishi.portal"
    verbose_name = "portal"
