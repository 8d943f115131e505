#!/bin/sh
# A history log: its periods add up to what nginx served, a look at a time of
# it is what was there then, and of which time nothing was kept is said.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
. "$TOP/tests/lib/net.sh"
need_root
need nginx ab jq ip

HIST=$TMP/run/history
past() { "$BUILD/netmonctl" "$@" in "$HIST"; }
in_past() {
	filter=$1
	shift
	past -j "$@" | jq -r "$filter"
}
sum_of() { in_past "[.periods[].$1] | add" show history since 1h by "$2"; }
served() { wc -l < "$TMP/access.log"; }
kept() { [ "$(sum_of requests 1h)" = "$(served)" ]; }
# load HOST N: N requests on kept connections
load() {
	ina ab -q -k -n "$2" -c 4 -H "Host: $1" http://10.77.0.2/index.html \
	    > "$TMP/ab.log" 2>&1 || note "ab ended with $?"
}

net_up
nginx_up
conf 'window 1s' 'interface "vb"' 'privacy { clients hash }' \
    'alert "never" when requests >= 1000000 over 1s' \
    "log history \"$HIST\" { every 1s, rotate 8K, keep 1000 }"
WRAP="ip netns exec $NSB"

is "no file: exit status" "$(past show history > /dev/null 2>&1; echo $?)" 1
start
for n in 1 2 3 4 5; do
	load one.example 700
	load two.example 300
	sleep 1
done
wait_for 20 kept
is "periods add up to what was served" "$(sum_of requests 1s)" "$(served)"
is "by the minute, too" "$(sum_of requests 1m)" "$(served)"
is "and their responses" "$(sum_of responses 1h)" "$(served)"
is "the document has what its manual says" "$(in_past 'keys_unsorted |
    join(" ")' show history)" "schema periods"
is "all the time is kept" "$(sum_of unkept_seconds 1h)" 0
is "and complete" "$(in_past '[.periods[].complete_ratio] | min' \
    show history since 1h by 1s)" 1
is "the busiest host" "$(in_past '.periods[-1].busiest_host' \
    show history since 1h by 1d)" one.example
is "members of the document" "$(in_past 'keys_unsorted | join(" ")' \
    show history)" "schema periods"
at_least "it was rotated" "$(ls "$TMP/run" | grep -c '^history\.')" 1

# time_of HOST: a second within a period that has it
time_of() {
	for t in $(in_past '[.periods[].time | .[0:19] + "Z" | fromdate |
	    ., . + 1] | unique[] | todate' show history since 1h by 1s); do
		past show hosts at "$t" 2> /dev/null | grep -q "^$1 " &&
		    echo "$t" && return
	done
}
at=$(time_of one.example)
n=$(in_past .summary.requests show summary at "$at")
at_least "at a time: requests" "$n" 1
is "at a time: it is in the period" "$(in_past "(.complete.time |
    .[0:19] + \"Z\" | fromdate) - (\"$at\" | fromdate) |
    . >= 0 and . <= 2" show summary at "$at")" true
is "at a time: hosts and others" "$(in_past '[.hosts[].requests,
    .other[].count] | add' show hosts at "$at")" "$n"
is "at a time: methods" "$(in_past '[.methods[].count] | add' \
    show methods at "$at")" "$n"
is "at a time: sections" "$(in_past '.sections[0].section' \
    show sections at "$at")" /index.html
like "at a time: talkers" "$(in_past '.talkers[] | "\(.server) \(.service)"' \
    show talkers at "$at")" '^(one|two)\.example tcp/80'
is "at a time: rules that are ok" "$(in_past '.alerts[] |
    "\(.rule) \(.state)"' show alerts at "$at")" "never ok"
like "at a time: the text says which" "$(past show hosts at "$at" | head -1)" \
    '^from 20..-..-.. ..:..:.. UTC for [0-9.]+ ?m?s +complete 100%$'
like "at a time: a page" "$(past report html at "$at")" 'one\.example'
is "clients are kept as they may be" "$(cat "$HIST"* | grep -c 10.77.0.1)" 0

