#!/bin/sh
# The same streams in other pieces give the same report. RESEGMENTATIONS sets
# how many (soak: 1000).
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
need python3
[ -n "${CORPUS:-}" ] && [ -d "$CORPUS/public/pcap" ] || { skip "needs CORPUS"; finish; }
[ "${SAN:-0}" != 1 ] || { skip "the plain build runs it"; finish; }
: "${RESEGMENTATIONS:=100}"
export NETMOND="$BUILD/netmond"
python3 "$TOP/tests/lib/resegment_all.py" "$TOP/tests/corpus/adapter" \
    "$CORPUS/public/pcap" "$RESEGMENTATIONS" 1 > "$TMP/out" 2>&1
rc=$?
is "re-segmented captures report the same: $(tail -1 "$TMP/out")" $rc 0
sed 's/^/# /' "$TMP/out"
finish
