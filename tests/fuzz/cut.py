#!/usr/bin/env python3
"""cut.py DIR CAPTURES: seeds for the fuzz targets, cut from capture files.

Writes DIR/packet, frag, reass, http, body, tls, session, msg and savefile in
the forms that their targets read (see the head of fuzz_NAME.c). Inputs are
named by what they hold, equal ones are written once, and the same captures
give the same seeds. The captures keep the licences of their sources: what is
cut from them stays below the build folder.
"""
import hashlib
import os
import re
import struct
import sys

LINKS = [1, 0, 9, 12, 14, 50, 51, 101, 104, 108, 113, 228, 229, 276]
PER_FILE = 40		# inputs of one target from one capture
HEAD = re.compile(rb"(?:[A-Za-z-]{3,20} [^ \r\n]{1,2000} HTTP/\d|HTTP/\d|ICY )")


class Seeds:
    def __init__(self, top):
        self.top = top
        self.left = {}

    def file(self):
        self.left = {}

    def put(self, target, data):
        if self.left.setdefault(target, PER_FILE) <= 0 or not data:
            return
        self.left[target] -= 1
        d = os.path.join(self.top, target)
        os.makedirs(d, exist_ok=True)
        name = hashlib.sha256(data).hexdigest()[:16]
        with open(os.path.join(d, name), "wb") as f:
            f.write(data)


# ---- capture files ----

