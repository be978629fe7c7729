"""A TCP proxy in front of PostgreSQL or Kafka that loses answers, delays, falls silent and refuses.

It reads along: of PostgreSQL's protocol the frames, the statements that are bound and the ends of
transactions (https://www.postgresql.org/docs/current/protocol-message-formats.html), of Kafka's the
request headers (https://kafka.apache.org/protocol.html). So an answer can be cut after the effect: a
transaction was committed, or records were appended, the server has said so, and the client never hears
it. Only that counts as `replies`.

    with Proxy(Postgres, ("127.0.0.1", 5432), random.Random(7)) as proxy:
        ... clients connect to 127.0.0.1:proxy.port ...
        proxy.cut_reply(); proxy.cut(); proxy.delay(1.0, 5); proxy.silence(5); proxy.refuse(2)
"""

import asyncio
import collections
import struct
import threading

CHUNK = 65536
ARMED_MAX = 4  # answers that are to be cut and have not come yet
PRODUCE = 0  # Kafka's api_key
SAVES = (b"worker_move_shards", b"worker_claim_shard")  # statements whose transaction changes something


class Postgres:
    """One connection. Each Sync (and simple query) of the client is answered by one ReadyForQuery, after
    that of the start."""

    def __init__(self, proxy):
        self.proxy = proxy
        self.asked, self.told = bytearray(), bytearray()
        self.started, self.syncs, self.readies = False, 0, 0
        self.target = None  # the ReadyForQuery that is not to arrive
        self.failed = False

    def sent(self, data):
        self.asked += data
        while True:
            head = 1 if self.started else 0
            if len(self.asked) < head + 4:
                return
            size = head + struct.unpack_from(">i", self.asked, head)[0]
            if len(self.asked) < size:
                return
            self.request(bytes(self.asked[:min(size, 128)]))
            del self.asked[:size]

    def request(self, frame):
        if not self.started:
            self.started = True
            return
        kind = frame[:1]
        if kind in (b"S", b"Q"):
            self.syncs += 1
        elif kind == b"B" and self.target is None:
            statement = frame[5:].split(b"\0", 2)[1]
            if statement in SAVES and self.proxy.disarm():
                self.target = self.syncs + 2  # the start's, those before, and its own

    def answered(self, data):
        """What to pass on; None: the answer came, and is to be lost."""
        self.told += data
        passed = bytearray()
        while len(self.told) >= 5:
            size = 1 + struct.unpack_from(">i", self.told, 1)[0]
            if len(self.told) < size:
                break
            lost = self.target is not None and self.readies == self.target - 1
            kind = self.told[:1]
            self.failed = self.failed or (lost and kind == b"E")
            self.readies += kind == b"Z"
            if not lost:
                passed += self.told[:size]
            elif kind == b"Z":
                return None
            del self.told[:size]
        return bytes(passed)


class Kafka:
    """One connection. Requests and answers are matched by their correlation id."""

    def __init__(self, proxy):
        self.proxy = proxy
        self.asked, self.told = bytearray(), bytearray()
        self.target, self.failed = None, False

    def sent(self, data):
        self.asked += data
        while len(self.asked) >= 12:
            size = 4 + struct.unpack_from(">i", self.asked)[0]
            if len(self.asked) < size:
                return
            key, _, correlation = struct.unpack_from(">hhi", self.asked, 4)
            if key == PRODUCE and self.target is None and self.proxy.disarm():
                self.target = correlation
            del self.asked[:size]

    def answered(self, data):
        self.told += data
        passed = bytearray()
        while len(self.told) >= 8:
            size, correlation = struct.unpack_from(">ii", self.told)
            if len(self.told) < size + 4:
                break
            if self.target == correlation:
                return None
            passed += self.told[:size + 4]
            del self.told[:size + 4]
        return bytes(passed)


