"""A client of HTTP/1.1 over TLS for the trial of `insiders.py`: small, so that two processors are left to
the server, and able to come from any address of loopback, which is another network to the appliance.
"""

import asyncio
import json
from dataclasses import dataclass

# What may become of a connection, besides an answer. A timeout is an OSError, too.
BROKEN = (OSError, EOFError, ValueError, asyncio.LimitOverrunError)
PIECE = 64 * 1024


@dataclass
class Answer:
    status: int
    headers: list
    body: bytes = b""

    def header(self, wanted):
        return next((value for name, value in self.headers if name == wanted), None)

    def cookies(self):
        """The name and value of each cookie that it sets."""
        pairs = (value.split(";")[0].partition("=") for name, value in self.headers if name == "set-cookie")
        return {name: value for name, _, value in pairs}

    def json(self):
        return json.loads(self.body or b"{}")

    def said(self):
        """Its status, with the code of a refusal: `503 BUSY`."""
        try:
            return f"{self.status} {self.json().get('code', '')}".strip()
        except (ValueError, AttributeError):
            return str(self.status)


@dataclass
class Door:
    """Where the appliance is, and what its certificate is held against."""

    port: int
    trust: object


class Connection:
    """One from an address, opened when it is needed and again after it has closed. One request at a time."""

    def __init__(self, door, address):
        self.door, self.address, self.writer = door, address, None

    async def open(self):
        if self.writer is None or self.writer.is_closing() or self.reader.at_eof():
            self.close()
            self.reader, self.writer = await asyncio.open_connection(
                "127.0.0.1", self.door.port, ssl=self.door.trust, local_addr=(self.address, 0))

    def close(self):
        if self.writer is not None:
            self.writer.transport.abort()
            self.writer = None

    async def ask(self, method, path, body=None, token=None, cookies=None, kind="application/json"):
        """An answer, read whole."""
        answer = await self.begin(method, path, body, token, cookies, kind)
        answer.body = b"".join([piece async for piece in self.pieces(method, answer)])
        return answer

    async def drain(self, path, token, pace):
        """What a GET is answered, and how many bytes of it there were, read at so many a second."""
        answer, length = await self.begin("GET", path, token=token), 0
        async for piece in self.pieces("GET", answer):
            length += len(piece)
            await asyncio.sleep(len(piece) / pace)
        return answer, length

    async def begin(self, method, path, body=None, token=None, cookies=None, kind="application/json"):
        """The head of an answer. Whoever breaks off here or later cannot ask again over this connection."""
        try:
            await self.open()
            self.writer.write(head(method, path, None if body is None else len(body), token, cookies, kind))
            if body is not None:
                self.writer.write(body)
            await self.writer.drain()
            return await self.read_head()
        except BaseException:
            self.close()
            raise

    async def withhold(self, path, body, rest, seconds, token=None):
        """Sends a body, and the rest of it only after some seconds; without a rest nothing comes of it."""
        await self.open()
        self.writer.write(head("POST", path, len(body) + max(1, len(rest)), token, None, "application/json"))
        sending, reading = asyncio.create_task(self.send(body)), asyncio.create_task(self.read_head())
        is_whole = False
        try:
            await asyncio.wait([reading], timeout=seconds)
            if not reading.done():
                if not rest:
                    return None
                await sending
                self.writer.write(rest)
                is_whole = True
            answer = await reading
            answer.body = b"".join([piece async for piece in self.pieces("POST", answer)])
            return answer
        except BaseException:
            is_whole = False
            raise
        finally:
            if not is_whole:
                sending.cancel()
                reading.cancel()
                await asyncio.gather(sending, reading, return_exceptions=True)
                self.close()

    async def send(self, body):
        for start in range(0, len(body), PIECE):
            self.writer.write(body[start:start + PIECE])
            await self.writer.drain()

    async def read_head(self):
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines[1:] if line)
        return Answer(int(lines[0].split(" ")[1]), [(name.lower(), value.strip()) for name, _, value in pairs])

    async def pieces(self, method, answer):
        """The body of an answer, piece by piece."""
        try:
            if method == "HEAD" or answer.status in (204, 304):
                return
            if "chunked" in (answer.header("transfer-encoding") or ""):
                while length := int((await self.reader.readuntil(b"\r\n")).split(b";")[0], 16):
                    async for piece in self.exactly(length):
                        yield piece
                    await self.reader.readexactly(2)
                await self.reader.readuntil(b"\r\n")
            else:
                async for piece in self.exactly(int(answer.header("content-length") or 0)):
                    yield piece
            if answer.header("connection") == "close":
                self.close()
        except BaseException:
            self.close()
            raise

    async def exactly(self, length):
        while length > 0:
            piece = await self.reader.read(min(length, PIECE))
            if not piece:
                raise EOFError("the answer broke off")
            length -= len(piece)
            yield piece


def head(method, path, length, token, cookies, kind):
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    if length is not None:
        lines += [f"Content-Type: {kind}", f"Content-Length: {length}"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if cookies:
        lines.append("Cookie: " + "; ".join(f"{name}={value}" for name, value in cookies.items()))
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