# Another host, and errors, one after the other.
load then.example 300
sleep 2
ina ab -q -k -n 200 -c 4 -H "Host: now.example" http://10.77.0.2/nothing \
    > "$TMP/ab.log" 2>&1
wait_for 20 kept
busy=$(time_of then.example)
now=$(time_of now.example)
change() {
	in_past "[.changes[] | select(.what == \"$1\" and .name == \"$2\") |
	    $3] | first" compare "$now" with "$busy"
}
is "a host that is new" "$(change host now.example \
    '.then_per_second > 0 and .before_listed == false')" true
is "what was 404 is more" "$(change status 404 '.change_per_second > 0 and
    .before_per_second == 0 and .before_listed')" true
is "and how complete both are" "$(in_past '[.changes[] |
    .before_complete_ratio, .then_complete_ratio] | unique | join(" ")' \
    compare "$now" with "$busy")" 1
is "in text, too" "$(past compare "$now" with "$busy" |
    grep -cE '^(before|then) +from .* complete 100%$')" 2
like "in text" "$(past compare "$now" with "$busy")" '^host +now.example +-'

# Nobody watches for a while: told, not counted.
stop
load gone.example 50
gone=50
sleep 3
start
load late.example 200
seen() { [ "$(sum_of requests 1h)" = $(($(served) - gone)) ]; }
wait_for 20 seen
is "after a restart" "$(sum_of requests 1h)" $(($(served) - gone))
at_least "the time between is not kept" \
    "$(sum_of unkept_seconds 1h | cut -d. -f1)" 2
is "and not complete" "$(in_past '[.periods[].complete_ratio] | min < 1' \
    show history since 1h by 1h)" true
is "what was asked for meanwhile is not there" \
    "$(past show history since 1h by 1s | grep -c gone.example)" 0

# A process that writes, or counts, is replaced.
lose mirror
load mirror.example 100
wait_for 20 seen
is "after a loss of the mirror" "$(sum_of requests 1h)" \
    $(($(served) - gone))
lose analyzer
load analyzer.example 100
wait_for 20 seen
is "after a loss of the analyzer" "$(sum_of requests 1h)" \
    $(($(served) - gone))

# Another length of periods, by a reload.
conf 'window 2s' 'interface "vb"' \
    "log history \"$HIST\" { every 2s, rotate 8K, keep 1000 }"
ctl reload > /dev/null
load reload.example 100
wait_for 20 seen
is "after a reload" "$(sum_of requests 1h)" $(($(served) - gone))

# The machine stopped in the middle of a write.
stop
head -c 30 "$(ls "$HIST".* | head -1)" >> "$HIST"
before=$(sum_of requests 1h)
start
like "an end that is cut is repaired" "$(cat "$TMP/netmond.log")" \
    'history: cut [0-9]+ bytes of an unfinished write'
load repair.example 100
after() { [ "$(sum_of requests 1h)" = $((before + 100)) ]; }
wait_for 20 after
is "and written on" "$(sum_of requests 1h)" $((before + 100))
stop
is "read when netmond is away" "$(sum_of requests 1h)" $((before + 100))

# A period that is under way is kept at the end, and before a reset.
HIST=$TMP/run/long
conf 'window 1s' 'interface "vb"' "log history \"$HIST\" { every 10m }"
start
load long.example 70
shows() { [ "$(json '[.hosts[].requests] | add' show hosts window total)" = "$1" ]; }
wait_for 10 shows 70
ctl reset > /dev/null
load long.example 30
wait_for 10 shows 30
stop
is "what was counted until a reset and until the end" "$(sum_of requests 1h)" 100
is "and all that time is complete" "$(in_past '[.periods[].complete_ratio] |
    min' show history since 1h by 1h)" 1
HIST=$TMP/run/history

like "a time that was not kept" "$(past show hosts at 2020-01-01 2>&1)" \
    'nothing was kept at 2020-01-01 00:00:00 UTC, it begins at 20'
is "its exit status" "$(past show hosts at 2020-01-01 > /dev/null 2>&1
    echo $?)" 1
is "a word that is no time" "$(past show hosts at noon > /dev/null 2>&1
    echo $?)" 64
finish
