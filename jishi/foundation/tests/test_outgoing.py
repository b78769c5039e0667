"""The one outgoing door: it leads to public addresses, to the very one that was checked, and follows nobody."""

import http.server
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from jishi.foundation import outgoing
from jishi.foundation.outgoing import AddressRefused, NotDelivered

# 127.0.0.1, 10/8, 169.254.169.254 and the like, in every way that people have written them.
WRITTEN = """
http://127.0.0.1/ http://127.1/ http://127.0.1/ http://0/ http://0.0.0.0/ http://2130706433/ http://0x7f000001/
http://0x7f.0.0.1/ http://0177.0.0.1/ http://017700000001/ http://0x7f.1/ http://localhost/ http://LOCALHOST/
http://localhost./ http://[::1]/ http://[::]/ http://[0:0:0:0:0:0:0:1]/ http://[::ffff:127.0.0.1]/
http://[::ffff:7f00:1]/ http://[::ffff:10.0.0.1]/ http://[::127.0.0.1]/ http://[64:ff9b::7f00:1]/
http://[64:ff9b::a00:1]/ http://[2002:7f00:1::]/ http://[2002:a00:1::]/ http://[2001:0:7f00:1::]/
http://10.0.0.1/ http://10.1/ http://167772161/ http://0xa000001/ http://012.0.0.1/ http://172.16.0.1/
http://172.31.255.255/ http://192.168.0.1/ http://192.168.1/ http://3232235521/ http://0xc0a80001/
http://100.64.0.1/ http://169.254.169.254/ http://169.254.43518/ http://2852039166/ http://0xa9fea9fe/
http://192.0.0.1/ http://192.0.2.1/ http://198.18.0.1/ http://198.51.100.7/ http://203.0.113.9/ http://240.0.0.1/
http://255.255.255.255/ http://224.0.0.1/ http://239.255.255.250/ http://[fe80::1]/ http://[fc00::1]/
http://[fd00:ec2::254]/ http://[ff02::1]/ http://[fec0::1]/ http://[2001:db8::1]/ http://[100::1]/
https://127.0.0.1:8443/ http://127.0.0.1:5432/ https://0.0.0.0:80/ http://127.255.255.254/ http://[::ffff:0:0]/
http://127.0.0.1.:8080/
"""
INSIDE = WRITTEN.split()
WRONG = [
    "", "nonsense", "ftp://example.org/", "file:///etc/passwd", "gopher://example.org/", "javascript:alert(1)",
    "http://", "http:///path", "http://user:word@example.org/", "http://user@example.org/", "http://example.org/#part",
    "http://example.org:0/", "http://example.org:99999/", "http://example.org/a b", "http://example.org/\r\nX: y",
    "http://exa\tmple.org/", "http://example.org\\@127.0.0.1/", "http://" + "a" * 600, "http://[::1", "//example.org/",
]  # fmt: skip


class TestTheDoor:
    @pytest.mark.parametrize("url", INSIDE)
    def test_outgoing_door_refuses_an_address_inside_however_it_is_written(self, url: str) -> None:
        with pytest.raises(AddressRefused):
            outgoing.target(url)

    def test_knows_sixty_four_ways_of_writing_one(self) -> None:
        assert len(set(INSIDE)) >= 64

    @pytest.mark.parametrize("url", WRONG)
    def test_outgoing_door_refuses_what_is_no_plain_web_address(self, url: str) -> None:
        with pytest.raises(AddressRefused):
            outgoing.target(url)

    def test_refuses_a_name_of_which_one_address_alone_lies_inside(self, monkeypatch: pytest.MonkeyPatch) -> None:
        _resolve_to(monkeypatch, "93.184.216.34", "10.0.0.7")

        with pytest.raises(AddressRefused):
            outgoing.target("https://two-faces.example/")

    def test_lets_a_public_address_through(self, monkeypatch: pytest.MonkeyPatch) -> None:
        _resolve_to(monkeypatch, "93.184.216.34", "2606:2800:220:1::1")

        assert outgoing.target("https://example.org/hook?x=1").addresses == ("93.184.216.34", "2606:2800:220:1::1")

    def test_rebinding_name_reaches_nothing_inside(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Spec 90 §19: a name that answers with a public address first, and with one inside when it is asked again."""
        answers: Iterator[str] = iter(())
        dialled: list[str] = []
        row = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kind: [(*row, (next(answers), 80))])

        def dial(address: tuple[str, int], *_: Any) -> socket.socket:
            dialled.append(address[0])
            raise OSError("nobody is called in a test")

        monkeypatch.setattr(socket, "create_connection", dial)
        for url in ("http://two-faces.example/", "https://two-faces.example/"):
            answers = iter(["93.184.216.34", "127.0.0.1", "127.0.0.1"])
            with pytest.raises(NotDelivered):
                outgoing.post(url, b"{}", {})

        assert dialled == ["93.184.216.34"] * 2


def _resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Answer for the names of the world outside."""
    rows = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, 80)) for a in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kind: rows)


