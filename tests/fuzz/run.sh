#!/bin/sh
# run.sh SECONDS TARGET...: each fuzz target for so long, starting from its
# seeds in tests/corpus and those that seeds.py makes. A finding is kept in
# $BUILD/fuzz/found and fails.
set -u
seconds=$1
shift
passed=0
failed=0
mkdir -p "$BUILD/fuzz/found"
python3 tests/fuzz/seeds.py "$BUILD/fuzz/seed" || exit 1
for t in "$@"; do
	work=$BUILD/fuzz/work-$t
	mkdir -p "$work"
	seeds=
	for d in "tests/corpus/$t" "$BUILD/fuzz/seed/$t"; do
		[ -d "$d" ] && seeds="$seeds $d"
	done
	if "$BUILD/fuzz/fuzz_$t" -max_total_time="$seconds" -timeout=10 \
	    -rss_limit_mb=2048 -artifact_prefix="$BUILD/fuzz/found/$t-" \
	    "$work" $seeds > "$BUILD/fuzz/$t.log" 2>&1; then
		passed=$((passed + 1))
		printf 'fuzz %-12s %s\n' "$t" "$(grep '^Done' "$BUILD/fuzz/$t.log")"
	else
		failed=$((failed + 1))
		printf 'fuzz %-12s FOUND SOMETHING\n' "$t"
		tail -30 "$BUILD/fuzz/$t.log"
	fi
done
echo "$passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]
