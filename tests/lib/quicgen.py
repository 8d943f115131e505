"""quicgen: Initial packets of QUIC clients, sealed (RFC 9001, RFC 9369), for
tests that send them or write them to a file. Slow, and of nothing but Python.

    hello(name, seed, size)             a ClientHello
    crypto(offset, bytes)               a CRYPTO frame
    initial(frames, dcid, ...)          an Initial packet
    datagrams(name, ...)                a whole hello in one or more datagrams
"""
import hashlib
import hmac
import struct

V1, V2 = 1, 0x6b3343cf
SALT = {V1: bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a"),
        V2: bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9")}
LABEL = {V1: b"quic ", V2: b"quicv2 "}


def double(a):
    return a << 1 ^ (0x11b if a & 0x80 else 0)


def times(a, b):
    r = 0
    while b:
        r ^= a if b & 1 else 0
        a, b = double(a), b >> 1
    return r


def spread(x):
    r = 0
    for i in range(5):
        r ^= (x << i | x >> (8 - i)) & 0xff
    return r


INVERSE = [0] * 256
for a in range(1, 256):
    if not INVERSE[a]:
        b = next(b for b in range(1, 256) if times(a, b) == 1)
        INVERSE[a], INVERSE[b] = b, a
SBOX = [0x63 ^ spread(x) for x in INVERSE]
TWICE = [double(a) for a in range(256)]


def schedule(key):
    w = [list(key[i:i + 4]) for i in range(0, 16, 4)]
    rcon = 1
    for i in range(4, 44):
        t = w[i - 1]
        if i % 4 == 0:
            t = [SBOX[b] for b in t[1:] + t[:1]]
            t[0] ^= rcon
            rcon = double(rcon)
        w.append([a ^ b for a, b in zip(w[i - 4], t)])
    return [sum(w[i:i + 4], []) for i in range(0, 44, 4)]


def encrypt(keys, block):
    s = [a ^ b for a, b in zip(block, keys[0])]
    for r in range(1, 11):
        s = [SBOX[s[(i + 4 * (i % 4)) % 16]] for i in range(16)]
        if r < 10:
            for c in range(0, 16, 4):
                a = s[c:c + 4]
                all_ = a[0] ^ a[1] ^ a[2] ^ a[3]
                for i in range(4):
                    s[c + i] = a[i] ^ all_ ^ TWICE[a[i] ^ a[(i + 1) % 4]]
        s = [a ^ b for a, b in zip(s, keys[r])]
    return bytes(s)


def ghash(h, data):
    y = 0
    for i in range(0, len(data), 16):
        y ^= int.from_bytes(data[i:i + 16].ljust(16, b"\0"), "big")
        z, v = 0, h
        for bit in range(127, -1, -1):
            if y >> bit & 1:
                z ^= v
            v = v >> 1 ^ (0xe1 << 120 if v & 1 else 0)
        y = z
    return y


def pad16(b):
    return b + b"\0" * (-len(b) % 16)


def gcm(key, nonce, plain, head):
    keys = schedule(key)
    out = b""
    for i in range(0, len(plain), 16):
        s = encrypt(keys, nonce + struct.pack(">I", 2 + i // 16))
        out += bytes(a ^ b for a, b in zip(plain[i:i + 16], s))
    h = int.from_bytes(encrypt(keys, bytes(16)), "big")
    y = ghash(h, pad16(head) + pad16(out) +
              struct.pack(">QQ", len(head) * 8, len(out) * 8))
    s = encrypt(keys, nonce + b"\0\0\0\1")
    return out + (y ^ int.from_bytes(s, "big")).to_bytes(16, "big")


def expand(secret, label, n):
    label = b"tls13 " + label
    info = struct.pack(">HB", n, len(label)) + label + b"\0\1"
    return hmac.new(secret, info, hashlib.sha256).digest()[:n]


def keys(version, dcid):
    s = hmac.new(SALT[version], dcid, hashlib.sha256).digest()
    s = expand(s, b"client in", 32)
    return [expand(s, LABEL[version] + what, n)
            for what, n in ((b"key", 16), (b"iv", 12), (b"hp", 16))]


def varint(n):
    return bytes((n,)) if n < 64 else struct.pack(">H", n | 0x4000)


def crypto(off, data):
    return b"\6" + varint(off) + varint(len(data)) + data


def initial(frames, dcid, scid=b"", version=V1, number=0, token=b"",
            keys_of=None):
    """keys_of: another ID than dcid, that of the first packet."""
    key, iv, hp = keys(version, keys_of or dcid)
    pn = struct.pack(">I", number)
    head = bytes((0xc3 if version == V1 else 0xd3,)) + \
        struct.pack(">I", version) + bytes((len(dcid),)) + dcid + \
        bytes((len(scid),)) + scid + varint(len(token)) + token + \
        varint(4 + len(frames) + 16) + pn
    nonce = iv[:8] + bytes(a ^ b for a, b in zip(iv[8:], pn))
    body = gcm(key, nonce, frames, head)
    mask = encrypt(schedule(hp), body[:16])
    head = bytes((head[0] ^ mask[0] & 15,)) + head[1:-4] + \
        bytes(a ^ b for a, b in zip(pn, mask[1:5]))
    return head + body


def vec(n, b):
    return len(b).to_bytes(n, "big") + b


def hello(name, seed=1, size=0, ech=False, alpn=(b"h3",)):
    x = b""
    if name:
        x += b"\0\0" + vec(2, vec(2, b"\0" + vec(2, name.encode())))
    if ech:
        x += b"\xfe\x0d" + vec(2, b"\0" * 30)
    x += b"\0\x10" + vec(2, vec(2, b"".join(vec(1, a) for a in alpn)))
    x += b"\0\x2b\0\3\2\3\4"
    x += b"\0\x15" + vec(2, bytes(max(0, size - len(x) - 51)))
    return b"\1" + vec(3, b"\3\3" + hashlib.sha256(b"%d" % seed).digest() +
                       b"\0\0\2\x13\1\1\0" + vec(2, x))


def datagrams(name, seed=1, size=0, pieces=1, **how):
    """One Initial in each, padded to 1200 bytes; the last part first."""
    ech = how.pop("ech", False)
    how.setdefault("dcid", hashlib.sha256(b"id%d" % seed).digest()[:8])
    h = hello(name, seed, size, ech)
    step = -(-len(h) // pieces)
    out = []
    for n, off in enumerate(range(0, len(h), step)):
        frames = crypto(off, h[off:off + step]).ljust(1150, b"\0")
        out.append(initial(frames, number=n, **how))
    return out[::-1]
