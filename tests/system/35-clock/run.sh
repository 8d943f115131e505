#!/bin/sh
# The wall clock is set forth and back while netmond runs: printed times
# change, and nothing else. tests/lib/clock_step.c is that clock.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
. "$TOP/tests/lib/net.sh"
need_root
need_jail
need nginx jq ip python3 cc unshare mount

"${CC:-cc}" -shared -fPIC -D_GNU_SOURCE -DCLOCK_FILE="\"$TMP/clock\"" \
    -o "$TMP/clock.so" "$TOP/tests/lib/clock_step.c" 2> "$TMP/err" || {
	not_ok "the clock does not compile" "$(head -3 "$TMP/err")"; finish; }
head -c 8 /dev/zero > "$TMP/clock"
mkdir "$TMP/etc"
cp -a /etc/. "$TMP/etc"
echo "$TMP/clock.so" > "$TMP/etc/ld.so.preload"
chmod 644 "$TMP/clock" "$TMP/clock.so" "$TMP/etc/ld.so.preload"
cat > "$TMP/in_etc" <<EOT
#!/bin/sh
mount --bind "$TMP/etc" /etc && exec "\$@"
EOT
chmod 755 "$TMP/in_etc"
# step SECONDS [PID]: sets the clock, then kills at once
cat > "$TMP/step.py" <<'EOT'
import os, struct, sys
with open(sys.argv[1], "r+b", buffering=0) as f:
    f.write(struct.pack("=q", int(sys.argv[2])))
if len(sys.argv) > 3:
    os.kill(int(sys.argv[3]), 9)
EOT
step() { python3 "$TMP/step.py" "$TMP/clock" "$@"; }

net_up
nginx_up
conf 'interface "vb"'
WRAP="ip netns exec $NSB unshare -m $TMP/in_etc"
start
grep -q clock.so "/proc/$(pid_of analyzer)/maps" || {
	not_ok "the clock is not in use"; finish; }
ip netns exec $NSA python3 "$TOP/tests/lib/load.py" > /dev/null 2>&1 &
load=$!
at_exit "kill $load"

total() { json ".summary.$1" show summary window total; }
year() { json .complete.time show summary window total | cut -c1-4; }
more() { [ "$(total requests)" -ge "$want" ]; }
# goes_on SECONDS: at that clock twenty more requests are counted
goes_on() {
	step "$1"
	want=$(($(total requests) + 20))
	wait_for 10 more && ok "counting goes on, clock $1 s off" ||
	    not_ok "counting stands still, clock $1 s off"
}
goes_on -86400
goes_on 3600
goes_on 315360000
at_least "printed times are the clock's" "$(year)" 2036
goes_on 0
is "nothing counts as missed" \
    "$(json '.complete | "\(.ratio) \(.lossy)"' show summary window total)" "1 false"
at_most "the time that is watched is what went by" \
    "$(json '.complete.window_seconds | floor' show summary window total)" 60
kill $load
wait $load 2> /dev/null
counted() { [ "$(total requests)" -ge "$(log_lines)" ]; }
wait_for 5 counted
is "each request was counted once" "$(total requests)" "$(log_lines)"
is "and has its answer, all on one connection" \
    "$(total responses) $(total unpaired_requests) $(total connections)" \
    "$(log_lines) 0 1"

# What a lost child missed is told by a clock that nobody sets.
lost() {
	json '.processes[] | select(.process == "capture") | .lost_seconds * 1000 | floor' show processes
}
came_back() {
	[ "$(json '.processes[] | select(.process == "capture") | .restarts' \
	    show processes)" = "$1" ] && all_ready
}
sleep 1.2
step 36000 "$(pid_of capture)"
wait_for 10 came_back 1
first=$(lost)
at_least "lost with a step forth: it was away" "$first" 1
at_most "and for no hours" "$first" 10000
sleep 1.2
step 0 "$(pid_of capture)"
wait_for 10 came_back 2
at_least "lost with a step back: it was away too" "$(lost)" $((first + 1))
at_most "and for no hours" "$(lost)" 20000
at_least "and that time was not watched" \
    "$(json '.complete.unwatched_seconds * 1000 | floor' show summary window total)" 1
stop
is "ended as asked" "$status" 0
finish
