#!/bin/sh
# A handle that others replace, under load: each frame that the link counted
# is counted here, as seen or as dropped. Some are on their way at each time.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
. "$TOP/tests/lib/net.sh"
need_root
need jq ip python3 sysctl

net_up
WRAP="ip netns exec $NSB"
options() { conf "interface \"vb\" { snaplen $1 }"; }
options 100
inb sysctl -qw net.ipv6.conf.all.disable_ipv6=1
start
cat > "$TMP/udp.py" <<'EOT'
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
while True:
    s.sendto(b"x" * 64, ("10.77.0.255", 9))
EOT
frames() { inb cat /sys/class/net/vb/statistics/rx_packets; }
taken() {
	json '[.tallies[] | select(.name == "cap_packets" or .name ==
	    "cap_kernel_drops") | .value] | add' show tally
}
link=$(frames)
here=$(taken)
ip netns exec $NSA python3 "$TMP/udp.py" &
load=$!
at_exit "kill $load"
for n in 200 300 400 500 600; do
	options $n
	sleep 0.3
	ctl reload > "$TMP/out" 2>&1
done
sleep 0.3
kill $load
wait $load 2> /dev/null
link=$(($(frames) - link))
all_here() { [ $(($(taken) - here)) -ge $((link - 100)) ]; }
at_least "frames came meanwhile" "$link" 10000
wait_for 3 all_here && ok "none was lost between two handles" ||
    not_ok "frames were lost between two handles" "$link, here $(($(taken) - here))"
at_most "and none came twice" $(($(taken) - here)) $((link + 100))
is "five handles were replaced" \
    "$(grep -c 'vb capture started' "$TMP/netmond.log")" 6
stop
is "ended as asked" "$status" 0
finish
