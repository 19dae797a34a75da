"""The command line: run one experiment over several seeds and store what it found."""

import argparse
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from lipkit import _validate
from lipkit.experiments._registry import EXPERIMENTS
from lipkit.experiments._results import save_result
from lipkit.experiments._sweep import sweep
from lipkit.experiments._tier import TIERS, tier


def main(argv: Sequence[str] | None = None) -> None:
    """Run ``python -m lipkit.experiments NAME --tier standard --seeds 0:20 --out FILE``."""
    parser = _parser()
    args = parser.parse_args(argv)
    if args.list or args.name is None:
        for name, found in EXPERIMENTS.items():
            print(f"{name}: {found.doc.splitlines()[0] if found.doc else ''}")
        return
    if args.out is None:
        parser.error("--out FILE is missing: where to store the results")
    try:
        chosen = EXPERIMENTS[_validate.one_of(args.name, "NAME", tuple(EXPERIMENTS))]
        level = args.tier or tier()
        params = chosen.checked({**chosen.params(level), **dict(args.set)})
    except (TypeError, ValueError) as error:
        parser.error(str(error))
    seeds = args.seeds or list(chosen.seeds(level))
    data = _run(args, params, seeds)
    save_result(args.out, data, experiment=chosen, params=params, seeds=seeds, tier=level)
    print(f"{args.out}: {', '.join(data)} for {len(seeds)} seeds")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lipkit.experiments",
        description="Run one experiment over several seeds and store what it found.",
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="the experiment")
    parser.add_argument("--list", action="store_true", help="list the experiments")
    parser.add_argument("--tier", choices=TIERS, help="sizes; default: LIPKIT_TIER, or quick")
    parser.add_argument("--seeds", type=_seeds, help="0:20 or 0,3,5; default: the tier's")
    parser.add_argument("--out", metavar="FILE", help="the JSON file to write")
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time")
    parser.add_argument("--cache", metavar="FOLDER", help="keep finished runs, go on after a stop")
    parser.add_argument(
        "--set",
        type=_setting,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="another value of a parameter, as JSON; may be repeated",
    )
    return parser


def _seeds(text: str) -> list[int]:
    if ":" in text:
        start, stop = (int(part) for part in text.split(":"))
        return list(range(start, stop))
    return [int(part) for part in text.split(",")]


def _setting(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(text)
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _run(args: Any, params: dict[str, Any], seeds: list[int]) -> dict[str, Any]:
    """Each result over the seeds: one more axis, in front."""
    from joblib import parallel_config

    with parallel_config(n_jobs=args.jobs):
        table = sweep(EXPERIMENTS[args.name], [params], seeds=seeds, cache=args.cache)
    names = [name for name in table.columns if name not in (*params, "seed")]
    return {name: np.stack(table[name].to_list()) for name in names}
