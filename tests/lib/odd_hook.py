#!/usr/bin/env python3
"""odd_hook.py LOG [OLD NEW]: a hook (netmon-hook(7)) that does what the path
of a request asks for: /keep /empty /drop /abort /slow /late /twice /huge /verdict
/seq /order /garbage /die; else it puts NEW for OLD. LOG gets a line "DIR FROM
TO PATH" for each chunk that starts a message."""
import os
import struct
import sys
import time

log = open(sys.argv[1], "a", buffering=1)
old, new = (a.encode() for a in (sys.argv[2:4] or ("", "")))
behind = []


def read(n):
    data = sys.stdin.buffer.read(n)
    if len(data) < n:
        sys.exit(0)
    return data


def write(raw):
    sys.stdout.buffer.write(raw)
    sys.stdout.buffer.flush()


def answer(seq, verdict, data=b""):
    write(struct.pack(">IQB", 9 + len(data), seq, verdict) + data)


while True:
    body = read(struct.unpack(">I", read(4))[0])
    if body[0] != 2:
        continue
    seq, ns, dir, flags = struct.unpack(">QQBB", body[1:19])
    at, ends = 19, []
    for _ in ("from", "to"):
        n = struct.unpack(">H", body[at:at + 2])[0]
        ends.append(body[at + 2:at + 2 + n].decode())
        at += 2 + n
    data = body[at:]
    path = data.split(b" ")[1].decode() if data.startswith((b"GET ", b"POST ")) else data[:12].decode(errors="replace")
    log.write("%d %s %s %s\n" % (dir, ends[0], ends[1], path))
    if path == "/empty":
        answer(seq, 1)
    elif path == "/drop":
        answer(seq, 2)
    elif path == "/abort":
        answer(seq, 3)
    elif path == "/slow":
        time.sleep(2)
        answer(seq, 0)
    elif path == "/late":
        time.sleep(0.5)
        answer(seq, 0)
    elif path == "/twice":
        answer(seq, 1, data)
        answer(seq, 1, data)
    elif path == "/huge":
        answer(seq, 1, data + b"x" * 4000000)
    elif path == "/verdict":
        answer(seq, 9)
    elif path == "/seq":
        answer(seq + 1000, 0)
    elif path == "/garbage":
        write(b"\xff" * 100)
    elif path == "/die":
        os._exit(1)
    elif path == "/order":
        behind.append(seq)
    else:
        answer(seq, 1 if old else 0, data.replace(old, new) if old else b"")
        for s in behind:
            answer(s, 0)
        behind.clear()
