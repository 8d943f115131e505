#!/bin/sh
# A link that loses, doubles and mixes packets, seen at both of its ends: TCP
# repairs all of it, so every number equals the web server's log, nothing is
# missing, and what one end shows of the other's repairs is only quality.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
. "$TOP/tests/lib/net.sh"
need_root
need nginx ab curl jq ip python3 ethtool
: "${NEW:=400}" "${KEPT:=400}" "${SEED:=1}"

# 10.77.0.1 in $NSA (va) -- ma [ $NSR ] mb -- 10.77.0.2 in $NSB (vb)
NSR=nmt$$r
for n in $NSA $NSB $NSR; do
	ip netns add $n && at_exit "ip netns pids $n | xargs -r kill -9
	    ip netns del $n"
done
ip link add va netns $NSA type veth peer name ma netns $NSR
ip link add vb netns $NSB type veth peer name mb netns $NSR
ip -n $NSA addr add 10.77.0.1/24 dev va
ip -n $NSB addr add 10.77.0.2/24 dev vb
ip netns exec $NSR sysctl -qw net.ipv6.conf.all.disable_ipv6=1
for i in $NSA:va $NSB:vb $NSR:ma $NSR:mb; do
	# Checksums must be real and segments no larger than the link.
	ip netns exec ${i%:*} ethtool -K ${i#*:} tx off tso off gso off \
	    gro off > /dev/null 2>&1
	ip -n ${i%:*} link set dev ${i#*:} up
done
ip netns exec $NSR python3 "$TOP/tests/lib/bad_link.py" ma mb "$SEED" \
    3 2 5 2 > "$TMP/link" &
link=$!
wait_for 10 grep -q up "$TMP/link" || not_ok "the link is not up"

nginx_up
conf 'interface "ma"' 'interface "mb"' \
    "log events \"$TMP/run/eve.json\" { types { http flow } }"
WRAP="ip netns exec $NSR"
start

ina ab -q -s 60 -n "$NEW" -c 10 -H 'Host: new.example' \
    http://10.77.0.2/dir/page.html > "$TMP/new" 2>&1 &
new=$!
ina ab -q -s 60 -k -n "$KEPT" -c 10 -H 'Host: kept.example' \
    http://10.77.0.2/big.txt > "$TMP/kept" 2>&1
for i in 1 2 3 4 5; do
	ina curl -s -m 60 -H 'Host: put.example' -T "$TMP/www/big.txt" \
	    http://10.77.0.2/dir/put http://10.77.0.2/teapot > /dev/null
done
wait $new

n=$(log_lines)
at_least "the load arrived" "$n" $((NEW + KEPT + 10))
answered() {
	[ "$(json .summary.responses show summary window total)" = "$n" ]
}
wait_for 10 answered
is "requests and responses equal the log" "$(json '.summary |
    "\(.requests) \(.responses) \(.unpaired_requests) \(.unpaired_responses)"' \
    show summary window total)" "$n $n 0 0"
is "hosts and statuses equal the log" \
    "$(json '.hosts[] | .host as $h | .status[] |
	"\($h) \(.code) \(.count)"' report json window total | sort)" \
    "$(awk '{ c[$3 " " $1]++ } END { for (s in c) print s, c[s] }' \
	"$TMP/access.log" | sort)"
is "nothing is missing" "$(json '.complete |
    "\(.kernel_drops) \(.gap_bytes) \(.ratio)"' show summary window total)" \
    "0 0 1"
is "nothing is odd" "$(json .summary.ambiguous show summary window total)" 0
at_least "retransmissions were seen" \
    "$(json '.summary.retransmit_ratio * 1000 | floor' show summary \
	window total)" 1

# TCP's ActiveOpens (RFC 4022) of the client's namespace.
opened=$(ina awk '/^Tcp: [0-9]/ { print $6 }' /proc/net/snmp)
kill $link
wait $link
stop
is "ended as asked" "$status" 0
is "the link was bad" "$(awk 'NR == 2 {
    print ($2 > 20), ($3 > 20), ($4 > 20) }' "$TMP/link")" "1 1 1"
is "whole bodies" "$(jq -r 'select(.event_type == "http") | .http |
    "\(.status) \(.length)"' "$TMP/run/eve.json" | sort | uniq -c |
    awk '{ print $2, $3, $1 }' | grep -E '^200')" \
    "200 20000 $KEPT
200 5 $NEW"
is "as many connections had a first request as served one" \
    "$(jq -r 'select(.event_type == "http" and .tx_id == 1) | .flow_id' \
	"$TMP/run/eve.json" | wc -l)" \
    "$(awk '{ print $5 }' "$TMP/access.log" | sort -u | wc -l)"
# A port can serve twice, and ab leaves some connections before they are open.
told=$(jq -r 'select(.event_type == "flow") | .flow_id' \
    "$TMP/run/eve.json" | wc -l)
[ "$told" -le "$opened" ] && ok "no connection is told twice" ||
    not_ok "connections are told twice: $told of $opened"
finish
