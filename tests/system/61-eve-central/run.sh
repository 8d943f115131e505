#!/bin/sh
# The recipe for rsyslog: every line reaches a central host at least once, over
# rotations and restarts of both ends.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
. "$TOP/tests/lib/net.sh"
need_root
need nginx ab jq ip rsyslogd python3
[ -n "$(find /usr/lib -name omrelp.so 2> /dev/null | head -1)" ] || {
	skip "needs rsyslog-relp"; finish; }

net_up
nginx_up
EVE=$TMP/run/eve.json
mkdir "$TMP/out" "$TMP/fw" "$TMP/central"
# our examples with other places
for i in fw:firewall central:central; do
	{
		[ $i != fw:firewall ] || echo "global(workDirectory=\"$TMP/fw\")"
		sed -e "s|/var/log/netmond/eve.json|$EVE|" \
		    -e "s|/var/log/netmon/|$TMP/out/|" \
		    -e 's|central.example|127.0.0.1|' \
		    "$TOP/etc/examples/${i#*:}.rsyslog"
	} > "$TMP/${i%:*}.conf"
done
# run fw|central: its pid in a variable of that name
run() {
	inb rsyslogd -n -i "$TMP/$1.pid" -f "$TMP/$1.conf" \
	    >> "$TMP/$1.err" 2>&1 &
	eval "$1=$!"
	at_exit "kill -9 $! 2> /dev/null || :"
}
end() {
	eval "kill \$$1; wait \$$1"
}
is "the recipes are what rsyslogd understands" \
    "$(for c in fw central; do rsyslogd -N1 -f "$TMP/$c.conf" 2>&1 |
    grep -ci 'error\|warn'; done | xargs)" "0 0"

conf "log events \"$EVE\" { types { http }, rotate 64K, keep 100 }"
WRAP="ip netns exec $NSB"
start
load() { ina ab -q -k -n "$1" -c 4 http://10.77.0.2/index.html > /dev/null 2>&1; }
numbers() { jq -r '.. | objects | select(has("seq")) | "\(.epoch) \(.seq)"' "$@"; }
written() { cat "$EVE" "$EVE".* | wc -l; }
arrived() { cat "$TMP"/out/*.json 2> /dev/null | sort -u | wc -l; }
all_written() { [ "$(written)" = "$1" ]; }
all_arrived() { [ "$(arrived)" -ge "$1" ]; }

run central
run fw
load 1000
wait_for 10 all_written 1000
wait_for 20 all_arrived 1000 && ok "1000 lines arrive" ||
    not_ok "1000 lines arrive" "$(arrived) $(cat "$TMP"/*.err)"
end central
load 1000
end fw
load 1000			# also rotated by now
run fw
load 500
sleep 1
run central
load 500
end fw
run fw
load 1000
end central
run central
kill -9 $fw
wait $fw 2> /dev/null
load 500
run fw
load 500
kill -9 $central
wait $central 2> /dev/null
run central
wait_for 10 all_written 6000
wait_for 60 all_arrived 6000
numbers "$EVE" "$EVE".* | sort > "$TMP/sent"
numbers "$TMP"/out/*.json > "$TMP/got.all"
sort -u "$TMP/got.all" > "$TMP/got"
is "6000 lines were written, in several files" \
    "$(wc -l < "$TMP/sent") $([ "$(ls "$EVE".* | wc -l)" -gt 5 ] && echo several)" "6000 several"
is "each arrives, over restarts and kills of both ends" "$(comm -23 "$TMP/sent" "$TMP/got" | wc -l)" 0
is "and no other" "$(comm -13 "$TMP/sent" "$TMP/got" | wc -l)" 0
is "what comes twice is the same line, known by its numbers" \
    "$(cat "$TMP"/out/*.json | sort -u | wc -l)" "$(wc -l < "$TMP/got")"
is "what arrives is what was written" \
    "$(cat "$TMP"/out/*.json | sort -u | md5sum)" "$(cat "$EVE" "$EVE".* | sort | md5sum)"
stop
finish
