#!/bin/sh
# The kit for hooks, etc/hook: both languages answer the same, in pieces cut
# anywhere, and behind a mirror of real traffic; a protocol that they do not
# know is told; what the examples mask does not come out at any cut.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
. "$TOP/tests/lib/net.sh"
need python3

KIT=$TOP/etc/hook
CC=${CC:-gcc}
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$KIT"
WARN="-Wall -Wextra -Werror -Wshadow -Wcast-qual -Wsign-compare -pedantic"

# ---- they build as they say ----
build() { "$@" > "$TMP/out" 2>&1; }
need $CC
build $CC -std=c99 $WARN -O2 -o "$TMP/mask-mail" "$KIT/mask-mail.c"
is "the example in C builds without a warning" "$? $(cat "$TMP/out")" "0 "
build $CC -std=c99 $WARN -O1 -g -I"$KIT" -o "$TMP/twin" \
    -fsanitize=address,undefined "$TOP/tests/lib/hook_twin.c"
is "so does what the tests use" "$? $(cat "$TMP/out")" "0 "
if command -v g++ > /dev/null; then
	build g++ $WARN -o "$TMP/mask-mail++" -x c++ "$KIT/mask-mail.c"
	is "and as C++" "$? $(cat "$TMP/out")" "0 "
else
	skip "needs g++"
fi
# The programs of the manual, as they stand there.
example() {
	sed -n "/^$1\$/,/^\.Ed/p" "$TOP/etc/netmon-hook.7" |
	    sed -e '/^\.Ed/d' -e 's/\\e/\\/g'
}
example '#include <netmon_hook.h>' > "$TMP/manual.c"
example 'from netmon_hook import .*' > "$TMP/manual.py"
build $CC -std=c99 $WARN -I"$KIT" -o "$TMP/manual" "$TMP/manual.c"
is "the manual's example in C builds" "$? $(cat "$TMP/out")" "0 "

# ---- cut anywhere ----
# feed CASE HOW PROGRAM...: what came of it, and what the program said
feed() { python3 "$TOP/tests/lib/hook_feed.py" "$@" 2> "$TMP/said"; }
# fed CASE HOW WANT SAID
fed() {
	is "C, $1, $2" "$(feed "$1" "$2" "$TMP/twin")" "$3"
	like "C, $1, $2: says so" "$(cat "$TMP/said")" "$4"
	cp "$TMP/said" "$TMP/said.c"
	is "Python, $1, $2" "$(feed "$1" "$2" \
	    python3 "$TOP/tests/lib/hook_twin.py")" "$3"
	cmp -s "$TMP/said" "$TMP/said.c" &&
	    ok "$1, $2: both were given the same" ||
	    not_ok "$1, $2: they were given other things" \
	    "$(diff "$TMP/said" "$TMP/said.c" | head -5)"
}
for how in whole one 1 2 3 4; do
	fed bytes $how 'ok 61 answers, status 0' '^6 ended, status 0$'
	fed nothing $how 'ok 0 answers, status 0' '^0 ended, status 0$'
done
for how in whole 5; do
	fed large $how 'ok 12 answers, status 0' 'too much data \(98305\)$'
	fed many $how 'ok 20000 answers, status 0' '^2000 ended, status 0$'
done
for how in whole one; do
	for c in version noversion nojson; do
		fed $c $how 'ok 0 answers, status 76' \
		    'another version of the protocol is spoken'
	done
	fed nohello $how 'ok 0 answers, status 76' 'the first message is no hello'
	fed cut $how 'ok 1 answers, status 76' 'the input ends within a message'
	fed cuthead $how 'ok 0 answers, status 76' 'ends within a message'
	fed huge $how 'ok 0 answers, status 76' 'a wrong length'
	fed empty $how 'ok 0 answers, status 76' 'a wrong length'
	fed short $how 'ok 0 answers, status 76' 'a chunk is none'
	fed text $how 'ok 0 answers, status 76' 'a chunk is none'
done
cat > "$TMP/none.py" <<'EOP'
from netmon_hook import run
run(lambda chunk: None)
EOP
like "a function that returns nothing keeps nothing" \
    "$(feed bytes whole python3 "$TMP/none.py")" '^0 bytes, .*status 1$'
