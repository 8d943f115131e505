#!/bin/sh
# Reload: a good file is in force everywhere, a bad one changes nothing.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
need_root
need jq python3
conf 'window 10s' 'alert "a" when messages >= 10 over 10s'
start -i lo
rules() { json '[.alerts[].rule] | sort | join(" ")' show alerts; }
is "the first rule" "$(rules)" "a"
pids=$(json '.processes[].pid' show processes)
conf 'window 10s' 'alert "a" when messages >= 10 over 10s' 'alert "b" when messages >= 20 over 10s'
ctl reload > "$TMP/out" 2>&1
is "a good file is taken" $? 0
like "what changed is listed" "$(cat "$TMP/out")" '"b"'
wait_for 2 sh -c "[ \"\$('$BUILD/netmonctl' -s '$SOCK' -j show alerts | jq -r '[.alerts[].rule] | sort | join(\" \")')\" = 'a b' ]"
is "both rules" "$(rules)" "a b"
is "nobody was restarted" "$(json '.processes[].pid' show processes)" "$pids"

# What analyzer and mirror may have together.
together() {
	json '[.memory[] | select(.limit_bytes > 0)] | group_by(.process) |
	    map(.[0].limit_bytes) | add / 1048576' show memory
}
is "both share the memory limit" "$(together)" 256
conf 'memory limit 64M' 'alert "a" when messages >= 10 over 10s' 'alert "b" when messages >= 20 over 10s'
ctl reload > /dev/null 2>&1
wait_for 2 sh -c "[ \"\$('$BUILD/netmonctl' -s '$SOCK' -j show memory | jq -r .memory[0].limit_bytes)\" -lt 67108864 ]"
is "and another one at once" "$(together)" 64
is "in the same processes" "$(json .processes[].pid show processes)" "$pids"

conf 'window 10s' 'alert "c" when messages >= 10 over' 'mirror "m" { observe port 0 }' 'nonsense'
ctl reload > "$TMP/out" 2>&1
is "a bad file is refused" $? 1
is "and changes nothing" "$(rules)" "a b"
like "its first bad line is named" "$(cat "$TMP/out" "$TMP/netmond.log")" 'netmond.conf:4'
like "and its last" "$(cat "$TMP/out" "$TMP/netmond.log")" 'netmond.conf:6'
conf 'window 10s'
chmod 600 "$TMP/netmond.conf"
ctl reload > "$TMP/out" 2>&1
is "a file of root's alone is refused" $? 1
like "with whose it should be" "$(cat "$TMP/out")" \
    "netmond.conf: a reload reads it as user $TEST_USER"
mkfifo "$TMP/fifo"
conf "include \"$TMP/fifo\""
ctl reload > "$TMP/out" 2>&1
is "a pipe that nobody writes into is no empty file" $? 1
like "and said to be one" "$(cat "$TMP/out")" 'pipe without a writer'
conf 'filter "port http"'
ctl reload > "$TMP/out" 2>&1
is "a filter with a name is refused live" $? 1
like "where and why" "$(cat "$TMP/out")" \
    '^[^ ]*netmond.conf:3: filter: .*use numbers'
conf 'window nonsense' 'filter "port http"'
ctl reload > "$TMP/out" 2>&1
is "one beside another error is refused" $? 1
like "and both are told" "$(xargs < "$TMP/out")" \
    'netmond.conf:3: .*netmond.conf:4: filter: .*use numbers'
is "capture lives on" "$(json '.processes[].pid' show processes)" "$pids"
conf 'alert "d" when messages >= 10 over 10s'
ctl log verbose analyzer
kill -HUP "$NM"
wait_for 3 sh -c "[ \"\$('$BUILD/netmonctl' -s '$SOCK' -j show alerts | jq -r '[.alerts[].rule] | join(\" \")')\" = d ]"
is "SIGHUP reloads" "$(rules)" "d"
in_force() { grep -c "$1: new configuration in force" "$TMP/netmond.log"; }
is "one process may log more" "$(in_force analyzer) $(in_force capture)" "1 0"
ctl log verbose && ctl log brief analyzer
ctl reload > /dev/null 2>&1
is "or all but one" "$(in_force analyzer) $(in_force capture)" "1 1"

# A signal is obeyed later when it cannot be now.
has_rule() { [ "$(rules)" = "$1" ]; }
m=$(pid_of mirror)
kill -STOP "$m"
conf 'alert "e" when messages >= 10 over 10s'
kill -HUP "$NM"
sleep 0.2
conf 'alert "f" when messages >= 10 over 10s'
kill -HUP "$NM"
wait_for 5 grep -q 'waits until the one under way' "$TMP/netmond.log"
kill -CONT "$m"
wait_for 5 has_rule f && ok "a second SIGHUP waits for the first" ||
    not_ok "a second SIGHUP was lost" "rules: $(rules)"
lose_mirror() {
	until [ "$(state_of mirror)" = waiting ]; do
		p=$(pid_of mirror)
		[ "${p:-0}" -eq 0 ] || kill -9 "$p"
		sleep 0.05
	done
}
lose_mirror
conf 'alert "e" when messages >= 10 over 10s'
ctl reload > "$TMP/out" 2>&1
is "netmonctl reload waits for a lost process" "$? $(rules)" "0 e"
lose_mirror
conf 'alert "g" when messages >= 10 over 10s'
kill -HUP "$NM"
wait_for 10 has_rule g && ok "SIGHUP waits for a lost process" ||
    not_ok "SIGHUP did not wait for a lost process" "rules: $(rules)"
