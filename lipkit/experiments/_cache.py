"""One small file for each finished run, so that a sweep can go on where it stopped."""

import hashlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lipkit.experiments import _values
from lipkit.experiments._registry import Experiment
from lipkit.experiments._values import Value


class Cache:
    """A folder of results by (experiment, source, params, seed); a damaged file is no file."""

    def __init__(self, folder: str | os.PathLike[str], experiment: Experiment):
        self._experiment = experiment
        self.folder = Path(folder) / f"{experiment.name}-{experiment.source_hash[:12]}"
        self.folder.mkdir(parents=True, exist_ok=True)

    def _key(self, params: Mapping[str, Any], seed: int) -> str:
        ordered = {name: params[name] for name in sorted(params)}
        return _values.to_json([self._experiment.source_hash, ordered, seed])

    def path(self, params: Mapping[str, Any], seed: int) -> Path:
        """The file of one run."""
        digest = hashlib.sha256(self._key(params, seed).encode()).hexdigest()
        return self.folder / f"{digest[:32]}.npz"

    def read(self, params: Mapping[str, Any], seed: int) -> dict[str, Value] | None:
        """The stored results of one run, or None if there are none or the file is damaged."""
        try:
            with self.path(params, seed).open("rb") as file:
                found = dict(np.load(file, allow_pickle=False))
            if found.pop("key").item() != self._key(params, seed):
                return None
            by_name = {name.removeprefix("result."): value for name, value in found.items()}
            return _values.results(by_name, self._experiment.name)
        except Exception:  # damage takes many forms (zip, zlib, header, end of file): run it again
            return None

    def write(self, params: Mapping[str, Any], seed: int, results: Mapping[str, Value]) -> None:
        """Store the results of one run: the whole file or none of it."""
        content = {f"result.{name}": np.asarray(value) for name, value in results.items()}
        handle, temporary = tempfile.mkstemp(dir=self.folder, suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as file:
                np.savez(file, allow_pickle=False, key=np.array(self._key(params, seed)), **content)
            os.replace(temporary, self.path(params, seed))
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
