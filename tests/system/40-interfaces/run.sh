#!/bin/sh
# Interfaces made, removed, flapped and renamed while netmond runs.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
. "$TOP/tests/lib/net.sh"
need_root
need nginx curl jq ip python3

net_up
nginx_up
conf 'alert "much" when messages > 100000 over 2s on "vb"'
WRAP="ip netns exec $NSB"
start

state() { json ".interfaces[] | select(.name == \"$1\") | .state" show interfaces; }
state_is() { [ "$(state "$1")" = "$2" ]; }
wants() {
	wait_for 2 state_is "$2" "$3" && ok "$1" ||
	    not_ok "$1" "state of $2: $(state "$2")"
}
seen() { json .summary.requests show summary window total; }
counts() {
	n=$(seen)
	ina curl -s -o /dev/null -m 2 "http://10.77.0.2/index.html"
	wait_for 2 sh -c "[ \"\$('$BUILD/netmonctl' -s '$SOCK' -j show summary window total | jq .summary.requests)\" -gt $n ]" &&
	    ok "$1" || not_ok "$1" "requests stay at $n"
}

wants "an interface that is up is open" vb up
counts "traffic on it is counted"
ip -n $NSB link set vb down
wants "down is noticed" vb down
check_is() { ctl check much | grep -q "$1"; }
wait_for 3 check_is '^UNKNOWN much .*: no interface is up |' &&
    ok "a rule that looks at it is unknown and says why" ||
    not_ok "a rule that looks at it is unknown and says why" "$(ctl check much)"
ip -n $NSB link set vb up
wants "up again is noticed" vb up
wait_for 2 check_is '^UNKNOWN much .*: no interface was up within the span |' &&
    ok "and for a span why it still is" ||
    not_ok "and for a span why it still is" "$(ctl check much)"
sleep 0.3
counts "and counted again"
ip -n $NSB link set vb down
ip -n $NSB link set vb name vx
ip -n $NSB link set vx up
wants "a rename is noticed" vx up
sleep 0.3
counts "and counted under the new name"
rows_add_up() {
	json '.complete.packets == ([.interfaces[].packets] | add)' \
	    show interfaces window total
}
is "what the old name had stays with it" \
    "$(state vb) $(rows_add_up)" "gone true"
for i in 1 2 3 4 5; do
	ip -n $NSB link set vx down
	ip -n $NSB link set vx up
done
wants "flapping ends up" vx up
sleep 0.3
counts "and counted after it"

# A pair of interfaces of its own.
make_nb() {
	ip link add na netns $NSA type veth peer name nb netns $NSB
	ip -n $NSA addr add 10.78.0.1/24 dev na
	ip -n $NSB addr add 10.78.0.2/24 dev nb
	ip -n $NSA link set na up
	ip -n $NSB link set nb up
}
make_nb
wants "a new interface is opened" nb up
ip -n $NSB link del nb
gone() { case "$(state nb)" in ""|gone) return 0 ;; esac; return 1; }
wait_for 2 gone && ok "a removed interface goes" || not_ok "a removed interface stays" "$(state nb)"
counts "the others go on"

# A name that comes again goes on counting; its old life is not shown beside.
make_nb
wants "a name that comes again is opened" nb up
is "and shown once" \
    "$(json '[.interfaces[] | select(.name == "nb")] | length' show interfaces)" 1
ip -n $NSB link del nb

# Its packets begin otherwise from then on: the handle must be another.
if [ -e /dev/net/tun ]; then
	cat > "$TMP/tun.py" <<-'EOT'
	import fcntl, os, struct, subprocess, sys
	tun = os.open("/dev/net/tun", os.O_RDWR)
	fcntl.ioctl(tun, 0x400454ca, struct.pack("16sH14x", b"tun9", 0x1002))
	for arphrd in 1, 512:		# TUNSETLINK: Ethernet, PPP
	    fcntl.ioctl(tun, 0x400454cd, arphrd)
	    subprocess.run("ip link set tun9 up", shell=True)
	    sys.stdin.readline()
	    subprocess.run("ip link set tun9 down", shell=True)
	EOT
	mkfifo "$TMP/tun"
	inb python3 "$TMP/tun.py" < "$TMP/tun" &
	exec 7> "$TMP/tun"
	wants "a tap interface is opened" tun9 up
	opened() {
		[ "$(grep -c 'tun9 capture started' "$TMP/netmond.log")" = "$1" ]
	}
	echo >&7
	wait_for 5 opened 2 && ok "and again when its type changes" ||
	    not_ok "and keeps the handle of another type"
	exec 7>&-
	counts "the others are not disturbed"
else
	skip "an interface that changes its type needs /dev/net/tun"
fi

