#!/bin/sh
# Alert rules of every kind, and the numbers of the report, against what the
# words of the manual give for captures whose messages and times are known.
# ORACLE_SEEDS: other captures and rules, as many as one likes.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
need python3 jq
: "${ORACLE_SEEDS:=1 2 3 4 5 6 24 27}"
PYTHONPATH="$TOP/tests/lib" python3 "$TOP/tests/system/51-alert-oracle/oracle.py" \
    "$BUILD/netmond" $ORACLE_SEEDS > "$TMP/out" 2>&1
set -- $(tail -1 "$TMP/out")
at_least "events of rules, seeds $ORACLE_SEEDS" "$1" 1000
is "rules and reports that differ from the manual" "${2:-none}" 0
[ "${2:-1}" = 0 ] || sed 's/^/# /' "$TMP/out"

# An answer whose request was not seen belongs to no host and to no client.
PYTHONPATH="$TOP/tests/lib" python3 -c 'if 1:
	import sys
	from tcp_capture import A, P, S, packet, write
	write(sys.argv[1], [
	    packet(0, 1000, 80, 0, 0, S), packet(1, 80, 1000, 0, 1, S | A),
	    packet(2, 1000, 80, 1, 1, A), packet(3, 80, 1000, 1, 1, P,
	    b"HTTP/1.1 200 x\r\nContent-Length: 0\r\n\r\n")])' "$TMP/pcap"
"$BUILD/netmond" -r "$TMP/pcap" -o json > "$TMP/json"
is "what belongs to none is among the others" \
    "$(jq -r '.summary.responses, (.hosts | length),
    (.other[] | "\(.what) \(.count) \(.responses)")' "$TMP/json" | xargs)" \
    "1 0 hosts 0 1 clients 0 1"

# What is told at the very end is in the log each time.
echo 'alert "a" when connections >= 1 over 10s' > "$TMP/conf"
echo "log events \"$TMP/log\" { types { alert } }" >> "$TMP/conf"
for i in $(seq 60); do
	"$BUILD/netmond" -f "$TMP/conf" -r "$TMP/pcap" > /dev/null
done
is "the end of an alert, of 60 runs" \
    "$(grep -c '"state":"ended"' "$TMP/log")" 60
finish
