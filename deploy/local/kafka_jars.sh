#!/usr/bin/env bash
# Fetches Apache Kafka's jars (see pom.xml) into build/kafka/libs, once.
#
# STACK_KAFKA_HOME names an unpacked Kafka (with libs/) to use instead; then nothing is fetched.
# Prints nothing when the jars are there.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
home=${STACK_KAFKA_HOME:-${STACK_CACHE:-$here/../../build}/kafka}

if compgen -G "$home/libs/kafka_2.13-*.jar" >/dev/null; then exit 0; fi
if [ -n "${STACK_KAFKA_HOME:-}" ]; then
    echo "kafka: no libs/kafka_2.13-*.jar in STACK_KAFKA_HOME=$home" >&2
    exit 1
fi

# Into a folder of its own and renamed when complete: a run that is cut short leaves no half of it.
mkdir -p "$home"
staging=$(mktemp -d "$home/fetch.XXXXXX")
trap 'rm -rf "$staging"' EXIT
echo "setup: fetching Apache Kafka's jars with Maven"
if ! mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies -DincludeScope=runtime \
    -DoutputDirectory="$staging/libs" >"$staging/log" 2>&1; then
    head -n 15 "$staging/log" >&2
    echo "kafka: Maven could not fetch the jars" >&2
    exit 1
fi
chmod 755 "$staging/libs"
rm -rf "$home/libs"
mv "$staging/libs" "$home/libs"
