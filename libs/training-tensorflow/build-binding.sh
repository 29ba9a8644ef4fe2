#!/usr/bin/env bash
# Installs TensorFlow.js (CPU) into FOLDER and builds its native addon against the TensorFlow inside the Python wheel:
# for machines that the addon's own download does not reach or does not serve. docs/training-engines.md has the rest.
# Needs npm, pip, a C++ compiler and make; about 2 GB while it works, 1.2 GB afterwards.
set -euo pipefail
folder=${1:?usage: build-binding.sh FOLDER}
tfjs=4.22.0
tensorflow=2.21.0

mkdir -p "$folder"
cd "$folder"
[ -f package.json ] || echo '{ "private": true }' > package.json
npm install --ignore-scripts --no-audit --no-fund "@tensorflow/tfjs-node@$tfjs"

# only its C libraries and headers are of use, which are the same for every Python
python3 -m pip download --quiet --no-deps --only-binary=:all: --python-version 3.11 --dest wheel "tensorflow-cpu==$tensorflow"
addon=$PWD/node_modules/@tensorflow/tfjs-node
mkdir -p "$addon/deps/lib"
python3 - wheel/*.whl "$addon/deps" <<'PYTHON'
import sys, zipfile
wheel, deps = zipfile.ZipFile(sys.argv[1]), sys.argv[2]
for entry in wheel.infolist():
    folder, _, name = entry.filename.partition("/")
    if folder != "tensorflow" or not name.startswith(("libtensorflow_", "include/")):
        continue
    entry.filename = name if name.startswith("include/") else f"lib/{name}"
    wheel.extract(entry, deps)
PYTHON
rm -r wheel
ln -sf libtensorflow_cc.so.2 "$addon/deps/lib/libtensorflow.so"
ln -sf libtensorflow_framework.so.2 "$addon/deps/lib/libtensorflow_framework.so"

node_home=$(dirname "$(dirname "$(command -v node)")") # whose include/node has the headers
(cd "$addon" && "$OLDPWD/node_modules/.bin/node-pre-gyp" install --build-from-source --nodedir="$node_home" --loglevel=warn)
rm -r "$addon/deps/include"
node -e "require('$addon'); console.log('Ready: TENSORFLOW_FOLDER=$PWD')"
