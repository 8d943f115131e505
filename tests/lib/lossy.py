#!/usr/bin/env python3
"""lossy.py NETMOND VIEW SEED PERCENT: what is told of talks with holes.

Makes a capture of keep-alive connections in which request N is answered with
a status that N determines, leaves out PERCENT of the packets with data, reads
it with NETMOND and prints, one per line: transactions of which both heads
were whole, pairs, wrong pairs, bytes left out, bytes that netmond missed,
parse errors, connections.
VIEW is where it was captured: at one interface; split, each direction at its
own; nat, before and after a source translation, or hop, before and after a
router, where only what is left out on both sides is lost. The second interface
is delivered 20 ms late; of hop both are in blocks of 3 ms, the second first
for an odd SEED, and packets without data are left out, too.
"""
import json
import os
import random
import struct
import subprocess
import sys
import tempfile

from checksum import checksum

STATUS = (200, 201, 203, 206, 302, 400, 403, 404, 410, 500, 502, 503)
CONNECTIONS, REQUESTS, MSS = 40, 40, 1448


def packet(client, port, flags, seq, ack, data, after=False, translated=True):
    """As it looks before or after the hop, which may translate."""
    a, b, ttl = b"\x0a\0\0\1", b"\x0a\0\0\2", 64
    if after and translated:
        a, port = b"\xc0\0\2\1", port + 20000
    if after == bool(client):
        ttl -= 1
    sport, dport = port, 80
    if not client:
        a, b, sport, dport = b, a, dport, sport
    t = struct.pack(">HHIIBBHHH", sport, dport, seq & 0xffffffff,
                    ack & 0xffffffff, 0x50, flags, 65000, 0, 0) + data
    s = checksum(a + b + struct.pack(">HH", 6, len(t)) + t)
    t = t[:16] + struct.pack(">H", s) + t[18:]
    h = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(t), 1, 0, ttl, 6, 0, a, b)
    return h[:10] + struct.pack(">H", checksum(h)) + h[12:] + t


def block(kind, body):
    body += b"\0" * (-len(body) % 4)
    n = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + n + body + n


class Connection:
    """One keep-alive conversation; packets are [time, what packet takes]."""

    def __init__(self, r, number):
        self.r, self.port, self.number = r, 20000 + number, number
        self.seq = [r.getrandbits(32), r.getrandbits(32)]  # server, client
        self.now = r.randrange(100000)
        self.packets, self.heads = [], {}

    def put(self, client, flags, data=b""):
        self.now += self.r.randrange(20, 400)
        self.packets.append([self.now, (client, self.port, flags,
                             self.seq[client], self.seq[not client], data)])
        self.seq[client] += len(data) + (1 if flags & 3 else 0)
        return self.packets[-1]

    def say(self, client, head, body):
        """The packets that hold the head."""
        held, data = [], head + body
        first = self.r.choice((len(data), len(data), 20))
        while data:
            p = self.put(client, 0x18, data[:min(first, MSS)])
            if sum(len(x[1][5]) for x in held) < len(head):
                held.append(p)
            data, first = data[min(first, MSS):], MSS
        self.put(not client, 0x10)
        return held

    def body(self):
        return b"x" * self.r.choice((0, 10, 500, 3000, 20000))

    def talk(self):
        r = self.r
        self.put(1, 2)
        self.put(0, 18)
        self.put(1, 16)
        for i in range(REQUESTS):
            n = self.number * 1000 + i
            method = r.choice((b"GET", b"GET", b"POST", b"HEAD"))
            b = self.body() if method == b"POST" else b""
            q = self.say(1, b"%s /%d HTTP/1.1\r\nHost: h\r\n" % (method, n) + (
                b"Content-Length: %d\r\n\r\n" % len(b) if b else b"\r\n"), b)
            self.now += r.randrange(100, 20000)
            b, head = self.body(), b"HTTP/1.1 %d x\r\n" % STATUS[n * 7 % 12]
            if method == b"HEAD":
                b, head = b"", head + b"Content-Length: 12345\r\n\r\n"
            elif r.random() < .3:
                head += b"Transfer-Encoding: chunked\r\n\r\n"
                b = (b"%x\r\n%s\r\n" % (len(b), b) if b else b"") + b"0\r\n\r\n"
            else:
                head += b"Content-Length: %d\r\n\r\n" % len(b)
            self.heads[n] = q + self.say(0, head, b)
        self.put(1, 17)
        self.put(0, 17)
        self.put(1, 16)


netmond, view, seed, percent = *sys.argv[1:3], int(sys.argv[3]), float(sys.argv[4])
r = random.Random(seed)
talks = [Connection(r, i) for i in range(CONNECTIONS)]
for c in talks:
    c.talk()
every = [p for c in talks for p in c.packets]
shown, lost = [], set()     # (delivered, turn, time, interface, bytes)
for p in every:
    client, data = p[1][0], p[1][5]
    places = [0]
    if view == "split":
        places = [1 - client]
    elif view in ("nat", "hop"):
        places = [1 - client, client]
    missed = [(data or view == "hop") and r.random() * 100 < percent
              for i in places]
    if all(missed):
        lost.add(id(p))
    for i, place in enumerate(places):
        if not missed[i]:
            late = 20000 * place
            turn = place
            if view == "hop":
                late = 3000 - (p[0] + i) % 3000
                turn = place ^ (seed & 1)
            shown.append((p[0] + i + late, turn, p[0] + i, place,
                          packet(*p[1], len(places) > 1 and place == 1,
                                 view == "nat")))
whole = sum(not any(id(p) in lost for p in h)
            for c in talks for h in c.heads.values())
with tempfile.TemporaryDirectory() as tmp:
    name, conf = os.path.join(tmp, "x.pcapng"), os.path.join(tmp, "x.conf")
    with open(conf, "w") as f:
        f.write("stats { transactions 64M }\n")
    with open(name, "wb") as f:
        f.write(block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1)))
        for i in range(2):
            f.write(block(1, struct.pack("<HHI", 101, 0, 65535)))
        for _, _, us, i, b in sorted(shown):
            us += 1700000000000000
            f.write(block(6, struct.pack("<IIIII", i, us >> 32,
                    us & 0xffffffff, len(b), len(b)) + b))
    d = json.loads(subprocess.run([netmond, "-f", conf, "-r", name, "-o", "json"],
                                  stdout=subprocess.PIPE, check=True).stdout)
pairs = [t for t in d["transactions"] if t["method"] and t["status"]]
wrong = [t for t in pairs if t["status"] != STATUS[int(t["uri"][1:]) * 7 % 12]]
print(whole, len(pairs), len(wrong),
      sum(len(p[1][5]) for p in every if id(p) in lost),
      d["complete"]["gap_bytes"], d["summary"]["parse_errors"],
      d["summary"]["connections"], sep="\n")
