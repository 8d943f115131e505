#!/bin/sh
# What each process may do, read from /proc, in both ways of starting.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
need_root
need_jail
need setpriv jq

# field PID NAME
field() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status" | cut -f1; }
caps() { echo "$(field "$1" CapInh) $(field "$1" CapPrm) $(field "$1" CapEff) $(field "$1" CapAmb)"; }
environ() { tr '\0' ' ' < "/proc/$(pid_of "$1")/environ"; }
zero=0000000000000000
raw=0000000000002000

look() {
	is "$1: parent holds no capability" "$(caps "$NM")" "$zero $zero $zero $zero"
	for r in parent launcher capture analyzer mirror; do
		p=$NM
		[ $r = parent ] || p=$(pid_of $r)
		[ "$(field "$p" Uid)" != 0 ] && [ -n "$p" ] &&
		    ok "$1: $r does not run as root" || not_ok "$1: $r runs as root"
		is "$1: $r has no_new_privs" "$(field "$p" NoNewPrivs)" 1
		is "$1: $r has a filter" "$(field "$p" Seccomp)" 2
	done
	is "$1: capture has CAP_NET_RAW and nothing else" \
	    "$(caps "$(pid_of capture)")" "$zero $raw $raw $zero"
	is "$1: analyzer has nothing" "$(caps "$(pid_of analyzer)")" "$zero $zero $zero $zero"
	is "$1: capture and mirror have no environment" \
	    "$(environ capture)$(environ mirror)" ''
	is "$1: the analyzer has large pages" "$(environ analyzer)" \
	    'GLIBC_TUNABLES=glibc.malloc.hugetlb=1 '
	is "$1: mirror has nothing" "$(caps "$(pid_of mirror)")" "$zero $zero $zero $zero"
	for r in capture analyzer mirror; do
		is "$1: $r is a child of the parent" "$(field "$(pid_of $r)" PPid)" "$NM"
		is "$1: $r cannot have all memory" "$(grep -c \
		    '^Max data size *[0-9]' "/proc/$(pid_of $r)/limits")" 1
	done
	for r in capture:1 analyzer:2 mirror:1; do
		p=$(pid_of ${r%:*})
		is "$1: ${r%:*} maps the memory of its links only" \
		    "$(grep -c memfd:netmond "/proc/$p/maps")" "${r#*:}"
		is "$1: ${r%:*} keeps no descriptor of it" "$(ls -l \
		    "/proc/$p/fd" | grep -c memfd)" 0
	done
	b=$(field "$NM" CapBnd)
	case "$b" in
	$zero|$raw) ok "$1: parent's bounding set is $b" ;;
	*) not_ok "$1: parent's bounding set is $b" ;;
	esac
}

start -i lo
look root
stop
is "root: ended as asked" "$status" 0
conf 'memory limit 32M'
start -i lo
is "little memory: the analyzer has no large pages" "$(environ analyzer)" ''
stop
conf

mkdir "$TMP/bin"
cp "$BUILD"/netmond "$BUILD"/netmond-capture "$BUILD"/netmond-analyzer \
    "$BUILD"/netmond-mirror "$BUILD"/netmonctl "$TMP/bin/"
BUILD=$TMP/bin
uid=$(id -u $TEST_USER)
gid=$(getent group $TEST_GROUP | cut -d: -f3)
WRAP="setpriv --reuid $uid --regid $gid --clear-groups --inh-caps -all,+net_raw
    --ambient-caps -all,+net_raw --bounding-set -all,+net_raw --no-new-privs"
start -i lo
look ambient
stop
is "ambient: ended as asked" "$status" 0

# The socket's group, in each way; its folder is no obstacle to it.
grouped() {
	printf 'user "%s"\ncontrol socket "%s" group "daemon"\n' $TEST_USER \
	    "$SOCK" > "$TMP/netmond.conf"
	start -i lo
	is "$1: the socket is of group $2" "$(stat -c '%G %a' "$SOCK")" "$2 660"
	stop
}
ambient="--inh-caps -all,+net_raw --ambient-caps -all,+net_raw
    --bounding-set -all,+net_raw --no-new-privs"
WRAP="setpriv --reuid $uid --regid $gid --clear-groups $ambient"
grouped "no member" $TEST_GROUP
like "no member: it is told" "$(cat "$TMP/netmond.log")" 'started as no member'
WRAP="setpriv --reuid $uid --regid $gid --groups $(getent group daemon |
    cut -d: -f3) $ambient"
grouped "a member" daemon
WRAP=
SOCK=$TMP/fresh/control.sock
grouped "root" daemon
is "and its folder, made for it, lets the group pass" \
    "$(stat -c '%U %a' "$TMP/fresh")" "$TEST_USER 755"
SOCK=$TMP/run/control.sock
conf

WRAP="setpriv --reuid $uid --regid $gid --clear-groups --inh-caps -all --bounding-set -all"
$WRAP "$BUILD/netmond" -d -F -f "$TMP/netmond.conf" > "$TMP/out" 2>&1
is "without privilege: status 77" $? 77
like "without privilege: the missing capability is named" "$(cat "$TMP/out")" CAP_NET_RAW
finish
