#!/bin/sh
# A small disk fills while the mirror records, the mirror is killed in between,
# and there is room again, several times (ROUNDS): no half record, no double,
# and what is missing lies within named gaps.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
. "$TOP/tests/lib/net.sh"
need_root
need_jail
need nginx ab jq ip python3 mount nsenter
: "${ROUNDS:=2}"

DISK=$TMP/run/disk
SIZE=$((ROUNDS * 2048))		# KiB: all of the record fits
mkdir "$DISK"
mount -t tmpfs -o size=${SIZE}k none "$DISK" 2> /dev/null || {
	skip "needs a tmpfs"; finish; }
at_exit "umount -l $DISK"
chown $TEST_USER "$DISK"
REC=$DISK/rec.log
net_up
nginx_up
conf 'interface "vb"' 'mirror "kept" {' 'observe port 80' \
    "record to \"$REC\" format gogetway" '}'
WRAP="ip netns exec $NSB"
start
ina python3 "$TOP/tests/lib/numbered_load.py" $((ROUNDS * 9 + 2)) 10.77.0.2 80 \
    "$TMP/sent.json" &
load=$!
at_exit "kill $load"

is_full() { [ "$(json '.mirrors[0].state' show mirrors)" = "file error" ]; }
grows() { [ "$(stat -c %s "$REC")" -gt "$size" ]; }
# Takes all room but some KiB, so that it fills by records.
fill() {
	dd if=/dev/zero of="$DISK/filler" bs=1024 count=$SIZE 2> /dev/null
	truncate -s -8K "$DISK/filler"
}
# told N: N screens say that the record cannot be written, with its error
told() {
	for w in show why "show capture"; do ctl $w; done > "$TMP/told" 2>&1
	[ "$(grep -Ec "(trouble +|advice +)since [0-9:]+ UTC mirror kept: $(
	    )cannot write: No space left on device: $REC$" "$TMP/told")" = "$1" ]
}
i=0
full=0
again=0
said=0
while [ $i -lt "$ROUNDS" ]; do
	i=$((i + 1))
	sleep 1.5
	fill
	wait_for 5 is_full && full=$((full + 1))
	wait_for 5 told 3 && said=$((said + 1))
	sleep 1
	# A fresh mirror finds the disk as full as it was.
	lose mirror
	sleep 1.5
	[ $((i % 2)) -eq 0 ] || kill -9 "$(pid_of mirror)"
	size=$(stat -c %s "$REC")
	rm -f "$DISK/filler"
	wait_for 5 grows && again=$((again + 1))
	wait_for 5 told 0 && said=$((said + 1))
done
is "show, why and the advice say so as long as it lasts" $said \
    $((2 * ROUNDS)) "$(cat "$TMP/told")"
is "the disk was full, and said so" $full "$ROUNDS"
is "with room the record goes on" $again "$ROUNDS"
wait $load
sleep 2.5
drops=$(json '[.tallies[] | select(.name == "cap_kernel_drops" or
    .name == "stream_dropped") | .value] | add // 0' show tally)
is "the capture and the analyzer lost nothing" "$drops" 0
stop
is "ended as asked" "$status" 0
out=$(python3 "$TOP/tests/lib/record_check.py" "$TMP/sent.json" "$REC")
is "$ROUNDS times full: $out" $? 0
like "something was lost at all" "$out" 'missing [1-9]'
like "and the rest is there" "$out" 'recorded [1-9][0-9][0-9]'
like "the gaps say why" "$(grep -c '"reason":"file"' "$REC.gaps")" '^[1-9]'
"$BUILD/netmonctl" replay -n "$REC" 127.0.0.1:1 > "$TMP/out" 2>&1
is "the record reads to its end" $? 0

