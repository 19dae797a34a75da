"""Inside the built site every link has an end, every id is one, every picture has words."""

from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

from tests.conftest import Site

RESOURCES = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}


class Page(HTMLParser):
    """The ids, links, resources and unnamed pictures of one page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids: Counter[str] = Counter()
        self.links: list[str] = []
        self.resources: list[str] = []
        self.unnamed: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = {key: value or "" for key, value in attributes}
        self.ids.update([found["id"]] if found.get("id") else [])
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if tag in RESOURCES and found.get("rel") != "canonical":
            self.resources.append(found.get(RESOURCES[tag], ""))
        hidden = found.get("aria-hidden") == "true"
        if tag == "img" and "alt" not in found:
            self.unnamed.append(self.get_starttag_text() or tag)
        if tag == "svg" and not hidden and not found.get("aria-label"):
            self.unnamed.append(self.get_starttag_text() or tag)


def is_outside(address: str) -> bool:
    return "://" in address or address.startswith(("//", "mailto:"))


def test_every_link_inside_the_site_has_an_end(site: Site) -> None:
    pages = {path: Page(path) for path in site.pages()}
    broken = []
    for path, page in pages.items():
        for link in filter(lambda link: not is_outside(link), page.links):
            address, anchor = urldefrag(link)
            target = (path.parent / unquote(address)).resolve() if address else path
            if not target.exists():
                broken.append(f"{path.relative_to(site.html)}: {link}")
            elif anchor and target in pages and unquote(anchor) not in pages[target].ids:
                broken.append(f"{path.relative_to(site.html)}: {link} (no such anchor)")
    assert not broken, "\n".join(broken)


def test_every_resource_is_inside_the_site(site: Site) -> None:
    wrong = [
        f"{path.relative_to(site.html)}: {address}"
        for path in site.pages()
        for address in filter(None, Page(path).resources)
        if is_outside(address)
        or not (path.parent / address.split("?")[0].split("#")[0]).resolve().exists()
    ]
    assert not wrong, "\n".join(wrong)


def test_every_id_is_unique(site: Site) -> None:
    shared = [
        f"{path.relative_to(site.html)}: {name}"
        for path in site.pages()
        for name, count in Page(path).ids.items()
        if count > 1
    ]
    assert not shared, "\n".join(shared)


def test_every_picture_has_words(site: Site) -> None:
    unnamed = [
        f"{path.relative_to(site.html)}: {tag}"
        for path in site.pages()
        for tag in Page(path).unnamed
    ]
    assert not unnamed, "\n".join(unnamed)
