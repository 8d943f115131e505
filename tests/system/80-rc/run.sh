#!/bin/sh
# Installed, and driven through the rc script and judged by systemd's tools.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
need_root
need_jail
need python3 curl

make -s -C "$TOP" BUILD="$BUILD" install DESTDIR="$TMP/root" PREFIX=/usr > "$TMP/out" 2>&1
is "make install" $? 0
for f in sbin/netmond sbin/netmonctl sbin/netmonweb \
    libexec/netmond/netmond-capture libexec/netmond/netmond-analyzer \
    libexec/netmond/netmond-mirror share/man/man8/netmond.8 \
    share/man/man8/netmonctl.8 share/man/man8/netmonweb.8 \
    share/man/man5/netmond.conf.5 lib/systemd/system/netmond.service \
    lib/systemd/system/netmonweb.service; do
	[ -s "$TMP/root/usr/$f" ] && ok "installs $f" || not_ok "does not install $f"
done
is "netmond.conf(5) names the folder of the examples" \
    "$(sed -n 's/^\.It Pa \(.*examples\)$/\1/p' \
    "$TMP/root/usr/share/man/man5/netmond.conf.5")" /usr/share/netmond/examples
rcs=$TMP/root/etc/init.d/netmond
[ -x "$rcs" ] && ok "installs the rc script" || { not_ok "no rc script"; finish; }

conf 'interface "lo"'
rc() {
	NETMOND="$BUILD/netmond" NETMONCTL="$BUILD/netmonctl" \
	    NETMOND_CONF="$TMP/netmond.conf" NETMOND_SOCKET="$SOCK" \
	    sh "$rcs" "$@" > "$TMP/rc.out" 2>&1
}
at_exit "rc stop"
rc status && not_ok "status before start" || ok "status before start is not 0"
rc configtest
is "configtest" $? 0
rc start
is "start" $? 0
wait_for 5 all_ready && ok "all roles are ready" || not_ok "not ready" "$(cat "$TMP/rc.out")"
rc status
is "status" $? 0
is "its clients are told its process" "$(python3 -c '
import socket, struct, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect(sys.argv[1])
print(struct.unpack("iii", s.getsockopt(socket.SOL_SOCKET,
    socket.SO_PEERCRED, 12))[0])' "$SOCK")" "$(pid_of parent)"
rc start
is "a second start does nothing" $? 0
rc stop
# A remote shell waits for its pipe to close; a script's lock is its own.
export NETMOND="$BUILD/netmond" NETMONCTL="$BUILD/netmonctl" \
    NETMOND_CONF="$TMP/netmond.conf" NETMOND_SOCKET="$SOCK"
timeout 20 sh -c "flock 9; sh '$rcs' start 2>&1 | cat" \
    9> "$TMP/lock" > "$TMP/rc.out"
