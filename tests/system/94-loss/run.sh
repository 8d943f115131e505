#!/bin/sh
# Packets that capture lost: no answer is given to the wrong request, what was
# whole is still paired, and what is missing is known to the byte.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
need python3
: "${LOSS_SEEDS:=2}"
for percent in 0.1 1 5 20; do
	for seed in $(seq "$LOSS_SEEDS"); do
		set -- $(python3 "$TOP/tests/lib/lossy.py" "$BUILD/netmond" "$seed" $percent)
		is "$percent per cent lost, seed $seed: wrong pairs" "${3:-none}" 0
		at_least "$percent per cent lost, seed $seed: pairs of $1 whole ones" "${2:-0}" \
		    $((${1:-1} * (100 - ${percent%.*} / 2) / 100))
		at_least "$percent per cent lost, seed $seed: missing of $4 lost bytes" "${5:-0}" \
		    $((${4:-1} * 98 / 100))
		at_least "$percent per cent lost, seed $seed: no more than that" "${4:-0}" "${5:-1}"
	done
done
finish