class Connection:
    def __init__(self, proxy, client, server):
        self.proxy, self.client, self.server = proxy, client, server
        self.watch = proxy.protocol(proxy)
        self.delay_s = 0
        self.silent = False

    async def ask(self):
        while data := await self.client[0].read(CHUNK):
            await asyncio.sleep(self.delay_s)
            if self.silent:
                continue
            self.watch.sent(data)
            self.server[1].write(data)
            await self.server[1].drain()

    async def answer(self):
        while data := await self.server[0].read(CHUNK):
            await asyncio.sleep(self.delay_s)
            if self.silent:
                continue
            data = self.watch.answered(data)
            if data is None:
                self.proxy.counts["refusals" if self.watch.failed else "replies"] += 1
                return
            self.client[1].write(data)
            await self.client[1].drain()

    async def run(self):
        """Until one side ends; then both do."""
        tasks = [asyncio.ensure_future(self.ask()), asyncio.ensure_future(self.answer())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.end()

    def end(self):
        self.client[1].transport.abort()
        self.server[1].transport.abort()


class Proxy(threading.Thread):
    def __init__(self, protocol, target, random):
        super().__init__(daemon=True)
        self.protocol, self.target, self.random = protocol, target, random
        self.counts = collections.Counter()
        self.connections = set()
        self.armed = 0
        self.refusing = False
        self.loop = asyncio.new_event_loop()
        self.port, self.listening, self.ended = 0, threading.Event(), None

    def __enter__(self):
        self.start()
        self.listening.wait()
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.ended.set)
        self.join()

    def run(self):
        self.loop.run_until_complete(self.serve())
        self.loop.close()

    async def serve(self):
        self.ended = asyncio.Event()
        server = await asyncio.start_server(self.accept, "127.0.0.1", self.port, backlog=256)
        self.port = server.sockets[0].getsockname()[1]
        self.listening.set()
        await self.ended.wait()
        server.close()
        for connection in list(self.connections):
            connection.end()
        rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    async def accept(self, *client):
        try:
            if self.refusing:
                raise ConnectionRefusedError
            server = await asyncio.open_connection(*self.target)
        except OSError:
            client[1].transport.abort()
            return
        connection = Connection(self, client, server)
        self.connections.add(connection)
        try:
            await connection.run()
        except asyncio.CancelledError:
            pass
        finally:
            self.connections.discard(connection)

    def disarm(self):
        """True if the next answer is to be cut, once for each time that it was asked for."""
        if self.armed == 0:
            return False
        self.armed -= 1
        return True

    # Called by other threads.

    def do(self, what):
        self.loop.call_soon_threadsafe(what)

    def cut_reply(self):
        """The answer to the next thing that has an effect is lost, and its connection ends."""
        def arm():
            self.armed = min(self.armed + 1, ARMED_MAX)
        self.do(arm)

    def some(self):
        live = [one for one in self.connections if not one.silent]
        return self.random.choice(live) if live else None

    def cut(self):
        """A connection ends, whatever is under way."""
        def end():
            connection = self.some()
            if connection is not None:
                connection.end()
                self.counts["cuts"] += 1
        self.do(end)

    def delay(self, delay_s, for_s):
        """A connection takes so much longer in each direction, for a while."""
        def slow_down():
            connection = self.some()
            if connection is not None:
                connection.delay_s = delay_s
                self.loop.call_later(for_s, lambda: setattr(connection, "delay_s", 0))
                self.counts["delays"] += 1
        self.do(slow_down)

    def silence(self, for_s):
        """What comes on a connection is dropped, both ways, and after a while it ends."""
        def fall_silent():
            connection = self.some()
            if connection is not None:
                connection.silent = True
                self.loop.call_later(for_s, connection.end)
                self.counts["silences"] += 1
        self.do(fall_silent)

    def refuse(self, for_s):
        """New connections are refused for a while."""
        def close():
            self.refusing = True
            self.loop.call_later(for_s, self.calm)
            self.counts["refused"] += 1
        self.do(close)

    def calm(self):
        """No more of anything."""
        self.refusing, self.armed = False, 0
