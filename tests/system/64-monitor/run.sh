#!/bin/sh
# netmonctl monitor: each type of event, and only those that were asked for.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
. "$TOP/tests/lib/net.sh"
need_root
need ip nginx curl python3 jq
net_up
nginx_up
conf 'privacy { clients prefix 24 48 }' 'alert "busy" when requests >= 5 over 10s'
WRAP="ip netns exec $NSA"
start

# watching NAME TYPES...: a monitor that writes to $TMP/NAME
watching() {
	name=$1
	shift
	"$BUILD/netmonctl" -s "$SOCK" monitor "$@" > "$TMP/$name" &
	at_exit "kill $! 2> /dev/null"
}
get() { ina curl -s -m 3 -o /dev/null -H "Host: $1" "http://10.77.0.2${2:-/}"; }
# sees NAME FILE PATTERN: what is asked for until it is seen
seen() { get www.test "/dir/page.html?secret=1"; grep -Eq -- "$2" "$TMP/$1"; }
sees() {
	wait_for 8 seen "$2" "$3" && ok "$1" ||
	    not_ok "$1" "$(tail -n 3 "$TMP/$2")"
}

watching all
watching http http
watching flow fl
sees "each request" http '^[0-9TZ:.-]+ http 10\.77\.0\.0:[0-9]+ > 10\.77\.0\.2:80 GET www\.test /dir/page\.html 200 [0-9.]+ ms 5 B$'
is "without its query" "$(grep -c secret "$TMP/http")" 0
sees "each connection, by a short word" flow ' flow 10\.77\.0\.0:[0-9]+ > .* http ended by fin after'
is "nothing else" "$(grep -vc ' http ' "$TMP/http")" 0
sees "alerts, without a type" all ' fired busy '
is "but no requests" "$(grep -c ' http \| flow ' "$TMP/all")" 0

lose analyzer
sees "that a process ended" all ' process analyzer ended$'
sees "and is back" all ' process analyzer ready$'
more() { get after.test; grep -q 'GET after.test' "$TMP/http"; }
wait_for 8 more && ok "requests go on with the next analyzer" ||
    not_ok "requests do not go on" "$(tail -n 2 "$TMP/http")"
ip -n $NSA link add nmtm$$ type veth peer name nmtn$$
ip -n $NSA link set nmtm$$ up
wait_for 5 grep -q " interface nmtm$$ added" "$TMP/all" && ok "an interface" ||
    not_ok "no interface" "$(tail -n 3 "$TMP/all")"
is "each type once in a line" "$(grep -c 'interface interface\|mirror mirror' "$TMP/all")" 0
ctl reload
wait_for 5 grep -q ' config reload in force' "$TMP/all" && ok "a reload" || not_ok "no reload"
ctl monitor http nope > "$TMP/out" 2>&1
is "a wrong type is status 64" $? 64
like "and is named" "$(cat "$TMP/out")" 'unknown word: nope'

# A burst: a limited number of lines, the others counted.
cat > "$TMP/burst.py" <<'EOT'
import socket
s = socket.create_connection(("10.77.0.2", 80), 10)
for i in range(40):
    s.sendall(b"GET / HTTP/1.1\r\nHost: burst.test\r\n\r\n" * 50)
    got = b""
    while got.count(b"HTTP/1.1 200") < 50:
        piece = s.recv(65536)
        if piece == b"":
            raise EOFError("closed by the server")
        got += piece
EOT
ina python3 "$TMP/burst.py"
wait_for 5 grep -Eq ' http [0-9]+ more in this second' "$TMP/http" &&
    ok "what is left out is counted" || not_ok "nothing is left out" "$(grep -c burst "$TMP/http")"
at_most "of a burst few lines come" "$(grep -c burst.test "$TMP/http")" 1500
stop
finish
