#!/bin/sh
# Requests over a veth, kept alive and over new connections: requests,
# responses, statuses and hosts equal the web server's own log exactly.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
. "$TOP/tests/lib/net.sh"
need_root
need nginx h2load ab curl jq ip python3
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
# 300 clients, one after the other and all once more.
ina ip route add local 10.78.0.0/16 dev lo
inb ip route add 10.78.0.0/16 via 10.77.0.1
ina python3 - <<'EOT'
import socket
for i in range(600):
    c = socket.create_connection(("10.77.0.2", 80),
        source_address=("10.78.1.%d" % (i % 300) if i % 300 < 250 else
        "10.78.2.%d" % (i % 300 - 250), 0))
    c.sendall(b"GET / HTTP/1.1\r\nHost: many.example\r\nConnection: close\r\n\r\n")
    while c.recv(65536): pass
    c.close()
EOT

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
is "no more clients than are told apart" "$(json '.hosts[] |
    select(.host == "many.example") | "\(.requests) \(.clients)"' show hosts \
    top 1000 window total)" "600 256"
is "one host's sections" \
    "$(json '.hosts[0].sections[] | "\(.section) \(.hits) \(.requests) \(.responses)"' \
    show host gone.example window total)" "/nothing 1000 500 500"
is "a host's hits are requests and responses" \
    "$(json '.hosts[0].hits' show host gone.example window total)" 1000
# sum KEY FIELD: of what is listed and of the others
sum() { jq "[.$1[], .other[]] | map(.$2) | add" "$TMP/list.json"; }
ctl -j show clients top 3 window total > "$TMP/list.json"
is "clients and the others are all" \
    "$(sum clients responses) $(sum clients body_bytes)" \
    "$n $(json .summary.body_bytes show summary window total)"
is "which are many" "$(jq '.other[0].items > 100' "$TMP/list.json")" true
# Of many the first ones are found without the order of all.
list() { json ".clients[0:3][] | .client" show clients "$@" window total; }
is "the first ones are those of the whole list" "$(list top 3)" \
    "$(list top 4000)"
ctl -j show sections 10.77.0.2 top 1 window total > "$TMP/list.json"
is "sections and the others are all of the host" \
    "$(sum sections responses)" \
    "$(json '.hosts[0].responses' show host 10.77.0.2 window total)"
stop
is "ended as asked" "$status" 0

# The kernel drops seconds of a busy connection, megabytes both ways.
conf 'interface "vb" { ring 2M }'
start
ina ab -q -k -n 100000000 -c 1 -H "X: $(head -c 2000 /dev/zero | tr '\0' x)" \
    http://10.77.0.2/index.html > /dev/null 2>&1 &
busy=$!
at_exit "kill $busy"
seen() { json .summary.requests show summary window total; }
counts() { [ "$(seen)" -gt "$n" ]; }
n=100
wait_for 5 counts
p=$(pid_of capture)
kill -STOP "$p"
sleep 3
kill -CONT "$p"
sleep 1.5
n=$(seen)
wait_for 5 counts && ok "a busy connection counts on after seconds were lost" ||
    not_ok "a busy connection is not counted after a loss" "$(ctl show flows)"
at_least "and what was lost is known" \
    "$(json .complete.gap_bytes show summary window total)" 1
is "of the same capture" "$(pid_of capture)" "$p"
kill $busy
stop

# An answer that comes when its request has left the window.
conf 'window 2s' 'interface "vb"'
start
inb python3 -c '
import socket, time
s = socket.create_server(("10.77.0.2", 81)).accept()[0]
s.recv(65536)
time.sleep(3)
s.sendall(b"HTTP/1.1 200 x\r\nContent-Length: 0\r\n\r\n")' &
at_exit "kill $! 2> /dev/null"
ask() { ina curl -s -o /dev/null -H "Host: slow.example" http://10.77.0.2:81/; }
wait_for 5 ask
answered() {
	[ "$(json '.hosts[] | select(.host == "slow.example") |
	    "\(.requests) \(.responses)"' show hosts window last)" = "0 1" ]
}
wait_for 1 answered && ok "an answer is shown where its request is no more" ||
    not_ok "a late answer is not shown" "$(ctl show hosts window last)"
stop
finish
