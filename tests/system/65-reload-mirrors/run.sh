#!/bin/sh
# Reload: other mirrors come and go under connections that are open.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
need_root
need jq python3

# Connections to two servers, told what to ask; and a target, which says how
# many connections it has accepted.
cat > "$TMP/asks.py" <<'EOT'
import os, socket, sys, threading
def answer(c):
    try:
        text = b""
        while data := c.recv(65536):
            text += data
            while b"\r\n\r\n" in text:
                head, text = text.split(b"\r\n\r\n", 1)
                n = 10 if b"Content-Length" in head else 0
                while len(text) < n:
                    text += c.recv(65536)
                text = text[n:]
                c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
    except ConnectionError:
        pass
def serve(l, accepted):
    while True:
        c = l.accept()[0]
        accepted.write(b"x")
        threading.Thread(target=answer, args=(c,), daemon=True).start()
# Of a connection that is older than netmond the lower port is the server's.
def listen(port):
    while True:
        try:
            return socket.create_server(("127.0.0.1", port))
        except OSError:
            port += 3
servers = [listen(15000 + os.getpid() % 5000 * 3 + n) for n in range(3)]
for n, l in enumerate(servers):
    threading.Thread(target=serve, args=(l, open("accepted%d" % n, "wb", 0)),
        daemon=True).start()
conns = [socket.create_connection(l.getsockname()) for l in servers[:2]]
print(*(l.getsockname()[1] for l in servers), flush=True)
for line in open("todo"):
    n, what, name = line.split()
    s = conns[int(n)]
    if what == "ask":
        s.sendall(b"GET /%s HTTP/1.1\r\nHost: a\r\n\r\n" % name.encode())
    elif what == "half":
        s.sendall(b"POST /%s HTTP/1.1\r\nContent-Length: 10\r\n\r\nfirst"
            % name.encode())
    else:
        s.sendall(b"other")
    if what != "half":
        s.recv(1000)
    open("done", "a").write(name + what + "\n")
EOT
mkfifo "$TMP/todo"
(cd "$TMP" && exec python3 asks.py > port) &
at_exit "kill $!"
exec 5> "$TMP/todo"
wait_for 5 test -s "$TMP/port"
read -r p q target < "$TMP/port"
ask() {
	echo "$@" >&5
	wait_for 5 grep -q "^$3$2\$" "$TMP/done" || not_ok "no answer" "$*"
}
has() { grep -a -q "$2" "$TMP/run/$1" 2> /dev/null; }
until_has() {
	wait_for 5 has "$1" "$2" && ok "$3" || not_ok "$3" \
	    "$(tail -c 300 "$TMP/run/$1" "$TMP/run/$1.gaps")"
}
a="mirror \"a\" {
    observe port $p
    record to \"$TMP/run/a\"
    forward to 127.0.0.1 port $target
}"
b() {
	printf '%s\n' 'mirror "b" {' "observe port $1" \
	    "record to \"$TMP/run/b\"" '}'
}
reload() {
	conf "$@"
	ctl reload > "$TMP/out" 2>&1 || not_ok "it was not reloaded" \
	    "$(cat "$TMP/out")"
}
gaps() {
	jq -r "select(.flow_id > 0) | [.reason, .direction, .offset, .length,
	    .last_record != null, .next != null] | join(\" \")" \
	    "$TMP/run/$1.gaps"
}

# They are written when the record is.
lines() { [ "$(gaps "$1" | wc -l)" -ge "$2" ]; }

# One more mirror, in the middle of a message, and none again.
conf "$a"
start -i lo
ask 0 ask before
until_has a before "a connection is recorded"
ask 0 half post
until_has a first "half a message, too"
reload "$a" "$(b "$p")"
ask 0 rest post
ask 0 ask after
until_has b after "another mirror has the next message"
until_has a after "the first one goes on"
is "and lacks nothing" "$(grep -a -c '^other' "$TMP/run/a") $(gaps a)" "1 "
ask 0 half again
until_has a /again "half a message, again"
reload "$a"
ask 0 rest again
ask 0 ask last
until_has a last "it goes on when the other has gone"
is "and lacks nothing, again" \
    "$(grep -a -c '^other' "$TMP/run/a") $(gaps a)" "2 "
is "its target keeps the connection" "$(wc -c < "$TMP/accepted2")" 1
counted() {
	[ "$(json '[.tallies[] | select(.name == "mir_answers" or
	    .name == "mir_answer_bytes") | .value] | join(" ")' show tally)" = \
	    "$1" ]
}
wait_for 5 counted "5 200" && ok "all that it answers is counted" ||
    not_ok "not all that it answers is counted" "$(ctl show tally | grep answer)"

# Another port, with a connection that is open.
ask 1 ask unseen
until_seen() {
	wait_for 5 seen "$1" || not_ok "not seen" "$(ctl -j show flows)"
}
seen() {
	[ "$(json ".flows[] | select(.server == \"127.0.0.1:$q\") | .requests" \
	    show flows)" = "$1" ]
}
until_seen 1
reload "$a" "$(b "{ $p $q }")"
ask 1 ask taken
until_has b taken "a connection that is observed since then is recorded"
wait_for 5 lines b 2
is "what was before is told" "$(gaps b)" "paused to_observed 0 86 false true
paused to_observed 0 33 false true"
reload "$a"
ask 1 half late
until_seen 3
reload "$a" "$(b "$q")"
ask 1 rest late
ask 1 ask next
until_has b next "in the middle of a message it is taken up behind it"
wait_for 5 lines b 3
is "what is missing is told" "$(gaps b | tail -n +3)" \
    "paused to_observed 0 118 false true"
stop
is "ended as asked" "$status" 0

# One that nobody reads is not recorded from then on either.
conf "ignore port $p"
start -i lo
ask 0 ask hidden
ask 1 ask shown
until_seen 1
reload "$(b "$p")"
missing() {
	[ "$(jq -r 'select(.connections) | "\(.reason) \(.connections)
	    \(.last_record) \(.next)"' "$TMP/run/b.gaps" | tr -s '[:space:]' \
	    ' ')" = "paused 1 null null " ]
}
wait_for 5 missing && ok "one that no more is read of is told" ||
    not_ok "one that no more is read of is not told" \
	"$(tail -n 2 "$TMP/run/b.gaps")"
is "and counted" "$(json '.mirrors[0].dropped_connections' show mirrors)" 1
stop
finish
