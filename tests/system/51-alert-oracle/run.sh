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

# usual.py FILE: a request every 10 s for 26 hours, every 2 s in the hour that
# begins after 20; a surge after 10 hours, and none at all for a while after 15.
cat > "$TMP/usual.py" <<'EOT'
import sys
from tcp_capture import A, P, S, packet, write
ask = b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"
say = b"HTTP/1.1 200 x\r\nContent-Length: 0\r\n\r\n"
begin = 1000        # seconds: there a half hour begins
now, port, out = 0, 0, []
while now < 26 * 3600:
    us = (begin + now) * 1000000
    if port != 2000 + now // 600:
        port, a, b = 2000 + now // 600, 1, 1
        out += [packet(us - 3, port, 80, 0, 0, S), packet(us - 2, 80, port, 0, 1, S | A),
                packet(us - 1, port, 80, 1, 1, A)]
    out.append(packet(us, port, 80, a, b, P, ask))
    a += len(ask)
    out.append(packet(us + 1000, 80, port, b, a, P, say))
    b += len(say)
    hour = now / 3600
    now += 2 if 20 <= hour < 21 or 10 <= hour < 10.2 else 3000 if 15 <= hour < 15.01 else 10
write(sys.argv[1], out)
EOT
PYTHONPATH="$TOP/tests/lib" python3 "$TMP/usual.py" "$TMP/pcap"
cat > "$TMP/conf" <<EOT
alert "surge" when requests > 300% of usual over 5m at least 60 requests
alert "silence" when requests < 30% of usual over 10m
log events "$TMP/usual.log" { types { alert } }
EOT
"$BUILD/netmond" -f "$TMP/conf" -r "$TMP/pcap" > /dev/null
is "more and less than usual, and in which hour" "$(jq -r 'select(.event_type == "alert") |
    select(.alert.context.state != "worse") |
    "\(.alert.signature) \(.alert.context.state) \(((.timestamp[0:19] + "Z" | fromdate) -
    1700001000) / 360 | floor / 10)"' "$TMP/usual.log" | xargs)" \
    "surge fired 10 surge cleared 10.2 silence fired 15.1 silence cleared 15.8 surge fired 20 surge cleared 21"
finish