# The service manager's limit on the size of a file (LimitFSIZE) is a full
# disk too, not a deadly signal.
rm -f "$DISK"/*
printf '#!/bin/sh\nulimit -f 64\nexec "$@"\n' > "$TMP/limited"
chmod 755 "$TMP/limited"
EVE=$DISK/eve.json
conf 'interface "vb"' 'mirror "kept" {' 'observe port 80' \
    "record to \"$REC\" format gogetway" '}' \
    "log events \"$EVE\" { types { http } }"
WRAP="ip netns exec $NSB $TMP/limited"
start
is "it holds for shared memory, and that is told" \
    "$(grep -c 'no shared memory, sockets carry all' "$TMP/netmond.log")" 1
ina ab -q -k -n 400 -c 2 http://10.77.0.2/index.html > /dev/null 2>&1
wait_for 5 is_full && ok "a limit on the size of a file is told" ||
    not_ok "a limit on the size of a file is not told" \
    "$(tail -3 "$TMP/netmond.log")"
tally() {
	json "[.tallies[] | select(.name == \"$1\") | .value] | add // 0" \
	    show tally
}
all_counted() {
	[ $(($(tally mir_events) + $(tally mir_events_lost))) = 400 ]
}
wait_for 5 all_counted
is "an event is written or lost, and not both" \
    "$(tally mir_events) $(tally mir_events_lost)" \
    "$(wc -l < "$EVE") $((400 - $(wc -l < "$EVE")))"
is "and show capture tells so" "$(json '.advice[].text' show capture |
    sed -n 's/ events were not written.*//p')" "$(tally mir_events_lost)"
is "each record that was refused is counted" "$(tally mir_records_lost)" \
    "$(json '.mirrors[0].reasons[] | select(.reason == "record-refused") |
    .count' show mirrors)"
is "and the mirror lives" \
    "$(json '.processes[] | select(.process == "mirror") | .restarts' show processes)" 0
stop
is "and it ended as asked" "$status" 0

# A disk that hangs (here: frozen, as for a snapshot) holds mirror in the
# kernel, where no signal reaches it.
ICE=$TMP/run/ice
REC=$ICE/rec.log
freezes() {
	mkdir "$ICE" && dd if=/dev/zero of="$TMP/ice.img" bs=1M count=8 &&
	    mkfs.ext4 -q -E root_owner="$(id -u $TEST_USER)":0 \
	    "$TMP/ice.img" && mount -o loop "$TMP/ice.img" "$ICE" &&
	    at_exit "fsfreeze -u $ICE; umount -l $ICE" &&
	    fsfreeze -f "$ICE" && fsfreeze -u "$ICE"
}
freezes > "$TMP/out" 2>&1 || { skip "a disk that hangs needs a loop device"
    finish; }
WRAP="ip netns exec $NSB"
conf 'interface "vb"' 'mirror "kept" {' 'observe port 80' \
    "record to \"$REC\" format gogetway" '}'
start
fsfreeze -f "$ICE"
ina ab -q -n 4 -c 1 http://10.77.0.2/index.html > /dev/null 2>&1
is_stuck() { grep -q 'mirror, pid .*hangs in the kernel' "$TMP/netmond.log"; }
wait_for 15 is_stuck && ok "a process that cannot be killed is told" ||
    not_ok "a process that cannot be killed is not told"
is "and is not said to be ready" "$(state_of mirror)" lost
ctl show mirrors > "$TMP/out" 2>&1
is "nor asked" $? 75
fsfreeze -u "$ICE"
wait_for 10 all_ready && ok "and comes back with the disk" ||
    not_ok "and does not come back with the disk"
m=$(pid_of mirror)
fsfreeze -f "$ICE"
ina ab -q -n 4 -c 1 http://10.77.0.2/index.html > /dev/null 2>&1
in_kernel() { grep -q '^State:.D' "/proc/$m/status"; }
wait_for 5 in_kernel
t0=$(now_ms)
kill -TERM "$NM"
is_over() { ! kill -0 "$NM"; }
wait_for 15 is_over || kill -9 "$NM"
wait "$NM"
is "SIGTERM while a disk hangs: status 0" $? 0
NM=
at_most "within some seconds" $(($(now_ms) - t0)) 8000
like "and what stays behind is told" "$(cat "$TMP/netmond.log")" \
    'mirror, pid .* is left behind'
fsfreeze -u "$ICE"

# A disk that broke takes nothing any more, and another is mounted over it:
# what is written goes there, without a signal.
EVE=$ICE/eve.json
conf 'interface "vb"' 'mirror "kept" {' 'observe port 80' \
    "record to \"$REC\" format gogetway" '}' \
    "log events \"$EVE\" { types { http } }"
