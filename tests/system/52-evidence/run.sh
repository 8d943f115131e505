#!/bin/sh
# A rule fires: its packets are in a file that tshark reads, those of the key
# alone, headers and no byte more; over rotation, a lost mirror, a disk that is
# full and a reload.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
. "$TOP/tests/lib/net.sh"
need_root
need nginx ab curl jq ip python3 tshark capinfos mount

LOG=$TMP/run/evidence
DISK=$TMP/run/disk
mkdir "$DISK"
MARK=secretmarker
net_up
nginx_up
WRAP="ip netns exec $NSB"

# with LINES...: rules and the log
with() { conf 'interface "vb"' "$@"; }
# load HOST N: N requests on kept connections, with the mark in all they carry
load() {
	ina ab -q -k -n "$2" -c 4 -H "Host: $1" -H "X-Mark: $MARK" \
	    "http://10.77.0.2/index.html?$MARK" > "$TMP/ab.log" 2>&1 ||
	    note "ab ended with $?"
}
# fields FILE FILTER FIELD...: a line for each packet
fields() {
	f_args="-r $1"
	f_filter=$2
	shift 2
	for f in "$@"; do f_args="$f_args -e $f"; done
	tshark $f_args -Y "$f_filter" -T fields 2> "$TMP/tshark.err"
}
packets() { fields "$1" frame frame.number | wc -l; }
# comments FILE: of its sections
comments() {
	capinfos "$1" 2> /dev/null | sed -n 's/^Capture comment: *//p'
}
is_whole() { capinfos "$1" > /dev/null 2>&1; }
# told RULE [FILE]: how many sections tell of it
told() { comments "${2:-$LOG}" | grep -c "^alert \"$1\" fired"; }
tells() { [ "$(told "$@")" -gt 0 ]; }
fired() { ctl alerts -a 99 | grep -q "fired $1"; }
count() { json ".tallies[] | select(.name == \"$1\") | .value" show tally; }
counts() { [ "$(count "$1")" = "$2" ]; }

# ---- one key of a rule, beside others ----
with 'alert "busy" when requests >= 300 over 10s per host' \
    "log evidence \"$LOG\""
start
# Its body, too; it asks for another host on a connection of its own.
quiet() {
	ina curl -s -o /dev/null -w '%{local_port}\n' -H "Host: quiet.example" \
	    -d "$MARK" "http://10.77.0.2/index.html?$MARK"
}
ports=$(quiet; quiet)
load www.example.org 400
wait_for 5 tells busy || not_ok "nothing was written" "$(tail -3 "$TMP/netmond.log")"
cp "$LOG" "$TMP/busy"
is "capinfos reads it" "$(is_whole "$TMP/busy" && echo yes)" yes
n=$(packets "$TMP/busy")
wait_for 3 counts evidence_packets "$n"
is "tshark has no complaint" "$(cat "$TMP/tshark.err" | grep -vi 'running as')" ""
at_least "requests and answers of it" "$n" 600
is "the counter counts them" "$(count evidence_packets)" "$n"
is "and the comment" "$(comments "$TMP/busy" |
    sed -n 's/.*300 over 10s\. \([0-9]*\) packets of the last.*/\1/p' |
    sort -u)" "$n"
is "and the alert" "$(ctl -j alerts -a 9 |
    jq 'select(.event == "fired") | .evidence_packets')" "$n"
is "its line, in the log too" "$( (ctl alerts -a 9; cat "$TMP/netmond.log") |
    grep -c "fired busy .* evidence=$n ")" 2
id=$(ctl -j alerts -a 9 | jq -r 'select(.event == "fired") | .id')
like "it names rule, id and key" "$(comments "$TMP/busy" | head -1)" \
    "^alert \"busy\" fired, id $id, key www\.example\.org: requests 300 >= 300"
like "and what they are" "$(comments "$TMP/busy" | head -1)" \
    ', of 4 connections that counted, section 1$'
is "no byte of what was said" "$(grep -acE "$MARK|HTTP/1|GET|nginx|hello" \
    "$TMP/busy")" 0
is "the headers are whole, and nothing behind them" "$(fields "$TMP/busy" tcp \
    frame.cap_len ip.hdr_len tcp.hdr_len | awk '$1 != 14 + $2 + $3' | wc -l)" 0