like "and is told" "$(cat "$TMP/said")" 'judge returns KEEP, DROP'

# ---- what is masked comes out at no cut ----
# masked SECRETS PROGRAM...: "$TMP/text" in two and in three chunks, cut
# anywhere; whether there were many, and which secrets come out
masked() {
	python3 - "$TMP/text" "$@" <<'EOP'
import struct, subprocess, sys
text = open(sys.argv[1], "rb").read().strip()
cuts = [(i, len(text)) for i in range(len(text) + 1)]
cuts += [(i, i + 1 + i % 7) for i in range(len(text) - 8)]
raw, pieces = [], []
def put(body):
    raw.append(struct.pack(">I", len(body)) + body)
put(b'\1{"version":1,"side":"record"}')
for a, b in cuts:
    for p in text[:a], text[a:b], text[b:]:
        put(struct.pack(">BQQBBHH", 2, len(pieces), 0, 1, 0, 0, 0) + p)
        pieces.append(p)
out = subprocess.run(sys.argv[3:], input=b"".join(raw), check=True,
                     stdout=subprocess.PIPE).stdout
at, got, bad = 0, [], set()
for p in pieces:
    n, seq, verdict = struct.unpack_from(">IQB", out, at)
    new = out[at + 13:at + 4 + n]
    at += 4 + n
    got.append(new if verdict == 1 else p)
for i in range(0, len(got), 3):
    whole = b"".join(got[i:i + 3])
    if len(whole) != len(text):
        bad.add(b"another length")
    for secret in sys.argv[2].encode().split():
        if secret in whole:
            bad.add(secret)
print(len(cuts) > 80, at == len(out), *sorted(bad))
EOP
}
cat > "$TMP/text" <<'EOP'
GET /x?to=joe.doe%40example.org&n=1 from: joe+doe@example.org; %6Adoe%40a
EOP
is "mask-mail: no address at any cut" \
    "$(masked "joe doe %40" "$TMP/mask-mail")" "True True"
printf 'a@b /p?c%%40d=%%2540 x.y@z-1 e' > "$TMP/text"
cat > "$TMP/whole.py" <<'EOP'
import struct, subprocess, sys
body = b"\2" + bytes(22) + open(sys.argv[1], "rb").read() + b" "
hello = b'\1{"version":1}'
raw = b"".join(struct.pack(">I", len(b)) + b for b in (hello, body))
sys.stdout.buffer.write(subprocess.run(sys.argv[2:], input=raw,
    stdout=subprocess.PIPE).stdout[13:])
EOP
is "and what is none stays" \
    "$(python3 "$TMP/whole.py" "$TMP/text" "$TMP/mask-mail")" \
    "*@b /p?****d=%2540 ***@z-1 e "
echo 'n=4111111111111111 and 4111 1111-11111111, i=7' > "$TMP/text"
is "mask-pan: no number at any cut" \
    "$(masked "1111 4111" python3 "$KIT/mask-pan.py")" "True True"
printf 'a PUT b' > "$TMP/text"
is "both examples of the manual do the same" \
    "$(python3 "$TMP/whole.py" "$TMP/text" "$TMP/manual")" \
    "$(python3 "$TMP/whole.py" "$TMP/text" python3 "$TMP/manual.py")"

# ---- behind a mirror ----
need_root
need nginx ab curl jq ip
need_jail
net_up
nginx_up
WRAP="ip netns exec $NSB"
sum() { json "[.mirrors[].$1] | add" show mirrors; }
attach() {
	"$BUILD/netmonctl" -s "$SOCK" hook "$@" 2> "$TMP/hook.$1" &
	at_exit "kill $!"
	wait_for 5 grep -q attached "$TMP/hook.$1"
}
conf 'interface "vb"' \
    'mirror "c" {' 'observe port 80' 'forward { queue 64M }' \
    "record to \"$TMP/run/c\" format raw" 'record { both }' \
    'hook record "c"' 'hook timeout 30s' '}' \
    'mirror "py" {' 'observe port 80' 'forward { queue 64M }' \
    "record to \"$TMP/run/py\" format raw" 'record { both }' \
    'hook record "py"' 'hook timeout 30s' '}' \
    'mirror "mail" {' 'observe port 80' \
    "record to \"$TMP/run/mail\" format gogetway" \
    'hook record "mail"' 'hook timeout 30s' '}'
