#!/bin/sh
# build.sh DIR: the Python peer in DIR, with its packages in DIR/venv and the code that protoc makes.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
proto=$here/../../../../proto
cp "$here"/peer.py "$1"
python3 -m venv "$1/venv"
"$1/venv/bin/pip" install --quiet -r "$here/requirements.txt"
protoc -I"$proto" --python_out="$1" redress/v1/types.proto redress/v1/request.proto \
    redress/v1/validated.proto
protoc -I"$here/.." --python_out="$1" kept.proto
