#!/usr/bin/env bash
# The second hour with kedro-nas, in a fresh environment and project: a first run in a
# minute, a look ahead, a run that is killed and goes on, two runs compared, another
# network exported, new images classified, and all of it in kedro-viz. Each step is timed.
#
#   bash examples/second_hour.sh [folder to work in] [wheel]
#
# BUDGET is the seconds of the long run, 180 without it. VENV reuses an environment that
# has the wheel's dependencies and kedro-viz (then nothing is downloaded). Without a wheel
# one is made, for which PYTHON needs the package `build`.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
place=${1:-$(mktemp -d)}
mkdir -p "$place"
place=$(cd "$place" && pwd)
budget=${BUDGET:-180}
export KEDRO_DISABLE_TELEMETRY=1 DO_NOT_TRACK=1 TF_CPP_MIN_LOG_LEVEL=3
began=$SECONDS

source "$root/examples/timed_steps.sh"

if [ $# -gt 1 ]; then
  wheel=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
else
  make_wheel "$root" "$place"
fi
if [ -n "${VENV:-}" ]; then
  python="$VENV/bin/python"
  "$python" -m pip install --quiet --no-deps --target "$place/site" "$wheel"
  export PYTHONPATH="$place/site"
else
  "${PYTHON:-python3}" -m venv "$place/.venv"
  python="$place/.venv/bin/python"
  step "$python" -m pip install --quiet "$wheel[viz]"
fi

cd "$place"
cat >answers.yml <<'YAML'
project_name: second hour
repo_name: second-hour
python_package: second_hour
YAML
step "$python" -m kedro new --starter nas-image --config answers.yml
cd second-hour

# A folder of photographs as a phone makes them, a sub-folder per class.
"$python" - <<'PYTHON'
from pathlib import Path

import numpy as np
from PIL import Image

rng = np.random.default_rng(0)
for number, name in enumerate(("bars", "boxes", "dots")):
    for part, count in (("images", 80), ("new", 4)):
        folder = Path("data/01_raw") / part / (name if part == "images" else "")
        folder.mkdir(parents=True, exist_ok=True)
        for index in range(count):
            pixels = rng.integers(0, 90, (12, 12, 3), dtype=np.uint8)
            at = int(rng.integers(1, 8))
            if number == 0:
                pixels[:, at] = 255
            elif number == 1:
                pixels[at : at + 4, at : at + 4] = 255
            else:
                pixels[::4, at % 3 :: 3] = 255
            photo = Image.fromarray(pixels).resize((1200, 900), Image.Resampling.NEAREST)
            photo.save(folder / f"{name}{index}.jpg", quality=90)
PYTHON

params="nas.budget_s=$budget,nas.data_preparation.image_size=32"
long=(run --pipelines nas --params "$params")
step "$python" -m kedro run --pipelines nas --env smoke
step "$python" -m kedro nas check --params "$params"

printf '\n==> kedro %s, killed as soon as a network is being trained\n' "${long[*]}"
"$python" -m kedro "${long[@]}" >killed.log 2>&1 &
run=$!
ledger=data/06_models/nas/workspace/search/ledger.jsonl
while kill -0 "$run" 2>/dev/null && ! grep -qs '"event": *"epoch"' "$ledger"; do sleep 1; done
kill -9 "$run" 2>/dev/null || true
wait "$run" 2>/dev/null || true
tail -n 3 killed.log

step "$python" -m kedro nas status
step "$python" -m kedro nas report --output killed.html
step "$python" -m kedro "${long[@]}"
step "$python" -m kedro nas show
step "$python" -m kedro nas compare nas @smoke
# The second-best network: of the long run, or, where its seconds were enough for one
# network only, of the smoke run.
read -r env second < <("$python" -c "
import pandas as pd
for env, folder in ('base', 'nas'), ('smoke', 'nas_smoke'):
    file = f'data/07_model_output/{folder}/ranking.csv'
    ranking = pd.read_csv(file, dtype={'key': str})
    others = ranking.loc[~ranking['chosen'] & ~ranking['is_baseline'], 'key']
    if len(others):
        print(env, others.iloc[0])
        break")
step "$python" -m kedro nas export --env "$env" --architecture "$second"
step "$python" -m kedro nas predict data/01_raw/new --output new.csv
cat new.csv
if "$python" -c 'import kedro_viz' 2>/dev/null; then
  step "$python" -m kedro viz build --include-previews
fi
printf '\nAll of it: %s s. Report: %s\n' "$((SECONDS - began))" \
  "$PWD/data/08_reporting/nas/report.html"
