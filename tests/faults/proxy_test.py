#!/usr/bin/env python3
"""The proxy of the fault harness, in front of servers that only pretend.

    proxy_test.py                                                            limit: 60 s
"""

import pathlib
import random
import socket
import struct
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent / "integration")]

import counting  # pylint: disable=wrong-import-position
from counting import check, equal, until  # pylint: disable=wrong-import-position
from proxy import Kafka, Postgres, Proxy  # pylint: disable=wrong-import-position

DEADLINE_S = 20


class Server(threading.Thread):
    """Answers each of what `requests` finds in a connection's bytes by `answer`."""

    def __init__(self, answer):
        super().__init__(daemon=True)
        self.answer, self.seen = answer, []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.address = self.socket.getsockname()
        self.start()

    def run(self):
        while True:
            connection, _ = self.socket.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection:
            try:
                while data := connection.recv(65536):
                    self.seen.append(data)
                    connection.sendall(self.answer(data))
            except OSError:
                pass


def received(client, size):
    """So many bytes, or what came until the connection ended."""
    data = b""
    try:
        while len(data) < size and (part := client.recv(size - len(data))):
            data += part
    except ConnectionError:
        pass
    return data


def connect(proxy):
    client = socket.create_connection(("127.0.0.1", proxy.port), DEADLINE_S)
    client.settimeout(DEADLINE_S)
    return client


# PostgreSQL.

READY = b"Z" + struct.pack(">i", 5) + b"I"
DONE = b"C" + struct.pack(">i", 4 + 9) + b"UPDATE 1\0"
REFUSED = b"E" + struct.pack(">i", 4 + 1) + b"\0"
STARTUP = struct.pack(">ii", 8, 196608)
SYNC = b"S" + struct.pack(">i", 4)


def bind(statement):
    body = b"\0" + statement + b"\0" + struct.pack(">hhh", 0, 0, 0)
    return b"B" + struct.pack(">i", 4 + len(body)) + body


def pretend_postgres(data):
    """A start is answered by ready, each Sync by what was done, and ready."""
    if data == STARTUP:
        return READY
    what = REFUSED if b"refuse" in data else DONE
    return (what + READY) * data.count(SYNC)


def start(proxy):
    client = connect(proxy)
    client.sendall(STARTUP)
    equal("PostgreSQL: the start is answered", received(client, len(READY)), READY)
    return client


def answer_to_a_commit_is_cut(proxy, server):
    client = start(proxy)
    load, save = bind(b"stage_load") + SYNC, bind(b"worker_move_shards") + SYNC
    client.sendall(save)
    equal("a save is answered while nothing is asked for", received(client, 20), DONE + READY)
    proxy.cut_reply()
    until(lambda: proxy.armed == 1)
    client.sendall(load)
    equal("a load is still answered", received(client, 20), DONE + READY)
    client.sendall(load + save)
    equal("a save is not, and what came before it may be", received(client, 99)[20:], b"")
    check("the server was asked", save in server.seen[-1])
    until(lambda: proxy.counts["replies"] == 1)
    equal("the lost answer is counted", dict(proxy.counts), {"replies": 1})


def refused_commit_counts_apart(proxy):
    client = start(proxy)
    proxy.cut_reply()
    until(lambda: proxy.armed == 1)
    client.sendall(bind(b"worker_move_shards") + bind(b"refuse") + SYNC)
    equal("the refusal does not arrive", received(client, 99), b"")
    until(lambda: proxy.counts["refusals"] == 1)
    equal("it had no effect", proxy.counts["replies"], 1)


def connections_are_cut_and_silenced(proxy):
    client = start(proxy)
    until(lambda: len(proxy.connections) == 1)
    proxy.cut()
    equal("a connection that is cut ends", received(client, 1), b"")
    client = start(proxy)
    until(lambda: len(proxy.connections) == 1)
    began = time.monotonic()
    proxy.silence(0.5)
    until(lambda: proxy.counts["silences"] == 1)
    client.sendall(bind(b"stage_load") + SYNC)
    equal("a silent one says nothing, and ends", received(client, 1), b"")
    check("not before its time", time.monotonic() - began >= 0.5)


def new_connections_are_refused(proxy):
    proxy.refuse(0.5)
    until(lambda: proxy.counts["refused"] == 1)
    equal("a refused one ends at once", received(connect(proxy), 1), b"")
    until(lambda: not proxy.refusing)
    start(proxy).close()


def answers_are_delayed(proxy):
    client = start(proxy)
    until(lambda: len(proxy.connections) == 1)
    proxy.delay(0.3, 30)
    until(lambda: proxy.counts["delays"] == 1)
    began = time.monotonic()
    client.sendall(bind(b"stage_load") + SYNC)
    received(client, 20)
    check("an answer comes later", time.monotonic() - began >= 0.3)
    client.close()


# Kafka.

def request(key, correlation):
    return struct.pack(">ihhi", 8, key, 3, correlation)


def pretend_kafka(data):
    return b"".join(struct.pack(">ii", 4, struct.unpack_from(">i", data, at + 8)[0])
                    for at in range(0, len(data), 12))


def answer_to_records_is_cut():
    server = Server(pretend_kafka)
    with Proxy(Kafka, server.address, random.Random(1)) as proxy:
        client = connect(proxy)
        client.sendall(request(3, 1))
        equal("Kafka: a request is answered", received(client, 8), struct.pack(">ii", 4, 1))
        proxy.cut_reply()
        until(lambda: proxy.armed == 1)
        client.sendall(request(1, 2))
        equal("one that adds nothing as well", received(client, 8), struct.pack(">ii", 4, 2))
        client.sendall(request(0, 3))
        equal("one that adds records is not", received(client, 8), b"")
        until(lambda: proxy.counts["replies"] == 1)
        equal("the server had it", server.seen[-1], request(0, 3))
        equal("and it is counted", dict(proxy.counts), {"replies": 1})


def main():
    counting.section("proxy")
    server = Server(pretend_postgres)
    with Proxy(Postgres, server.address, random.Random(1)) as proxy:
        answer_to_a_commit_is_cut(proxy, server)
        refused_commit_counts_apart(proxy)
        connections_are_cut_and_silenced(proxy)
        new_connections_are_refused(proxy)
        answers_are_delayed(proxy)
    answer_to_records_is_cut()
    return counting.end()


if __name__ == "__main__":
    sys.exit(main())
