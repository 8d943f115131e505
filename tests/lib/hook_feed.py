#!/usr/bin/env python3
"""hook_feed.py CASE HOW PROGRAM...: gives a hook (hook_twin) what CASE says,
in pieces as HOW says: whole, one (byte at a time, both ways) or a number, the
seed of pieces of any length, and stops it now and then, so that it writes in
parts. Says "ok N answers, status S" when the answers are those of
netmon-hook(7), else what is wrong. What the program says goes where ours
does."""
import fcntl
import json
import os
import random
import signal
import struct
import subprocess
import sys

F_SETPIPE_SZ = 1031
case, how, program = sys.argv[1], sys.argv[2], sys.argv[3:]
rnd = random.Random(7)
out, want = [], []


def message(kind, body):
    out.append(struct.pack(">IB", 1 + len(body), kind) + body)


def hello(**more):
    d = {"odd": {"version": 9, "a": ["version", {}]}, "e\"scape": "\"version\":3",
         "version": 1, "hook": "a\"b\\", "mirror": "version", "side": "record"}
    d.update(more)
    message(1, json.dumps(d).encode())


def chunk(kind, data, seq, dir=1, flags=0, sender="10.0.0.1:40000",
          receiver="[2001:db8:0:1:2:3:4:5]:65535"):
    body = struct.pack(">QQBB", seq, (1790000000123456789 + seq) % 2**64, dir, flags)
    for s in sender, receiver:
        body += struct.pack(">H", len(s)) + s.encode()
    message(kind, body + data)


def asked(data, seq, *args):
    chunk(2, data, seq, *args)
    verdict, new = 1, b""
    if b"DROP" in data:
        verdict = 2
    elif b"FAIL" in data or b"LONGER" in data:
        verdict = 3
    elif b"EMPTY" in data:
        pass
    elif b"LONG" in data:
        new = data + b"x" * (98304 - len(data))
    elif b"PLACE" in data:
        new = data + b"y" * (98304 - len(data))
    elif b"SKIP" in data:
        new = data[1:]
    elif b"plain" in data:
        new = data.replace(b"plain", b"TWINS")
    else:
        verdict = 0
    want.append(struct.pack(">IQB", 9 + len(new), seq, verdict) + new)


WORDS = [b"", b"DROP", b"FAIL", b"EMPTY", b"SKIP", b"a plain word", b"plain" * 9,
         b"\0\xff", b"GET /plain HTTP/1.1\r\nHost: a\r\n\r\n"]


def small(n):
    for i in range(n):
        data = rnd.choice(WORDS) + rnd.randbytes(rnd.choice((0, 1, 40, 300)))
        asked(data, rnd.getrandbits(64), rnd.randint(1, 3), rnd.randint(0, 7))
        if i % 10 == 9:
            chunk(3, b"", 0)


if case == "bytes":
    hello()
    small(60)
    message(77, b"of a later day")
    asked(b"x" * 2000 + b"plain", 1)
    message(4, b"")
elif case == "large":
    hello(side="forward")
    for n, word in enumerate((b"", b"plain", b"LONG", b"PLACE", b"LONGER", b"SKIP",
                              b"DROP", b"last")):
        asked(rnd.randbytes(65536 - len(word)) + word, n)
    asked(b"LONG", 99)
    hello(side="record")
    small(3)
elif case == "many":
    hello()
    small(20000)
elif case == "version":
    hello(version=2)
    chunk(2, b"x", 1)
elif case == "noversion":
    message(1, b'{"hook":"version","a":{"version":1}}')
elif case == "nojson":
    message(1, b'{"version')
elif case == "nohello":
    chunk(2, b"x", 1)
elif case == "cut":
    hello()
    asked(b"x", 1)
    chunk(2, b"plain", 2)
    out[-1] = out[-1][:-3]
elif case == "cuthead":
    hello()
    out.append(b"\0\0")
elif case == "huge":
    hello()
    out.append(b"\xff\xff\xff\xff")
elif case == "empty":
    hello()
    out.append(b"\0\0\0\0")
elif case == "short":
    hello()
    message(2, b"\0" * 20)
elif case == "text":
    hello()
    message(2, b"\0" * 18 + b"\0\x05abc")
elif case == "nothing":
    pass

raw = b"".join(out)
if how == "whole":
    piece = lambda: 1 << 20
elif how == "one":
    piece = lambda: 1
else:
    rnd.seed(int(how))
    piece = lambda: rnd.choice((1, 2, 3, 4, 5, 13, 100, 4095, 4096, 50000))

p = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
signal.alarm(240)
if how != "whole":
    fcntl.fcntl(p.stdout, F_SETPIPE_SZ, 4096)
if os.fork() == 0:
    p.stdout.close()
    try:
        at = 0
        while at < len(raw):
            at += os.write(p.stdin.fileno(), raw[at:at + piece()])
    except BrokenPipeError:
        pass
    os._exit(0)
p.stdin.close()
got = bytearray()
while True:
    b = os.read(p.stdout.fileno(), piece())
    if not b:
        break
    got += b
    if how not in ("whole", "one") and rnd.random() < 0.05:
        p.send_signal(signal.SIGSTOP)
        p.send_signal(signal.SIGCONT)
status = p.wait()
os.wait()
n = sum(len(w) for w in want)
if bytes(got) == b"".join(want):
    print("ok %d answers, status %d" % (len(want), status))
else:
    at = next((i for i, (a, b) in enumerate(zip(got, b"".join(want))) if a != b), None)
    print("%d bytes, not %d, other from %s on; status %d" % (len(got), n, at, status))
