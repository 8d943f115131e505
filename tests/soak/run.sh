#!/bin/sh
# The long loops: each fuzz target for SOAK_FUZZ seconds, and the system tests
# that repeat, at full length. Takes hours; make check has the short forms.
set -u
TOP=$(cd "$(dirname "$0")/../.." && pwd)
: "${SOAK_FUZZ:=1200}"
cd "$TOP" || exit 1
bad=0
make -s fuzz FUZZ_SECONDS="$SOAK_FUZZ" || bad=1
HTTP_DIFF_ROUNDS=5000000 make -s unit-test_http_diff || bad=1
for t in restart mirror resegment topologies live-exact exhaust mutated; do
	KILLS=20 RESEGMENTATIONS=1000 REQUESTS=20000 MUTATE_SECONDS=300 \
	    ONLY=$t BIG=1 \
	    ROUNDS=20 BAD=10000 MIRROR_KEPT=100000 MIRROR_NEW=50000 \
	    TEST_SECONDS=3600 make -s check || bad=1
done
exit $bad
