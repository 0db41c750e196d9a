#!/usr/bin/env bash
# From a wheel to a classifier in a project of its own: install, and five commands, each
# timed.
#
#   bash examples/host_project.sh [folder to work in] [wheel]
#
# Set TRIALS for a longer search, and VENV to reuse an environment that has the
# wheel's dependencies (then nothing is downloaded). Without a wheel, one is made, for
# which PYTHON needs the package `build`.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
place=${1:-$(mktemp -d)}
mkdir -p "$place"
export KEDRO_DISABLE_TELEMETRY=1 DO_NOT_TRACK=1 TF_CPP_MIN_LOG_LEVEL=3

source "$root/examples/timed_steps.sh"

if [ $# -gt 1 ]; then
  wheel=$2
else
  make_wheel "$root" "$place"
fi

if [ -n "${VENV:-}" ]; then
  python="$VENV/bin/python"
else
  "${PYTHON:-python3}" -m venv "$place/.venv"
  python="$place/.venv/bin/python"
  step "$python" -m pip install --quiet -c "$root/constraints.txt" "$wheel" kedro-viz
fi

cd "$place"
step "$python" -m kedro new --name host --tools none --example n --telemetry no
cd host

# A folder of PNGs, a sub-folder per class, as anyone has.
"$python" - <<'PYTHON'
from pathlib import Path

import numpy as np
from PIL import Image

rng = np.random.default_rng(0)
for number, name in enumerate(("bars", "boxes", "dots")):
    folder = Path("data/01_raw/shapes") / name
    folder.mkdir(parents=True)
    for index in range(40):
        pixels = rng.integers(0, 90, (12, 12), dtype=np.uint8)
        at = int(rng.integers(1, 8))
        if number == 0:
            pixels[:, at] = 255
        elif number == 1:
            pixels[at : at + 4, at : at + 4] = 255
        else:
            pixels[::4, at % 3 :: 3] = 255
        Image.fromarray(pixels).save(folder / f"{index}.png")
PYTHON

step "$python" -m kedro nas init --path data/01_raw/shapes --preset tiny
step "$python" -m kedro run --pipelines nas \
  --params "nas.budget_s=null,nas.search.max_trials=${TRIALS:-6},nas.search.finalists=1,nas.ranking.folds=2,nas.ranking.repeats=1,nas.ranking.epochs=2,nas.export.epochs=2"
step "$python" -m kedro nas show
if "$python" -c 'import kedro_viz' 2>/dev/null; then
  step "$python" -m kedro viz build --include-previews
fi
printf '\nReport: %s\n' "$PWD/data/08_reporting/nas/report.html"
