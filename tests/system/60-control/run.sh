#!/bin/sh
# The control socket under strangers: malformed frames, slow readers, many
# clients, and who may change things.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
need_root
need python3 jq setpriv
start -i lo

cat > "$TMP/bad.py" <<'EOT'
import os, random, socket, struct, sys
path = sys.argv[1]
def conn():
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.settimeout(2)
    s.connect(path)
    return s
r = random.Random(1)
closed = 0
cases = [b"x", struct.pack("=IHHII", 9, 0x501, 0, 1, 0), struct.pack("=IHHII", 0, 0x7777, 0, 1, 0),
    struct.pack("=IHHII", 0, 0x202, 0, 1, 0), struct.pack("=IHHII", 0, 0x503, 0, 1, 0)]
cases += [bytes(r.randrange(256) for _ in range(r.randrange(1, 200))) for _ in range(200)]
for c in cases:
    s = conn()
    try:
        s.send(c)
        while s.recv(200000):
            pass
        closed += 1
    except socket.timeout:
        pass
    except OSError:
        closed += 1
    s.close()
print(closed, len(cases))
EOT
pids=$(json '.processes[].pid' show processes)
set -- $(python3 "$TMP/bad.py" "$SOCK")
is "every malformed client loses its connection" "$1" "$2"
is "and nothing else happens" "$(json '.processes[].pid' show processes)" "$pids"
at_least "each is counted" \
    "$(json '.tallies[] | select(.name == "par_clients_bad") | .value' show tally)" 100

cat > "$TMP/many.py" <<'EOT'
import socket, sys
held = []
for i in range(300):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.settimeout(0.2)
    try:
        s.connect(sys.argv[1])
    except OSError:
        continue
    held.append(s)
print(len(held))
sys.stdout.flush()
sys.stdin.read()
EOT
mkfifo "$TMP/hold"
python3 "$TMP/many.py" "$SOCK" < "$TMP/hold" > "$TMP/many.out" &
many=$!
exec 9> "$TMP/hold"
wait_for 10 test -s "$TMP/many.out"
sleep 0.5
f=$(ls /proc/$NM/fd | wc -l)
at_most "clients are limited" "$f" 200
exec 9>&-
wait $many
wait_for 3 ctl show version && ok "and the place is free again" || not_ok "and the place stays taken"

uid=$(id -u $TEST_USER)
gid=$(getent group $TEST_GROUP | cut -d: -f3)
mkdir "$TMP/bin"
cp "$BUILD/netmonctl" "$TMP/bin/"
as() { setpriv --reuid "$1" --regid "$2" --clear-groups "$TMP/bin/netmonctl" -s "$SOCK" show version > /dev/null 2>&1; }
as 4242 "$gid" && ok "a member of the group may read" || not_ok "a member of the group may not read"
setpriv --reuid 4242 --regid 4242 --clear-groups "$TMP/bin/netmonctl" -s "$SOCK" show version > /dev/null 2>&1
is "a stranger gets status 77" $? 77
setpriv --reuid 4242 --regid "$gid" --clear-groups "$TMP/bin/netmonctl" -s "$SOCK" terminate > "$TMP/out" 2>&1
is "who may read may not change" $? 1
kill -0 "$NM" && ok "the daemon still runs" || not_ok "the daemon is gone"
ctl nonsense > "$TMP/out" 2>&1
is "a wrong word is status 64" $? 64
like "and lists the right ones" "$(cat "$TMP/out")" 'valid words:.*alerts'
cat > "$TMP/many.py" <<'EOT'
import socket, sys, time
held = []
end = time.time() + 2
while len(held) < int(sys.argv[2]) and time.time() < end:
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.setblocking(False)
    try:
        s.connect(sys.argv[1])
        held.append(s)
    except BlockingIOError:     # the backlog is full for now
        time.sleep(.01)
print("held", flush=True)
time.sleep(int(sys.argv[3]))
EOT
many() {
	python3 "$TMP/many.py" "$SOCK" $1 $2 > "$TMP/held" &
	wait_for 5 grep -q held "$TMP/held"
}
many 36 4
ctl show version > "$TMP/out" 2>&1
is "one client too many is status 75" $? 75
like "and told why" "$(cat "$TMP/out")" 'too many clients'
wait $!
ctl show version > /dev/null
is "until there is room again" $? 0
resets() { sed -n 's/.*\(analyzer\|mirror\): counters reset.*/\1/p' "$TMP/netmond.log" | tr '\n' ' '; }
ctl reset counters mirrors && ctl reset counters traffic && ctl reset counters
is "root may reset counters" $? 0
is "those that were named" "$(resets)" "mirror analyzer analyzer mirror "
ctl reset counters hosts 2> /dev/null
is "not others" $? 64
ctl help | grep -q '^  terminate '
is "help lists the commands" $? 0
ctl terminate
is "root may end it" $? 0
wait "$NM"
is "with status 0" $? 0
NM=
ctl show > /dev/null 2>&1
is "nobody there is status 69" $? 69

