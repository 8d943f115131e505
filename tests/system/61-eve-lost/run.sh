#!/bin/sh
# Events that were on the way to a mirror that was lost, or that an analyzer
# that was lost had not sent, are in no log, and each of them is told.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
. "$TOP/tests/lib/net.sh"
need_root
need_jail
need nginx ab jq ip

EVE=$TMP/run/eve.json
net_up
nginx_up
conf 'interface "vb"' "log events \"$EVE\" { types { http } }"
WRAP="ip netns exec $NSB"
start
load() { ina ab -q -k -n 500 -c 2 http://10.77.0.2/index.html > /dev/null 2>&1; }
counted() {
	[ "$(json .summary.responses show summary window total)" = "$(log_lines)" ]
}
lines() { wc -l < "$EVE"; }
written() { [ "$(lines)" = "$(log_lines)" ]; }
told() {
	told=$(json '.advice[].text' show capture |
	    sed -n 's/^\([0-9]*\) events are in no log.*/\1/p')
	echo ${told:-0}
}
load
wait_for 5 written && ok "each request is in the log" ||
    not_ok "not each request is in the log" "$(lines) of $(log_lines)"
is "and nothing is told to be missing" "$(told)" 0
kill -STOP "$(pid_of mirror)"
load
wait_for 5 counted || not_ok "not all were counted"
lose mirror
load
wait_for 5 counted || not_ok "not all were counted"
whole() { [ "$(log_lines)" = $(($(lines) + $(told))) ]; }
wait_for 5 whole && ok "what is in no log is told to the last one" ||
    not_ok "the loss is not told" \
	"$(log_lines) requests, $(lines) lines, told: $(told)"
at_least "those that the mirror had not read" "$(told)" 500

# The analyzer keeps what the links do not hold: it goes with it.
analyzer_goes() {
	before=$(told)
	kill -STOP "$(pid_of mirror)"
	for n in 1 2 3 4 5 6; do
		load
	done
	wait_for 5 counted || not_ok "not all were counted"
	lost=$(pid_of mirror)
	lose analyzer
}
analyzer_goes
kill -CONT "$lost"
load
wait_for 5 whole && ok "and what an analyzer took along" ||
    not_ok "the loss of the analyzer is not told" \
	"$(log_lines) requests, $(lines) lines, told: $(told)"
at_least "those that the analyzer had not sent" "$(($(told) - before))" 500
analyzer_goes
kill -9 "$lost"
wait_for 10 is_another mirror "$lost" || not_ok "mirror did not come back"
load
wait_for 5 whole && ok "and what both took along" ||
    not_ok "the loss of both is not told" \
	"$(log_lines) requests, $(lines) lines, told: $(told)"
stop
finish
