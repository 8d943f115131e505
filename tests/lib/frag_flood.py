#!/usr/bin/env python3
"""frag_flood.py FILE: a capture of 40,000 SYNs and 100,000 fragments that
never become whole, then 20 requests to real.example."""
import struct
import sys

from checksum import checksum

f = open(sys.argv[1], "wb")
f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
at = 0


def put(data, src, dst, off=0):
    global at
    at += 10
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(data), at % 65536,
        off, 64, 6, 0, src, dst)
    ip = ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:]
    p = b"\2" * 12 + b"\x08\0" + ip + data
    f.write(struct.pack("<IIII", 1700000000 + at // 1000000, at % 1000000,
        len(p), len(p)) + p)


def seg(src, dst, sp, dp, seq, ack, flags, data=b""):
    put(struct.pack(">HHIIBBHHH", sp, dp, seq, ack, 0x50, flags, 8192, 0, 0)
        + data, src, dst)


C, S = b"\x0a\x4d\0\1", b"\x0a\x4d\0\2"
for i in range(40000):
    seg(struct.pack(">I", 0x0b000000 + i), S, 1024 + i, 80, i, 0, 2)
for i in range(100000):
    put(b"y" * 64, struct.pack(">I", 0x0c000000 + i), S,
        0x2000 | (i % 4096 + 1))
get = b"GET /a HTTP/1.1\r\nHost: real.example\r\n\r\n"
for p in range(30000, 30020):
    seg(C, S, p, 80, 100, 0, 2)
    seg(S, C, 80, p, 500, 101, 0x12)
    seg(C, S, p, 80, 101, 501, 0x18, get)
    seg(S, C, 80, p, 501, 101 + len(get), 0x18,
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
