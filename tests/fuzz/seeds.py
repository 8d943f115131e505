#!/usr/bin/env python3
"""seeds.py DIR: a seed corpus for the fuzz targets that read traffic.

Writes DIR/packet, frag, reass, http, body, tls, dns, quic, session, h2, period
and others, each full of small inputs in the form that its target reads (see the
head of fuzz_NAME.c). All is made here: no capture is copied. The same files each
time.
"""
import os
import random
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import quicgen
from checksum import checksum

RND = random.Random(1)
ETHER, RAW, SLL, NULL, SLL2 = 0, 7, 9, 1, 13


def save(name, items):
    d = os.path.join(sys.argv[1], name)
    os.makedirs(d, exist_ok=True)
    for i, b in enumerate(items):
        with open(os.path.join(d, "%03d" % i), "wb") as f:
            f.write(b)


# ---- packets ----

def tcp(data=b"", flags=0x18, opts=b"", seq=1000, ack=2000):
    opts += b"\1" * (-len(opts) % 4)
    h = struct.pack(">HHIIBBHHH", 40000, 80, seq, ack,
                    (20 + len(opts)) // 4 << 4, flags, 65000, 0, 0)
    return h + opts + data


def udp(data, dport):
    return struct.pack(">HHHH", 5000, dport, 8 + len(data), 0) + data


def ip4(proto, data, off=0, ident=7, opts=b""):
    h = struct.pack(">BBHHHBBH4s4s", 0x40 | (20 + len(opts)) // 4, 0,
                    20 + len(opts) + len(data), ident, off, 64, proto, 0,
                    b"\x0a\0\0\1", b"\x0a\0\0\2") + opts
    s = struct.pack(">H", checksum(h))
    return h[:10] + s + h[12:] + data


def ip6(proto, data):
    a = b"\x20\1" + b"\0" * 13
    return struct.pack(">IHBB", 0x60000000, len(data), proto, 64) + \
        a + b"\1" + a + b"\2" + data


def summed(data, flags=0x18, opts=b""):
    """IPv4 and IPv6 with a right TCP checksum."""
    t = tcp(data, flags, opts)
    a4 = b"\x0a\0\0\1\x0a\0\0\2" + struct.pack(">HH", 6, len(t))
    a = b"\x20\1" + b"\0" * 13
    a6 = a + b"\1" + a + b"\2" + struct.pack(">II", len(t), 6)
    for wrap, pseudo in ((ip4, a4), (ip6, a6)):
        s = struct.pack(">H", checksum(pseudo + t))
        yield wrap(6, t[:16] + s + t[18:])


def ether(kind, data):
    return b"\2\0\0\0\0\1\2\0\0\0\0\2" + struct.pack(">H", kind) + data


def vlan(tag, kind, data):
    return struct.pack(">HH", tag, kind) + data


def frag6(data, off, more, ident):
    return ip6(44, struct.pack(">BBHI", 6, 0, off << 3 | more, ident) + data)


GET = b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"
SYN_OPTS = b"\2\4\5\xb4\4\2\1\3\3\7\x08\x0a" + b"\0\0\0\1\0\0\0\0"


def layers():
    """(link, frame): one of each kind of header that is known."""
    plain4, plain6 = summed(GET)
    syn4, syn6 = summed(b"", 2, SYN_OPTS)
    for ip, kind in ((plain4, 0x800), (plain6, 0x86dd), (syn4, 0x800),
                     (syn6, 0x86dd)):
        yield ETHER, ether(kind, ip)
        yield RAW, ip
        yield SLL, b"\0\0\0\1\0\6\2\0\0\0\0\1\0\0" + \
            struct.pack(">H", kind) + ip
        yield SLL2, struct.pack(">HHIHBB", kind, 0, 3, 1, 0, 6) + \
            b"\2\0\0\0\0\1\0\0" + ip
        yield NULL, struct.pack("<I", 2 if kind == 0x800 else 30) + ip
        yield ETHER, ether(0x8100, vlan(5, kind, ip))
        yield ETHER, ether(0x88a8, vlan(9, 0x8100, vlan(5, kind, ip)))
        ppp = b"\0\x21" if kind == 0x800 else b"\0\x57"
        yield ETHER, ether(0x8864, struct.pack(">BBHH", 0x11, 0, 7,
                                               len(ip) + 2) + ppp + ip)
        yield ETHER, ether(0x8847, b"\0\1\0\x40\0\2\1\x40" + ip)
        gre = struct.pack(">HH", 0, kind) + ip
        yield ETHER, ether(0x800, ip4(47, gre))
        keyed = struct.pack(">HHII", 0x3000, kind, 5, 6) + ip
        yield ETHER, ether(0x86dd, ip6(47, keyed))
        erspan = struct.pack(">HHI", 0x1000, 0x88be, 1) + \
            struct.pack(">II", 0x10010002, 3) + ether(kind, ip)
        yield ETHER, ether(0x800, ip4(47, erspan))
        yield ETHER, ether(0x800, ip4(4 if kind == 0x800 else 41, ip))
        yield ETHER, ether(0x86dd, ip6(4 if kind == 0x800 else 41, ip))
        vx = struct.pack(">II", 0x08000000, 0x500) + ether(kind, ip)
        yield ETHER, ether(0x800, ip4(17, udp(vx, 4789)))
        gv = struct.pack(">BBHII", 1, 0, 0x6558, 0x700, 0x01020304) + \
            ether(kind, ip)
        yield ETHER, ether(0x800, ip4(17, udp(gv, 6081)))
        deep = vx
        for _ in range(5):
            deep = vx[:8] + ether(0x800, ip4(17, udp(deep, 4789)))
        yield ETHER, ether(0x800, ip4(17, udp(deep, 4789)))
    for link in (2, 3, 4, 5, 6, 8, 10, 11, 12):
        yield link, b"\xff\x03\0\x21" + plain4
        yield link, b"\x0f\0\x08\0" + plain4
        yield link, plain4
        yield link, struct.pack(">I", 2) + plain4
    hop = struct.pack(">BB6x", 43, 0) + struct.pack(">BBBB4x", 60, 0, 0, 0) \
        + struct.pack(">BB6x", 6, 0) + tcp(GET)
    yield ETHER, ether(0x86dd, ip6(0, hop))
    yield ETHER, ether(0x86dd, ip6(51, struct.pack(">BBHII", 6, 1, 0, 1, 1)
                                   + tcp(GET)))
    yield ETHER, ether(0x86dd, frag6(tcp(GET), 0, 0, 9))
    yield ETHER, ether(0x800, ip4(6, tcp(GET), 0x2000))
    yield ETHER, ether(0x800, ip4(6, tcp(GET), opts=b"\1\1\1\0"))
    yield ETHER, ether(0x800, ip4(1, b"\x08\0\0\0\0\0\0\0"))
    yield ETHER, ether(0x806, b"\0\1\x08\0\6\4\0\1" + b"\0" * 20)


def packets():
    for link, frame in layers():
        yield bytes((link, 0)) + frame
        yield bytes((link, 200)) + frame[:len(frame) * 3 // 4]


def frags():
    body = tcp(GET * 6)

    def many(make, cuts, order=None, gap=1):
        parts = []
        for i, at in enumerate(cuts):
            end = cuts[i + 1] if i + 1 < len(cuts) else len(body)
            parts.append(make(body[at:end], at // 8, end != len(body)))
        for i in order or range(len(parts)):
            yield bytes((gap, len(parts[i]) & 0xff)) + parts[i]

    def v4(d, off, more):
        return ip4(6, d, off | 0x2000 * more)

    def v6(d, off, more):
        return frag6(d, off, int(more), 77)

    for head in (0, 40, 255):
        for make in (v4, v6):
            for cuts in ([0, 80], [0, 64, 128], [0, 8, 16, 64, 200],
                         [0, 80, 80, 160]):
                n = len(cuts)
                for order in (None, list(range(n))[::-1],
                              [0] * 2 + list(range(n))):
                    for gap in (1, 200):
                        yield bytes((head,)) + b"".join(
                            many(make, cuts, order, gap))
    # overlap, holes, an end that moves, a length past 65535
    over = [v4(body[0:96], 0, 1), v4(body[64:160], 8, 1),
            v4(body[128:], 16, 0), v4(b"x" * 80, 4, 0),
            v4(b"y" * 80, 8189, 1)]
    for k in range(1, len(over) + 1):
        RND.shuffle(over)
        yield b"\x30" + b"".join(bytes((2, len(p) & 0xff)) + p
                                 for p in over[:k])


# ---- streams ----

def record(who, flags, seq, win=200, data=b"", ack=0, hi=0, dt=1, mark=0):
    """As fuzz_reass.c reads it; 0xffffff00 is where sequences begin."""
    return bytes((who, flags, seq & 255, hi, ack & 255, win, dt & 255,
                  mark | len(data))) + data


def crowds():
    """More readers than there is room for; some wait behind a hole."""
    for room in (1, 60, 120, 200, 255):
        p = b""
        for who in range(0, 64, 2):
            p += record(who, 2, 0) + record(who | 1, 18, 0, ack=1)
            p += record(who, 0x18, 5 if who & 4 else 1, data=b"GET /", ack=1)
        p += record(1, 0x10, 1, ack=1) * 70 + record(0, 0x11, 6, ack=1)
        yield bytes((8, room)) + p


def streams():
    syn = record(0, 2, 0) + record(1, 18, 0, ack=1)
    up = [record(0, 0x18, 1 + i * 8, data=b"abcdefgh", ack=1)
          for i in range(6)]
    down = [record(1, 0x18, 1 + i * 16, data=b"x" * 16, ack=1 + i * 8)
            for i in range(6)]
    fin = record(0, 0x11, 49, ack=97) + record(1, 0x11, 97, ack=50)
    rst = record(1, 4, 49)
    for how in (b"\0\0", b"\x21\0", b"\x06\3", b"\xff\7", b"\x12\1"):
        for k in range(6):
            u, d = list(up), list(down)
            if k == 1:
                u = u[::-1]
            elif k == 2:
                del u[2], d[3]
            elif k == 3:
                u[2:2] = [record(0, 0x18, 5, data=b"ZZZZZZZZ", ack=1)]
            elif k == 4:
                u += [record(0, 0x10, 0, data=b"p"), record(1, 0x10, 1, 0)]
            elif k == 5:
                u = [p[:7] + bytes((p[7] | 0x80,)) + p[8:] for p in u]
            both = b"".join(a + b for a, b in zip(u, d))
            yield how + syn + both + fin
            yield how + both + rst + both
            yield how + syn + both + fin + syn + both
            yield how + b"".join(bytes((p[0] | 0x40,)) + p[1:]
                                 for p in (syn, both, fin)) + both
            if k == 0:
                yield how + b"".join(
                    record(w << 2 | w & 1, 2, 0) for w in range(4)) + both


# ---- HTTP ----

REQUESTS = [
    GET,
    b"\r\n\r\nGET /a/b/c?q=1 HTTP/1.1\nHost: b.example:80\n\n",
    b"POST /form HTTP/1.1\r\nHost: c.example\r\nContent-Length: 5\r\n\r\nhello",
    b"POST /up HTTP/1.1\r\nHost: c\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5;ext=\"a\"\r\nhello\r\n0\r\nX-Trail: 1\r\n\r\n",
    b"PUT /both HTTP/1.1\r\nHost: c\r\nContent-Length: 3\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"PUT /two HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
    b"CONNECT d.example:443 HTTP/1.1\r\nHost: d.example:443\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: e.example\r\n\r\n",
    b"GET http://u@f.example:8080/x/y HTTP/1.1\r\nHost: other\r\n\r\n",
    b"GET /fold HTTP/1.1\r\nX: a\r\n\tb\r\n c\r\nHost:  g.example \r\n\r\n",
    b"GET /old\r\n", b"GET /zero HTTP/1.0\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: [::1]:8\r\nHost: twice\r\n\r\n",
    b"GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n"
    b"Connection: keep-alive, Upgrade\r\n\r\n",
    b"POST /100 HTTP/1.1\r\nHost: i\r\nExpect: 100-continue\r\n"
    b"Content-Length: 2\r\n\r\nok",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"PROPFIND /dav%20x//y/ HTTP/1.1\r\nHost : bad\r\n\r\n",
    b"M-SEARCH * HTTP/1.1\r\nHOST: 239.0.0.1:1900\r\n\r\n",
    b"GET / HTTP/9.9\r\nHost: j\r\nX\0Y: z\r\n\r\n",
]
RESPONSES = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\n"
    b"Content-Length: 0\r\n\r\n",
    b"HTTP/1.1 200\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"
    b"3\r\nabc\r\n00000\r\n\r\n",
    b"HTTP/1.0 404 Not Found\n\nuntil the end",
    b"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\0",
    b"HTTP/1.1 204 No Content\r\n\r\n", b"ICY 200 OK\r\n\r\n",
    b"HTTP/1.1 200 Connection established\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n"
    b"Content-Type: multipart/byteranges\r\n\r\nx",
]


def bodies():
    chunked = [b"5\r\nhello\r\n0\r\n\r\n", b"a;x=y\r\n0123456789\r\n0\r\n"
               b"T: 1\r\nU: 2\r\n\r\n", b"1\na\n0\n\n", b"FFFFFFFFFFFFFFFF1\r\n",
               b"3 \r\nabc\r\n0;\"\r\n\"\r\n\r\n", b"0\r\n\r\nGET /",
               b"00000000003\r\nabc\r\n0\r\n\r\n", b"x\r\n", b"2\r\nabc"]
    for size in (0, 1, 5, 6):
        for kind in range(4):
            for b in chunked + [b"hello world", b""]:
                yield bytes((size, kind)) + b


def starts():
    """Requests as fuzz_starts.c reads them, in pieces of so many bytes."""
    for size in (254, 60, 7):
        for r in REQUESTS:
            yield b"".join(bytes((len(r[i:i + size]),)) + r[i:i + size]
                           for i in range(0, min(len(r), 2000), size))


# ---- TLS ----

def vec(n, b):
    return len(b).to_bytes(n, "big") + b


def client(name=b"a.example", alpn=(b"h2", b"http/1.1"), extra=b""):
    ext = b""
    if name is not None:
        ext += b"\0\0" + vec(2, vec(2, b"\0" + vec(2, name)))
    if alpn:
        ext += b"\0\x10" + vec(2, vec(2, b"".join(vec(1, a) for a in alpn)))
    ext += b"\0\x2b" + vec(2, vec(1, b"\x7a\x7a\3\4\3\3")) + extra
    b = b"\3\3" + bytes(range(32)) + vec(1, b"s" * 32) + \
        vec(2, b"\x13\1\x13\2\xc0\x2b") + vec(1, b"\0") + vec(2, ext)
    return b"\1" + vec(3, b)


def server(ext=b"\0\x2b\0\2\3\4"):
    b = b"\3\3" + bytes(range(32)) + vec(1, b"s" * 32) + b"\x13\1\0" + \
        vec(2, ext)
    return b"\2" + vec(3, b)


def rec(kind, b, step=16384):
    return b"".join(bytes((kind, 3, 1)) + vec(2, b[i:i + step])
                    for i in range(0, len(b), step))


HELLOS = [client(), client(None), client(b"", ()), client(b"x" * 255),
          client(alpn=[b"p%d" % i for i in range(12)]),
          client(extra=b"\xfe\x0d" + vec(2, b"\0" * 40)),
          client(extra=b"\0\x33" + vec(2, b"k" * 1300)),
          client(extra=b"\0\x29" + vec(2, vec(2, b"t" * 20))),
          server(), server(b""), server(b"\0\x10\0\5\0\3\2h2")]


def der(tag, *parts):
    b = b"".join(parts)
    n = bytes((len(b),)) if len(b) < 128 else b"\x82" + vec(2, b)[:2]
    return bytes((tag,)) + n + b


def certificate(*names, common=b"www.example", until=b"301231235959Z"):
    subject = der(0x30, der(0x31, der(0x30, b"\6\3\x55\4\3",
                                      der(12, common))))
    body = der(0x30, b"\xa0\3\2\1\2\2\1\7", der(0x30), subject,
               der(0x30, der(0x17, b"250101000000Z"),
                   der(0x17 if len(until) == 13 else 0x18, until)),
               subject, der(0x30),
               der(0xa3, der(0x30, der(0x30, b"\6\3\x55\x1d\x11\1\1\xff",
                                       der(4, der(0x30, *(
                                           der(0x82, n) for n in names)))))))
    b = der(0x30, body, der(0x30), der(3, b"\0"))
    return b"\x0b" + vec(3, vec(3, vec(3, b) * 2))


def tls():
    yield certificate(b"a.example", b"*.example")
    yield certificate(*(b"h%d.example" % i for i in range(20)))
    yield certificate(until=b"20501231235959Z")
    yield certificate(b"www.example", until=b"251231235959Z")[:90]
    for h in HELLOS:
        yield h
        yield rec(22, h)
        yield rec(22, h, 100)
        yield h[:len(h) * 2 // 3]
    yield rec(22, HELLOS[0]) + rec(20, b"\1") + rec(23, b"d" * 40) + \
        rec(21, b"\1\0")
    yield b"\x80\x2e\1\3\1\0\x15\0\0\0\x10" + b"\1" * 37


PROXIED = [
    b"GET /p HTTP/1.1\r\nHost: p\r\nX-Forwarded-For: 192.0.2.1:80, "
    b"10.0.0.1\r\nx-forwarded-for: 10.0.0.2, [2001:db8::1]:1\r\n\r\n",
    b"GET /q HTTP/1.1\r\nHost: q\r\nForwarded: for=\"[2001:db8::1]:4\";"
    b"by=_x, for=10.0.0.1\r\n\r\n",
    b"PROXY TCP6 2001:db8::1 ::1 65535 80\r\n",
    b"PROXY TCP4 192.0.2.1 192.0.2.2 1 80\r\n",
    b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes(range(12)),
    b"\r\n\r\n\0\r\nQUIT\n\x21\x21\0\x24" + bytes(range(36)),
]


# ---- QUIC ----

WHOLE, V2, OTHER, SAME, SERVER, LONG = 1, 2, 4, 8, 16, 32


def answers():
    """Of name servers, to one question."""
    def name(s):
        return b"".join(bytes((len(w),)) + w for w in s.split(b".")) + b"\0"

    def rr(owner, kind, data, ttl=300):
        return owner + struct.pack(">HHIH", kind, 1, ttl, len(data)) + data

    def message(asked, *rrs, flags=0x8180):
        return struct.pack(">HHHHHH", 7, flags, 1, len(rrs), 0, 0) + \
            name(asked) + struct.pack(">HH", 1, 1) + b"".join(rrs)

    at = b"\xc0\x0c"
    cdn = name(b"cdn.example.net")
    yield message(b"www.Example.com", rr(at, 1, b"\xc0\0\2\1"))
    yield message(b"www.example.com", rr(at, 5, cdn), rr(cdn, 1, b"\x7f\0\0\1"),
                  rr(cdn, 28, b"\x20\1" + b"\0" * 14))
    yield message(b"a_b.c", rr(at, 16, b"\4text"), rr(at, 1, b"123"))
    yield message(b"a", flags=0x8183)
    yield message(b"x" * 63, *[rr(at, 1, bytes(4))] * 40)


def quics():
    """fuzz_quic seals what is not WHOLE, with "12345678" as the first ID."""
    def put(how, b, t=0):
        b += b"\0" * (-len(b) % 16)
        return bytes((how | LONG, t, len(b) // 16)) + b

    for how in (0, V2, OTHER):
        for h in HELLOS[:8]:
            a = quicgen.crypto(0, h)
            parts = [quicgen.crypto(i, h[i:i + 60])
                     for i in range(0, len(h), 60)][:20]
            yield b"\xff" + put(how, a) + put(how, a, 3)
            yield b"\xff" + put(how, b"\2\5\0\1\2\0\1\1" +
                               b"\1".join(parts[::-1]))
            yield b"\xff" + b"".join(put(how, p, 9) for p in parts[::-1])
            yield b"\xff" + put(0, parts[0]) + \
                b"".join(put(OTHER | SAME | how, p) for p in parts[1:])
    yield b"\0" + put(0, quicgen.crypto(16000, b"x")) * 5
    yield b"\xff" + put(0, quicgen.crypto(0, HELLOS[0])[:200]) + \
        put(OTHER | SERVER, b"\6\0\4abcd\x1c\0\6\2no")
    for version in (quicgen.V1, quicgen.V2):
        p = b"".join(quicgen.datagrams("seed.example", 1, 300, 2,
                                       version=version, token=b"tok"))
        yield b"\xff" + put(WHOLE, p)
        yield b"\xff" + put(WHOLE, b"\xe0\0\0\0\1\1a\0\4abcd" + p)
        yield b"\xff" + put(WHOLE, p[:600]) + put(WHOLE | SERVER, p)


# ---- sessions ----

def sessions():
    def data(d, b, t=0):
        out = b""
        for i in range(0, len(b), 200):
            part = b[i:i + 200]
            out += bytes((d | t << 4, len(part))) + part
        return out

    def tell(d, what, n=0):
        return bytes((d | what << 1, n))

    talks = [(a, b) for a in REQUESTS for b in RESPONSES]
    RND.shuffle(talks)
    for i, (a, b) in enumerate(talks):
        c = bytes((i * 37 & 255,))
        yield c + data(0, a) + data(1, b, 2) + tell(1, 7, 1)
        if i % 4 == 0:
            yield c + data(0, a * 3) + tell(1, 6) + data(1, b * 3) + \
                tell(0, 7, 2)
        if i % 4 == 1:
            yield c + data(0, a) + tell(0, 5, 40) + data(0, a) + \
                data(1, b[:30]) + tell(1, 5, 9) + data(1, b)
        if i % 4 == 2:
            yield c + data(1, b) + data(0, a) + tell(0, 5, 255) + data(1, b)
    for i, h in enumerate(HELLOS[:8]):
        yield bytes((i,)) + data(0, rec(22, h)) + data(1, rec(22, server()))
        yield bytes((i,)) + data(0, rec(22, h, 50)) + tell(1, 5, 60) + \
            data(1, rec(22, server())) + data(0, rec(23, b"x" * 30))


# ---- HTTP/2 ----

def h2():
    def frame(kind, flags, stream, b=b""):
        return vec(3, b)[:3] + bytes((kind, flags)) + \
            stream.to_bytes(4, "big") + b

    def fields(*pairs):
        return b"".join(b"\x40" + vec(1, n) + vec(1, v) for n, v in pairs)

    def say(d, b):
        return b"".join(bytes((d, len(b[i:i + 200]))) + b[i:i + 200]
                        for i in range(0, len(b), 200))

    settings = frame(4, 0, 0), frame(4, 0, 0, b"\0\1\0\0\x10\0")
    ask = fields((b":method", b"GET"), (b":path", b"/a"),
                 (b":authority", b"a.example"), (b"x-forwarded-for", b"::1"))
    post = fields((b":method", b"POST"), (b":path", b"/b"),
                  (b"host", b"b"), (b"content-length", b"3"))
    coded = b"\x82\x86\x84\x41\x8c\xf1\xe3\xc2\xe5\xf2\x3a\x6b" \
        b"\xa0\xab\x90\xf4\xff"
    ok = fields((b":status", b"200"), (b"content-type", b"t/p"))
    client = [
        frame(1, 5, 1, ask), frame(1, 5, 3, coded),
        frame(1, 0, 5, post[:9]) + frame(9, 0, 5) + frame(9, 4, 5, post[9:]),
        frame(1, 4, 1, post) + frame(0, 0, 1, b"abc") +
        frame(1, 5, 1, fields((b"t", b"1"))),
        frame(1, 0x2d, 1, b"\2\0\0\0\0\x10" + ask + b"\0\0"),
        frame(1, 5, 1, ask) + frame(3, 0, 1, b"\0\0\0\x08"),
        frame(1, 5, 1, b"\x3f\xe1\xff\x03" + ask + b"\xbe\xbf"),
        frame(2, 0, 3, b"\0\0\0\0\1") + frame(0xfa, 9, 9, b"x"),
    ]
    server = [
        frame(1, 5, 1, ok), frame(1, 4, 3, ok) + frame(0, 1, 3, b"body"),
        frame(1, 4, 1, b"\x88") + frame(0, 9, 1, b"\2ab\0\0"),
        frame(1, 4, 1, fields((b":status", b"100"))) + frame(1, 5, 1, ok),
        frame(5, 4, 1, b"\0\0\0\2" + ask) + frame(1, 5, 2, ok),
        frame(7, 0, 0, b"\0\0\0\1\0\0\0\0") + frame(6, 0, 0, b"12345678"),
        frame(3, 0, 1, b"\0\0\0\2"),
    ]
    for i in range(32):
        a = settings[i % 2] + b"".join(RND.sample(client, 1 + i % 4))
        b = settings[1 - i % 2] + b"".join(RND.sample(server, 1 + i % 3))
        f = bytes((i,))
        yield f + say(0, a) + say(1, b)
        yield f + say(1, b) + say(0, a) + bytes((6 | i & 1, 9)) + say(1, b)


# ---- history logs ----

def periods():
    def text(s):
        return struct.pack("=I", len(s)) + s

    def kind(name, *fields):
        return (text(name) + bytes((len(fields),)) +
                b"".join(text(k) + bytes((t,)) for k, t in fields))

    def chunks(**rows):
        return b"".join(text(k.encode()) + text(v) for k, v in rows.items())

    status = kind(b"status", (b"code", 0), (b"count", 0), (b"count_error", 0))
    other = kind(b"host", (b"host", 3), (b"moon", 4), (b"requests_per_second", 2))
    new = kind(b"gremlin", (b"count", 0))
    a = b"\0\0" + struct.pack("=QQQ", 404, 3, 0)
    b = b"\1\0" + text(b"www.example.com") + b"\1" + struct.pack("=d", 1.5)
    c = b"\2\1" + struct.pack("=Q", 9)
    body = chunks(complete=a, hosts=b + c + a)
    for keys in (status, status + other, status + other + new):
        yield text(keys) + text(body) + text(chunks(hosts=b + c))
    yield b"\0period1" + struct.pack("=IQQIII", 2, 1, 2, 0, 0, 0)


# ---- what browsers ask netmonweb ----

def pages():
    targets = ["/", "/json/hosts?window=1m&top=5&by=bytes", "/host/a.example%3A80",
               "/talkers?client=192.0.2.1&server=a+b&port=443", "/report?at=03%3A12",
               "/compare?at=03:12&with=1d", "/history?since=2d&until=1d&by=1h",
               "/flows?state=open&vlan=7&interface=eth0", "/metrics", "/alerts/all",
               "/metrics/-O?top=openmetrics", "/compare?top=in&at=1h",
               "http://fw1/why?port=80"]
    for t in targets:
        yield ("GET %s HTTP/1.1\r\nHost: [::1]:9470\r\nAccept: application/"
               "openmetrics-text\r\n\r\n" % t).encode()


def main():
    save("web", pages())
    save("packet", packets())
    save("frag", frags())
    save("reass", [*streams(), *crowds()])
    save("http", REQUESTS + RESPONSES + PROXIED)
    save("body", bodies())
    save("starts", starts())
    save("tls", tls())
    save("dns", answers())
    save("quic", quics())
    save("session", sessions())
    save("h2", h2())
    save("period", periods())


main()
