"""What an import pulls in: heavy libraries load only where they are needed."""

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"torch", "pandas", "matplotlib", "sklearn"}
NEEDS_TORCH = {"training", "attacks"}
LIPKIT = Path(__file__).parents[1] / "lipkit"
ROOMS = sorted(room.parent.name for room in LIPKIT.glob("*/__init__.py"))


def loaded_by(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    return set(process.stdout.split())


def test_the_package_alone_loads_nothing_heavy() -> None:
    assert not loaded_by("import lipkit") & HEAVY


@pytest.mark.parametrize("room", sorted(set(ROOMS) - NEEDS_TORCH))
def test_a_room_loads_nothing_heavy(room: str) -> None:
    assert not loaded_by(f"import lipkit.{room}") & HEAVY