def classic(raw):
    e = "<" if raw[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    link = struct.unpack(e + "I", raw[20:24])[0] & 0xffff
    at = 24
    while at + 16 <= len(raw):
        s, u, cap, wire = struct.unpack(e + "4I", raw[at:at + 16])
        yield link, s * 1000000 + u, raw[at + 16:at + 16 + cap], wire
        at += 16 + cap


def blocks(raw):
    """pcapng: enough of it for packets in Enhanced and Simple blocks."""
    e, links, at = "<", [], 0
    while at + 12 <= len(raw):
        if raw[at:at + 4] == b"\x0a\x0d\x0d\x0a":
            e = "<" if raw[at + 8:at + 12] == b"\x4d\x3c\x2b\x1a" else ">"
            links = []
        kind, size = struct.unpack(e + "II", raw[at:at + 8])
        b = raw[at + 8:at + size - 4]
        if size < 12:
            return
        if kind == 1 and len(b) >= 2:
            links.append(struct.unpack(e + "H", b[:2])[0])
        elif kind == 6 and len(b) >= 20:
            i, hi, lo, cap, wire = struct.unpack(e + "5I", b[:20])
            if i < len(links):
                yield links[i], hi << 32 | lo, b[20:20 + cap], wire
        elif kind == 3 and len(b) >= 4 and links:
            yield links[0], 0, b[4:], struct.unpack(e + "I", b[:4])[0]
        at += size


def packets(raw):
    if raw[:4] == b"\x0a\x0d\x0d\x0a":
        yield from blocks(raw)
    elif raw[:4] in (b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4",
                     b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d"):
        yield from classic(raw)


def ip_of(link, p):
    """The IP datagram in a frame of the common link types, or None."""
    at = {1: 14, 113: 16, 276: 20, 0: 4, 9: 4, 108: 4}.get(link, 0)
    kind = p[at - 2:at] if link in (1, 113) else b""
    while kind in (b"\x81\0", b"\x88\xa8") and len(p) >= at + 4:
        kind = p[at + 2:at + 4]
        at += 4
    if kind == b"\x88\x64":
        at += 8
    p = p[at:]
    return p if len(p) >= 20 and p[0] >> 4 in (4, 6) else None


class Segment:
    __slots__ = ("t", "key", "flags", "seq", "ack", "win", "data")


def segment(t, ip):
    """The TCP segment in a whole, unfragmented datagram, or None."""
    s = Segment()
    s.t = t
    if ip[0] >> 4 == 4:
        hl, end = (ip[0] & 15) * 4, struct.unpack(">H", ip[2:4])[0]
        if ip[9] != 6 or struct.unpack(">H", ip[6:8])[0] & 0x3fff:
            return None
        src, dst = ip[12:16], ip[16:20]
    else:
        if len(ip) < 40 or ip[6] != 6:
            return None
        hl, end = 40, 40 + struct.unpack(">H", ip[4:6])[0]
        src, dst = ip[8:24], ip[24:40]
    tcp = ip[hl:end or len(ip)]
    if len(tcp) < 20 or tcp[12] >> 4 < 5:
        return None
    sp, dp, s.seq, s.ack, off, s.flags, s.win = struct.unpack(">HHIIBBH",
                                                              tcp[:16])
    s.key = (src, sp, dst, dp)
    s.data = tcp[(off >> 4) * 4:]
    return s


# ---- the forms of the targets ----

def reass(segs):
    """
    One connection on a small scale: where segments and acknowledgements
    begin and end keeps its order, each stretch between shrinks.
    """
    scale = {}
    first = segs[0].key
    for d in (0, 1):
        mine = [s for s in segs if (s.key != first) == d]
        other = [s for s in segs if (s.key != first) != d]
        if not mine:
            continue
        base = mine[0].seq

        def rel(x, base=base):
            return (x - base + 0x80000000) & 0xffffffff
        points = set()
        for s in mine:
            points |= {rel(s.seq), rel(s.seq + len(s.data) +
                                       (s.flags & 3 != 0))}
        points |= {rel(s.ack) for s in other if s.flags & 16}
        at, last, small = 0, None, {}
        for x in sorted(points):
            if last is not None:
                at += min(x - last, 12)
            small[x], last = at, x
        scale[d] = (rel, small)
    out, now = b"", segs[0].t
    for s in segs:
        d = int(s.key != first)
        rel, small = scale[d]
        seq = small[rel(s.seq)]
        n = small[rel(s.seq + len(s.data) + (s.flags & 3 != 0))] - seq - \
            (s.flags & 3 != 0)
        ack = 0
        if s.flags & 16 and 1 - d in scale:
            r, sm = scale[1 - d]
            ack = sm[r(s.ack)]
        if seq > 0xfff or ack > 700 or len(out) > 3000:
            break
        n = max(0, min(n, 63))
        dt = max(-60, min(60, (s.t - now) // 2000))
        now = s.t
        hi = seq >> 8 | min(ack // 64, 7) << 4
        out += bytes((d, s.flags & 0x3f, seq & 255, hi,
                      ack - min(ack // 64, 7) * 64, s.win >> 8, dt & 255,
                      n)) + s.data[:n].ljust(n, b"x")
    return out


def streams(segs):
    """{direction: bytes in order}, the first of what overlaps, to a hole."""
    out = {}
    for d in (0, 1):
        mine = sorted(((s.seq, s.data) for s in segs
                       if (s.key != segs[0].key) == d and s.data),
                      key=lambda x: x[0])
        b = b""
        for seq, data in mine:
            at = seq - mine[0][0]
            if at > len(b):
                break
            b += data[len(b) - at:]
        out[d] = b
    return out


def heads(seeds, b):
    for m in list(HEAD.finditer(b))[:20]:
        if m.start() and b[m.start() - 1:m.start()] not in (b"\n", b"}", b">"):
            continue
        end = b.find(b"\r\n\r\n", m.start())
        end = len(b) if end < 0 else end + 4
        seeds.put("http", b[m.start():min(end, m.start() + 3000)])
        head, rest = b[m.start():end], b[end:end + 1200]
        if not rest:
            continue
        if re.search(rb"(?i)\ntransfer-encoding:[^\n]*chunked", head):
            seeds.put("body", b"\6\2" + rest)
            zero = b.find(b"\r\n0\r\n", end)
            if zero > 0:		# its first bytes and its last chunk
                seeds.put("body", b"\1\2" + rest[:40])
                seeds.put("body", b"\3\2" + b[zero + 2:zero + 80])
        else:
            seeds.put("body", bytes((min(len(rest), 255), 1)) + rest[:300])


def session(segs):
    first = segs[0].key
    next_ = {}
    out, now = b"", segs[0].t
    for s in segs:
        d = int(s.key != first)
        dt = max(0, min(15, (s.t - now) // 4000))
        now = max(now, s.t)
        data = s.data
        at = next_.setdefault(d, s.seq)
        if s.flags & 16 and data:
            out += bytes((d | 6 << 1, 0))
        ahead = (s.seq - at + 0x80000000 & 0xffffffff) - 0x80000000
        if ahead > 0 and data:
            out += bytes((d | 5 << 1, min(ahead, 255)))
            at = s.seq
        elif ahead < 0:
            data = data[-ahead:]
        for i in range(0, len(data), 255):
            part = data[i:i + 255]
            out += bytes((d | dt << 4, len(part))) + part
            dt = 0
        next_[d] = (at + len(data)) & 0xffffffff
        if s.flags & 5:
            out += bytes((d | 7 << 1, 0 if s.flags & 1 else 1))
        if len(out) > 4000:
            break
    return out


def tls(seeds, b):
    if len(b) < 6 or b[0] != 22 or b[1] != 3:
        return
    seeds.put("tls", b[:1600])
    n = struct.unpack(">H", b[3:5])[0]
    seeds.put("tls", b[5:5 + min(n, 1600)])


def endpoint(a, port):
    a = b"\0" * 10 + b"\xff\xff" + a if len(a) == 4 else a
    return a + struct.pack("=H", port)


def msg(seeds, t, p, wire, s):
    p = p[:400]
    seeds.put("msg", b"\x08" + struct.pack("=QIIHH", t & 2**63 - 1, wire,
                                           len(p), 1, 0) + p)
    if s is None or not s.data:
        return
    d = s.data[:200]
    seeds.put("msg", b"\x0d" + struct.pack("=BBBBQQQQI", 1, 0, 0, 0, 7, s.seq,
                                           t & 2**63 - 1, 0, len(d)) + d)
    ends = endpoint(*s.key[:2]) + endpoint(*s.key[2:])
    seeds.put("msg", b"\x0d" + struct.pack("=BBBBQQQQ", 0, 0, 0, 1, 7, 0, t, 1)
              + ends + struct.pack("=iI", -1, 4) + b"eth0")
    seeds.put("msg", b"\x0c" + ends + b"\0")
    spans = d.split()[:12]
    spans += [b""] * (12 - len(spans))
    seeds.put("msg", b"\x0e" + struct.pack("=BQQI4sii", 0, t, 7, 4, b"eth0",
                                           -1, 5) + ends +
              endpoint(s.key[0], 0) + struct.pack("=BQIBQQQQQB", 0, 9, 200, 0,
                                                  1, 2, 3, 4, 5, 0) +
              b"".join(struct.pack("=I", len(x)) + x for x in spans) +
              struct.pack("=7QBBB", 1, 2, 3, 4, t, t + 5, 1, 0x1b, 0, 1))


def capture(seeds, raw):
    flows, frags = {}, []
    for i, (link, t, p, wire) in enumerate(packets(raw)):
        if link in LINKS and (i < 30 or i % 50 == 0):
            seeds.put("packet", bytes((LINKS.index(link),
                                       min(255, max(0, wire - len(p))))) +
                      p[:600])
        ip = ip_of(link, p)
        s = segment(t, ip) if ip else None
        if i % 7 == 0:
            msg(seeds, t, p, wire, s)
        if ip and (ip[0] >> 4 == 4 and ip[6] & 0x3f | ip[7] or
                   ip[0] >> 4 == 6 and ip[6] == 44):
            f = ip[:255]
            frags.append(bytes((1, len(f))) + f)
        if s:
            both = min(s.key, s.key[2:] + s.key[:2])
            flows.setdefault(both, []).append(s)
    for i in range(0, len(frags), 12):
        seeds.put("frag", b"\xff" + b"".join(frags[i:i + 12]))
    for n, segs in enumerate(flows.values()):
        seeds.put("reass", bytes((n * 37 & 255, 0)) + reass(segs[:60]))
        seeds.put("session", bytes((n * 53 & 255,)) + session(segs))
        if len(segs) > 30:		# joined in the middle
            seeds.put("session", b"\4" + session(segs[len(segs) // 2:]))
            seeds.put("reass", b"\x82\0" + reass(segs[len(segs) // 2:][:60]))
        for b in streams(segs).values():
            heads(seeds, b[:300000])
            tls(seeds, b)
    seeds.put("savefile", raw[:700])


def main():
    seeds = Seeds(sys.argv[1])
    names = []
    for top, _, files in os.walk(sys.argv[2]):
        names += [os.path.join(top, f) for f in files
                  if f.endswith((".pcap", ".pcapng", ".cap", ".trace"))]
    for name in sorted(names):
        seeds.file()
        with open(name, "rb") as f:
            raw = f.read()
        try:
            capture(seeds, raw)
        except (struct.error, IndexError):
            pass		# broken: what came before is a seed
    if not names:
        sys.exit(sys.argv[2] + ": no captures")


if __name__ == "__main__":
    main()
