"""The README shows real output, and points to what exists."""

import doctest
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_example_prints_what_the_readme_shows():
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert blocks
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    for number, block in enumerate(blocks):
        test = doctest.DocTestParser().get_doctest(block, {}, f"README {number}", "README.md", 0)
        assert test.examples
        assert runner.run(test).failed == 0


def test_every_file_it_names_exists():
    targets = re.findall(r"\]\(([^)#:]+)\)", README) + re.findall(
        r"^\| `([\w/]+)` \|", README, re.M
    )
    assert len(targets) >= 8
    assert [target for target in targets if not (ROOT / target).exists()] == []
