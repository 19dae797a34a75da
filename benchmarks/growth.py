"""Seconds and memory of `adversarial_least_squares` against n = N, a fresh process for each size.

Seconds are those of the processor, so that other work on the machine counts little.

`python -m benchmarks.growth` prints a table, and writes `growth.json` and `growth.svg` beside this
file; `--draw` draws the stored numbers anew. Needs the book's environment.
"""

import json
import os
import platform
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from lipkit.networks import sample_random_features
from lipkit.regression import adversarial_least_squares

SIZES = (250, 500, 1000, 2000, 3000, 4000)
EPS = 0.5
HERE = Path(__file__).parent
MEGABYTE = 2.0**20


def problem(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features, labels and J² for n points, n shifted ReLU features and n / 2 inputs."""
    rng = np.random.default_rng(0)
    features = sample_random_features(n // 2, n, activation="shifted_relu", rng=rng)
    X = rng.normal(size=(n, n // 2))
    y = X[:, 0] + 0.5 * rng.normal(size=n)
    return features.features(X), y, features.gradient_matrix()


def measure(n: int) -> dict[str, Any]:
    """One fit: CPU seconds, factorisations, gap, and the largest memory before and after."""
    Z, y, J2 = problem(n)
    before = peak()
    start = time.process_time()
    fit = adversarial_least_squares(Z, y, EPS, gradient_matrix=J2)
    seconds = time.process_time() - start
    return {
        "n": n,
        "seconds": round(seconds, 3),
        "solves": fit.n_solves,
        "gap": float(f"{fit.gap:.1e}"),
        "peak_mb": round(peak()),
        "peak_before_mb": round(before),
        "data_mb": round((Z.nbytes + J2.nbytes) / MEGABYTE, 1),
    }


def peak() -> float:
    """The largest resident memory so far, in MB of 2^20 bytes."""
    unit = 1.0 if sys.platform == "darwin" else 1024.0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / MEGABYTE


def in_own_process(n: int) -> dict[str, Any]:
    """The same in a process of its own, so that its peak memory is its own."""
    command = [sys.executable, "-m", "benchmarks.growth", "--one", str(n)]
    one = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, **one}
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def exponent(rows: list[dict[str, Any]], key: str) -> float:
    """The power of n between the last row and the one at half its size, or before."""
    last = rows[-1]
    first = [row for row in rows if row["n"] <= last["n"] / 2][-1]
    return float(np.log(last[key] / first[key]) / np.log(last["n"] / first["n"]))


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """Seconds and memory, both against n, on logarithmic axes."""
    from lipkit.teach import figures

    n = [row["n"] for row in rows]
    fig, (left, right) = figures.new(columns=2, width=6.4, height=3.0)
    left.plot(n, [row["seconds"] for row in rows], "o-", color=figures.PALETTE[0])
    right.plot(n, [row["peak_mb"] for row in rows], "o-", color=figures.PALETTE[0])
    right.plot(n, [row["data_mb"] for row in rows], "s--", color=figures.PALETTE[1])
    figures.label_line(right, n[-2], rows[-2]["data_mb"], "Z and J²", ink(1), side="left")
    figures.label_line(
        right, n[-2], rows[-2]["peak_mb"], "peak of the process", ink(0), side="left"
    )
    for ax, label in ((left, "CPU seconds"), (right, "MB")):
        ax.set(xscale="log", yscale="log", xlabel="n = N", ylabel=label)
        ax.set_xticks([n[0], 1000, n[-1]], labels=[str(n[0]), "1000", str(n[-1])])
        ax.minorticks_off()
    alt = (
        f"Seconds and memory of one fit against n. At n = {n[-1]} it takes "
        f"{rows[-1]['seconds']:.0f} s and {rows[-1]['peak_mb']} MB at its peak."
    )
    figures.show(fig, alt=alt).save(path)


def ink(i: int) -> Any:
    """A role without a marker, for a label."""
    from lipkit.teach import figures

    return figures.Role(figures.PALETTE[i], "")


def main(arguments: list[str]) -> int:
    """The table, the numbers, the figure; `--one n` measures one size here and prints JSON."""
    if arguments[:1] == ["--one"]:
        print(json.dumps(measure(int(arguments[1]))))
        return 0
    if arguments[:1] == ["--draw"]:
        draw(json.loads((HERE / "growth.json").read_text())["rows"], HERE / "growth.svg")
        return 0
    rows = []
    print(f"{'n':>5} {'seconds':>8} {'solves':>7} {'gap':>9} {'peak MB':>8} {'data MB':>8}")
    for n in SIZES:
        row = in_own_process(n)
        rows.append(row)
        print(
            f"{n:5} {row['seconds']:8.2f} {row['solves']:7} {row['gap']:9.1e} "
            f"{row['peak_mb']:8} {row['data_mb']:8.1f}",
            flush=True,
        )
    print(f"n to the power {exponent(rows, 'seconds'):.1f} in seconds, by the last rows")
    machine = f"{platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}"
    about = f"d = n / 2, N = n, eps = {EPS}, tol 1e-8, one thread"
    table = ",\n".join(f"    {json.dumps(row)}" for row in rows)
    head = f'  "machine": {json.dumps(machine)},\n  "setting": {json.dumps(about)},\n'
    (HERE / "growth.json").write_text(f'{{\n{head}  "rows": [\n{table}\n  ]\n}}\n')
    draw(rows, HERE / "growth.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