# Heads that do not end, more than the memory holds.
cat > "$TMP/heads.py" <<'EOT'
import socket
srv = socket.socket()
srv.bind(("127.0.0.1", 0))
srv.listen(500)
held = []
for i in range(400):
    c = socket.create_connection(srv.getsockname())
    s = srv.accept()[0]
    c.sendall(b"GET / HTTP/1.1\r\nX: " + b"x" * 40000)
    while s.recv(65536, socket.MSG_PEEK).__len__() < 40000:
        pass
    held += [c, s]
EOT
conf 'memory limit 8M'
start -i lo
refusals() { json '[.memory[].refused] | add' show memory; }
were_refused() { [ "$(refusals)" -gt 0 ]; }
python3 "$TMP/heads.py"
wait_for 5 were_refused && ok "refused memory is counted" ||
    not_ok "no memory was refused"
all_over() { [ "$(json '.flows | length' show flows)" = 0 ]; }
wait_for 10 all_over
ctl reset counters
is "until a reset" "$(refusals)" 0
is "also in what show capture advises" "$(json '.advice[].text' show capture)" ''
stop

# The socket goes, alone or with its folder: it is made again.
answers() { ctl show version; }
told() { [ "$(grep -c 'removed: it is there again' "$TMP/netmond.log")" = "$1" ]; }
start -i lo
before=$(stat -c '%a %U %G' "$SOCK")
rm "$SOCK"
wait_for 4 answers && ok "a removed socket is there again" ||
    not_ok "a removed socket is not there again" "$(tail -3 "$TMP/netmond.log")"
told 1 && ok "and that is told" || not_ok "and that is not told"
is "with its mode and owner" "$(stat -c '%a %U %G' "$SOCK")" "$before"
rm -r "$TMP/run"
wait_for 4 grep -q 'only signals reach.*No such file' "$TMP/netmond.log" &&
    ok "without its folder it cannot be, which is told" ||
    not_ok "without its folder it cannot be, which is not told"
mkdir "$TMP/run"
[ "$(id -u)" != 0 ] || chown $TEST_USER "$TMP/run"
wait_for 4 answers && ok "with a new folder it is there again" ||
    not_ok "with a new folder it is not there again" "$(tail -3 "$TMP/netmond.log")"
rm "$SOCK"
echo "not a socket" > "$SOCK"
wait_for 4 grep -q 'exists and is not a socket' "$TMP/netmond.log" &&
    ok "what lies in its place is told" || not_ok "what lies in its place is not told"
is "and is left" "$(cat "$SOCK")" "not a socket"
rm "$SOCK"
wait_for 4 answers

# Another daemon takes its place.
first=$NM
mv "$TMP/netmond.log" "$TMP/first.log"
kill -STOP "$first"
rm "$SOCK"
start -i lo
kill -CONT "$first"
wait_for 4 grep -q 'a daemon already answers' "$TMP/first.log" &&
    ok "another one's socket is told" || not_ok "another one's socket is not told"
kill "$first"
wait "$first"
is "its daemon ends by a signal" $? 0
ctl show version > /dev/null
is "and leaves the other's socket" $? 0
stop

# Who may read the folder may lock it: a start waits, but not for ever.
sh -c 'exec 9< "$1"; flock 9; exec sleep 60' sh "$TMP/run" &
holder=$!
at_exit "kill $holder"
start -i lo
ok "a locked folder does not keep it from starting"
stop
kill $holder

mkfifo "$TMP/fifo"
exec 9<> "$TMP/fifo"
dd if=/dev/zero of="$TMP/fifo" bs=64k count=1 oflag=nonblock 2> /dev/null
"$BUILD/netmond" -d -F -i lo -f "$TMP/netmond.conf" 2> "$TMP/fifo" &
NM=$!
at_exit "kill -9 $NM"
wait_for 10 test -S "$SOCK"
timeout 8 "$BUILD/netmonctl" -s "$SOCK" show version > /dev/null
is "-d with nobody who reads it holds nothing up" $? 0
stop
exec 9>&-

# Out of descriptors, the parent waits; it neither spins nor forgets.
conf "mirror \"m\" { observe port 80, record to \"$TMP/run/m\" }"
WRAP="prlimit --nofile=34"
start -i lo
mirror=$(pid_of mirror)
ticks() { awk '{ print $14 + $15 }' "/proc/$NM/stat"; }
many 40 5
t=$(ticks)
sleep 3
at_most "without descriptors the parent does not spin" $(($(ticks) - t)) 10
like "and says so" "$(cat "$TMP/netmond.log")" 'no client can be taken.*Too many open files'
kill -9 "$mirror"
back() {
	grep -v ", pid $mirror," "$TMP/netmond.log" | grep -q 'mirror ready'
}
wait_for 4 back && ok "a lost mirror comes back all the same" ||
    not_ok "a lost mirror does not come back"
is "one more is told so" "$(ctl show version 2>&1 > /dev/null; echo $?)" \
    "netmonctl: netmond has too many clients, try again
75"
wait $!
is "with all its files" "$(grep -c 'cannot open' "$TMP/netmond.log")" 0
wait_for 3 ctl show version && ok "and takes clients again" || not_ok "and takes none for ever"
stop
finish
