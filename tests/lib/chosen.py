#!/usr/bin/env python3
"""chosen.py HOST PORT SEED OUT [WAIT]: pipelined requests in odd segments.

All go over one connection, cut anywhere. OUT gets a line for each: method,
target, host and the checksum of its body, - for none. With WAIT the second
half is sent when that file is there.
"""
import os
import random
import socket
import sys
import time
import zlib

host, port, seed, out = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), \
    sys.argv[4]
wait = sys.argv[5] if len(sys.argv) > 5 else None
r = random.Random(seed)
PATHS = ["/api/%d", "/admin/%d", "/%%61dmin/%d", "/x//api/%d", "/api%%2f%d",
    "/a/../admin/%d", "/index.html?/admin/%d", "/apis/%d"]
HOSTS = ["www.example", "secret.example", "SECRET.example:80",
    "secret.example.:8080", "other.example"]
METHODS = ["GET", "HEAD", "PUT", "POST", "DELETE"]


def chunked(body):
    s, at = b"", 0
    while at < len(body):
        n = r.randint(1, 4000)
        piece = body[at:at + n]
        s += b"%x\r\n%s\r\n" % (len(piece), piece)
        at += n
    return s + b"0\r\n" + r.choice([b"", b"X-Trailer: y\r\n"]) + b"\r\n"


def request(i):
    method, body = r.choice(METHODS), None
    path = r.choice(PATHS) % i
    name = r.choice(HOSTS)
    target = path
    if path.startswith("/api/") and r.random() < .2:
        target = "http://%s%s" % (name, path)
    head = "%s %s HTTP/1.1\r\nHost: %s\r\n" % (method, target, name)
    data = b""
    if method == "PUT":
        path = "/api/put%d-%d" % (seed, i) if r.random() < .7 else \
            "/admin/put%d-%d" % (seed, i)
        target = path
        head = "PUT %s HTTP/1.1\r\nHost: %s\r\n" % (path, name)
    if method in ("PUT", "POST"):
        # It looks like a request, to whoever loses the border.
        body = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n" * \
            r.randint(0, 3) + r.randbytes(r.choice([0, 1, 100, 20000]))
        if r.random() < .5:
            head += "Transfer-Encoding: chunked\r\n"
            data = chunked(body)
        else:
            head += "Content-Length: %d\r\n" % len(body)
            data = body
    line = "%s %s %s %s" % (method, path, name,
        "-" if body is None else zlib.crc32(body))
    return head.encode() + b"\r\n" + data, line


def send(s, data):
    at = 0
    while at < len(data):
        n = r.choice([1, 2, 7, 100, 1000, 1448, 5000])
        s.sendall(data[at:at + n])
        at += n
        if r.random() < .02:
            time.sleep(.001)


def read_answers(s, left):
    """Until the answer to the last request, which is unique."""
    data = b""
    while data.count(b"\r\nX-Last: %d\r\n" % left) == 0:
        piece = s.recv(65536)
        if not piece:
            sys.exit("closed early")
        data = data[-200:] + piece


s = socket.create_connection((host, port))
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
with open(out, "w") as f:
    for half in (0, 1):
        if half and wait:
            while not os.path.exists(wait):
                time.sleep(.05)
        for burst in range(10):
            batch = b""
            for i in range(5):
                one, line = request(half * 100 + burst * 5 + i)
                batch += one
                f.write(line + "\n")
            mark = half * 10 + burst + 1
            batch += b"GET /last?%d HTTP/1.1\r\nHost: last\r\n\r\n" % mark
            f.write("GET /last?%d last -\n" % mark)
            send(s, batch)
            f.flush()
            read_answers(s, mark)
        open(out + ".half", "w").close()
s.close()