at_least "the lengths are those of the wire" "$(fields "$TMP/busy" \
    'tcp.len > 60' frame.number | wc -l)" 500
is "each is of the server" "$(fields "$TMP/busy" 'tcp.port == 80' \
    frame.number | wc -l)" "$n"
for p in $ports; do
	is "none is of another host" "$(fields "$TMP/busy" "tcp.port == $p" \
	    frame.number | wc -l)" 0
done
is "the handshakes are there" "$(fields "$TMP/busy" \
    'tcp.flags.syn == 1 and tcp.flags.ack == 0' tcp.srcport | sort -u |
    wc -l)" 4
is "the interface has its name" "$(fields "$TMP/busy" frame \
    frame.interface_name | sort -u)" vb
is "their times are those of now" "$(fields "$TMP/busy" frame \
    frame.time_epoch | awk -v now="$(date +%s)" \
    '$1 < now - 60 || $1 > now' | wc -l)" 0
is "netmond reads it, too" "$("$BUILD/netmond" -r "$TMP/busy" -o json |
    jq '.interfaces[].packets_total')" "$n"

# Another key within the minute.
load other.example 400
fired_other() { ctl alerts -a 99 | grep -q 'fired busy.*key=other'; }
wait_for 5 fired_other
wait_for 3 counts evidence_limited 1
is "a second one within a minute is counted" "$(count evidence_limited)" 1
is "and not written" "$(comments "$LOG" | grep -c other.example)" 0

# ---- rules without a key ----
with 'alert "sum" when requests >= 300 over 10s' \
    'alert "slow" when requests < 2 over 2s for 1s' \
    'alert "all" when packets >= 50 over 1s' "log evidence \"$LOG\""
ctl reload > /dev/null
sleep 12	# spans, in whole slices, and what was kept
inb python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(60):
    s.sendto(b"'$MARK'" * 9, ("10.77.0.1", 9999))'
wait_for 5 tells all
quiet > /dev/null
load busiest.example 400
wait_for 5 tells sum
wait_for 9 tells slow
cp "$LOG" "$TMP/rules"
is "capinfos reads it with them" "$(is_whole "$TMP/rules" && echo yes)" yes
# ab may begin another one beside its four
n=$(comments "$TMP/rules" | sed -n 's/.*"sum" fired.* of \([0-9]*\) connections that counted for host busiest\.example, which.*/\1/p' | head -1)
served=$(awk '$3 == "busiest.example" { c[$5] } END { print length(c) }' \
    "$TMP/access.log")
at_least "that of the first contributor" "${n:-0}" 4
at_least "and of no connection that it had not" "$served" "${n:-0}"
like "of all where a rule knows no connection" "$(comments "$TMP/rules" |
    grep '"all"' | head -1)" 'of whatever connection, section 1$'
like "and where there is too little" "$(comments "$TMP/rules" |
    grep '"slow"' | head -1)" 'of whatever connection, section 1$'
is "a datagram has its header alone" "$(fields "$TMP/rules" \
    'udp.port == 9999 and not icmp' frame.cap_len frame.len | sort -u)" \
    "$(printf '42\t150')"
is "and what quotes it has none of it" "$(grep -ac $MARK "$TMP/rules")" 0
stop

# ---- a mirror that is lost in the middle of a write ----
with 'alert "busy" when requests >= 100 over 1s' \
    "log evidence \"$LOG\" { rotate 32K, keep 9 }"
rm -f "$LOG"
start
load one.example 150
wait_for 5 tells busy
whole=$(stat -c %s "$LOG")
head -c 1000 "$LOG" >> "$LOG"
lose mirror
like "what was not whole is cut off" "$(cat "$TMP/netmond.log")" \
    'evidence: cut 1000 bytes of an unfinished write'
is "and the rest is as it was" "$(stat -c %s "$LOG") $(is_whole "$LOG" &&
    echo yes)" "$whole yes"

# ---- rotation, and a reload ----
for i in 1 2 3; do
	with "alert \"r$i\" when requests >= 100 over 1s" \
	    "log evidence \"$LOG\" { rotate 32K, keep 9 }"
	ctl reload > /dev/null
	load one.example 150
	fired_now() { fired r$i; }
	wait_for 5 fired_now
	sleep 1.2
