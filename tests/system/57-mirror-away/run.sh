#!/bin/sh
# While the mirror is just being replaced, what tells of all lists the mirrors
# of the configuration and says so.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
need_root
need jq

conf 'interface "lo"' 'mirror "kept" {' 'observe port 80' \
    "record to \"$TMP/run/rec.log\" format gogetway" '}' 'mirror "sent" {' \
    'observe port 81' 'forward to 127.0.0.1 port 9' '}'
start
is "it is there" "$(json '[.mirrors[] | .mirror, .state] | join(" ")' report json)" \
    "kept up sent idle"
until [ "$(state_of mirror)" = waiting ]; do
	p=$(pid_of mirror)
	[ "${p:-0}" -eq 0 ] || kill -9 "$p"
	sleep 0.05
done
kill -STOP "$(pid_of launcher)"		# so it stays away
ctl -j report json > "$TMP/report.json"
is "the report is made" $? 0
is "with both mirrors and why they say nothing" "$(jq -r '.mirrors[] |
    [.mirror, .state, .target, .last_error, .records] | join(",")' \
    "$TMP/report.json" | sed "s,$TMP,,")" "$(printf '%s\n' \
    'kept,not running,,the process of mirrors is just being replaced,0' \
    'sent,not running,127.0.0.1:9,the process of mirrors is just being replaced,0')"
like "the text too" "$(ctl report text)" 'kept .*not running'
is "metrics have no numbers that would go back" \
    "$(ctl metrics 2> /dev/null | grep -c 'mirror="kept"')" 0
ctl show mirrors > /dev/null 2>&1
is "their own list is to be asked for again" $? 75
kill -CONT "$(pid_of launcher)"
wait_for 10 all_ready
is "and it is back" "$(json '[.mirrors[].mirror] | join(" ")' report json)" \
    "kept sent"
stop
is "ended as asked" "$status" 0
finish
