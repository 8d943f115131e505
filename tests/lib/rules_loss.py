#!/usr/bin/env python3
"""rules_loss.py NETMOND SEED PERCENT: what rules choose of talks with holes.

Makes a capture of keep-alive connections, pipelined at times, whose requests
a rule wants or not, and each says which it is; bodies of those that it does
not want hold requests that it would want. Leaves out PERCENT of the packets
with data, lets NETMOND record what the rule wants with the answers, and
prints: requests wanted, recorded, answers to them recorded, words of what is
not wanted in the record.
"""
import os
import random
import subprocess
import sys
import tempfile

import tcp_capture as tcp

CONNECTIONS, ROUNDS, MSS = 40, 25, 1000
NO = b"PUT /api/x HTTP/1.1\r\nHost: a\r\nX: UNWANTED\r\n\r\n"


class Talk:
    def __init__(self, rand, percent):
        self.rand, self.percent = rand, percent
        self.records, self.now = [], 0

    def begin(self, port):
        self.port, self.seq = port, [1000, 5000]
        self.put(0, b"", tcp.S)
        self.put(1, b"", tcp.S | tcp.A)
        self.put(0, b"", tcp.A)

    def put(self, side, data, flags=tcp.P):
        """What one side sends; it has all that the other one sent."""
        for at in range(0, len(data) or 1, MSS):
            piece = data[at:at + MSS]
            self.now += 50
            ports = (self.port, 80)
            if not piece or self.rand.random() * 100 >= self.percent:
                self.records.append(tcp.packet(self.now, ports[side],
                    ports[1 - side], self.seq[side], self.seq[1 - side],
                    flags, piece))
            self.seq[side] += len(piece) or (flags & tcp.S) // tcp.S


def request(r, i):
    """Whether it is wanted, and its bytes."""
    wanted = r.random() < .5
    if wanted:
        start, body = b"PUT /api/%d" % i, b"wanted " * r.randint(0, 400)
    else:
        start = r.choice([b"POST /api/%d" % i, b"PUT /admin"])
        body = NO * r.randint(0, 60)
    head = start + b" HTTP/1.1\r\nHost: a\r\nX-Id: %s%d\r\n" % (
        b"Q" if wanted else b"UNWANTED", i)
    if r.random() < .4:
        return wanted, head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    data = b""
    for at in range(0, len(body), 700):
        piece = body[at:at + 700]
        data += b"%x\r\n" % len(piece) + piece + b"\r\n"
    return wanted, head + b"Transfer-Encoding: chunked\r\n\r\n" + data + \
        b"0\r\n\r\n"


def main():
    netmond, seed, percent = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    r = random.Random(seed)
    t = Talk(r, percent)
    n = 0
    for c in range(CONNECTIONS):
        t.begin(20000 + c)
        for i in range(ROUNDS):
            batch = [request(r, i) for _ in range(r.choice([1, 1, 1, 3]))]
            t.put(0, b"".join(data for _, data in batch))
            for wanted, _ in batch:
                n += wanted
                body = (b"" if wanted else b"UNWANTED") + b"x" * r.choice(
                    [0, 10, 3000])
                t.put(1, b"HTTP/1.1 200 OK\r\nX-Is: %s\r\nContent-Length: %d"
                    b"\r\n\r\n" % (b"A" if wanted else b"UNWANTED",
                    len(body)) + body)
    with tempfile.TemporaryDirectory() as d:
        tcp.write(d + "/in.pcap", t.records)
        with open(d + "/conf", "w") as f:
            f.write('mirror "m" {\nobserve port 80\nrecord to "%s/rec" format '
                'raw\nrecord { both }\nrecord match method PUT path '
                '"/api/*"\n}\n' % d)
        subprocess.run([netmond, "-r", d + "/in.pcap", "-f", d + "/conf"],
            stdout=subprocess.DEVNULL, check=True)
        with open(d + "/rec", "rb") as f:
            rec = f.read()
    print(n, rec.count(b"X-Id: Q"), rec.count(b"X-Is: A"),
        rec.count(b"UNWANTED"))


main()
