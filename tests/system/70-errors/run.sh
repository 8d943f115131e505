#!/bin/sh
# Exit statuses and the one clear line that goes with each.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
need python3 jq setpriv

# run NAME STATUS PATTERN ARGS...
run() {
	name=$1 want=$2 pattern=$3
	shift 3
	timeout 20 "$BUILD/netmond" "$@" > "$TMP/out" 2>&1
	is "$name: status $want" $? "$want"
	like "$name: says so" "$(cat "$TMP/out")" "$pattern"
}

run "an unknown option" 64 'usage' -Z
run "an interface of too long a name" 64 \
    '^netmond: command line: "a-name-that-is-long" is not' -n -i a-name-that-is-long
run "a pattern that is none" 64 '^netmond: command line: .*without \]' -n -i '[a'
run "a macro that cannot be" 64 '^netmond: -D 1: cannot name' -n -D 1=2
run "a time without end" 64 '^netmond: -t 4000d: .* 3650d' -n -t 4000d
echo 'window nonsense' > "$TMP/x.conf"
run "a bad line" 2 'x.conf:1: ' -n -f "$TMP/x.conf"
printf 'mirror "m" {\n\tobserve port 0\n}\n' > "$TMP/x.conf"
run "port 0" 2 'x.conf:2: .*port 0' -n -f "$TMP/x.conf"
run "a file that is not there" 2 'nothere' -n -f "$TMP/nothere.conf"
: > "$TMP/x.conf"
[ "$(id -u)" != 0 ] || echo "user \"$TEST_USER\"" > "$TMP/x.conf"
run "an empty file" 0 'configuration OK' -n -f "$TMP/x.conf"
if [ -e /dev/full ]; then
	"$BUILD/netmond" -nv -f "$TMP/x.conf" > /dev/full 2> "$TMP/out"
	is "-nv that cannot be written: status 1" $? 1
	like "and says so" "$(cat "$TMP/out")" 'standard output: No space left'
	"$BUILD/netmonctl" -V > /dev/full 2> "$TMP/out"
	is "netmonctl -V that cannot: status 1" $? 1
fi
printf 'user "%s"\nfilter "host www.example.com"\n' $TEST_USER > "$TMP/x.conf"
run "a filter with a name" 2 'use numbers' -n -f "$TMP/x.conf"
printf 'filter tcp or or port 80\n' > "$TMP/f.conf"
printf 'user "%s"\ninclude "f.conf"\n' $TEST_USER > "$TMP/x.conf"
run "a filter that does not parse" 2 'f.conf:1: filter: .*syntax error' -n \
    -f "$TMP/x.conf"
printf 'window nonsense\ninclude "f.conf"\nring total 1\n' > "$TMP/y.conf"
run "a filter beside other errors" 2 'f.conf:1: filter: .*syntax error' -n \
    -f "$TMP/y.conf"
is "all are told, and nothing else" "$(grep -c 'conf:[123]: ' "$TMP/out") $(
    wc -l < "$TMP/out")" '3 3'
run "-r, such a one" 2 'f.conf:1: filter: .*syntax error' -r /dev/null \
    -f "$TMP/y.conf"
run "a start, such a one" 2 'f.conf:1: filter: .*syntax error' -d -F \
    -f "$TMP/y.conf"
printf 'filter tcp\nwindow nonsense\n' > "$TMP/y.conf"
run "a good filter beside an error" 2 'y.conf:2: ' -n -f "$TMP/y.conf"
is "is not told" "$(wc -l < "$TMP/out")" 1
run "-r, it, too" 2 'f.conf:1: filter: .*syntax error' -r /dev/null \
    -f "$TMP/x.conf"
