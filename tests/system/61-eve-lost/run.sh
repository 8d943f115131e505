#!/bin/sh
# Events that were on the way to a mirror that was lost, or that an analyzer
# that was lost had not sent, are in no log, and each of them is told. Whoever
# gathers the lines sees by their numbers that they are missing, and where.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
. "$TOP/tests/lib/net.sh"
need_root
need_jail
need nginx ab jq ip python3

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
# numbers FILE [FIRST]: lines, how many are missing in between, and whether they
# are in order, none is there twice, and all are of one daemon on this host
numbers() {
	jq -r '"\(.host) \(.netmond.epoch) \(.netmond.seq)"' "$1" |
	    awk -v host="$(uname -n)" -v first="${2:-1}" '
	    NR == 1 { epoch = $2; last = $3 - 1; bad = $3 != first }
	    $1 != host || $2 != epoch || $3 <= last { bad = 1 }
	    { missing += $3 - last - 1; last = $3 }
	    END { print NR, missing + 0, bad ? "bad" : "good" }'
}
missing() { numbers "$EVE" | cut -d' ' -f2; }
load
wait_for 5 written && ok "each request is in the log" ||
    not_ok "not each request is in the log" "$(lines) of $(log_lines)"
is "and nothing is told to be missing" "$(told)" 0
is "the lines are numbered" "$(numbers "$EVE")" "$(log_lines) 0 good"
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
is "the lines show it by their numbers" "$(numbers "$EVE")" \
    "$(lines) $(told) good"
# One that stands still for long costs what nobody has room for.
before=$(told)
kill -STOP "$(pid_of mirror)"
ina ab -q -k -n 60000 -c 2 http://10.77.0.2/index.html > /dev/null 2>&1
wait_for 10 counted || not_ok "not all were counted"
kill -CONT "$(pid_of mirror)"
load
wait_for 10 whole && ok "and what had no room" ||
    not_ok "the loss is not told" \
	"$(log_lines) requests, $(lines) lines, told: $(told)"
at_least "which was something" "$(($(told) - before))" 500
is "the lines show that" "$(numbers "$EVE")" "$(lines) $(told) good"

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
at_least "the lines show that, too" "$(missing)" "$(told)"
like "in order" "$(numbers "$EVE")" ' good$'
analyzer_goes
kill -9 "$lost"
wait_for 10 is_another mirror "$lost" || not_ok "mirror did not come back"
load
wait_for 5 whole && ok "and what both took along" ||
    not_ok "the loss of both is not told" \
	"$(log_lines) requests, $(lines) lines, told: $(told)"
at_least "and seen by the lines" "$(missing)" "$(told)"
like "in order" "$(numbers "$EVE")" ' good$'
# One that is lost while it has nothing to do took with it what nobody knows.
was=$(missing)
lose analyzer
load
wait_for 5 whole
is "an analyzer that is replaced leaves one out" "$(numbers "$EVE")" \
    "$(lines) $((was + 1)) good"
jq -c 'del(.netmond)' "$EVE" > "$TMP/eve.json"
out=$(python3 "$TOP/tests/lib/eve_check.py" "$TMP/eve.json")
is "but for the extras each line is EVE: $out" $? 0
stop

# ---- each log has numbers of its own ----
rm -f "$EVE"
: > "$TMP/access.log"
conf 'interface "vb"' "log events \"$EVE\" { types { http } }" \
    "log events \"$EVE.flow\" { types { flow } }"
start
flows=0
# once WHAT: some more, all written, and no number is left out
once() {
	load
	flows=$((flows + 2))
	wait_for 5 written
	wait_for 5 has_flows || not_ok "flows are not written"
	is "$1" "$(numbers "$EVE")" "$(log_lines) 0 good"
	is "$1, the other log, too" "$(numbers "$EVE.flow")" "$flows 0 good"
}
has_flows() { [ "$(wc -l < "$EVE.flow")" -ge "$flows" ]; }
once "two logs are numbered"
cat >> "$TMP/netmond.conf" <<EOT
log events "$EVE.both" { types { http flow } }
EOT
ctl reload > /dev/null
once "a reload goes on"
# Lost while it has nothing to do, a mirror loses no line.
lose mirror
once "a mirror that is replaced goes on"
is "a log that is new begins behind what was before it" \
    "$(numbers "$EVE.both" 503)" "1004 0 good"
sed -i '/both/d' "$TMP/netmond.conf"
ctl reload > /dev/null
once "and without it"
cat >> "$TMP/netmond.conf" <<EOT
log events "$EVE.both" { types { http flow } }
EOT
ctl reload > /dev/null
lose mirror
once "and with it again"
is "and what came meanwhile is missing there" \
    "$(numbers "$EVE.both" 503)" "1506 502 good"
old=$(tail -1 "$EVE" | jq .netmond.epoch)
stop
start
load
wait_for 5 written
is "another daemon has another epoch, and begins with 1" \
    "$(jq -s -c 'group_by(.netmond.epoch) | map([.[0].netmond.seq, length])' \
    "$EVE")" "[[1,2500],[1,500]]"
at_least "a later one" "$(tail -1 "$EVE" | jq .netmond.epoch)" $((old + 1))
stop
finish
