#!/bin/sh
# run.sh SECONDS TARGET...: each fuzz target for so long, starting from its
# seeds in tests/corpus and those that seeds.py makes. With CORPUS, seeds are
# cut from its captures too, and of all that only what reaches new code is
# kept, in $BUILD/fuzz/min. A finding is kept in $BUILD/fuzz/found and fails.
set -u
seconds=$1
shift
: "${CORPUS:=}"
passed=0
failed=0
mkdir -p "$BUILD/fuzz/found"
python3 tests/fuzz/seeds.py "$BUILD/fuzz/seed" || exit 1
if [ -n "$CORPUS" ]; then
	rm -rf "$BUILD/fuzz/cut" "$BUILD/fuzz/min"
	python3 tests/fuzz/cut.py "$BUILD/fuzz/cut" "$CORPUS" || exit 1
fi

# The seed folders of a target; merged into one when they are many.
seeds_of() {
	all=
	for d in "tests/corpus/$1" "$BUILD/fuzz/seed/$1" "$BUILD/fuzz/cut/$1"; do
		[ -d "$d" ] && all="$all $d"
	done
	[ -n "$CORPUS" ] && [ -n "$all" ] || { echo "$all"; return; }
	mkdir -p "$BUILD/fuzz/min/$1"
	"$BUILD/fuzz/fuzz_$1" -merge=1 "$BUILD/fuzz/min/$1" $all \
	    > "$BUILD/fuzz/$1.merge" 2>&1
	echo "$BUILD/fuzz/min/$1"
}

for t in "$@"; do
	work=$BUILD/fuzz/work-$t
	mkdir -p "$work"
	seeds=$(seeds_of "$t")
	if "$BUILD/fuzz/fuzz_$t" -max_total_time="$seconds" -timeout=60 \
	    -rss_limit_mb=2048 -artifact_prefix="$BUILD/fuzz/found/$t-" \
	    "$work" $seeds > "$BUILD/fuzz/$t.log" 2>&1; then
		passed=$((passed + 1))
		printf 'fuzz %-12s %s, cov %s\n' "$t" \
		    "$(grep '^Done' "$BUILD/fuzz/$t.log")" \
		    "$(sed -n 's/.* cov: \([0-9]*\).*/\1/p' "$BUILD/fuzz/$t.log" | tail -1)"
	else
		failed=$((failed + 1))
		printf 'fuzz %-12s FOUND SOMETHING\n' "$t"
		tail -30 "$BUILD/fuzz/$t.log"
	fi
done
[ -z "$CORPUS" ] || echo "seeds: $(du -sb --apparent-size "$BUILD/fuzz/min" | cut -f1) bytes"
echo "$passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]
