#!/bin/bash
# Exit code 0: the worker in this container says on /readyz that it is ready. Needs bash alone.
#
#   health.sh PORT
set -eu

exec 3<>"/dev/tcp/127.0.0.1/$1"
printf 'GET /readyz HTTP/1.0\r\n\r\n' >&3
read -r -t 3 _ code _ <&3
[ "$code" = 200 ]
