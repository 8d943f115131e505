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
start -i lo
# A child that lived a second after READY comes back at once; else it waits.
q="sleep 1.2; $BUILD/netmonctl -s $SOCK -j show processes | jq '.processes[] | select(.state == \"ready\" and .process == \"%s\") | .pid'"
set --
for r in capture analyzer mirror; do
	# shellcheck disable=SC2059
	set -- "$@" --role "$r=$(printf "$q" $r)"
done
python3 "$CORPUS/tools/jailmatrix.py" --sysinject "$TMP/sysinject" \
    --policy "$CORPUS/tools/jail-policy.json" --wait 40 "$@" > "$TMP/matrix" 2>&1
rc=$?
n=$(grep -c '^VIOLATION' "$TMP/matrix")
is "no call succeeds that the policy denies" "$n" 0
[ $rc -eq 0 ] && ok "the matrix is complete" ||
    not_ok "the matrix is not complete" "$(tail -60 "$TMP/matrix")"
finish
