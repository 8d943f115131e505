#!/bin/sh
# netmonctl as a person meets it: screens, terminals, wrong words.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
need_root
need python3 jq script
start -i lo

# terminal.py TERM ACTION: netmonctl top on a terminal of 80x24, what it writes on
# stdout; ACTION close hangs up with SIGHUP ignored, quit presses q, talkers l
# before it. The last line is how it ended.
cat > "$TMP/terminal.py" <<'EOT'
import fcntl, os, pty, select, signal, struct, sys, termios, time
term, action = sys.argv[1:3]
pid, fd = pty.fork()
if pid == 0:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    os.environ["TERM"] = term
    os.execv(sys.argv[3], sys.argv[3:])
seen, end = b"", time.time() + 10
while time.time() < end and b"TOP HOSTS" not in seen:
    if select.select([fd], [], [], 0.1)[0]:
        try:
            seen += os.read(fd, 65536)
        except OSError:
            break
if action == "restart":
    end = time.time() + 20
    for text in (b"waited", b"complete 1"):
        got = b""
        while time.time() < end and text not in got:
            if select.select([fd], [], [], 0.1)[0]:
                try:
                    got += os.read(fd, 65536)
                except OSError:
                    break
        print("saw", text.decode() if text in got else "nothing", flush=True)
        seen += got
    try:
        os.write(fd, b"q")
    except OSError:
        pass
elif action == "close":
    os.close(fd)
elif action == "talkers":
    os.write(fd, b"l")
    end = time.time() + 10
    while time.time() < end and b"udp/9" not in seen:
        if select.select([fd], [], [], 0.1)[0]:
            seen += os.read(fd, 65536)
    os.write(fd, b"q")
elif action == "quit":
    os.write(fd, b"q")
end = time.time() + 10
while time.time() < end:
    p, status = os.waitpid(pid, os.WNOHANG)
    if p:
        break
    time.sleep(0.1)
else:
    status = "not at all"
    os.kill(pid, signal.SIGKILL)
sys.stdout.buffer.write(seen)
print("\nended", status)
EOT
on_pty() { python3 "$TMP/terminal.py" "$1" "$2" "$BUILD/netmonctl" -s "$SOCK" top > "$TMP/pty.out"; }
on_pty xterm quit
is "q leaves top" "$(tail -1 "$TMP/pty.out")" "ended 0"
like "which had painted" "$(tr -d '\0' < "$TMP/pty.out")" 'CAPTURE'
python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(b"x", ("127.0.0.1", 9))'
on_pty xterm talkers
like "l shows the talkers" "$(tr -d '\0' < "$TMP/pty.out")" 'udp/9'
on_pty xterm close
is "top ends with its terminal" "$(tail -1 "$TMP/pty.out")" "ended 0"
for t in dumb no-such-terminal; do
	on_pty $t wait
	is "top on $t is plain text" "$(tail -1 "$TMP/pty.out") \
$(grep -c '^CAPTURE' "$TMP/pty.out") $(tr -cd '\033' < "$TMP/pty.out" | wc -c)" \
	    "ended 0 1 0"
done

on_pty xterm restart &
pty=$!
clients() {
	json '.tallies[] | select(.name == "par_clients") | .value' show tally
}
two_clients() { [ "$(clients)" = 2 ]; }
wait_for 10 two_clients
"$BUILD/netmonctl" -s "$SOCK" -i 0.2 -j show summary > "$TMP/again" 2> "$TMP/err" &
again=$!
at_exit "kill $again 2> /dev/null"
shows() { [ "$(wc -l < "$TMP/again")" -ge "$1" ]; }
wait_for 10 shows 1
# ---- a recording of a record that is cut ----
printf '1 0123456789abcdef01234567 1700000000000000000 0\nGET / HT' \
    > "$TMP/cut.gor"
ctl replay -n "$TMP/cut.gor" > "$TMP/cut.out" 2>&1
is "a recording without a whole record is refused" $? 65
like "and why is said" "$(cat "$TMP/cut.out")" 'cut.gor: .* offset 0'