done
at_least "it was rotated" "$(ls "$LOG".* | wc -l)" 1
n=0
sections=0
for f in "$LOG" "$LOG".*; do
	[ -s "$f" ] || continue
	is_whole "$f" || not_ok "capinfos does not read $f"
	n=$((n + $(packets "$f")))
	sections=$((sections + $(comments "$f" | wc -l)))
done
is "each file can be read, and nothing is lost" "$n" \
    "$(count evidence_packets)"
is "all sections are there" "$sections" "$(count event_sent)"

# ---- off: nothing is kept ----
kept() { json '.memory[] | select(.pool == "meters") | .used_bytes' show memory; }
at_least "with it headers take memory" "$(kept)" 10000000
limit() {
	with "memory limit $1" "log evidence \"$LOG\""
	ctl reload > /dev/null
}
limit 32M
at_most "of a smaller limit, less" "$(kept)" 5000000
limit 512M
at_least "of a larger one, more" "$(kept)" 30000000
with 'alert "off" when requests >= 100 over 1s'
ctl reload > /dev/null
at_most "without it they do not" "$(kept)" 3000000
load one.example 150
fired_off() { fired off; }
wait_for 5 fired_off
is "nothing is sent" "$(count event_sent)" "$sections"
stop

# ---- somebody else's file ----
echo "the notes of somebody" > "$LOG"
chown $TEST_USER "$LOG"
rm -f "$LOG".*
with 'alert "busy" when requests >= 100 over 1s' "log evidence \"$LOG\""
start
put_away() { test -e "$LOG".*; }
wait_for 5 put_away
load one.example 150
wait_for 5 tells busy
is "what is none is put away" "$(cat "$LOG".*)" "the notes of somebody"
is "and evidence goes to the next file" "$(is_whole "$LOG" && echo yes)" yes
stop

# ---- a disk that has room for some ----
if mount -t tmpfs -o size=64k none "$DISK" 2> /dev/null; then
	at_exit "umount -l $DISK"
	chown $TEST_USER "$DISK"
	with 'alert "busy" when requests >= 900 over 10s' \
	    "log evidence \"$DISK/evidence\""
	start
	load one.example 1000
	lost() { [ "$(count mir_events_lost)" -ge 1 ]; }
	wait_for 5 lost
	is "a full disk: the sections that fit are whole" \
	    "$(is_whole "$DISK/evidence" && told busy "$DISK/evidence")" 1
	is "and those that do not are counted" "$(count mir_events_lost)" \
	    "$(($(count event_sent) - 1))"
	stop
else
	skip "needs a tmpfs"
fi

# ---- a capture file ----
python3 - "$TOP/tests/lib" "$TMP/in.pcap" $MARK <<'EOT'
import sys
sys.path.insert(0, sys.argv[1])
from tcp_capture import packet, write, S, A, P
out, seq = [], 1
for i in range(40):
    port = 5000 + i
    host = b"a.example" if i % 2 else b"b.example"
    t = i * 1000000
    ask = b"GET /%s HTTP/1.1\r\nHost: %s\r\n\r\n" % (sys.argv[3].encode(), host)
    out += [packet(t, port, 80, 0, 0, S), packet(t + 1, 80, port, 0, 1, S | A),
            packet(t + 2, port, 80, 1, 1, A),
            packet(t + 3, port, 80, 1, 1, P, ask)]
write(sys.argv[2], out)
EOT
printf '%s\n' 'alert "ten" when requests >= 10 over 30s per host' \
    "log evidence \"$TMP/offline\"" > "$TMP/offline.conf"
"$BUILD/netmond" -r "$TMP/in.pcap" -f "$TMP/offline.conf" > "$TMP/out" 2>&1 ||
    not_ok "-r ended with $?" "$(cat "$TMP/out")"
# b.example has its tenth at 18 s, and asked at 8, 10, ...
is "of a capture file it is the last 10 s" "$(fields "$TMP/offline" tcp \
    tcp.port | tr ',' '\n' | grep -v '^80$' | sort -u | xargs)" \
    "5008 5010 5012 5014 5016 5018"
is "the same each time" "$(cp "$TMP/offline" "$TMP/first"
    rm "$TMP/offline"
    "$BUILD/netmond" -r "$TMP/in.pcap" -f "$TMP/offline.conf" > /dev/null 2>&1
    cmp "$TMP/first" "$TMP/offline" && echo same)" same
is "without what was said" "$(grep -ac $MARK "$TMP/offline")" 0
finish
