"""Digests of the scripts and styles of others that the site serves; `vendor.lock` is the record.

The digests go into the page as `integrity`, so a changed file is refused by the browser.
"""

from typing import Final

INTEGRITY: Final[dict[str, str]] = {
    "htmx.min.js": "sha256-1v3HXyBOa976mbab8ebUrGm4o2T3eSn0XBNHa0AA9xc=",
    "maplibre-gl-csp-worker.js": "sha256-VOKYKaiSyAW0+dPg7bS6P5+VvBShQm3hBuI49SVCnBQ=",
    "maplibre-gl-csp.js": "sha256-H3Fi01FJoO3hNzGK/AC6ASpVJW7nsG/iZ1GfRpumgcM=",
    "maplibre-gl.css": "sha256-qx5w1Z7EBGW65+cDDaLzzPKBM/1QLmK9WY7vut/XpzI=",
}
