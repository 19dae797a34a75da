"""What the book's own Sphinx extensions promise."""

import re

import pytest
from api import prose_first
from badges import BADGES

from tests.conftest import Site

PARAMETERS = ["Parameters", "----------", "A", "    A matrix.", "", "p", "    Its norm.", ""]
PROSE = ["Returns a bound.", "", ">>> norm(1)", "1"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["Norm.", "", *PARAMETERS, *PROSE, ""], ["Norm.", "", *PROSE, "", "", *PARAMETERS]),
        (["Norm.", "", *PARAMETERS], ["Norm.", "", *PARAMETERS]),
        (["Norm.", "", *PROSE], ["Norm.", "", *PROSE]),
    ],
    ids=["prose after", "prose before", "no parameters"],
)
def test_parameters_come_last(before: list[str], after: list[str]) -> None:
    prose_first(None, "function", "norm", None, None, before)
    assert before == after


def test_every_theorem_says_whose_it_is(site: Site) -> None:
    boxes = (
        r'<div class="proof (?:theorem|lemma|proposition|corollary|conjecture) [^>]*>\s*<p.*?</p>'
    )
    titles = [title for page in site.pages() for title in re.findall(boxes, page.read_text())]
    badges = [re.search(r'<span class="lk-badge">(.*?)</span>', title) for title in titles]
    assert titles
    assert {badge and badge[1] for badge in badges} <= set(BADGES.values())


def test_no_page_knows_thebe(site: Site) -> None:
    assert not [page for page in site.pages() if "thebe" in page.read_text().lower()]