printf 'user "%s"\nfilter bogus\n' $TEST_USER > "$TMP/x.conf"
run "-r, a filter with a bad word" 2 'bogus' -r /dev/null -f "$TMP/x.conf"
is "and it is the only line" "$(wc -l < "$TMP/out")" 1
run "-r, bad words for a filter" 64 'bogus' -r /dev/null bogus words
is "and it is the only line, too" "$(wc -l < "$TMP/out")" 1
: > "$TMP/y.conf"
run "-n, bad words for a filter" 64 'bogus' -n -f "$TMP/y.conf" bogus
if [ "${SAN:-0}" != 1 ] && command -v prlimit > /dev/null; then
	timeout 20 prlimit --data=1000000 "$BUILD/netmond" -n \
	    -f "$TMP/y.conf" > "$TMP/out" 2>&1
	is "no memory for the configuration: status 71" $? 71
	like "and says so" "$(cat "$TMP/out")" 'y.conf: out of memory'
	is "once" "$(wc -l < "$TMP/out")" 1
	timeout 20 prlimit --nofile=20 "$BUILD/netmond" -r /dev/null \
	    > "$TMP/out" 2>&1
	is "few descriptors: status 71" $? 71
	like "and says what is short" "$(cat "$TMP/out")" \
	    'at most 20 files may be open, the start needs 34: raise the limit'
	timeout 20 prlimit --nofile=20:40 "$BUILD/netmond" -n \
	    -f "$TMP/y.conf" > "$TMP/out" 2>&1
	is "few descriptors, when more are allowed, are raised" \
	    "$? $(cat "$TMP/out")" "$(timeout 20 "$BUILD/netmond" -n \
	    -f "$TMP/y.conf" 2>&1 | sed '1s/^/0 /')"
fi
cat > "$TMP/x.conf" <<-'EOT'
	log events "/tmp/a"
	service http port 0
	mirror "m" { observe port 80; record to "/etc/c"; }
	log access "/tmp/b"
EOT
sed -i 's/; /\n/g; s/{ /{\n/' "$TMP/x.conf"
for at in 'x.conf:1: "/tmp/a" lies' 'x.conf:2: .*port 0' \
    'x.conf:[34567]: "/etc/c" lies' 'x.conf:[67]: "/tmp/b" lies'; do
	run "a file outside of the folders and port 0" 2 "$at" -n \
	    -f "$TMP/x.conf"
done
cat > "$TMP/x.conf" <<-'EOT'
	mirror "m" {
	observe port 80
	sample 200% by client
	record to "/etc/c"
	record { mode 0666 }
	forward { queue 1K }
	}
EOT
is "all errors are told, each with its line" \
    "$("$BUILD/netmond" -n -f "$TMP/x.conf" 2>&1 |
    sed "s/.*x.conf:\([0-9]*: [^ ]* [^ ]*\).*/\1/")" '3: sample must
5: mode must
6: queue must
1: "/etc/c" lies'
run "a capture that is not there" 1 'nothere.pcap' -r "$TMP/nothere.pcap"
echo 'this is not a capture' > "$TMP/text.pcap"
run "a foreign file" 1 'text.pcap' -r "$TMP/text.pcap"
like "a foreign file: no report of nothing" \
    "$(timeout 20 "$BUILD/netmond" -r "$TMP/text.pcap" 2>&1 | wc -l)" '^1$'
is "a foreign file: a document all the same" \
    "$(timeout 20 "$BUILD/netmond" -r "$TMP/text.pcap" -o json 2> "$TMP/err" |
    jq .summary.packets)" 0

python3 - "$TMP/cut.pcap" <<'EOT'
import struct, sys
def seg(sp, dp, seq, ack, flags, data):
    tcp = struct.pack(">HHIIBBHHH", sp, dp, seq, ack, 0x50, flags, 8192, 0, 0) + data
    src, dst = (b"\x0a\0\0\x01", b"\x0a\0\0\x02") if dp == 80 else (b"\x0a\0\0\x02", b"\x0a\0\0\x01")
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0) + src + dst
    s = sum(struct.unpack(">10H", ip)); s = (s & 0xffff) + (s >> 16); s = (s & 0xffff) + (s >> 16)
    ip = ip[:10] + struct.pack(">H", ~s & 0xffff) + ip[12:]
    return b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0" + ip + tcp
f = struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)
pk = [seg(4000, 80, 1, 0, 2, b""), seg(80, 4000, 1, 2, 18, b""),
    seg(4000, 80, 2, 2, 24, b"GET /a HTTP/1.1\r\nHost: cut.example\r\n\r\n"),
    seg(80, 4000, 2, 40, 24, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")]
for i, p in enumerate(pk):
    f += struct.pack("<IIII", 1700000000 + i, 0, len(p), len(p)) + p
open(sys.argv[1], "wb").write(f + b"\1\2\3\4\5\6\7")
EOT
timeout 20 "$BUILD/netmond" -r "$TMP/cut.pcap" -o json > "$TMP/out.json" 2> "$TMP/err"
is "a cut capture: status 1" $? 1
like "a cut capture: says so" "$(cat "$TMP/err")" 'cut.pcap'
is "a cut capture: what was before the cut is reported" \
    "$(jq -r '.hosts[0] | "\(.host) \(.requests) \(.responses)"' "$TMP/out.json")" "cut.example 1 1"
is "a cut capture: and is not all" "$(jq -r '"\(.complete.ratio) " +
    "\(.complete.lossy) \(.interfaces[0].complete_ratio)"' "$TMP/out.json")" \
    "0.999999 true 0.999999"
like "a cut capture: in words, too" "$(jq -r '.advice[].text' \
    "$TMP/out.json")" 'damaged'
truncate -s -7 "$TMP/cut.pcap"
timeout 20 "$BUILD/netmond" -r "$TMP/cut.pcap" -o json > "$TMP/one.json" 2> "$TMP/err"
is "a whole capture: status 0" $? 0
is "a whole capture: is all" "$(jq -r '"\(.complete.ratio) " +
    "\(.complete.lossy) \(.advice | length)"' "$TMP/one.json")" "1 false 0"
python3 - "$TMP/cut.pcap" "$TMP/heads.pcap" <<'EOT'
# each packet cut inside its TCP header
import struct, sys
b = open(sys.argv[1], "rb").read()
out, at = b[:24], 24
while at < len(b):
    s, us, cap, wire = struct.unpack_from("<IIII", b, at)
    out += struct.pack("<IIII", s, us, 50, wire) + b[at + 16:at + 66]
    at += 16 + cap
open(sys.argv[2], "wb").write(out)
EOT
is "headers that are cut are no complete numbers" \
    "$(timeout 20 "$BUILD/netmond" -r "$TMP/heads.pcap" -o json |
    jq -c '[.complete.ratio, .complete.lossy, .complete.packets]')" '[0,true,4]'
timeout 20 "$BUILD/netmond" -r - -o json < "$TMP/cut.pcap" > "$TMP/two.json" 2>> "$TMP/err"
is "standard input: status 0" $? 0
timeout 20 "$BUILD/netmond" -r "$TMP/cut.pcap" -o json > "$TMP/three.json" 2>> "$TMP/err"
cmp -s "$TMP/one.json" "$TMP/three.json" && ok "the same file gives the same bytes" ||
    not_ok "the same file gives other bytes" "$(diff "$TMP/one.json" "$TMP/three.json")"
timeout 20 "$BUILD/netmond" -r "$TMP/cut.pcap" -o text > "$TMP/text" 2>> "$TMP/err"
is "as text: status 0" $? 0
like "as text: the host is there" "$(cat "$TMP/text")" cut.example
# Each of many logs in a folder of its own.
for i in $(seq 100); do
	mkdir -p "$TMP/logs/$i"
	echo "log events \"$TMP/logs/$i/eve\""
done > "$TMP/logs.conf"
timeout 20 "$BUILD/netmond" -r "$TMP/cut.pcap" -f "$TMP/logs.conf" \
    > "$TMP/text" 2>> "$TMP/err"
is "logs in many folders: all are written" \
    "$(find "$TMP/logs" -name eve -size +0 | wc -l)" 100

for n in 16 24 33; do
	(ulimit -n $n; exec timeout -k 1 10 "$BUILD/netmond" -r "$TMP/cut.pcap" \
	    -o text > "$TMP/text" 2> "$TMP/err")
	is "at most $n descriptors: status 71" $? 71
	like "and says so" "$(cat "$TMP/err")" "at most $n files may be open, .*ulimit -n"
done
(ulimit -n 34; exec timeout -k 1 10 "$BUILD/netmond" -r "$TMP/cut.pcap" \
    -o text > "$TMP/text" 2> "$TMP/err")
is "one more is enough: what is wrong is the file" "$(cat "$TMP/err")" \
    "$("$BUILD/netmond" -r "$TMP/cut.pcap" 2>&1 > /dev/null)"

mkfifo "$TMP/pipe"
exec 8<> "$TMP/pipe"
"$BUILD/netmond" -r - -o json < "$TMP/pipe" > "$TMP/out.json" 2> "$TMP/err" &
p=$!
role_pid() {
	for c in $(pgrep -P $p); do
		tr '\0' ' ' < "/proc/$c/cmdline" | grep -q analyzer && echo "$c"
	done
}
found() { [ -n "$(role_pid)" ]; }
wait_for 5 found
sleep 0.3
kill -9 "$(role_pid)"
wait_for 5 sh -c "! kill -0 $p" ||
    { not_ok "a lost role: -r goes on"; kill -9 $p; }
wait $p
is "a lost role: status 1" $? 1
is "a lost role: no report" "$(wc -c < "$TMP/out.json")" 0
exec 8>&-

# A signal ends the reading: what came until then is reported. A terminal
# sends it to the whole group, the one that writes the report too.
# reports NAME TARGET SIGNALS...: TARGET is - for the group
reports() {
	name=$1 target=$2
	shift 2
	exec 8<> "$TMP/pipe"
	cat "$TMP/cut.pcap" >&8
	env --default-signal=INT setsid "$BUILD/netmond" -r - -o json \
	    < "$TMP/pipe" > "$TMP/out.json" 2> "$TMP/err" &
	p=$!
	wait_for 5 found
	sleep 0.5
	for sig in "$@"; do kill -s $sig -- "$target$p"; done
	wait_for 5 sh -c "! kill -0 $p" ||
	    { not_ok "$name: -r goes on"; kill -9 $p; }
	wait $p
	is "$name while -r waits for more: status 0" $? 0
	is "$name: and what was read is reported" \
	    "$(jq .summary.requests "$TMP/out.json")" \
	    "$(jq .summary.requests "$TMP/one.json")"
	is "$name: and nothing else is said" "$(cat "$TMP/err")" ""
	exec 8>&-
}
for signal in INT TERM; do
	reports "SIG$signal" "" $signal
	reports "SIG$signal to the group" - HUP $signal
done


# One that nobody reads is no report: SIGINT at a pipe that is full.
python3 - "$BUILD/netmond" "$TMP/cut.pcap" > "$TMP/out" <<'EOT'
import fcntl, os, select, signal, subprocess, sys
r, w = os.pipe()
fcntl.fcntl(w, fcntl.F_SETPIPE_SZ, 4096)
p = subprocess.Popen([sys.argv[1], "-r", sys.argv[2], "-o", "json"],
    stdout=w, stderr=subprocess.PIPE, start_new_session=True,
    preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
out = select.poll()
out.register(w, select.POLLOUT)
while out.poll(0):
    select.select([], [], [], 0.02)
p.send_signal(signal.SIGINT)
print(p.communicate(timeout=20)[1].decode(), p.returncode)
EOT
like "SIGINT and nobody reads the report: status 1" "$(tail -1 "$TMP/out")" \
    ' 1$'
like "and it is told" "$(cat "$TMP/out")" 'report could not be written'

# -n that was not let end has not seen that all is well.
early=0
for ms in $(seq 2 2 40); do
	"$BUILD/netmond" -n -f "$TMP/y.conf" bogus words > "$TMP/out" 2>&1 &
	p=$!
	sleep 0.0$(printf %02d "$ms")
	kill -TERM $p 2>/dev/null
	wait $p
	rc=$?
	[ $rc -ne 0 ] && ! grep -q OK "$TMP/out" || early=$((early + 1))
done
is "a signal does not make -n say OK" $early 0

if [ "$(id -u)" = 0 ]; then
	printf 'user "no-such-user"\n' > "$TMP/x.conf"
	like "a missing user: -n tells it" \
	    "$("$BUILD/netmond" -n -f "$TMP/x.conf" 2>&1)" \
	    'user no-such-user: no such user'
	if ! getent group $TEST_USER > /dev/null; then
		printf 'user "%s"\ncontrol socket "%s" group "%s"\n' \
		    $TEST_USER "$SOCK" $TEST_USER > "$TMP/g.conf"
		run "a missing group of the user's name" 71 \
		    "group $TEST_USER: no such group" -d -F -f "$TMP/g.conf"
	fi
	mkdir "$TMP/run/theirs"
	: > "$TMP/run/read-only"
	ln -s read-only "$TMP/run/link"
	chmod 444 "$TMP/run/read-only"
	conf 'mirror "m" {' 'observe port 80' 'hook record "h" user "nosuch"' \
	    "record to \"$TMP/run/no/such\"" '}' \
	    "log events \"$TMP/run/theirs/e\"" \
	    "log access \"$TMP/run/read-only\"" \
	    "log access \"$TMP/run/link\"" "log access \"$TMP/run/ours\""
	run "what -n lacks here" 0 'configuration OK' -n -f "$TMP/netmond.conf"
	is "is told with its line" "$(sed "s|$TMP/||g
	    s/^netmond: netmond.conf://
	    s/user \"$TEST_USER\" cannot write here: //" "$TMP/out")" \
	    '3: hook "h": user "nosuch" is not in /etc/passwd, so that only root may attach it
3: run/no: No such file or directory
8: run/theirs: Permission denied
9: run/read-only: Permission denied
10: run/link: Too many levels of symbolic links
configuration OK'
	run "a missing user" 71 'no-such-user' -d -F -f "$TMP/x.conf"
	conf
	run "no interface" 69 'nosuchif0' -d -F -f "$TMP/netmond.conf" -i nosuchif0
	conf 'filter bogus'
	run "live, a filter with a bad word" 2 \
	    'netmond.conf:[0-9]*: filter: "bogus"' -d -F \
	    -f "$TMP/netmond.conf" -i lo
	is "and no more about it" "$(grep -c 'lost capture' "$TMP/out")" 0
	conf
	run "live, bad words for a filter" 64 'bogus' -d -F \
	    -f "$TMP/netmond.conf" -i lo bogus words
	: > "$TMP/file"
	printf 'user "%s"\ncontrol socket "%s"\n' $TEST_USER \
	    "$TMP/file/sub/c.sock" > "$TMP/x.conf"
	run "a folder that cannot be made" 71 \
	    "$TMP/file/sub cannot be made: Not a directory" -d -F \
	    -f "$TMP/x.conf" -i lo
	# lacks CAPS NAME PATTERN: root without these
	lacks() {
		setpriv --bounding-set "$1" timeout 20 "$BUILD/netmond" -d -F \
		    -f "$TMP/netmond.conf" -i lo > "$TMP/out" 2>&1
		is "$2: status 71" $? 71
		like "$2: says what to do" "$(cat "$TMP/out")" "$3"
	}
	lacks -chown "a socket that cannot be given away" \
	    'cannot be given .*without CAP_CHOWN, start netmond as that user'
	python3 -c 'import socket, sys
socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET).bind(sys.argv[1])' \
	    "$SOCK"
	lacks -dac_override "an old socket that cannot be removed" \
	    'nobody listens there, but it cannot be removed: Permission denied'
	conf 'log access "-"'
	run "a log to standard output, in the background" 2 \
	    'no standard output in the background' -i lo -f "$TMP/netmond.conf"
	run "it, with -n" 0 'configuration OK' -n -f "$TMP/netmond.conf"
	conf
	start -i lo
	run "a live socket" 71 "$SOCK" -d -F -f "$TMP/netmond.conf" -i lo
	stop
	is "the first one is not disturbed" "$status" 0
	"$BUILD/netmond" -i lo -f "$TMP/netmond.conf" <&- >&- 2>&-
	is "without standard descriptors it starts" $? 0
	all_ready && ok "and answers" || not_ok "and does not answer"
	ctl show > "$TMP/out" 2> "$TMP/err"
	"$BUILD/netmonctl" -s "$SOCK" show >&- 2> "$TMP/err"
	is "netmonctl without one to write to: status 1" $? 1
	like "and says so" "$(cat "$TMP/err")" 'Bad file descriptor'
	ctl terminate
	wait_for 5 test ! -e "$SOCK"
	"$BUILD/netmond" -F -f "$TMP/netmond.conf" -i lo -t 500ms \
	    > "$TMP/out" 2>&1
	is "a part of a second: status 0" $? 0
	like "and a report" "$(cat "$TMP/out")" '^netmond .* up 00:00:0'
	start -i lo -t 2
	wait "$NM"
	is "-t ends with status 0" $? 0
	NM=
else
	skip "missing user, interface and socket need root"
fi
finish