start
attach c -- "$TMP/twin"
attach py -- python3 "$TOP/tests/lib/hook_twin.py"
attach mail -- "$TMP/mask-mail"
sleep 0.3
get() { ina curl -s -o /dev/null "$@"; }
post=http://10.77.0.2/plain
for what in plain DROP EMPTY SKIP other; do
	get "http://10.77.0.2/$what?to=joe.doe%40example.org"
done
head -c 500000 /dev/urandom > "$TMP/upload"
get --data-binary @"$TMP/upload" $post
get -d 'from=joe.doe@example.org&i=1' $post
get http://10.77.0.2/big.txt
ina ab -q -k -n 3000 -c 8 http://10.77.0.2/plain > "$TMP/out" 2>&1
get http://10.77.0.2/behind
ended() { grep -c '^ended' "$TMP/hook.$1"; }
asked() { grep -c '^chunk' "$TMP/hook.$1"; }
same() {
	[ "$(ended c)" -ge 16 ] && [ "$(ended c) $(asked c)" = \
	    "$(ended py) $(asked py)" ]
}
all_there() { same && for f in c py mail; do
	grep -aq 'GET /behind' "$TMP/run/$f" || return 1; done; }
wait_for 30 all_there && ok "all programs have the last request" ||
    not_ok "a program lags" "$(ended c) $(asked c), $(ended py) $(asked py)"
is "nothing was lost" "$(sum hook_errors) $(sum gaps)" "0 0"
stop
# Which connection's chunk comes first is the same: both read one stream.
cmp "$TMP/run/c" "$TMP/run/py" > "$TMP/out" 2>&1
is "C and Python: the records are the same" "$? $(cat "$TMP/out")" "0 "
for f in c py; do
	grep -a '^chunk\|^ended' "$TMP/hook.$f" > "$TMP/given.$f"
done
cmp "$TMP/given.c" "$TMP/given.py" > "$TMP/out" 2>&1
is "and they were given the same" "$? $(cat "$TMP/out")" "0 "
is "changed, dropped and kept" "$(grep -ac 'GET /TWINS' "$TMP/run/c") \
$(grep -ac '^GET /plain\|GET /DROP\|GET /EMPTY' "$TMP/run/c") \
$(grep -ac '^ET /SKIP' "$TMP/run/c") $(grep -ac 'GET /other' "$TMP/run/c")" \
    "3001 0 1 1"
at_least "of chunks there were many" "$(asked c)" 6000
is "mask-mail: no address is recorded" \
    "$(grep -ac 'joe\|doe' "$TMP/run/mail")" 0
is "the rest is" "$(grep -ac '?to=\*\*\*\*\*\*\*\*\*\*example.org' \
    "$TMP/run/mail") $(grep -ac '^from=\*\*\*\*\*\*\*@example' \
    "$TMP/run/mail")" "5 1"

# ---- installed ----
make -s -C "$TOP" BUILD="$BUILD" install DESTDIR="$TMP/root" PREFIX=/usr \
    > "$TMP/out" 2>&1
inst=$TMP/root/usr
build $CC -std=c99 $WARN -I"$inst/include" -o "$TMP/installed" \
    "$inst/share/netmond/hook/mask-mail.c"
is "what is installed builds" "$? $(cat "$TMP/out")" "0 "
PYTHONPATH=
echo 'n=4111111111111111' > "$TMP/text"
is "and runs" "$(python3 "$TMP/whole.py" "$TMP/text" \
    python3 "$inst/share/netmond/hook/mask-pan.py" | xargs)" \
    "n=****************"
like "and the manual names the place" \
    "$(cat "$inst/share/man/man7/netmon-hook.7")" '/usr/share/netmond/hook'
make -s -C "$TOP" BUILD="$BUILD" uninstall DESTDIR="$TMP/root" PREFIX=/usr
is "nothing of it stays when it is uninstalled" \
    "$(find "$inst" -name '*hook*' | xargs)" ""
finish
