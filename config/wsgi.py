import os
import threading

from django.core.wsgi import get_wsgi_application

from config import lineage, logs

lineage.end_with_parent()
logs.guard_uncaught()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()


def _warm() -> None:
    """Read lists, ground and models into memory, so that the first person who types does not wait for them."""
    from config import warming

    warming.warm()


threading.Thread(target=_warm, name="warm", daemon=True).start()