start
# In the mount namespace of netmond, which is not ours.
its() { nsenter -t "$NM" -m "$@"; }
size_of() { its stat -c %s "$1" 2> /dev/null || echo 0; }
ask() { ina ab -q -k -n 50 -c 2 http://10.77.0.2/index.html; } > /dev/null 2>&1
grows() { [ "$(size_of "$REC")" -gt 0 ] && [ "$(size_of "$EVE")" -gt 0 ]; }
ask
wait_for 5 grows
# EXT4_IOC_SHUTDOWN
python3 -c 'import fcntl, os, struct, sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587d, struct.pack("I", 2))
' "$ICE" 2> "$TMP/err" || { skip "this kernel breaks no disk"; finish; }
ask
wait_for 5 is_full && ok "a disk that is broken is told" ||
    not_ok "a disk that is broken is not told"
its mount -t tmpfs -o size=1m none "$ICE" && its chown $TEST_USER "$ICE"
is_up() { [ "$(json '.mirrors[0].state' show mirrors)" = up ]; }
wait_for 5 is_up
sleep 1.5
ask
written() { [ "$(its grep -c . "$EVE")" = 50 ]; }
wait_for 5 written && ok "all is written to one in its place" ||
    not_ok "not all is written to one in its place" \
	"$(its grep -c . "$EVE")" "$(tail -3 "$TMP/netmond.log")"
wait_for 5 grows && ok "and the record" || not_ok "and not the record"
at_least "that it goes on is told" \
    "$(grep -c 'writing again' "$TMP/netmond.log")" 2
stop
is "and it ended as asked" "$status" 0

# A disk that takes all, and loses it when it is to be written.
BAD=$TMP/run/bad
REC=$BAD/rec.log
EVE=$BAD/eve.json
table() { echo "0 16384 $1"; }
disk() {
	dmsetup suspend --noflush --nolockfs nmt$$ &&
	    dmsetup load nmt$$ --table "$(table "$1")" && dmsetup resume nmt$$
}
maps() {
	mkdir "$BAD" && dd if=/dev/zero of="$TMP/bad.img" bs=1M count=8 &&
	    loop=$(losetup -f --show "$TMP/bad.img") &&
	    at_exit "losetup -d $loop" &&
	    dmsetup create nmt$$ --table "$(table "linear $loop 0")" &&
	    at_exit "dmsetup remove -f nmt$$" &&
	    mkfs.ext4 -q -O ^has_journal -E root_owner="$(id -u $TEST_USER)":0 \
	    /dev/mapper/nmt$$ && mount /dev/mapper/nmt$$ "$BAD" &&
	    at_exit "umount -l $BAD"
}
maps > "$TMP/out" 2>&1 || { skip "a disk that loses what it took needs dm"
    finish; }
conf 'interface "vb"' 'mirror "kept" {' 'observe port 80' \
    "record to \"$REC\" format gogetway" '}' \
    "log events \"$EVE\" { types { http } }"
start
ask
wait_for 5 grows
sync -f "$BAD"			# ext4 tells no file that it found no blocks
disk error
ask
sync -f "$BAD"			# as the kernel does it, only sooner
wait_for 10 is_full && ok "a disk that lost what it took is told" ||
    not_ok "a disk that lost what it took is not told"
is "as what it is" "$(grep -c 'the disk lost some of what was written last' \
    "$TMP/netmond.log")" 2
both() { [ "$(tally mir_disk_lost)" = 2 ]; }
wait_for 5 both && ok "and counted" ||
    not_ok "and is not counted" "$(tally mir_disk_lost)"
sleep 1.5
ask
is_counted() { [ "$(tally mir_records_lost) $(tally mir_events_lost)" = "50 50" ]; }
wait_for 5 is_counted && ok "what it cannot take then is counted" ||
    not_ok "what it cannot take then is not counted" \
	"$(tally mir_records_lost) $(tally mir_events_lost)"
is "and it is not said to be up" \
    "$(json '.mirrors[0].state' show mirrors)" "file error"
# ext4 finds no room any more, once it could not read where there is some.
its mount -t tmpfs -o size=1m,uid="$(id -u $TEST_USER)" none "$BAD"
sleep 2.5
ask
wait_for 5 is_up && ok "and goes on with a disk in its place" ||
    not_ok "and does not go on with a disk in its place"
like "which is told" "$(cat "$TMP/netmond.log")" 'rec.log: writing again'
at_most "and not again and again" "$(grep -c 'cannot' "$TMP/netmond.log")" 4
stop
is "and it ended as asked" "$status" 0
finish