# ---- what cannot be written is said, once, and in the status ----
: > "$TMP/none.gor"
if [ -e /dev/full ]; then
	for o in "1 top" "1 replay -n $TMP/none.gor" "3 check high-traffic"; do
		ctl ${o#* } > /dev/full 2> "$TMP/err"
		is "${o#* } to a full disk" "$? $(cat "$TMP/err")" \
		    "${o%% *} netmonctl: write: No space left on device"
	done
fi

for o in "-x fast" "-c 0" "-m -1"; do
	ctl replay $o a b:1 > "$TMP/out" 2>&1
	is "replay $o is refused" $? 64
	like "and why is said" "$(head -1 "$TMP/out")" "^netmonctl replay: $o: must be"
done

# ---- a terminal that knows no UTF-8: 0x9b of it would begin a sequence ----
conf 'alert "'"$(printf 'z\304\233')"'" when messages > 1 over 10s'
ctl reload > /dev/null
on_terminal() {
	LC_ALL=$1 script -qec "'$BUILD/netmonctl' -s '$SOCK' $2" /dev/null
}
like "where the locale is C a name is ASCII" "$(on_terminal C 'show rules')" \
    '^z\\u\{11b\} '
like "in JSON too" "$(on_terminal C '-j show rules')" '"z\\u011b"'
like "where it is UTF-8 it is itself" "$(on_terminal C.UTF-8 'show rules')" \
    "^$(printf 'z\304\233') "
like "and where no terminal is" "$(LC_ALL=C ctl show rules)" \
    "^$(printf 'z\304\233') "
conf
ctl reload > /dev/null

# ---- files that cannot be used are named ----
echo bad > "$TMP/bad.cursor"
like "a bad cursor file is named" "$(ctl alerts -c "$TMP/bad.cursor" 2>&1)" \
    'bad.cursor: holds no number of an event; remove it'
like "a file that cannot be written is named" \
    "$(ctl show metrics -O "$TMP/none/m" 2>&1)" 'none/m: No such file'

ctl -j top > "$TMP/top.out" 2>&1
is "top refuses -j" $? 64
like "and names what has it" "$(cat "$TMP/top.out")" 'top has no JSON, use'

# ---- whoever reads it goes away, and nothing happens any more ----
for words in "alerts -f" monitor "-i 1000 show summary" "-i 1000 top"; do
	timeout 30 sh -c "'$BUILD/netmonctl' -s '$SOCK' $words | :"
	is "$words ends with its reader" $? 0
done

# ---- an analyzer that capture has told nothing yet ----
capture=$(pid_of capture)
at_exit "kill -CONT $capture 2> /dev/null"
kill -STOP "$capture"
kill -9 "$(pid_of analyzer)"
starting() { [ "$(json .summary.starting show summary 2> /dev/null)" = "$1" ]; }
wait_for 10 starting true && ok "capture is starting" || not_ok "no capture is starting"
ctl show > "$TMP/out"
like "is said" "$(cat "$TMP/out")" '^capture   starting, '
like "with what to ask" "$(cat "$TMP/out")" 'capture is starting, see netmonctl show processes'
like "and why says so" "$(ctl why)" '^1 interfaces    capture is starting, ask again'
kill -CONT "$capture"
wait_for 10 starting false && ok "until it told" || not_ok "capture starts for ever"
wait_for 10 all_ready

is "documents have the members that netmonctl-json(7) names" "$(python3 \
    "$TOP/tests/lib/json_members.py" "$TOP/etc/netmonctl-json.7" \
    "$BUILD/netmonctl" -s "$SOCK" 2>&1)" ""

# In Turkish, the small form of I is another letter.
localedef -i tr_TR -f UTF-8 "$TMP/tr_TR.UTF-8" > /dev/null 2>&1
names() { LOCPATH=$TMP LC_ALL=$1 "$BUILD/netmonctl" -s "$SOCK" show metrics | sed '/^#/d; s/[{ ].*//' | LC_ALL=C sort -u; }
if [ -e "$TMP/tr_TR.UTF-8/LC_CTYPE" ]; then
	is "names of metrics are the same in every language" "$(names tr_TR.UTF-8)" "$(names C)"
else skip "needs the sources of locales"; fi

stop
wait_for 10 grep -q 'saw waited' "$TMP/pty.out"
had=$(wc -l < "$TMP/again")
start -i lo
wait_for 10 shows $((had + 3)) && ok "-i goes on after a restart" ||
    not_ok "-i does not go on after a restart" "$(tail -n 3 "$TMP/err")"
kill $again
like "and said what was in the way" "$(cat "$TMP/err")" 'is netmond running'
at_most "once" "$(grep -c 'is netmond running' "$TMP/err")" 1
wait $pty
is "top waits for a daemon that is restarted" "$(grep -a '^saw' "$TMP/pty.out" | tr '\n' ' ')$(tail -n 1 "$TMP/pty.out")" \
    "saw waited saw complete 1 ended 0"

# says STATUS TEXT WORDS...: what a person gets wrong, and the answer to it
says() {
	want=$1 text=$2
	shift 2
	ctl "$@" > "$TMP/out" 2>&1
	is "$* is status $want" $? "$want"
	like "and says what is right" "$(cat "$TMP/out")" "$text"
}
says 64 '-i 0: must be seconds' -i 0 show
says 64 '-s fd:x: must be a path' -s fd:x show
says 64 'alerts: -a x: must be a number' alerts -a x
says 64 'netmonctl alerts: invalid option' alerts -x
says 1 'no such file: No such file' load "$TMP/no such file"
says 1 'no such host: nope; see show hosts' show host nope
says 3 '^UNKNOWN nope: no such rule, see show rules$' check nope
is "check -j is a document" "$(json '.alerts[0].rule' check high-traffic)" high-traffic

# ---- who follows alerts is told of a daemon that was killed, and at once ----
follow() {
	"$BUILD/netmonctl" -s "$SOCK" alerts -f "$@" > "$TMP/$follower" 2>&1 &
	eval "$follower=$!"
	at_exit "kill $! 2> /dev/null"
}
cursor_is_placed() { [ -s "$TMP/$1.cursor" ]; }
quiet() { conf "alert \"$1\" when requests < 1 over 1s"; ctl reload > /dev/null; }
says_it() { [ -n "$(ctl alerts | grep "fired $1")" ]; }

follower=kept follow -c "$TMP/kept.cursor"
wait_for 10 cursor_is_placed kept
kill "$kept"
wait "$kept"
quiet one
wait_for 10 says_it one
follower=kept follow -c "$TMP/kept.cursor"
wait_for 10 grep -q 'fired one' "$TMP/kept" &&
    ok "a cursor stands where it was made, before any alert" ||
    not_ok "a cursor stands where it was made, before any alert" \
	"$(cat "$TMP/kept.cursor" "$TMP/kept")"
follower=plain follow
two_more() { [ "$(clients)" = 3 ]; }
wait_for 10 two_more
conf
ctl reload > /dev/null
kill -9 "$NM"
wait "$NM" 2> /dev/null
start -i lo
for f in plain kept; do
	wait_for 10 grep -q 'daemon restarted seq=[0-9]*\.0$' "$TMP/$f" &&
	    ok "a killed daemon is told without another alert, to $f" ||
	    not_ok "a killed daemon is not told to $f" "$(cat "$TMP/$f")"
done
is "once" "$(grep -c 'daemon restarted' "$TMP/kept")" 1
stop
finish
