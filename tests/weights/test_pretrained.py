"""Where pre-trained weights are looked for, and how a download is checked."""

import hashlib
import http.server
import logging
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from limner.errors import LimnerError, WeightsError
from limner.weights.pretrained import PRETRAINED, Pretrained, available, find_weights, locate

CONTENT = bytes(range(256)) * 8000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Server(http.server.ThreadingHTTPServer):
    """Sends CONTENT at /whole, another file at /other, a promise that it breaks at /broken, nothing elsewhere."""

    asked = 0


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Server)
        self.server.asked += 1
        body = {"/whole": CONTENT, "/other": CONTENT[::-1], "/broken": CONTENT[:100_000]}.get(self.path)
        if body is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for name in ("LIMNER_WEIGHTS", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def entry(monkeypatch: pytest.MonkeyPatch, server: Server) -> Pretrained:
    return register(monkeypatch, server, "/whole")


def register(monkeypatch: pytest.MonkeyPatch, server: Server, page: str) -> Pretrained:
    url = f"http://127.0.0.1:{server.server_port}{page}"
    made = Pretrained(file="net-0.pth", url=url, sha256=DIGEST[:8], megabytes=2, used_for="a test")
    monkeypatch.setitem(PRETRAINED, "net", made)
    return made


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_official_entries_are_complete() -> None:
    for known in PRETRAINED.values():
        assert known.url.startswith("https://")
        assert known.url.endswith(f"/{known.file}")
        assert known.sha256 in known.file
    assert PRETRAINED["alexnet"].file == "alexnet-owt-7be5be79.pth"


def test_the_users_folder_comes_before_torch_hubs(
    home: Path, entry: Pretrained, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not available("net")
    hub, own = home / "torch" / "hub" / "checkpoints", home / "own"
    for folder in (hub, own):
        folder.mkdir(parents=True)
    (hub / entry.file).write_bytes(CONTENT)
    assert locate("net") == hub / entry.file
    monkeypatch.setenv("LIMNER_WEIGHTS", str(own))
    assert locate("net") == hub / entry.file
    (own / entry.file).write_bytes(CONTENT)
    assert available("net")
    found = find_weights("net")
    assert (found.path, found.sha256, found.official, found.mark) == (own / entry.file, DIGEST, True, "")
    assert server.asked == 0


def test_other_weights_are_used_with_a_warning_and_a_mark(
    home: Path, entry: Pretrained, caplog: pytest.LogCaptureFixture
) -> None:
    mine = home / "mine.pth"
    mine.write_bytes(b"mine")
    with caplog.at_level(logging.WARNING, logger="limner"):
        found = find_weights("net", given=mine)
    assert not found.official
    assert found.sha256 == hashlib.sha256(b"mine").hexdigest()
    assert found.mark == f"not the reference weights (SHA-256 {found.sha256})"
    assert found.mark in caplog.text
    assert str(mine) in caplog.text


def test_a_given_path_that_is_not_there(home: Path, entry: Pretrained, server: Server) -> None:
    with pytest.raises(WeightsError, match=r"absent\.pth"):
        find_weights("net", given=home / "absent.pth")
    assert server.asked == 0


@pytest.mark.parametrize("own", [True, False])
def test_a_download_is_kept(
    home: Path, entry: Pretrained, server: Server, monkeypatch: pytest.MonkeyPatch, own: bool
) -> None:
    folder = home / "torch" / "hub" / "checkpoints"
    if own:
        folder = home / "own"
        monkeypatch.setenv("LIMNER_WEIGHTS", str(folder))
    found = find_weights("net")
    assert found.path == folder / entry.file
    assert found.path.read_bytes() == CONTENT
    assert found.official
    assert files(home) == [entry.file]
    find_weights("net")
    assert server.asked == 1


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("/other", r"the official file " + DIGEST[:8]),
        ("/broken", r"broke off after 100000 of 2048000 bytes"),
        ("/absent", r"Not Found"),
    ],
)
def test_a_bad_download_leaves_nothing(
    home: Path, server: Server, monkeypatch: pytest.MonkeyPatch, page: str, said: str
) -> None:
    bad = register(monkeypatch, server, page)
    with pytest.raises(WeightsError, match=said) as caught:
        find_weights("net")
    assert bad.file in caught.value.message
    tip = caught.value.tip or ""
    assert bad.url in tip
    assert str(home / "torch" / "hub" / "checkpoints") in tip
    assert "LIMNER_WEIGHTS" in tip
    assert files(home) == []


def test_no_network(home: Path, entry: Pretrained, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        monkeypatch.setitem(PRETRAINED, "net", replace(entry, url=f"http://127.0.0.1:{nobody.getsockname()[1]}/whole"))
        with pytest.raises(WeightsError, match=r"the download failed .*refused"):
            find_weights("net")
    assert files(home) == []


@pytest.mark.parametrize("word", ["1", "true", "YES"])
def test_offline_asks_nobody(
    home: Path, entry: Pretrained, server: Server, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", word)
    with pytest.raises(WeightsError, match="HF_HUB_OFFLINE"):
        find_weights("net")
    assert server.asked == 0


def test_a_folder_that_cannot_be_made(
    home: Path, entry: Pretrained, monkeypatch: pytest.MonkeyPatch, server: Server
) -> None:
    (home / "file").write_text("")
    monkeypatch.setenv("LIMNER_WEIGHTS", str(home / "file" / "below"))
    with pytest.raises(LimnerError, match="file is where a folder should be"):
        find_weights("net")
