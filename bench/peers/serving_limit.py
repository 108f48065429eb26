# /// script
# requires-python = ">=3.11"
# dependencies = ["httptools==0.9.0", "orjson==3.13.0"]
# ///
"""As little as a Python server can do: read the request, parse its JSON, answer with a constant; nothing is checked."""

import asyncio
import sys

import httptools
import orjson

ANSWER = b'{"predictions": [{"score": 0.5}]}'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(ANSWER)


class Connection(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.parser, self.parts = transport, httptools.HttpRequestParser(self), []

    def data_received(self, data):
        self.parser.feed_data(data)

    def on_body(self, body):
        self.parts.append(body)

    def on_message_complete(self):
        body = b"".join(self.parts)
        self.parts = []
        if body:
            orjson.loads(body)
        self.transport.write(HEAD + ANSWER)


async def main():
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()


asyncio.run(main())
