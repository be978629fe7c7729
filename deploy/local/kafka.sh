#!/usr/bin/env bash
# Apache Kafka for local work: one KRaft node that lives wholly in a directory.
#
#   kafka.sh start DIR     starts it, waits until it serves; nothing to do if it already does
#   kafka.sh stop DIR      stops it; its data stays
#   kafka.sh restart DIR   same port, same data
#   kafka.sh kill DIR      SIGKILL, for tests
#   kafka.sh status DIR    exit code 0: it runs
#   kafka.sh address DIR   prints host:port
#   kafka.sh tool DIR TopicCommand|ConsumerGroupCommand|ConfigCommand ARGUMENTS
#   kafka.sh destroy DIR   stops it and removes DIR
#
# In DIR: server.properties, data/, log, pid, port, controller.port.
# STACK_KAFKA_HEAP (default 512m) is the heap, STACK_KAFKA_HOME an unpacked Kafka to use.
set -euo pipefail

readonly START_DEADLINE_S=60
readonly STOP_DEADLINE_S=30

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=deploy/local/instance.sh
source "$here/instance.sh"

usage() { sed -n '2,/^set -/{/^# \{0,1\}/s///p}' "$0" >&2; exit 2; }

home=${STACK_KAFKA_HOME:-${STACK_CACHE:-$here/../../build}/kafka}

run_java()
{
    java -Dlog4j2.configurationFile="$here/log4j2.xml" -cp "$home/libs/*" "$@"
}

write_properties()
{
    local port controller_port
    port=$(cat "$dir/port")
    controller_port=$(cat "$dir/controller.port")
    sed -e "s|@PORT@|$port|g" -e "s|@CONTROLLER_PORT@|$controller_port|g" -e "s|@DIR@|$dir|g" \
        "$here/kafka.properties" >"$dir/server.properties"
}

# The cluster id is new with the data: clients notice that offsets of an older cluster mean nothing.
# It never begins with a dash, which the tool would take for an option.
create()
{
    [ -e "$dir/port" ] || free_port >"$dir/port"
    until [ -e "$dir/controller.port" ] && ! cmp -s "$dir/port" "$dir/controller.port"; do
        free_port >"$dir/controller.port"
    done
    write_properties
    run_java -Xmx128m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC kafka.tools.StorageTool format \
        --cluster-id "$(head -c 16 /dev/urandom | base64 | tr -d = | tr "+/" ab)" \
        --config "$dir/server.properties" >"$dir/format.log" 2>&1 ||
        { cat "$dir/format.log" >&2; die "could not format $dir/data"; }
}

serving()
{
    if stopped "$dir/pid" "$dir/server.properties"; then return 0; fi
    tail -c "+$log_start" "$dir/log" | grep -q 'Kafka Server started'
}

# Of what a broker costs in its first minutes, the optimizing compiler is the half; a local one seldom
# lives long enough to earn that back. On so small a heap G1's threads and barriers cost a seventh of
# all that the broker does.
start()
{
    local heap=${STACK_KAFKA_HEAP:-512m}
    if running "$dir/pid" "$dir/server.properties"; then return; fi
    "$here/kafka_jars.sh" >&2
    [ -e "$dir/data/meta.properties" ] || create
    touch "$dir/log"
    log_start=$(($(stat -c %s "$dir/log") + 1))
    rm -f "$dir/pid"
    start_detached "$dir/pid" "$dir/log" java -Xms"$heap" -Xmx"$heap" -XX:+UseSerialGC \
        -XX:TieredStopAtLevel=1 -Djava.awt.headless=true \
        -Dlog4j2.configurationFile="$here/log4j2.xml" -cp "$home/libs/*" \
        kafka.Kafka "$dir/server.properties"
    if ! wait_until "$START_DEADLINE_S" serving || stopped "$dir/pid" "$dir/server.properties"; then
        stop_process "$dir/pid" "$dir/server.properties" 1
        tail -n 20 "$dir/log" >&2
        die "the broker did not start; its log is $dir/log"
    fi
}

stop()
{
    stop_process "$dir/pid" "$dir/server.properties" "$STOP_DEADLINE_S"
}

kill_now()
{
    kill -KILL "$(cat "$dir/pid")"
    wait_until 5 stopped "$dir/pid" "$dir/server.properties"
}

tool()
{
    local name=$1
    shift
    run_java -Xmx128m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC "org.apache.kafka.tools.$name" \
        --bootstrap-server "127.0.0.1:$(cat "$dir/port")" "$@"
}

[ $# -ge 2 ] || usage
command=$1
dir=$(realpath -m "$2")
shift 2
case $command in
    start) mkdir -p "$dir"; start ;;
    stop) stop ;;
    restart) stop; start ;;
    kill) kill_now ;;
    status) running "$dir/pid" "$dir/server.properties" ;;
    address) echo "127.0.0.1:$(cat "$dir/port")" ;;
    tool) [ $# -ge 1 ] || usage; tool "$@" ;;
    destroy) stop; rm -rf "$dir" ;;
    *) usage ;;
esac
