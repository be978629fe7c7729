#!/usr/bin/env bash
# The worker loop in a world that fails along seeds; the short form. limit: 300 s.
#   simulation_test.sh DIRECTORY     DIRECTORY holds the programs
exec "$1/simulate" --seeds 2000
