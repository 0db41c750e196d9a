"""kedro-nas against what else one could use, at equal wall clock on the same images.

    python benchmarks/compare_peers.py [--seconds 300 900] [--seeds 3] [--tools ...]
                                       [--fresh] [DATA.parquet ...]
    python benchmarks/compare_peers.py --quick   # a few seconds each: does it run?
    python benchmarks/compare_peers.py --pages   # only writes the pages anew

Each tool runs as its own documentation has it, by its adapter in `benchmarks/peers`, in
an environment that is made here from exact pins (`--venvs`, some GB, minutes, once).
All get the same images, cores and seconds, one at a time, in turns by seed. kedro-nas
also gets a fifth of the seconds, and each tool is once killed in mid-run and started
again.

Every finished row is kept in benchmarks/results/peers.json and not run again while
versions, adapter, machine and, for kedro-nas, its source are the same; a failed one is.
The tables of README.md and docs/concepts/peers.md are written from these rows. Without
DATA it is the table shipped here. Ends with status 1 when a tool gave no model.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from peer_runs.environments import PeerEnvironment
from peer_runs.pages import text_table, write_pages
from peer_runs.plan import Plan, write_sample
from peer_runs.rows import Case, Machine, PeerResults, Row
from peer_runs.running import Bench
from peer_runs.tools import ROOT, TOOLS, Tool, find_tool

from kedro_nas.environment import describe_environment

RESULTS = ROOT / "benchmarks" / "results" / "peers.json"
VENVS = ROOT / ".venv-peers"
SHIPPED = ROOT / "data" / "01_raw" / "fashion_mnist_12k.parquet"
QUICK_S, QUICK_TRAIN, QUICK_TEST = 12.0, 300, 100
QUIET_LOAD = 0.5


def main() -> int:
    """Run what is missing, write rows and pages, print the table."""
    options = read_options()
    if options.pages:
        return write_pages(PeerResults.read(options.out).rows)
    tools = [find_tool(name) for name in options.tools]
    data = [Path(one).resolve() for one in options.data] or [SHIPPED]
    for name in sorted({tool.environment for tool in tools}):
        PeerEnvironment(name, options.venvs.resolve()).make()
    bench = Bench(options.venvs.resolve())
    if options.quick:
        return run_quickly(bench, tools, data[0])
    plan = Plan(
        tools,
        data,
        options.seconds,
        options.seeds,
        with_fifth=not options.brief,
        with_kills=not options.brief,
    )
    results = PeerResults() if options.fresh else PeerResults.read(options.out)
    results = run_missing(bench, plan, results, options.out)
    print(text_table(results.rows))
    if options.out == RESULTS:
        write_pages(results.rows)
    return int(any(row.failure for row in results.rows))


def read_options(words: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--pages", action="store_true")
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument(
        "--brief", action="store_true", help="neither fifths of the budgets nor kills"
    )
    parser.add_argument("--seconds", type=float, nargs="+", default=[300.0, 900.0])
    parser.add_argument("--seeds", type=int, default=3)
    names = [tool.name for tool in TOOLS]
    parser.add_argument("--tools", nargs="+", choices=names, default=names)
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--venvs", type=Path, default=VENVS)
    parser.add_argument("data", nargs="*")
    return parser.parse_args(words)


def run_missing(
    bench: Bench, plan: Plan, results: PeerResults, out: Path
) -> PeerResults:
    """Run the cases that have no current row; the file is written after each."""
    machine = Machine.of(describe_environment())
    versions = {tool.name: bench.versions(tool) for tool in plan.tools}
    for tool, data, case in plan.cases():
        row = results.find(case)
        if row and row.is_current(versions[tool.name], tool.code, machine):
            continue
        if (load := os.getloadavg()[0]) > QUIET_LOAD:
            print(f"load average {load:.1f}, the run before counted", flush=True)
        row = bench.run(tool, data, case)
        results = results.with_row(row)
        results.write(out)
        print(describe(row), flush=True)
    return results


def run_quickly(bench: Bench, tools: list[Tool], data: Path) -> int:
    """Run all tools at the same time on few images, to see that each gives a model."""
    with tempfile.TemporaryDirectory() as name:
        sample = write_sample(
            data, Path(name) / data.name, n_train=QUICK_TRAIN, n_test=QUICK_TEST
        )

        def run(tool: Tool) -> Row:
            case = Case(tool=tool.name, data=data.stem, seconds=QUICK_S, seed=0)
            return bench.run(tool, sample, case)

        with ThreadPoolExecutor(len(tools)) as pool:
            rows = list(pool.map(run, tools))
    for row in rows:
        print(describe(row))
    done = sum(not row.failure for row in rows)
    print(f"compare_peers: {done} of {len(rows)} tools gave a model")
    return int(done < len(rows))


def describe(row: Row) -> str:
    """Return a row in a line."""
    killed = "" if row.killed_at_s is None else f", killed at {row.killed_at_s:.0f} s"
    what = f"{row.tool}, {row.data}, {row.seconds:.0f} s, seed {row.seed}{killed}"
    if row.test_accuracy is None:
        return f"{what}: {row.failure}"
    return (
        f"{what}: test accuracy {row.test_accuracy:.4f}, {row.trials} trials, "
        f"{row.epochs} epochs, {row.wall_s:.0f} s, {row.peak_memory_mb:.0f} MB"
    )


if __name__ == "__main__":
    sys.exit(main())
