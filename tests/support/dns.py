"""A DNS server for tests: answers A questions from a table over UDP, everything else with "no such name"."""

import socket
import struct
import threading


class DnsServer:
    def __init__(self):
        self.table = {}  # lower-case name → list of IPv4 addresses
        self.asked = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def close(self):
        self.socket.close()

    def serve(self):
        while True:
            try:
                question, sender = self.socket.recvfrom(4096)
            except OSError:
                return
            try:
                self.socket.sendto(self.answer(question), sender)
            except OSError:
                return

    def answer(self, packet):
        name, at = [], 12
        while packet[at]:
            name.append(packet[at + 1:at + 1 + packet[at]].decode())
            at += 1 + packet[at]
        kind = struct.unpack("!H", packet[at + 1:at + 3])[0]
        text = ".".join(name).lower()
        self.asked.append(text)
        known = text in self.table
        addresses = self.table.get(text, []) if kind == 1 else []
        head = packet[:2] + struct.pack("!HHHHH", 0x8180 if known else 0x8183, 1, len(addresses), 0, 0)
        records = b"".join(b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 1, 4) + socket.inet_aton(a) for a in addresses)
        return head + packet[12:at + 5] + records
