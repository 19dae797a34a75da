"""Stored results: what a long run found, in a file that says where it comes from."""

import importlib.metadata
import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

import lipkit
from lipkit import _validate
from lipkit.experiments import _values
from lipkit.experiments._registry import EXPERIMENTS, Experiment
from lipkit.experiments._tier import TIERS
from lipkit.experiments._values import Value

_FIELDS = ("experiment", "params", "seeds", "tier", "command", "versions", "date", "data")


@dataclass(frozen=True)
class StoredResult:
    """What a file of :func:`save_result` holds.

    If the command line made it, each array of ``data`` has one axis for the seeds in front.
    """

    experiment: str
    params: dict[str, Any]
    seeds: list[int]
    tier: str
    command: str
    versions: dict[str, str]
    date: str
    data: dict[str, Value]

    def check(
        self, fresh: Mapping[str, Any], *, rtol: float, atol: float = 0.0, seed: int | None = None
    ) -> None:
        r"""Raise ``AssertionError`` unless :math:`|x - s| \le atol + rtol\,|s|` for each stored s.

        ``fresh`` maps some of the stored names to recomputed values x. With ``seed``, they are
        those of this one seed, and are compared with its entry along the first axis. The message
        names the key, both values and the tolerance.
        """
        if not fresh:
            raise ValueError("fresh: got no values, expected at least one to compare")
        for name, value in fresh.items():
            if name not in self.data:
                raise AssertionError(f"{name}: not among the stored results {list(self.data)}")
            _agree(name, np.asarray(value), self._stored(name, seed), rtol, atol)

    def _stored(self, name: str, seed: int | None) -> Any:
        if seed is None:
            return np.asarray(self.data[name])
        if seed not in self.seeds:
            raise ValueError(f"seed: got {seed}, expected one of the stored {self.seeds}")
        values = np.asarray(self.data[name])
        if values.shape[:1] != (len(self.seeds),):
            raise ValueError(
                f"seed: got {seed}, but {name} has shape {values.shape} and no entry for each of "
                f"{len(self.seeds)} seeds; compare it without seed"
            )
        return values[self.seeds.index(seed)]


def _agree(name: str, fresh: Any, stored: Any, rtol: float, atol: float) -> None:
    if fresh.shape != stored.shape:
        raise AssertionError(f"{name}: got shape {fresh.shape}, stored is {stored.shape}")
    excess = np.atleast_1d(abs(fresh - stored) - (atol + rtol * abs(stored)))
    if (excess <= 0).all():  # NaN agrees with nothing
        return
    worst = int(np.argmax(np.where(np.isnan(excess), np.inf, excess)))
    at = f"[{', '.join(map(str, np.unravel_index(worst, fresh.shape)))}]" if fresh.ndim else ""
    new, old = float(fresh.flat[worst]), float(stored.flat[worst])
    raise AssertionError(
        f"{name}{at}: recomputed {new!r}, stored {old!r}, they differ by {abs(new - old):.3g}, "
        f"expected at most {atol + rtol * abs(old):.3g} (rtol {rtol:g}, atol {atol:g})"
    )


def save_result(
    path: str | os.PathLike[str],
    data: Mapping[str, Any],
    *,
    experiment: str | Experiment,
    params: Mapping[str, Any],
    seeds: Sequence[int],
    tier: str,
    command: str | None = None,
) -> None:
    """Write results and where they come from as JSON that people can read and floats survive.

    ``data`` maps names to finite floats and arrays. ``command`` makes the file again; by default it
    is the line for ``python -m lipkit.experiments``. The file is replaced whole or not at all.
    """
    name = experiment.name if isinstance(experiment, Experiment) else experiment
    _validate.one_of(tier, "tier", TIERS)
    checked = {key: _values.parameter(value, key) for key, value in params.items()}
    found = [_validate.count(seed, "seeds", 0) for seed in seeds]
    if not found:
        raise ValueError("seeds: got none, expected those that the results were made with")
    fields = {
        "experiment": name,
        "params": checked,
        "seeds": found,
        "tier": tier,
        "command": command or command_line(name, checked, found, tier, path),
        "versions": _versions(),
        "date": datetime.now(UTC).date().isoformat(),
    }
    results = _values.results(data, name)
    lines = [f"  {json.dumps(key)}: {_values.to_json(value)}" for key, value in fields.items()]
    rows = [f"    {json.dumps(k)}: {_values.to_json(_listed(v))}" for k, v in results.items()]
    text = ",\n".join([*lines, '  "data": {\n' + ",\n".join(rows) + "\n  }"])
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(f"{os.fspath(path)}.{os.getpid()}.tmp")
    temporary.write_text("{\n" + text + "\n}\n", encoding="utf-8")
    os.replace(temporary, path)


def load_result(path: str | os.PathLike[str]) -> StoredResult:
    """Read a file of :func:`save_result`.

    Raises ``FileNotFoundError`` if it is missing and ``ValueError`` if it is damaged; both say the
    command that makes it again.
    """
    mend = f"make it again: {_guessed_command(path)}"
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: no stored result here; {mend}") from None
    except ValueError as error:
        raise ValueError(f"{path}: got a damaged file ({error}); {mend}") from None
    if not isinstance(content, dict) or set(content) != set(_FIELDS):
        raise ValueError(f"{path}: expected the fields {', '.join(_FIELDS)}; {mend}")
    try:
        content["params"] = {k: _values.parameter(v, k) for k, v in content["params"].items()}
        data = {k: np.asarray(v) if isinstance(v, list) else v for k, v in content["data"].items()}
        content["data"] = _values.results(data, "data")
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: got a damaged file ({error}); {mend}") from None
    return StoredResult(**content)


def command_line(
    name: str,
    params: Mapping[str, Any],
    seeds: Sequence[int],
    tier: str,
    path: str | os.PathLike[str],
) -> str:
    """The shell command that makes a file; parameters that are not the tier's are spelt out."""
    usual = EXPERIMENTS[name].params(tier) if name in EXPERIMENTS else dict(params)
    changed = {k: v for k, v in params.items() if _values.to_json(v) != _values.to_json(usual[k])}
    changes = "".join(f" --set '{key}={_values.to_json(value)}'" for key, value in changed.items())
    span = ",".join(map(str, seeds))
    if list(seeds) == list(range(seeds[0], seeds[-1] + 1)):
        span = f"{seeds[0]}:{seeds[-1] + 1}"
    return (
        f"python -m lipkit.experiments {name} --tier {tier} --seeds {span}{changes} "
        f"--out {_portable(path)}"
    )


def _portable(path: str | os.PathLike[str]) -> str:
    """The path as seen from the working folder, without naming the machine's folders."""
    full = Path(path).resolve()
    return str(full.relative_to(Path.cwd())) if full.is_relative_to(Path.cwd()) else full.name


def _guessed_command(path: str | os.PathLike[str]) -> str:
    stem = Path(path).stem
    names = [name for name in EXPERIMENTS if stem.startswith(name)]
    name = max(names, key=len, default="NAME")
    hint = "" if names else " (names: --list)"
    return f"python -m lipkit.experiments {name} --tier standard --out {_portable(path)}{hint}"


def _listed(value: Value) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "lipkit": lipkit.__version__}
    for name in ("numpy", "scipy", "torch"):
        if name != "torch" or name in sys.modules:
            found[name] = importlib.metadata.version(name)
    return found
