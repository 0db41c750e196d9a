#!/usr/bin/env bash
# Run the programs of a folder of exports where neither Keras nor TensorFlow is.
#
#     examples/handover_kit.sh data/06_models/nas/exports photo.png ...
#
# Makes a fresh environment for LiteRT and one for ONNX Runtime, each with NumPy, Pillow
# and the runtime alone (from the package index, a minute), checks the checksums, and
# classifies the images with the program of each format that was exported.
set -euo pipefail
exports=$(realpath "$1")
shift
images=()
for image in "$@"; do images+=("$(realpath "$image")"); done
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

cd "$exports"
sha256sum --check --quiet SHA256SUMS && echo "checksums: as written"

classify() { # name of the environment, package, formats ...
    local name=$1 package=$2
    shift 2
    "${PYTHON:-python3}" -m venv "$scratch/$name"
    "$scratch/$name/bin/pip" install --quiet numpy pillow "$package"
    "$scratch/$name/bin/python" -c \
        'from importlib.util import find_spec as f; assert not (f("keras") or f("tensorflow"))'
    for format in "$@"; do
        local program="classify_with_$format.py"
        if [ -f "$program" ]; then
            echo "$format, without Keras and TensorFlow:"
            "$scratch/$name/bin/python" "$program" "${images[@]}"
        fi
    done
}

classify litert ai-edge-litert litert litert_float16 litert_dynamic litert_int8
classify onnx onnxruntime onnx
