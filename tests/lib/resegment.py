#!/usr/bin/env python3
"""resegment.py IN OUT SEED: the same TCP streams in other pieces.

Each TCP segment with data is cut into up to five pieces; the pieces of one
segment are shuffled among themselves and some are sent twice. Then pieces of
one direction that follow each other directly change places now and then, so
that a piece comes up to REACH places late. What a receiver gets is the same
bytes, so what a monitor reports must be the same. Only classic pcap files with Ethernet and whole packets are taken; status 3 says
that this file is not one of them.
"""
import random
import struct
import sys

from checksum import checksum


def layer(pkt):
    """Where the IP header begins, behind VLAN tags."""
    at = 14
    while pkt[at - 2:at] in (b"\x81\0", b"\x88\xa8") and len(pkt) >= at + 4:
        at += 4
    return at


def pieces(pkt, r):
    """The packets that carry pkt's segment, or None to keep it as it is."""
    at = layer(pkt)
    kind = struct.unpack(">H", pkt[at - 2:at])[0]
    ip = pkt[at:]
    if kind == 0x0800 and len(ip) >= 20 and ip[9] == 6:
        hl = (ip[0] & 15) * 4
        total = struct.unpack(">H", ip[2:4])[0]
        if struct.unpack(">H", ip[6:8])[0] & 0x3fff:
            return None
        pseudo = ip[12:20]
    elif kind == 0x86dd and len(ip) >= 40 and ip[6] == 6:
        hl = 40
        total = 40 + struct.unpack(">H", ip[4:6])[0]
        pseudo = ip[8:40]
    else:
        return None
    if total > len(ip) or total < hl + 20:
        return None
    tcp = ip[hl:total]
    off = (tcp[12] >> 4) * 4
    flags = tcp[13]
    data = tcp[off:]
    full = pseudo + (struct.pack(">BBH", 0, 6, len(tcp)) if kind == 0x0800
                     else struct.pack(">IHBB", len(tcp), 0, 0, 6))
    # SYN, RST and URG segments mean more than their bytes, and so does a
    # checksum that is wrong
    if checksum(full + tcp) != 0 or off < 20 or len(data) < 2 or flags & 0x26:
        return None
    seq = struct.unpack(">I", tcp[4:8])[0]
    cuts = sorted({0, len(data)} | {r.randrange(1, len(data)) for _ in range(r.randrange(1, 5))})
    out = []
    for lo, hi in zip(cuts, cuts[1:]):
        f = flags if hi == len(data) else flags & ~0x09
        t = bytearray(tcp[:off]) + data[lo:hi]
        t[4:8] = struct.pack(">I", (seq + lo) & 0xffffffff)
        t[13] = f
        t[16:18] = b"\0\0"
        if kind == 0x0800:
            h = bytearray(ip[:hl])
            h[2:4] = struct.pack(">H", hl + len(t))
            h[10:12] = b"\0\0"
            h[10:12] = struct.pack(">H", checksum(bytes(h)))
            ph = pseudo + struct.pack(">BBH", 0, 6, len(t))
        else:
            h = bytearray(ip[:hl])
            h[4:6] = struct.pack(">H", len(t))
            ph = pseudo + struct.pack(">IHBB", len(t), 0, 0, 6)
        t[16:18] = struct.pack(">H", checksum(ph + bytes(t)))
        out.append(pkt[:at] + bytes(h) + bytes(t))
    if not flags & 1:
        r.shuffle(out)
    for p in list(out):
        if r.random() < 0.1:
            out.append(p)
    return out


REACH = 4


def direction(pkt, at):
    """Addresses and ports; None for a FIN, which must stay the last."""
    n = 20 if pkt[at] >> 4 == 4 else 40
    tcp = at + ((pkt[at] & 15) * 4 if n == 20 else 40)
    if pkt[tcp + 13] & 1:
        return None
    return pkt[at + n - (8 if n == 20 else 32):at + n] + pkt[tcp:tcp + 4]


def reorder(out, r):
    """out: [record head, packet, direction or None]; in place."""
    for i in range(len(out)):
        j = i
        while j + 1 < len(out) and j - i < REACH and out[i][2] is not None \
                and out[j + 1][2] == out[i][2]:
            j += 1
        if j > i and r.random() < 0.1:
            k = r.randrange(i + 1, j + 1)
            out[i][1], out[k][1] = out[k][1], out[i][1]


def main():
    raw = open(sys.argv[1], "rb").read()
    magic = raw[:4]
    if magic in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1"):
        e = "<"
    elif magic in (b"\xa1\xb2\xc3\xd4", b"\xa1\xb2\x3c\x4d"):
        e = ">"
    else:
        sys.exit(3)
    if len(raw) < 24 or struct.unpack(e + "I", raw[20:24])[0] & 0xffff != 1:
        sys.exit(3)
    r = random.Random(int(sys.argv[3]))
    out = []
    at = 24
    while at + 16 <= len(raw):
        head = raw[at:at + 8]
        cap, wire = struct.unpack(e + "II", raw[at + 8:at + 16])
        if cap > len(raw) - at - 16 or cap != wire:
            sys.exit(3)
        pkt = raw[at + 16:at + 16 + cap]
        cut = pieces(pkt, r) if cap >= 54 else None
        for p in cut or [pkt]:
            out.append([head, p, direction(p, layer(p)) if cut else None])
        at += 16 + cap
    reorder(out, r)
    with open(sys.argv[2], "wb") as f:
        f.write(raw[:24])
        for head, p, _ in out:
            f.write(head + struct.pack(e + "II", len(p), len(p)) + p)


main()
