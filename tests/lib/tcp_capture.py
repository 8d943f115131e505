"""tcp_capture: classic pcap files of TCP over IPv4 and Ethernet, for tests.

write(name, records) writes what packet() made; times are microseconds from a
fixed one, 10.0.0.1 or another client talks to port 80 of 10.0.0.2. Checksums
are left out.
"""
import struct

S, A, P, F = 2, 0x10, 0x18, 0x11    # flags; P and F acknowledge, too


def packet(ts, sport, dport, seq, ack, flags, data=b"",
           client=b"\x0a\0\0\x01"):
    ends = (client, b"\x0a\0\0\x02")
    src, dst = ends if dport == 80 else ends[::-1]
    tcp = struct.pack(">HHIIBBHHH", sport, dport, seq, ack, 0x50, flags, 8192,
                      0, 0) + data
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0,
                     src, dst)
    p = b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0" + ip + tcp
    return struct.pack("<IIII", 1700000000 + ts // 1000000, ts % 1000000,
                       len(p), len(p)) + p


def write(name, records):
    with open(name, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        f.write(b"".join(records))
