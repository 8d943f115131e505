#!/bin/sh
# Packets that capture lost: no answer is given to the wrong request, what was
# whole is still paired, and what is missing is known to the byte. The same
# where two interfaces show a direction each, or both sides of a router that
# translates or does not. And rules of a mirror guess nothing.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
need python3
: "${LOSS_SEEDS:=1}"
# view VIEW PERCENT SEED
view() {
	set -- "$@" $(python3 "$TOP/tests/lib/lossy.py" "$BUILD/netmond" "$1" "$3" "$2")
	what="$1, $2 per cent lost, seed $3"
	is "$what: wrong pairs" "${6:-none}" 0
	at_least "$what: pairs of $4 whole ones" "${5:-0}" \
	    $((${4:-1} * (100 - 3 * ${2%.*}) / 100))
	at_least "$what: missing of $7 lost bytes" "${8:--1}" $((${7:-1} * 98 / 100))
	# Of each connection the FIN has a number, too, and is no byte.
	fins=0
	[ "$1" != hop ] || fins=40
	at_least "$what: no more than that" $((${7:-0} + fins)) "${8:-1000000}"
	# Behind a hole a body may look like a bad message, now and then.
	at_most "$what: a loss is no parse error" "${9:-none}" \
	    $((2 + 3 * ${2%.*}))
	is "$what: connections" "${10:-none}" 40
}
# rules PERCENT SEED: of what they leave out not a word is recorded, although
# behind a loss a body may look like a request that they want
rules() {
	set -- "$@" $(python3 "$TOP/tests/lib/rules_loss.py" "$BUILD/netmond" "$2" "$1")
	what="rules, $1 per cent lost, seed $2"
	is "$what: words of what is not wanted" "${6:-none}" 0
	least=$3
	[ "$1" = 0 ] || least=$((${3:-1} / (1 + 2 * ${1%.*})))
	at_least "$what: requests of $3" "${4:-0}" "$least"
	at_least "$what: answers" "${5:-0}" $((least * 3 / 5 + ($1 == 0) * least * 2 / 5))
}
for seed in $(seq "$LOSS_SEEDS"); do
	for percent in 0 1 5 20; do
		rules $percent "$seed"
	done
	for percent in 0 0.1 1 5 20; do
		for v in one split nat hop; do
			view $v $percent "$seed"
		done
	done
done
finish
