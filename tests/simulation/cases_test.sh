#!/usr/bin/env bash
# Routing's decisions in a world that fails along seeds; the short form. limit: 300 s.
#   cases_test.sh DIRECTORY     DIRECTORY holds the programs
exec "$1/simulate" --cases --seeds 2500
