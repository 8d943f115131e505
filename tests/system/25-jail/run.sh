#!/bin/sh
# What a hijacked child can do: hostile calls made inside live children.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
need_root
need_jail
need jq python3
[ -n "${CORPUS:-}" ] && [ -f "$CORPUS/tools/jailmatrix.py" ] ||
    { skip "needs CORPUS with its tools"; finish; }
${CC:-gcc} -O1 -o "$TMP/sysinject" "$CORPUS/tools/sysinject.c" 2> "$TMP/cc.out" ||
    { not_ok "sysinject does not build" "$(cat "$TMP/cc.out")"; finish; }
at_exit 'kill -9 $(cat "$TMP"/*/pid)'

# Each role in a daemon of its own, side by side. A child that lived a second
# after READY comes back at once; else it waits.
one() {
	TMP=$TMP/$1
	SOCK=$TMP/run/control.sock
	mkdir -p "$TMP/run"
	chown $TEST_USER "$TMP/run"
	start -i lo
	echo "$NM" > "$TMP/pid"
	q="sleep 1.2; $BUILD/netmonctl -s $SOCK -j show processes | jq '.processes[] | select(.state == \"ready\" and .process == \"$1\") | .pid'"
	python3 "$CORPUS/tools/jailmatrix.py" \
	    --sysinject "$SYSINJECT" --wait 40 \
	    --policy "$CORPUS/tools/jail-policy.json" --role "$1=$q" \
	    > "$TMP/matrix" 2>&1
	echo $? > "$TMP/rc"
	stop
	rm -f "$TMP/pid"
}
SYSINJECT=$TMP/sysinject
for r in capture analyzer mirror; do
	(one $r) &
done
wait
n=$(cat "$TMP"/*/matrix | grep -c '^VIOLATION')
is "no call succeeds that the policy denies" "$n" 0
for r in capture analyzer mirror; do
	[ "$(cat "$TMP/$r/rc")" = 0 ] && ok "the matrix of $r is complete" ||
	    not_ok "the matrix of $r is not complete" \
	    "$(tail -60 "$TMP/$r/matrix")"
done
finish
