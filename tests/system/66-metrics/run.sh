#!/bin/sh
# Metrics under load: no counter falls, hosts add up to the total, through
# reloads, a flood of invented hosts and a lost analyzer.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
. "$TOP/tests/lib/net.sh"
need_root
need ip nginx curl python3 jq
net_up
nginx_up
conf 'stats { metrics hosts 2, max hosts 64 }' \
    'alert "many" when requests >= 5 over 2s per host'
WRAP="ip netns exec $NSA"
start

cat > "$TMP/load.py" <<'EOT'
# load.py: three hosts asked steadily, others invented all the time
import socket
i = 0
while True:
    s = socket.create_connection(("10.77.0.2", 80))
    for host in ["a.test", "b.test", "c.test", "x%d.test" % i]:
        path = "/nothing" if i % 3 == 0 else "/"
        s.sendall(b"GET %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (path.encode(), host.encode()))
        s.recv(65536)
    s.close()
    i += 1
EOT
cat > "$TMP/never_fall.py" <<'EOT'
# never_fall.py FILE...: samples whose counters fell from one scrape to the next
import re, sys
last, bad = {}, []
for f in sys.argv[1:]:
    kind = {}
    for line in open(f):
        if line.startswith("# TYPE "):
            _, _, name, t = line.split()
            kind[name] = t
            continue
        if line.startswith("#"):
            continue
        key, value = line.rsplit(" ", 1)
        name = key.split("{")[0]
        if kind.get(name) != "counter" and kind.get(re.sub("_(bucket|count)$", "", name)) != "histogram":
            continue
        if float(value) < last.get(key, 0):
            bad.append("%s %s -> %s" % (key, last[key], value.strip()))
        last[key] = float(value)
    gone = [k for k in last if k not in open(f).read()]
    bad += ["%s is gone" % k for k in gone]
print("\n".join(bad[:9]))
EOT
# Not ina: $! shall be the program, not a shell around it.
ip netns exec $NSA python3 "$TMP/load.py" > /dev/null 2>&1 &
LOAD=$!
at_exit "kill $LOAD 2> /dev/null"
scrape() { ctl show metrics prometheus -O "$TMP/m.$1"; }
named() { ctl show metrics prometheus | grep -c '_responses_total{host="[abc].test",class="4xx"} [1-9]'; }
two() { [ "$(named)" = 2 ]; }
wait_for 20 two && ok "the hosts that are asked most are named, up to the limit" ||
    not_ok "not two hosts" "$(ctl show metrics prometheus | grep host=)"
n=0
for k in 1 2 3 4 5 6 7 8 9 10 11 12; do
	[ $k != 4 ] || lose analyzer
	[ $k != 8 ] || ctl reload
	scrape $k || not_ok "scrape $k"
	n=$((n + 1))
done
is "no counter falls or goes" "$(python3 "$TMP/never_fall.py" $(seq -f "$TMP/m.%g" 1 $n))" ""
is "no invented host is named" "$(grep -c 'host="x' "$TMP/m.$n")" 0
kill $LOAD
wait $LOAD 2> /dev/null
# How many different ones made room for each other nobody knows.
is "others are those that are kept" "$(json '.other[] | "\(.items) \(.at_least)"' \
    show hosts top 10 window total)" "54 true"
like "and text says so" "$(ctl show hosts top 10 window total)" \
    '^other at least 54 hosts: [0-9]*\*? requests$'
is "so are methods, and all" "$(json '.other | length' show methods window total)" 0
# The totals come once a second.
same() {
	ctl -j show metrics > "$TMP/m.json"
	[ "$(jq "([.host_$1[].count] | add) == ([.tallies[] |
	    select(.name == \"http_$1\") | .value] | add)" "$TMP/m.json")" = true ]
}
for what in requests responses; do
	wait_for 5 same $what && ok "hosts add up to all $what" ||
	    not_ok "hosts do not add up to all $what" \
	    "$(jq -c ".host_$what" "$TMP/m.json")"
done

# What is no file stays what it is.
ln -s nowhere "$TMP/link"
mkfifo "$TMP/pipe"
for f in link pipe; do
	before=$(stat -c '%F %i' "$TMP/$f")
	ctl show metrics -O "$TMP/$f" 2> "$TMP/err"
	is "-O with a $f: status 1" $? 1
	like "and says why" "$(cat "$TMP/err")" "$f: is a device or a link"
	is "and leaves it" "$(stat -c '%F %i' "$TMP/$f")" "$before"
done
is "and nothing beside it" "$(ls "$TMP" | grep -c new)" 0
# One that is ended while it writes leaves nothing either.
for i in $(seq 40); do
	"$BUILD/netmonctl" -s "$SOCK" show metrics -O "$TMP/m.ended" &
	sleep 0.00$((i % 10))
	kill $!
	wait $!
done 2> /dev/null
is "ended while it writes: nothing beside it" "$(ls "$TMP" | grep -c new)" 0
# One that is killed may leave a file, which the next one takes away.
for i in $(seq 60); do
	"$BUILD/netmonctl" -s "$SOCK" show metrics -O "$TMP/m.killed" &
	sleep 0.00$((i % 10))
	kill -9 $!
	wait $!
done 2> /dev/null
at_most "killed while it writes: files beside it" "$(ls "$TMP" | grep -c new)" 1
echo cut > "$TMP/m.killed.new"
ctl show metrics -O "$TMP/m.killed"
is "the next one writes it" "$? $(tail -1 "$TMP/m.killed")" "0 # EOF"
is "and takes away what was left" "$(ls "$TMP" | grep -c new)" 0
flock "$TMP/m.killed.new" "$BUILD/netmonctl" -s "$SOCK" show metrics -O "$TMP/m.killed" 2> "$TMP/err"
is "while another one writes it: status 75" $? 75
like "and says so" "$(cat "$TMP/err")" 'm.killed: another netmonctl is writing it, try again'
rm "$TMP/m.killed.new"

# The rules of the example ask for what is there.
grep -o 'netmond_[a-z0-9_]*' "$TOP/etc/examples/prometheus-rules.yml" |
    sort -u > "$TMP/asked"
ctl show metrics prometheus | grep -o '^netmond_[a-z0-9_]*' | sort -u \
    > "$TMP/there"
at_least "the example of rules asks for numbers" "$(wc -l < "$TMP/asked")" 5
is "and those are there" "$(comm -23 "$TMP/asked" "$TMP/there" | xargs)" ""
if command -v promtool > /dev/null; then
	promtool check config "$TOP/etc/examples/prometheus.yml" \
	    > "$TMP/out" 2>&1
	is "promtool accepts the example" $? 0
	promtool check metrics < "$TMP/m.$n" > "$TMP/out" 2>&1
	is "promtool accepts it" "$? $(cat "$TMP/out")" "0 "
else
	skip "needs promtool"
fi
if python3 -c 'import prometheus_client.openmetrics.parser' 2> /dev/null; then
	ctl show metrics openmetrics > "$TMP/om"
	python3 -c 'import sys
from prometheus_client.openmetrics.parser import text_fd_to_metric_families as f
print(len(list(f(open(sys.argv[1])))) > 50)' "$TMP/om" > "$TMP/out" 2>&1
	is "an OpenMetrics parser accepts it" "$(cat "$TMP/out")" True
else
	skip "needs python3-prometheus-client"
fi
stop
finish
