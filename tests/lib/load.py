"""load.py: twenty requests a second on one connection, to net.sh's server."""
import socket
import time

s = socket.create_connection(("10.77.0.2", 80))
while True:
    s.sendall(b"GET /index.html HTTP/1.1\r\nHost: a\r\n\r\n")
    s.recv(65536)
    time.sleep(0.05)
