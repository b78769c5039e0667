"""The API: one document, one error form. Rooms bring routers; nothing else is mounted."""

from ninja import NinjaAPI

api = NinjaAPI(title="Jishi", version="1", urls_namespace="api", docs_url=None)