# Hosts of containers make thousands a day: the numbers of interfaces run out.
crowd() {
	json '[.interfaces[] | select((.name | test("^[de][0-9]")) and
	    .state != "gone")] | length' show interfaces
}
crowd_is() { [ "$(crowd)" = "$1" ]; }
for k in 1 2 3 4 5 6; do
	for i in $(seq $((k * 350)) $((k * 350 + 349))); do
		echo "link add d$i type veth peer name e$i"
	done > "$TMP/batch"
	ip -n $NSB -batch "$TMP/batch"
	wait_for 30 crowd_is 700 ||
	    { not_ok "not all were seen: $(crowd)"; break; }
	sed 's/add/del/; s/ type.*//' "$TMP/batch" > "$TMP/batch2"
	ip -n $NSB -batch "$TMP/batch2"
	wait_for 30 crowd_is 0 ||
	    { not_ok "not all were seen to go: $(crowd)"; break; }
done
make_nb
wants "after 4200 interfaces the next one is opened" nb up
n=$(seen)
ina curl -s -o /dev/null -m 2 http://10.78.0.2/index.html
one_more() { [ "$(seen)" -gt "$n" ]; }
wait_for 2 one_more && ok "and counted" ||
    not_ok "and not counted" "$(ctl show capture)"
is "the numbers of those add up to that of all" "$(rows_add_up)" true
ip -n $NSB link del nb

# Each takes the kernel 10 ms and more to open: capture must not hold its
# breath for all of them.
pids=$(json '.processes[].pid' show processes)
many() {
	[ "$(json '[.interfaces[] | select(.name | test("^[fg][0-9]+$")) |
	    select(.state == "up")] | length' show interfaces)" = "$1" ]
}
# They stay silent: what solicits a router would be counted below, too.
quiet=/proc/sys/net/ipv6/conf/default/disable_ipv6
ip netns exec $NSB sh -c "[ ! -e $quiet ] || echo 1 > $quiet"
for i in $(seq 200); do
	echo "link add f$i type veth peer name g$i"
	echo "link set f$i up"
	echo "link set g$i up"
done > "$TMP/batch"
ip -n $NSB -batch "$TMP/batch"
counts "traffic is counted while 400 interfaces are opened"
wait_for 60 many 400 && ok "all of them get open" ||
    not_ok "not all of 400 interfaces are open" "$(ctl show | sed -n 2p)"
seq -f 'link del f%g' 100 > "$TMP/batch"
ip -n $NSB -batch "$TMP/batch"
wait_for 20 many 200 && ok "half of them go" || not_ok "some stay"
counts "and while they are closed"
is "no child was lost over it" "$(json '.processes[].pid' show processes)" \
    "$pids"
stop
like "the kernel's time for closing them costs no child its end" \
    "$(grep -c 'lost ' "$TMP/netmond.log")" '^0$'
is "ended as asked" "$status" 0

# What passes where nothing could be opened is known to be lost.
command -v prlimit > /dev/null || { skip "no prlimit: nothing fails"; finish; }
make_nb
WRAP="ip netns exec $NSB prlimit --nofile=64:64"
start
wants "an interface for which no descriptor is left has failed" nb failed
error_is() {
	json '.interfaces[] | select(.name == "nb") | .error' show interfaces |
	    grep -q "$1"
}
wait_for 20 error_is 'Too many open files' && ok "and says why" ||
    not_ok "and does not say why" "$(ctl show interfaces)"
kernel() {
	ip -n $NSB -j -s link show nb |
	    jq '.[0].stats64 | .rx.packets + .tx.packets'
}
unopened() { json .complete.unopened show interfaces window total; }
# Nothing passes for longer than it takes to be told.
settled() {
	was=$(kernel)
	sleep 2.5
	base=$(($(kernel) - $(unopened)))
	[ "$(kernel)" = "$was" ]
}
wait_for 40 settled
for i in 1 2 3; do
	ina curl -s -o /dev/null -m 2 http://10.78.0.2/index.html
done
as_the_kernel() { [ "$(unopened)" = $(($(kernel) - base)) ]; }
at_least "packets passed it" $(($(kernel) - base)) 20
wait_for 5 as_the_kernel && ok "they are counted as not seen" ||
    not_ok "not counted: $(unopened) of $(($(kernel) - base))"
is "it is of no use to itself" "$(json '.interfaces[] |
    select(.name == "nb") | .complete_ratio' show interfaces)" 0
like "and complete is no longer said" "$(ctl show capture window total)" \
    'could not be opened'
stop

seq -f 'link del g%g' 101 200 > "$TMP/batch"
ip -n $NSB -batch "$TMP/batch"
WRAP="ip netns exec $NSB"
start
counts "a fresh netmond counts"
ip -n $NSB link set vx down
ip -n $NSB link set vx name vb
ip -n $NSB link set vb up
wants "and sees another rename" vb up
lose analyzer
wants "a fresh analyzer is told of it" vb up
is "and has what the name before it had" \
    "$(state vx) $(rows_add_up)" "gone true"
stop
finish
