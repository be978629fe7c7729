#!/bin/sh
# build.sh DIR: the Spring peers as DIR/peer.jar, with the code that protoc makes of proto/.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
proto=$here/../../../../proto
cp -R "$here/pom.xml" "$here/src" "$1"
mkdir -p "$1/src/main/java"
protoc -I"$proto" --java_out="$1/src/main/java" redress/v1/types.proto redress/v1/request.proto \
    redress/v1/validated.proto
protoc -I"$here/.." --java_out="$1/src/main/java" kept.proto
mvn -q -B -f "$1/pom.xml" package
cp "$1/target/peer.jar" "$1/peer.jar"