is "a start into a pipe ends" $? 0
flock -n "$TMP/lock" true
is "and keeps no descriptor of its starter" $? 0
for p in $(json '.processes[].pid' show processes); do
	readlink "/proc/$p/fd"/* | grep "^$TMP"
done > "$TMP/out"
is "nor does any process have a file open" "$(cat "$TMP/out")" ""
nm=$(pid_of parent)
kill -STOP "$nm"
rc status
is "status of one that hangs" $? 4
rc start
is "start beside one that hangs" $? 1
like "and says why" "$(cat "$TMP/rc.out")" 'timed out'
kill -CONT "$nm"
rc reload
is "reload" $? 0
echo 'nonsense' >> "$TMP/netmond.conf"
rc configtest && not_ok "configtest of a bad file" || ok "configtest of a bad file is not 0"
nm=$(pid_of parent)
kill -STOP "$(pid_of mirror)"
rc stop
is "stop" $? 0
[ -e "/proc/$nm/exe" ] && not_ok "stop returns before the end" ||
    ok "stop returns at the end"
sleep 0.3
rc status && not_ok "status after stop" || ok "status after stop is not 0"

# The pages' script needs no netmond.
web() {
	NETMONWEB="$BUILD/netmonweb" NETMONWEB_PID="$TMP/web.pid" \
	    NETMONWEB_FLAGS="-u $TEST_USER -g $TEST_GROUP -s $SOCK ${NETMONWEB_MORE:-}" \
	    sh "$TMP/root/etc/init.d/netmonweb" "$@" > "$TMP/web.out" 2>&1
}
if command -v start-stop-daemon > /dev/null; then
	web status && not_ok "netmonweb: status before start" ||
	    ok "netmonweb: status before start is not 0"
	NETMONWEB_MORE=-x web start
	like "netmonweb: a start with a wrong option fails" \
	    "$? $(cat "$TMP/web.out")" '^1 netmonweb: did not start'
	web start
	is "netmonweb: start" "$? $(cat "$TMP/web.out")" "0 "
	answers() { curl -so "$TMP/web.page" http://127.0.0.1:9470/; }
	wait_for 5 answers && ok "netmonweb: it answers" ||
	    not_ok "netmonweb: it does not answer" "$(cat "$TMP/web.out")"
	web status
	is "netmonweb: status" $? 0
	web stop
	is "netmonweb: stop" "$? $(cat "$TMP/web.out")" "0 "
	web status && not_ok "netmonweb: status after stop" ||
	    ok "netmonweb: status after stop is not 0"
	sleep 60 &
	other=$!
	at_exit "kill $other 2> /dev/null"
	echo $other > "$TMP/web.pid"
	web status && not_ok "netmonweb: another's number is no status" ||
	    ok "netmonweb: another's number is no status"
	web stop
	kill -0 $other 2> /dev/null &&
	    ok "netmonweb: nor is another stopped" ||
	    not_ok "netmonweb: nor is another stopped"
else
	skip "netmonweb's script needs start-stop-daemon"
fi

# One of another version hangs up when it has said so, but can be ended.
cat > "$TMP/foreign.py" <<'EOT'
import os, signal, socket, struct, sys, time
def end(sig, frame):
    os.unlink(sys.argv[1])
    time.sleep(.5)
    os._exit(0)
signal.signal(signal.SIGTERM, end)
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.bind(sys.argv[1])
s.listen()
while True:
    c = s.accept()[0]
    try:
        c.recv(4096)
        c.sendall(struct.pack("=IHHIII", 4, 0x101, 0, 0, 0, 4242))
    except OSError:
        pass
    c.close()
EOT
ln -s "$(python3 -c 'import sys; print(sys.executable)')" "$TMP/netmond"
speaks() {
	"$1" "$TMP/foreign.py" "$SOCK" &
	foreign=$!
	at_exit "kill $foreign 2> /dev/null"
	wait_for 5 test -S "$SOCK"
}
# The number of a process that is gone may be that of another one.
speaks python3
rc stop
is "a process that is no netmond is not ended" $? 1
like "and that is said" "$(cat "$TMP/rc.out")" "pid $foreign, which is no netmond"
is "and it lives" "$(ctl terminate 2>&1 | grep -c "pid $foreign,")" 1
kill $foreign
wait_for 5 test ! -e "$SOCK"
speaks "$TMP/netmond"
rc status
is "status of one of another version" $? 4
like "and says so" "$(cat "$TMP/rc.out")" 'daemon speaks version 4242 of'
rc start
is "start beside it" $? 1
rc stop
is "stop of it: $(cat "$TMP/rc.out")" $? 0
[ -e "/proc/$foreign/exe" ] && not_ok "it is not ended" || ok "it is ended"

# What the script must know may come from a macro or from another file.
unset NETMOND_SOCKET
sed -i /nonsense/d "$TMP/netmond.conf"
mv "$TMP/netmond.conf" "$TMP/included.conf"
sed "s|^control socket \"$SOCK\"|control socket \$sock|" "$TMP/included.conf" \
    > "$TMP/macro.conf"
printf 'sock = "%s"\ninclude "macro.conf"\n' "$SOCK" > "$TMP/netmond.conf"
export NETMOND_CONF="$TMP/netmond.conf"
sh "$rcs" start > "$TMP/rc.out" 2>&1
is "with a macro and an include: start" $? 0
sh "$rcs" status > "$TMP/rc.out" 2>&1
is "with a macro and an include: status" $? 0
sh "$rcs" stop > "$TMP/rc.out" 2>&1
like "with a macro and an include: stop" "$(cat "$TMP/rc.out")" stopped
ctl terminate > /dev/null 2>&1
mv "$TMP/included.conf" "$TMP/netmond.conf"

# The usual places: whose the folders are, and that none is left without.
cat > "$TMP/places.sh" <<'EOT'
mount -t tmpfs t /run && mkdir -p /var/db && mount -t tmpfs t /var/db &&
    mount -t tmpfs t /var/log || exit 1
unset NETMOND_SOCKET
conf=$1/usual.conf
export NETMOND_CONF="$conf" NETMOND_FLAGS="-i lo"
echo 'user "no-such-user"' > "$conf"
$4 "$2" start > /dev/null 2>&1
echo "$? $(ls -d /run/netmond /var/db/netmond /var/log/netmond 2> /dev/null)"
echo "user \"$3\"" > "$conf"
$4 "$2" start > /dev/null 2>&1
echo "$? $(stat -c '%U %a' /run/netmond /var/db/netmond /var/log/netmond | xargs)"
$4 "$2" stop > /dev/null
echo $?
EOT
for sh in dash 'busybox ash'; do
	command -v ${sh%% *} > /dev/null || continue
	is "$sh: the folders belong to the user of the configuration" \
	    "$(unshare -m $sh "$TMP/places.sh" "$TMP" "$rcs" $TEST_USER "$sh" 2>&1)" \
	    "1 
0 $TEST_USER 755 $TEST_USER 750 $TEST_USER 750
0"
done

make -s -C "$TOP" BUILD="$BUILD" install DESTDIR="$TMP/openrc" PREFIX=/usr \
    SYSCONFDIR="$TMP/etc" INIT=netmond.openrc > "$TMP/out" 2>&1
orc=$TMP/openrc/$TMP/etc/init.d/netmond
is "OpenRC's script is installed where it is asked for" \
    "$(sed 1q "$orc") $(sed -n 's/^command=//p' "$orc")" \
    '#!/sbin/openrc-run "/usr/sbin/netmond"'
mkdir "$TMP/etc"
echo nonsense > "$TMP/etc/netmond.conf"
like "netmond reads its file where it was installed" \
    "$("$TMP/openrc/usr/sbin/netmond" -n 2>&1)" "^netmond: $TMP/etc/netmond.conf:1: "
conf 'interface "lo"' nonsense
may_stop() {
	RC_CMD=$1 sh -c '. "$1"; command=$2; NETMOND_CONF=$3; stop_pre' sh \
	    "$orc" "$BUILD/netmond" "$TMP/netmond.conf" > "$TMP/out" 2>&1
}
may_stop restart && not_ok "OpenRC: a restart into a bad file ends what runs" ||
    ok "OpenRC: a restart into a bad file ends nothing"
may_stop stop && ok "OpenRC: a stop does not look at it" ||
    not_ok "OpenRC: a stop looks at it" "$(cat "$TMP/out")"

is "a child that the kernel kills is netmond's affair, not systemd's" \
    "$(grep -c '^OOMPolicy=continue$' \
    "$TMP/root/usr/lib/systemd/system/netmond.service")" 1
is "the status of a bad file is that of the main process, so it ends there" \
    "$(grep -c '^ExecStartPre=' \
    "$TMP/root/usr/lib/systemd/system/netmond.service")" 0
# What the unit does at a reload, in its order, until something fails.
conf 'interface "lo"'
reloads() {
	sed -n 's/^ExecReload=//p' \
	    "$TMP/root/usr/lib/systemd/system/netmond.service" |
	    sed "s|^/usr/sbin/netmond|$BUILD/netmond|
		s|/etc/netmond.conf|$TMP/netmond.conf|; s|^/bin/kill|echo|" |
	    MAINPID=told sh -e
}
is "a reload that systemd asks for" "$(reloads 2> /dev/null; echo $?)" \
    "-HUP told
0"
echo nonsense >> "$TMP/netmond.conf"
is "one of a bad file fails, and signals nobody" \
    "$(reloads 2> "$TMP/out"; echo $?)" 2
like "and says why" "$(cat "$TMP/out")" 'unknown word "nonsense"'

if command -v systemd-analyze > /dev/null; then
	mkdir "$TMP/units"
	for u in netmond netmonweb; do
		sed "s|/usr/sbin/|$TMP/root/usr/sbin/|" \
		    "$TMP/root/usr/lib/systemd/system/$u.service" \
		    > "$TMP/units/$u.service"
	done
	for u in netmond:1.9 netmonweb:1.5; do
		most=${u#*:}
		u=${u%:*}
		(cd "$TMP/units" && systemd-analyze verify --man=no ./$u.service) \
		    > "$TMP/out" 2>&1
		is "systemd-analyze verify $u" "$? $(cat "$TMP/out")" "0 "
		e=$(systemd-analyze security --offline=true \
		    "$TMP/units/$u.service" 2>/dev/null |
		    sed -n 's/.*exposure level for .*: \([0-9.]*\) .*/\1/p')
		awk -v e="$e" -v m=$most 'BEGIN { exit !(e != "" && e <= m) }' &&
		    ok "exposure of $u is $e" ||
		    not_ok "exposure of $u is $e, want at most $most"
	done
else
	skip "needs systemd-analyze"
fi
finish