kill -STOP "$(pid_of mirror)"
conf 'alert "h" when messages >= 10 over 10s'
kill -HUP "$NM"
sleep 0.2
kill -9 "$(pid_of mirror)"
wait_for 10 has_rule h && ok "and for one that was lost meanwhile" ||
    not_ok "a process that was lost meanwhile ended it" "rules: $(rules)"

kill -USR1 "$NM"
sleep 0.2
kill -0 "$NM" && ok "SIGUSR1 does no harm" || not_ok "SIGUSR1 ended it"
stop
is "ended as asked" "$status" 0
conf
chmod 600 "$TMP/netmond.conf"
start -i lo
like "the start tells of it" "$(cat "$TMP/netmond.log")" \
    "netmond.conf: a reload reads it as user $TEST_USER"
stop
# A mirror that changes goes on with the connections that it had.
cat > "$TMP/asks.py" <<'EOT'
import os, socket, threading, time
def answer(c, log):
    try:
        while data := c.recv(65536):
            log(data)
            c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
    except ConnectionError:
        pass
def serve(l, log):
    while True:
        c = l.accept()[0]
        threading.Thread(target=answer, args=(c, log), daemon=True).start()
l = socket.create_server(("127.0.0.1", 0))
t = socket.create_server(("127.0.0.1", 0))
shadow = open("shadow", "wb", 0)
for a in (l, lambda data: None), (t, shadow.write):
    threading.Thread(target=serve, args=a, daemon=True).start()
s = socket.create_connection(l.getsockname())
print(l.getsockname()[1], t.getsockname()[1], flush=True)
n = 0
while not os.path.exists("half"):
    time.sleep(.0001)
    s.sendall(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % n)
    s.recv(1000)
    n += 1
s.sendall(b"POST /half HTTP/1.1\r\nContent-Length: 10\r\n\r\nfirst")
while not os.path.exists("rest"):
    time.sleep(.01)
s.sendall(b"other")
while True:
    s.sendall(b"GET /after HTTP/1.1\r\nHost: a\r\n\r\n")
    s.recv(1000)
    time.sleep(.05)
EOT
(cd "$TMP" && exec python3 asks.py > port) &
asks=$!
at_exit "kill $asks"
wait_for 5 test -s "$TMP/port"
read -r port target < "$TMP/port"
# records FILE [LINE [PORT]], and all of it to another one that does not change
records() {
	conf "mirror \"m\" {" "observe port ${3:-$port}" \
	    "record to \"$TMP/run/$1\"" \
	    "forward to 127.0.0.1 port $target" ${2:+"$2"} "}" \
	    "mirror \"kept\" {" "observe port $port" \
	    "record to \"$TMP/run/kept\"" "}"
}
asked() { grep -a -o 'GET /[0-9]*' "$TMP/$1" | grep -o '[0-9]*'; }
has() { grep -a -q "$2" "$TMP/$1" 2> /dev/null; }
records one
start -i lo
wait_for 10 has run/one GET || not_ok "nothing was recorded"
records two
ctl reload > "$TMP/out" 2>&1
is "a mirror is changed under a connection" $? 0
wait_for 5 has run/two GET && ok "and goes on with it" ||
    not_ok "it does not go on"
since=$(asked run/two | head -1)
forwarded() { [ "$(asked shadow | tail -1)" -gt "$since" ]; }
wait_for 5 forwarded && ok "to its target, too" ||
    not_ok "it does not forward" "$since; $(asked shadow | tail -1)"
for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	records one && ctl reload && records two && ctl reload
done > /dev/null 2>&1
: > "$TMP/half"
wait_for 5 has run/two first || not_ok "half a message was not recorded"
is "nothing is missing" "$(cat "$TMP/run/one" "$TMP/run/two" > "$TMP/all"
    asked all | sort -n | awk '$1 != last + 1 && NR > 1 { print last, $1 }
    { last = $1 }')$(cat "$TMP/run/one.gaps" "$TMP/run/two.gaps")" ""
cat "$TMP/run/kept" >> "$TMP/all"
# One a request, and the head and the body of the last one, for both mirrors.
counted() { [ "$(json '[.tallies[] | select(.name == "mir_records") | .value] |
    add' show tally)" = $(($(asked all | wc -l) + 4)) ]; }
wait_for 5 counted && ok "and all are counted" ||
    not_ok "some are not counted" "$(ctl show tally | grep mir_records), \
of $(asked all | wc -l) and 4"
records two '' 1
ctl reload > /dev/null 2>&1
records two 'record { strip header { "x" } }'
ctl reload > /dev/null 2>&1
: > "$TMP/rest"
wait_for 5 has run/two after &&
    ok "in the middle of a message it goes on behind it" ||
    not_ok "it does not go on behind a message"
is "and tells what it lacks" "$(jq -r '[.reason, .direction, .length,
    .last_record != null, .next != null] | join(" ")' "$TMP/run/two.gaps")" \
    "paused to_observed 5 true true"
has run/kept other && [ ! -s "$TMP/run/kept.gaps" ] &&
    ok "a mirror beside it that does not change lacks nothing" ||
    not_ok "a mirror beside it lacks something" "$(cat "$TMP/run/kept.gaps")"
# Files that others take away are made again.
rm "$TMP/run/two"
mv "$TMP/run/two.gaps" "$TMP/run/old.gaps"
wait_for 15 has run/two after && ok "a record that was removed goes on" ||
    not_ok "a record that was removed does not come back"
wait_for 15 test -e "$TMP/run/two.gaps" ||
    not_ok "nor do the lines beside it"
is "each is said" "$(grep -c 'was removed or renamed' "$TMP/netmond.log")" 2
kill $asks
stop
is "ended as asked" "$status" 0
finish
