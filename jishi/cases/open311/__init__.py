"""Open311 GeoReport v2: a stranger's program reports to us and reads from us without having read our documents (13).

Translate in, one verb, translate out. What the published specification leaves open is decided in README.md beside.
"""
