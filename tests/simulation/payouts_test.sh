#!/usr/bin/env bash
# Settlement's decisions in a world that fails along seeds; the short form. limit: 300 s.
#   payouts_test.sh DIRECTORY     DIRECTORY holds the programs
exec "$1/simulate" --payouts --seeds 2000
