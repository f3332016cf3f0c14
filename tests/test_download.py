"""A corpus is fetched only when asked for, whole, unchanged and safely; every failure is told in words. The server is a real one."""

import gzip
import hashlib
import io
import re
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import run_script
from proptag.config import CorpusConfig
from proptag.corpora import download
from proptag.corpora.download import Archive, ensure, obtain, unpack
from proptag.dataset import load
from proptag.errors import UserError


def member(name, content=b"text", **values):
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in values.items():
        setattr(info, key, value)
    return info, content


def archive(*members):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content))
    return made.getvalue()


GOOD = archive(
    member("datasets", b"", type=tarfile.DIRTYPE, mode=0o755),
    member("datasets/train-articles/article1.txt", "Tïtle\n\nOne.\n".encode() + b"".join(b"%d " % (i * i * 7919) for i in range(50_000))),
    member("datasets/train.labels", b"1\tDoubt\t0\t4\n"),
)


class Server(ThreadingHTTPServer):
    """Serves ``content``; ``stop_after`` gives for each request in turn how many bytes come before the connection ends."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.status, self.ranges, self.length, self.stop_after = GOOD, 200, True, True, []
        self.asked = []
        self.url = f"http://127.0.0.1:{self.server_port}/datasets.tgz?download=1"
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server, wanted = self.server, self.headers.get("Range")
        server.asked.append(wanted)
        if server.status != 200:
            self.send_error(server.status)
            return
        begin = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1]) if wanted and server.ranges else 0
        total = len(server.content)
        if begin >= total:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{total}")
            self.end_headers()
            return
        self.send_response(206 if begin else 200)
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{total - 1}/{total}")
        if server.length:
            self.send_header("Content-Length", str(total - begin))
        self.end_headers()
        stop = server.stop_after.pop(0) if server.stop_after else total
        self.wfile.write(server.content[begin : begin + stop])
        self.close_connection = True

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    running = Server()
    yield running
    running.shutdown()
    running.server_close()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "data" / "semeval2020"


def beside(folder):
    return sorted(path.name for path in folder.parent.iterdir())


def test_a_good_archive_is_unpacked_without_its_top_folder_and_recorded(server, folder, capsys):
    ensure(CorpusConfig(name="semeval2020", path=str(folder), download=True, url=server.url))
    assert sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*")) == [
        "train-articles", "train-articles/article1.txt", "train.labels",
    ]  # fmt: skip
    assert (folder / "train-articles/article1.txt").read_text(encoding="utf-8").startswith("Tïtle\n\nOne.\n")
    digest = hashlib.sha256(GOOD).hexdigest()
    assert (folder.parent / "semeval2020.tgz.sha256").read_text(encoding="utf-8") == f"{digest}  semeval2020.tgz\n"
    assert digest in capsys.readouterr().out
    assert beside(folder) == ["semeval2020", "semeval2020.tgz", "semeval2020.tgz.sha256"]


def test_nothing_is_fetched_unless_asked_or_when_it_is_there(server, folder):
    with pytest.raises(UserError, match=r"corpus\.download=true fetches it from http://127"):
        ensure(CorpusConfig(name="semeval2020", path=str(folder), url=server.url))
    with pytest.raises(UserError, match=r"semeval2020: it is not there; corpus\.download=true fetches it from https://zenodo"):
        ensure(CorpusConfig(name="semeval2020", path=str(folder)))
    folder.mkdir(parents=True)
    (folder / "own.txt").write_text("mine", encoding="utf-8")
    ensure(CorpusConfig(name="semeval2020", path=str(folder), download=True, url=server.url))
    assert server.asked == []
    assert beside(folder) == ["semeval2020"]


def test_an_archive_that_lies_there_is_used(server, folder):
    folder.parent.mkdir()
    (folder.parent / "semeval2020.tgz").write_bytes(GOOD)
    obtain(Archive(server.url), folder)
    assert (folder / "train.labels").is_file()
    assert server.asked == []


def test_a_corpus_without_a_public_place_cannot_be_fetched(folder):
    with pytest.raises(UserError, match=r"nlp4if2019 cannot be fetched \(only semeval2020\)"):
        ensure(CorpusConfig(name="nlp4if2019", path=str(folder), download=True))


@pytest.mark.parametrize("length", [True, False], ids=["with Content-Length", "without"])
def test_a_broken_download_goes_on_where_it_ended(server, folder, length):
    if length:
        server.stop_after = [1000, 5000]
    else:
        server.length = False
        folder.parent.mkdir()
        (folder.parent / "semeval2020.tgz.part").write_bytes(GOOD[:6000])
    obtain(Archive(server.url), folder)
    assert server.asked[-1] == "bytes=6000-"
    assert (folder.parent / "semeval2020.tgz").read_bytes() == GOOD


def test_what_was_fetched_is_kept_for_the_next_run(server, folder):
    server.stop_after = [1000] * download.TRIES
    with pytest.raises(UserError, match=r"ended after 3000 of \d+ bytes.*3000 bytes are kept in .*the same command goes on"):
        obtain(Archive(server.url), folder)
    assert not folder.exists()
    obtain(Archive(server.url), folder)
    assert server.asked == [None, "bytes=1000-", "bytes=2000-", "bytes=3000-"]
    assert (folder / "train.labels").is_file()


def test_a_server_without_ranges_starts_again(server, folder):
    server.ranges, server.stop_after = False, [1000, 500]
    obtain(Archive(server.url), folder)
    assert (folder.parent / "semeval2020.tgz").read_bytes() == GOOD


@pytest.mark.parametrize("part", [GOOD, GOOD + b"more"], ids=["whole", "too long"])
def test_a_part_with_nothing_left_to_fetch(server, folder, part):
    folder.parent.mkdir()
    (folder.parent / "semeval2020.tgz.part").write_bytes(part)
    obtain(Archive(server.url), folder)
    assert (folder.parent / "semeval2020.tgz").read_bytes() == GOOD
    assert len(server.asked) == (1 if part == GOOD else 2)


def test_a_part_of_another_file_is_not_taken_for_the_corpus(server, folder):
    folder.parent.mkdir()
    (folder.parent / "semeval2020.tgz.part").write_bytes(b"\0" * 1000)
    with pytest.raises(UserError, match=r"not a whole tar\.gz"):
        obtain(Archive(server.url), folder)
    assert beside(folder) == []
    obtain(Archive(server.url), folder)


def test_a_download_that_differs_from_the_first_is_refused(server, folder):
    obtain(Archive(server.url), folder)
    before = (folder.parent / "semeval2020.tgz.sha256").read_bytes()
    for path in (folder / "train-articles" / "article1.txt", folder / "train.labels", folder.parent / "semeval2020.tgz"):
        path.unlink()
    (folder / "train-articles").rmdir()
    server.content = archive(member("datasets/train.labels", b"1\tSlogans\t0\t4\n"))
    with pytest.raises(UserError, match=r"its SHA-256 is \w{64}, but .*sha256 has \w{64} from the first download.*delete"):
        obtain(Archive(server.url), folder)
    assert beside(folder) == ["semeval2020", "semeval2020.tgz.sha256"]
    assert (folder.parent / "semeval2020.tgz.sha256").read_bytes() == before
    server.content = GOOD
    obtain(Archive(server.url), folder)
    assert (folder / "train.labels").read_bytes() == b"1\tDoubt\t0\t4\n"


@pytest.mark.parametrize("length", [True, False])
@pytest.mark.parametrize(("smallest", "largest"), [(len(GOOD) + 1, 10**9), (1, len(GOOD) - 1)])
def test_a_file_of_another_size_is_refused(server, folder, smallest, largest, length):
    server.length = length
    with pytest.raises(UserError, match="this is another file"):
        obtain(Archive(server.url, smallest, largest), folder)
    assert beside(folder) == []


@pytest.mark.parametrize(("status", "tries"), [(404, 1), (403, 1), (503, download.TRIES)])
def test_a_refusing_server_is_told_with_what_to_do_by_hand(server, folder, status, tries):
    server.status = status
    with pytest.raises(UserError, match=rf"the server answers {status} .*Fetch it by hand, save it as .*semeval2020\.tgz, and run"):
        obtain(Archive(server.url), folder)
    assert len(server.asked) == tries
    assert beside(folder) == []


def test_without_a_server_it_says_what_to_do_by_hand(server, folder):
    server.shutdown()
    server.server_close()
    with pytest.raises(UserError, match=r"refused\)\. Fetch it by hand, save it as .*semeval2020\.tgz"):
        obtain(Archive(server.url), folder)


def test_only_the_web_is_asked(folder, tmp_path):
    (tmp_path / "a.tgz").write_bytes(GOOD)
    with pytest.raises(UserError, match="begins with http"):
        obtain(Archive(f"file://{tmp_path}/a.tgz"), folder)


LINK = {"type": tarfile.SYMTYPE, "linkname": "../../outside"}
HOSTILE = {
    "parent": ([member("datasets/../../evil.txt")], "leads out of the folder"),
    "inner parent": ([member("datasets/x/../../evil.txt")], "leads out of the folder"),
    "absolute": ([member("/nowhere/evil.txt")], "leads out of the folder"),
    "symbolic link": ([member("datasets/ok.txt"), member("datasets/a", b"", **LINK), member("datasets/a/evil.txt")], "is a link"),
    "hard link": ([member("datasets/ok.txt"), member("datasets/a", b"", type=tarfile.LNKTYPE, linkname="datasets/ok.txt")], "is a link"),
    "device": ([member("datasets/null", b"", type=tarfile.CHRTYPE, devmajor=1, devminor=3)], "a link or a device"),
    "pipe": ([member("datasets/pipe", b"", type=tarfile.FIFOTYPE)], "a link or a device"),
    "too many": ([member(f"datasets/{i}", b"") for i in range(101)], "more than 100 members"),
    "too big": ([member("datasets/bomb", bytes(10**6 + 1))], "more than 1000000 bytes"),
    "empty": ([], "no files in it"),
    "no character": ([member("datasets/a", pax_headers={"path": "datasets/a\0b"})], "not a whole tar.gz"),
    "long name": ([member("datasets/ok.txt"), member("datasets/" + "a" * 300)], "impossible names"),
    "file, then folder": ([member("datasets/a"), member("datasets/a/b")], "impossible names"),
    "folder, then file": ([member("datasets/a/b"), member("datasets/a")], "impossible names"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_archive_writes_nothing(server, folder, monkeypatch, kind):
    monkeypatch.setattr(download, "MOST_MEMBERS", 100)
    monkeypatch.setattr(download, "MOST_UNPACKED", 10**6)
    members, message = HOSTILE[kind]
    server.content = archive(*members)
    with pytest.raises(UserError, match=message):
        obtain(Archive(server.url), folder)
    assert beside(folder) == []
    assert [path.name for path in folder.parent.parent.iterdir()] == ["data"]


@pytest.mark.parametrize(
    "content",
    [GOOD[:-5], GOOD[: len(GOOD) // 2], b"<html>Not found</html>", gzip.compress(b"no tar" * 500), GOOD[:-8] + bytes(8), b""],
    ids=["no checksum", "half", "page", "no tar", "wrong checksum", "empty"],
)
def test_a_damaged_archive_writes_nothing(tmp_path, content):
    path = tmp_path / "a.tgz"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"not a whole tar\.gz|no files in it"):
        unpack(path, tmp_path / "out")
    assert list(tmp_path.iterdir()) == [path]


NAMES = st.lists(st.sampled_from(["..", ".", "a", "b.txt", "", ".hidden"]), min_size=1, max_size=4).map("/".join)


@settings(deadline=None)
@given(st.lists(NAMES, max_size=5))
def test_whatever_the_names_nothing_leaves_the_folder(tmp_path_factory, names):
    root = tmp_path_factory.mktemp("unpack")
    path = root / "a.tgz"
    path.write_bytes(archive(*(member(name) for name in names)))
    try:
        count = unpack(path, root / "inner" / "out")
    except UserError:
        count = None
    files = [p for p in root.rglob("*") if p.is_file() and p != path]
    assert all((root / "inner") in p.parents for p in files)
    if count is not None:
        assert all((root / "inner" / "out") in p.parents for p in files)
        assert count >= len(files) > 0


def test_several_top_folders_stay_and_one_comes_off(tmp_path):
    path = tmp_path / "a.tgz"
    for names, expected in (
        (["a/x", "b/y"], ["a/x", "b/y"]),
        (["./a/x", "./a/b/y", "./.hidden"], [".hidden", "b/y", "x"]),
        (["a", "b/y"], ["a", "b/y"]),
        (["a"], ["a"]),
    ):
        path.write_bytes(archive(*(member(name) for name in names)))
        unpack(path, tmp_path / "out")
        assert sorted(p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*") if p.is_file()) == expected


def test_build_dataset_fetches_a_corpus_and_a_second_run_does_nothing(server, seeds, folder, tmp_path):
    server.content = archive(*(member(f"seeds/{path.name}", path.read_bytes()) for path in sorted(seeds.glob("*.md"))))
    setup = (f"corpus.path={folder}", f"output={tmp_path / 'out'}")
    refused = run_script("build_dataset", *setup)
    assert refused.returncode == 1
    assert server.asked == []
    mixture = CorpusConfig("all", parts=f"seeds={folder}", download=True)
    with pytest.raises(UserError, match="seeds cannot be fetched"):
        ensure(mixture)
    done = run_script("build_dataset", *setup, "corpus.download=true", f"corpus.url={server.url}")
    assert done.returncode == 0, done.stderr
    assert "recorded SHA-256" in done.stdout
    assert sum(len(set(split["article_id"])) for split in load(tmp_path / "out").values()) == len(list(seeds.glob("*.md")))
    assert "up to date" in run_script("build_dataset", *setup).stdout
    assert server.asked == [None]


def test_evaluate_fetches_the_corpus_too(server, folder, tmp_path):
    texts = {f"article{i}": f"Title {i}\n\nOne two three.\n".encode() for i in (1, 2)}
    members = [member(f"datasets/train-articles/{name}.txt", text) for name, text in texts.items()]
    server.content = archive(*members, member("datasets/train-task-flc-tc.labels", b"1\tDoubt\t0\t4\n"))
    (tmp_path / "rows.tsv").write_text("1\t0\t4\n", encoding="utf-8")
    setup = ("corpus=semeval2020", f"corpus.path={folder}", "corpus.download=true", f"corpus.url={server.url}", "task=si", "bootstrap=0")
    done = run_script("evaluate", *setup, f"submission={tmp_path / 'rows.tsv'}", f"output={tmp_path / 'out'}")
    assert done.returncode == 0, done.stderr
    assert "recorded SHA-256" in done.stdout
