#!/bin/sh
# Requests over a veth, kept alive and over new connections: requests,
# responses, statuses and hosts equal the web server's own log exactly.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
. "$TOP/tests/lib/net.sh"
need_root
need nginx h2load ab curl jq ip
: "${KEPT:=100000}" "${NEW:=20000}"
[ "${SAN:-0}" != 1 ] || { KEPT=5000; NEW=1000; }

net_up
nginx_up
conf 'memory limit 256M' 'interface "vb"'
WRAP="ip netns exec $NSB"
start

ina h2load --h1 -n "$KEPT" -c 20 -t 1 http://10.77.0.2/index.html \
    > "$TMP/h2load.out" 2>&1
ina ab -q -n "$NEW" -c 20 -H 'Host: new.example' http://10.77.0.2/dir/page.html \
    > "$TMP/ab.out" 2>&1
ina ab -q -k -n 500 -c 4 -H 'Host: Gone.Example:80' http://10.77.0.2/nothing/here \
    >> "$TMP/ab.out" 2>&1
ina curl -s -o /dev/null -H 'Host: one.example' http://10.77.0.2/moved
ina curl -s -o /dev/null -I http://10.77.0.2/big.txt http://10.77.0.2/teapot
ina curl -s -o /dev/null -X DELETE http://10.77.0.2/index.html
ina curl -s -o /dev/null -d 'a=1' http://10.77.0.2/dir/

n=$(log_lines)
at_least "the load arrived" "$n" $((KEPT + NEW + 500))
wait_for 10 sh -c "[ \"\$('$BUILD/netmonctl' -s '$SOCK' -j show summary window total | jq .summary.responses)\" = $n ]"
is "requests equal the log" "$(json .summary.requests show summary window total)" "$n"
is "responses equal the log" "$(json .summary.responses show summary window total)" "$n"
is "statuses equal the log" \
    "$(json '.status[] | "\(.code) \(.count)"' show status window total | sort)" \
    "$(awk '{ c[$1]++ } END { for (s in c) print s, c[s] }' "$TMP/access.log" | sort)"
is "methods equal the log" \
    "$(json '.methods[] | "\(.method) \(.count)"' show methods window total | sort)" \
    "$(awk '{ c[$2]++ } END { for (s in c) print s, c[s] }' "$TMP/access.log" | sort)"
is "hosts equal the log" \
    "$(json '.hosts[] | "\(.host) \(.requests) \(.responses)"' show hosts top 1000 window total | sort)" \
    "$(awk '{ c[tolower($3)]++ } END { for (s in c) print s, c[s], c[s] }' "$TMP/access.log" | sort)"
is "nothing was lost" "$(json '.complete | "\(.kernel_drops) \(.queue_drops) \(.gap_bytes) \(.ratio)"' show summary window total)" "0 0 0 1"
is "one host's sections" \
    "$(json '.hosts[0].sections[] | "\(.section) \(.hits)"' show host gone.example window total)" "/nothing 500"
stop
is "ended as asked" "$status" 0
finish
