#!/usr/bin/env bash
# Intake's decisions in a world that fails along seeds; the short form. limit: 300 s.
#   claims_test.sh DIRECTORY     DIRECTORY holds the programs
exec "$1/simulate" --claims --seeds 5000