class Receiver(http.server.BaseHTTPRequestHandler):
    status = 200
    location = ""
    got: list[tuple[str, bytes]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((self.path, body))
        self.send_response(self.status)
        if self.location:
            self.send_header("Location", self.location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        self.got.append((self.path, b""))
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(b"x" * 1000)

    def log_message(self, *_args: Any) -> None:
        pass


@pytest.fixture
def receiver(settings: Any) -> Iterator[tuple[str, type[Receiver]]]:
    """A receiver inside, listed as such."""
    kind = type("Listed", (Receiver,), {"got": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), kind)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    settings.INSIDE = f"localhost=127.0.0.0/8:{port}"
    yield f"http://localhost:{port}", kind
    server.shutdown()
    server.server_close()


class TestAReceiverInside:
    def test_is_reached_when_it_is_listed(self, receiver: tuple[str, type[Receiver]]) -> None:
        url, kind = receiver

        outgoing.post(f"{url}/hook?x=1", b"{}", {})

        assert kind.got == [("/hook?x=1", b"{}")]

    @pytest.mark.parametrize(
        "listed", ["localhost=10.0.0.0/8:{port}", "localhost=127.0.0.0/8:1", "other=127.0.0.0/8:{port}"]
    )
    def test_is_refused_with_another_range_port_or_name(
        self, receiver: tuple[str, type[Receiver]], settings: Any, listed: str
    ) -> None:
        url, kind = receiver
        settings.INSIDE = listed.format(port=url.rpartition(":")[2])

        with pytest.raises(AddressRefused):
            outgoing.post(f"{url}/hook", b"{}", {})

        assert kind.got == []

    def test_that_sends_us_elsewhere_is_not_followed(self, receiver: tuple[str, type[Receiver]]) -> None:
        url, kind = receiver
        kind.status, kind.location = 302, "http://169.254.169.254/latest/meta-data"

        with pytest.raises(NotDelivered, match="status_302"):
            outgoing.post(f"{url}/hook", b"{}", {})

        assert len(kind.got) == 1

    def test_no_proxy_of_the_environment_sees_it(
        self, receiver: tuple[str, type[Receiver]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        url, kind = receiver
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

        outgoing.post(url, b"{}", {})

        assert len(kind.got) == 1


def test_a_receiver_that_is_not_there_is_named_without_what_was_sent(settings: Any) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings.INSIDE = f"localhost=127.0.0.0/8:{port}"

    with pytest.raises(NotDelivered) as no:
        outgoing.post(f"http://localhost:{port}/secret-path", b"secret", {})

    assert str(no.value) == "no_connection"


class TestWhatAStrangerNames:
    def test_is_fetched_from_the_public_network_alone_even_where_a_receiver_inside_is_listed(
        self, receiver: tuple[str, type[Receiver]]
    ) -> None:
        url, kind = receiver

        with pytest.raises(AddressRefused):
            outgoing.bring(f"{url}/picture.jpg", longest=10_000)

        assert kind.got == []

    def test_comes_whole_or_not_at_all(
        self, receiver: tuple[str, type[Receiver]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        url, _kind = receiver
        monkeypatch.setattr(outgoing, "is_public", lambda _address: True)

        assert outgoing.bring(f"{url}/a.jpg?x=1", longest=1000).body == b"x" * 1000
        with pytest.raises(NotDelivered) as no:
            outgoing.bring(f"{url}/a.jpg", longest=999)
        assert no.value.code == "too_long"

    @pytest.mark.parametrize("said", [b"HTTP/1.1 200 OK\r\nX-", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", b""])
    def test_that_drips_is_cut_off_wherever_it_stands(
        self, said: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(outgoing, "is_public", lambda _address: True)
        monkeypatch.setattr(outgoing, "WHOLE", 0.5)
        with _dripping(said) as port:
            began = time.monotonic()
            with pytest.raises(NotDelivered) as no:
                outgoing.bring(f"http://localhost:{port}/a.jpg", longest=1000)

        assert no.value.code == "timeout"
        assert time.monotonic() - began < 0.5 * outgoing.SECONDS  # no read had ever waited that long

    def test_that_ends_too_early_is_no_answer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(outgoing, "is_public", lambda _address: True)
        half = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf"
        with _dripping(half, drops=0) as port, pytest.raises(NotDelivered) as no:
            outgoing.bring(f"http://localhost:{port}/a.jpg", longest=1000)

        assert no.value.code == "bad_answer"

    def test_may_have_chinese_in_its_address(
        self, receiver: tuple[str, type[Receiver]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        url, kind = receiver
        monkeypatch.setattr(outgoing, "is_public", lambda _address: True)

        outgoing.bring(f"{url}/路灯.jpg?大小=2&x=%41", longest=1000)

        assert kind.got[-1][0] == "/%E8%B7%AF%E7%81%AF.jpg?%E5%A4%A7%E5%B0%8F=2&x=%41"


@contextmanager
def _dripping(said: bytes, drops: int = 100) -> Iterator[int]:
    """A server that says `said`, then one byte each tenth of a second."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            with suppress(OSError), server.accept()[0] as there:
                there.recv(4096)
                there.sendall(said)
                for _ in range(drops):
                    time.sleep(0.1)
                    there.sendall(b"a")

        threading.Thread(target=answer, daemon=True).start()
        yield server.getsockname()[1]
