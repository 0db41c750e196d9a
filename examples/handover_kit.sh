#!/usr/bin/env bash
# Run the programs of a folder of exports where neither Keras nor TensorFlow is.
#
#     examples/handover_kit.sh data/06_models/nas/exports photo.png ...
#
# Checks the checksums, and classifies the images with the program of each format of
# LiteRT, ONNX Runtime and OpenVINO that was exported: in a fresh environment for each
# runtime, with NumPy, Pillow and the runtime alone (from the package index, a minute).
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
    local found=()
    for format in "$@"; do
        if [ -f "classify_with_$format.py" ]; then found+=("$format"); fi
    done
    if [ ${#found[@]} -eq 0 ]; then return; fi
    "${PYTHON:-python3}" -m venv "$scratch/$name"
    "$scratch/$name/bin/pip" install --quiet numpy pillow "$package"
    "$scratch/$name/bin/python" -c \
        'from importlib.util import find_spec as f; assert not (f("keras") or f("tensorflow"))'
    for format in "${found[@]}"; do
        echo "$format, without Keras and TensorFlow:"
        "$scratch/$name/bin/python" "classify_with_$format.py" "${images[@]}"
    done
}

classify litert ai-edge-litert litert litert_float16 litert_dynamic litert_int8
classify onnx onnxruntime onnx
classify openvino openvino openvino
