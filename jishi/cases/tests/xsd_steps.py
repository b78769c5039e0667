"""Reads the part of XML Schema that our own schemas use: sequences, choices, occurrences, three facets. Tests alone."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

XS = "{http://www.w3.org/2001/XMLSchema}"


class Schema:
    """One schema file. What it does not understand it refuses, so that no rule is passed over."""

    def __init__(self, path: Path) -> None:
        root = ET.parse(path).getroot()
        self.types = {t.get("name"): t for t in root if t.tag in (f"{XS}simpleType", f"{XS}complexType")}
        self.roots = {e.get("name"): e.get("type") for e in root if e.tag == f"{XS}element"}

    def faults(self, document: bytes) -> list[str]:
        """Name what does not fit; nothing where the document is valid."""
        root = ET.fromstring(document)
        if root.tag not in self.roots:
            return [f"{root.tag}: no such root"]
        return self._of_type(root, str(self.roots[root.tag]), root.tag)

    def _of_type(self, element: ET.Element, name: str, where: str) -> list[str]:
        if name == "xs:string":
            return [f"{where}: elements in a text"] if len(element) else []
        made = self.types[name]
        if made.tag == f"{XS}simpleType":
            return self._simple(element, made, where)
        if (element.text or "").strip() or element.attrib:
            return [f"{where}: text or attributes between elements"]
        rest, faults = self._group(list(element), made[0], where)
        return faults + [f"{where}: {one.tag} is too much" for one in rest[:1]]

    def _simple(self, element: ET.Element, made: ET.Element, where: str) -> list[str]:
        text, facets = element.text or "", list(made[0])
        if len(element):
            return [f"{where}: elements in a text"]
        listed = [f.get("value") for f in facets if f.tag == f"{XS}enumeration"]
        patterns = [str(f.get("value")) for f in facets if f.tag == f"{XS}pattern"]
        least = [int(str(f.get("value"))) for f in facets if f.tag == f"{XS}minLength"]
        assert len(facets) == len(listed) + len(patterns) + len(least), made.get("name")
        fits = (
            (not listed or text in listed)
            and all(re.fullmatch(p, text) for p in patterns)
            and all(len(text) >= n for n in least)
        )
        return [] if fits else [f"{where}: {text!r} is no {made.get('name')}"]

    def _group(
        self, rest: list[ET.Element], group: ET.Element, where: str
    ) -> tuple[list[ET.Element], list[str]]:
        if group.tag == f"{XS}choice":
            ways = [way for way in group if rest and self._begins(rest[0].tag, way)]
            if not ways:
                return rest, [f"{where}: none of a choice"]
            return self._one(rest, ways[0], where)
        faults: list[str] = []
        for part in group:
            rest, more = self._one(rest, part, where)
            faults += more
        return rest, faults

    def _begins(self, tag: str, part: ET.Element) -> bool:
        if part.tag == f"{XS}element":
            return part.get("name") == tag
        return any(self._begins(tag, p) for p in (part if part.tag == f"{XS}choice" else part[:1]))

    def _one(self, rest: list[ET.Element], part: ET.Element, where: str) -> tuple[list[ET.Element], list[str]]:
        if part.tag != f"{XS}element":
            return self._group(rest, part, where)
        name, most = str(part.get("name")), part.get("maxOccurs", "1")
        least = int(part.get("minOccurs", "1"))
        taken = 0
        while taken < len(rest) and rest[taken].tag == name and (most == "unbounded" or taken < int(most)):
            taken += 1
        faults = [] if taken >= least else [f"{where}: {name} is missing"]
        for one in rest[:taken]:
            faults += self._of_type(one, str(part.get("type")), f"{where}/{name}")
        return rest[taken:], faults
