"""Videos in object storage become the same data set as on a local path, and little lies here."""

from __future__ import annotations

import tempfile
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest

from tests.data.layouts.test_published import CHARADES, HMDB51, KINETICS, UCF101, write
from tests.data.test_prepare import CLIP, STREAMS, numbered_from
from tests.storage.faulty_proxy import Fault, Proxy, Request
from tests.storage.places import Place
from tests.videos import write_video
from videonas.data.copies import copies_in
from videonas.data.first_rules import first_digest
from videonas.data.layouts.recognise import find_sources
from videonas.data.obtaining import Obtaining
from videonas.data.parallel import AHEAD
from videonas.data.places import GONE, open_place, videos_of
from videonas.data.prepare import Prepared, prepare_dataset
from videonas.data.sources import Sources, fingerprints, source_digest
from videonas.data.splits import split_videos
from videonas.errors import DataError, NoVideos, SettingsError, StorageError
from videonas.search.settings import make_settings


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes of five videos, files that are none, and two lists of the videos."""
    folder = tmp_path_factory.mktemp("videos")
    for number in range(10):
        path = folder / ("jump", "walk/deep")[number % 2] / f"{number}.avi"
        write_video(path, numbered_from(10 * number, 5), codec="mpeg4")
    (folder / "jump/.hidden.mp4").write_bytes(b"hidden")
    (folder / "jump/notes.txt").write_bytes(b"no video")
    (folder / "empty").mkdir()
    (folder / "empty/notes.txt").write_bytes(b"no video")
    paths = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.avi"))
    rows = [f"{path},{'ab'[number % 2]}" for number, path in enumerate(paths)]
    (folder / "list.csv").write_text("\n".join(["path,label", *rows]))
    (folder / "list.jsonl").write_text(
        "\n".join(f'{{"path": "{path}", "labels": ["a", "{path[0]}"]}}' for path in paths)
    )
    return folder


def upload(folder: Path, place: Place, name: str = "videos") -> str:
    """All files of a folder in a store; gives back where."""
    store = place.open()
    for path in folder.rglob("*"):
        if path.is_file():
            store.create(f"{name}/{path.relative_to(folder).as_posix()}", path.read_bytes())
    return f"{place.uri}/{name}"


def prepare(uri: str, out: Path, **values: Any) -> Prepared:
    """The data set of what lies at a URI."""
    settings = make_settings({"videos": uri, **values})
    sources = find_sources(settings)
    digest = source_digest(sources, STREAMS, settings)
    return prepare_dataset(sources, out, STREAMS, settings, digest)


def said_of(sources: Sources) -> tuple[Any, ...]:
    """What sources say, without where they lie."""
    return sources.layout, sources.classes, sources.videos, sources.listed


@pytest.mark.parametrize("name", ["", "/list.csv", "/list.jsonl"])
def test_the_data_set_is_that_of_the_same_local_videos(
    remote: Place, folder: Path, tmp_path: Path, name: str
) -> None:
    here = prepare(f"{folder}{name}", tmp_path / "here").dataset
    there = prepare(f"{upload(folder, remote)}{name}", tmp_path / "there").dataset
    assert there.splits == here.splits, "byte by byte"
    assert there.classes == here.classes
    assert (there.source_frames, there.multi_label) == (here.source_frames, here.multi_label)
    assert there.source == f"{remote.uri}/videos{name}"


@pytest.mark.parametrize("files", [UCF101, HMDB51, KINETICS, CHARADES])
def test_published_layouts_are_recognised(
    remote: Place, tmp_path: Path, files: dict[str, str]
) -> None:
    write(tmp_path / "v", **files)
    for video in ("v_YoYo_g08_c01.avi", "abcdefghijk_000000_000010.webm", "46GP8.mp4"):
        (tmp_path / "v/YoYo").mkdir(exist_ok=True)
        (tmp_path / "v/YoYo" / video).write_text(video)
    (tmp_path / "v/brush_hair").mkdir()
    (tmp_path / "v/brush_hair/April_09_brush_hair_u_nm_np1_ba_goo_0.avi").touch()
    values = {"max_bad_videos": 1.0}
    here = find_sources(make_settings({"videos": str(tmp_path / "v"), **values}))
    uri = upload(tmp_path / "v", remote)
    assert said_of(find_sources(make_settings({"videos": uri, **values}))) == said_of(here)


def test_splits_endings_and_copies_are_found_as_on_a_local_path(
    remote: Place, proxy: Proxy, tmp_path: Path
) -> None:
    """Copies are told by what the listing says: no video is read for that."""
    for name in ("train/a/1.avi", "train/b/2.M4V", "val/a/3.mpg", "Test/b/4.avi", "val/b/5.mp4"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("same" if name[-5] in "14" else name)
    (tmp_path / "train/a/notes.txt").touch()
    (tmp_path / "train/a/._1.avi").touch()
    here = find_sources(make_settings({"videos": str(tmp_path)}))
    assert here.layout == "split folders"
    there = find_sources(make_settings({"videos": upload(tmp_path, remote)}))
    assert said_of(there) == said_of(here)
    copies = {"train/a/1.avi": "Test/b/4.avi"}
    assert copies_in(here, fingerprints(here)) == copies
    assert copies_in(there, fingerprints(there)) == copies
    assert data_requests(proxy) == []


def test_the_digest_of_the_first_versions_is_told_in_a_store_too(
    remote: Place, folder: Path
) -> None:
    uri, settings = upload(folder, remote), make_settings({})
    before = source_digest(find_sources(make_settings({"videos": uri})), STREAMS, settings)
    remote.open().create("videos/jump/more.m4v", b"not looked for at first")
    assert first_digest(open_place(uri), STREAMS, settings) == before
    now = find_sources(make_settings({"videos": uri}))
    assert source_digest(now, STREAMS, settings) != before


def test_a_list_and_its_videos_may_lie_in_different_places(
    remote: Place, folder: Path, tmp_path: Path
) -> None:
    uri = upload(folder, remote)
    expected = find_sources(make_settings({"videos": str(folder / "list.csv")}))
    lines = (folder / "list.csv").read_text().splitlines()
    whole = tmp_path / "whole.csv"
    whole.write_text("\n".join([lines[0], *(f"{uri}/{line}" for line in lines[1:])]))
    for place in (folder / "list.csv", whole):
        found = find_sources(make_settings({"videos": str(place), "video_folder": uri}))
        assert said_of(found) == said_of(expected)
        assert str(found.folder) == uri
    back = find_sources(make_settings({"videos": f"{uri}/list.csv", "video_folder": str(folder)}))
    assert said_of(back) == said_of(expected)
    with pytest.raises(DataError, match=rf"whole\.csv, line 2: .* is not in {tmp_path}/; set vid"):
        find_sources(make_settings({"videos": str(whole)}))


def test_a_path_may_lead_out_of_the_folder_of_videos(remote: Place) -> None:
    store = remote.open()
    for name in ("v/1.mp4", "w/2.mp4"):
        store.create(name, name.encode())
    store.create("lists/list.csv", b"path,label\n../v/1.mp4,x\n../w/2.mp4,y\n../../../../3.mp4,y")
    sources = find_sources(
        make_settings({"videos": f"{remote.uri}/lists/list.csv", "max_bad_videos": 0.5})
    )
    prints = fingerprints(sources)
    assert [prints[path][0] for path in ("../v/1.mp4", "../w/2.mp4")] == [7, 7]
    assert prints["../../../../3.mp4"] == GONE


def test_minio_is_s3_with_an_endpoint(remote: Place, folder: Path) -> None:
    if remote.kind != "s3":
        pytest.skip("of S3 alone")
    uri = upload(folder, remote)
    other = f"minio://{uri.partition('://')[2]}"
    settings = make_settings({"videos": uri})
    one, two = find_sources(settings), find_sources(make_settings({"videos": other}))
    assert str(two.folder) == other
    assert source_digest(one, STREAMS, settings) == source_digest(two, STREAMS, settings)


# Fingerprints


def test_the_digest_sees_what_the_store_says(remote: Place, folder: Path) -> None:
    settings = make_settings({})

    def digest(name: str) -> str:
        """Of a folder there, looked at anew."""
        sources = find_sources(make_settings({"videos": f"{remote.uri}/{name}"}))
        return source_digest(sources, STREAMS, settings)

    upload(folder, remote, "one")
    upload(folder, remote, "two")
    assert digest("one") == digest("two"), "the place does not matter"
    store, key = remote.open(), "two/jump/0.avi"
    data = store.read(key)
    assert data is not None
    middle = len(data) // 2
    store.delete(key)
    store.create(key, data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :])
    assert digest("two") != digest("one"), "as long as before, with another byte in its middle"
    store.delete(key)
    assert digest("two") != digest("one")
    store.create(key, data)
    assert digest("two") == digest("one")


def test_finding_and_digesting_takes_few_requests(
    remote: Place, proxy: Proxy, folder: Path
) -> None:
    uri = upload(folder, remote)
    for name in ("", "/list.csv"):
        proxy.calm()
        settings = make_settings({"videos": uri + name})
        fingerprints(find_sources(settings))
        assert len(proxy.requests) <= 6, "not one a video"


# Copies on this machine


def data_requests(proxy: Proxy) -> list[str]:
    """The names of videos whose bytes were asked for."""
    asked = [unquote(r.path.partition("?")[0]) for r in proxy.requests if r.method == "GET"]
    return [path.rpartition("/")[2] for path in asked if path.endswith(".avi")]


def test_each_video_is_fetched_once_and_few_lie_here(
    remote: Place, proxy: Proxy, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("videonas.data.stored_videos.StoredVideos.ahead", 1)
    settings = make_settings({"videos": upload(folder, remote), "decode_threads": 1})
    sources = find_sources(settings)
    proxy.calm()
    lay_here = []
    with Obtaining(sources.folder, CLIP, settings).all(split_videos(sources, settings)) as obtained:
        for _, video, clips in obtained:
            assert not isinstance(clips, str), video
            copies = tmp_path.glob("videonas-videos-*/*")
            lay_here.append(len(list(copies)))
    assert sorted(data_requests(proxy)) == sorted(f"{number}.avi" for number in range(10))
    assert len(lay_here) == 10
    assert max(lay_here) <= 2 * (AHEAD + 1) < 10
    assert not list(tmp_path.glob("videonas-videos-*")), "nothing stays"


def test_stopping_early_leaves_no_copy(
    remote: Place, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = upload(folder, remote)
    store = remote.open()
    for number in range(3):
        store.create(f"videos/jump/bad{number}.mp4", b"bad")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(DataError, match=r"of 13 files cannot be read, more than max_bad_videos"):
        prepare(uri, tmp_path / "out", max_bad_videos=0)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and "cache" not in str(path)]


# What goes wrong


def test_a_video_that_vanishes_or_changes_counts_as_bad(
    remote: Place, folder: Path, tmp_path: Path
) -> None:
    settings = make_settings({"videos": upload(folder, remote), "max_bad_videos": 0.3})
    sources = find_sources(settings)
    prints = fingerprints(sources)
    store = remote.open()
    gone, changed = sorted(video.path for video in split_videos(sources, settings)["train"][:2])
    store.delete(f"videos/{gone}")
    store.delete(f"videos/{changed}")
    store.create(f"videos/{changed}", b"another video, which was not listed")
    digest = source_digest(sources, STREAMS, settings, prints)
    made = prepare_dataset(sources, tmp_path, STREAMS, settings, digest, prints=prints)
    reason = "it was removed or changed after it was listed"
    assert [(bad.path, bad.reason) for bad in made.dataset.skipped] == [
        (gone, reason), (changed, reason)
    ]


def test_a_video_that_a_list_names_and_nobody_has(
    remote: Place, folder: Path, tmp_path: Path
) -> None:
    uri = upload(folder, remote)
    rows = (folder / "list.csv").read_text()
    remote.open().create("videos/more.csv", f"{rows}\ngone.avi,a".encode())
    made = prepare(f"{uri}/more.csv", tmp_path, max_bad_videos=0.2)
    assert [(bad.path, bad.reason) for bad in made.dataset.skipped] == [
        ("gone.avi", "no such file or directory")
    ]


def test_a_store_that_fails_now_and_then_changes_nothing(
    remote: Place, proxy: Proxy, folder: Path, tmp_path: Path
) -> None:
    expected = prepare(str(folder), tmp_path / "here").dataset
    uri = upload(folder, remote)
    faults = [Fault("answer", 503), Fault("cut answer", after=9), Fault("answer", 429)]
    left = proxy.fail(*faults, when=lambda request: ".avi" in request.path)
    assert prepare(uri, tmp_path / "there").dataset.splits == expected.splits
    assert not left


def test_where_nothing_is(remote: Place) -> None:
    remote.open().create("there/readme.txt", b"no video")
    with pytest.raises(NoVideos, match=f"found nothing at {remote.uri}/gone; give a folder"):
        find_sources(make_settings({"videos": f"{remote.uri}/gone"}))
    with pytest.raises(NoVideos, match=rf"found no .* file in {remote.uri}/there/<class>/"):
        find_sources(make_settings({"videos": f"{remote.uri}/there"}))
    for name in "ab":
        remote.open().create(f"v/{name}/1.mp4", b"1")
    with pytest.raises(SettingsError, match=r"video_folder is '/v', and .* holds class folders"):
        find_sources(make_settings({"videos": f"{remote.uri}/v", "video_folder": "/v"}))


@pytest.mark.parametrize(
    ("uri", "sentence"),
    [
        ("gs://no-such-bucket/v", "there is no bucket 'no-such-bucket'"),
        ("s3://no-such-bucket/v", "there is no bucket 'no-such-bucket'"),
        ("gs://", "names no bucket"),
        ("ftp://host/v", r"ftp://host: unknown scheme 'ftp'; allowed: a local path, file://"),
    ],
)
def test_what_is_no_place_is_one_sentence(remote: Place, uri: str, sentence: str) -> None:
    if uri.startswith(("gs", "s3")) and not uri.startswith(remote.kind):
        pytest.skip("of the other server")
    with pytest.raises(StorageError, match=sentence) as raised:
        find_sources(make_settings({"videos": uri}))
    assert "\n" not in str(raised.value)


def test_videos_that_may_not_be_listed_or_read(
    remote: Place, proxy: Proxy, folder: Path, tmp_path: Path
) -> None:
    uri = upload(folder, remote)
    proxy.choose(lambda request: Fault("answer", 403))
    with pytest.raises(StorageError, match=r"permission denied .* needs to list and read objects"):
        find_sources(make_settings({"videos": uri}))

    def forbid_videos(request: Request) -> Fault | None:
        return Fault("answer", 403) if ".avi" in request.path else None

    proxy.choose(forbid_videos)
    with pytest.raises(StorageError, match=r"videos/.*\.avi: permission denied"):
        prepare(uri, tmp_path)


def test_objects_that_stand_for_folders_are_no_videos(
    remote: Place, proxy: Proxy, caplog: pytest.LogCaptureFixture
) -> None:
    """Consoles make them; names that no path has are said."""
    for name in ("v/", "v/a/", "v/a/1.mp4", "v/b/1.mp4", "v/b/odd//2.mp4"):
        put(remote, proxy, name)
    with caplog.at_level("WARNING", "videonas"):
        sources = find_sources(make_settings({"videos": f"{remote.uri}/v"}))
    assert [video.path for video in sources.videos] == ["a/1.mp4", "b/1.mp4"]
    assert "1 names are no paths, and left out; the first is" in caplog.text


def put(place: Place, proxy: Proxy, name: str) -> None:
    """Writes an object under a name that our own store does not allow."""
    bucket, _, prefix = place.uri.partition("://")[2].partition("/")
    key = quote(f"{prefix}/{name}", safe="")
    url = f"{proxy.url}/{bucket}/{quote(f'{prefix}/{name}')}"
    if place.kind == "gs":
        url = f"{proxy.url}/upload/storage/v1/b/{bucket}/o?uploadType=media&name={key}"
    method = "POST" if place.kind == "gs" else "PUT"
    request = urllib.request.Request(url, b"x", method=method)
    with urllib.request.urlopen(request, timeout=10):
        pass


def test_only_the_beginning_of_a_large_file_is_looked_at(remote: Place, proxy: Proxy) -> None:
    """Where a video is given in place of a list, it is not fetched to find that out."""
    remote.open().create("v.mp4", bytes(300_000))
    place = open_place(f"{remote.uri}/v.mp4")
    with place.open("rb") as file:
        assert file.read(5) == bytes(5)
        assert len(file.read()) == 299_995
    with pytest.raises(FileNotFoundError):
        (place.parent / "gone.csv").open("rb")
    with pytest.raises(DataError, match=r"found a file at .*v\.mp4, and a list ends in"):
        find_sources(make_settings({"videos": f"{remote.uri}/v.mp4"}))
    assert videos_of(place.parent).missing(["v.mp4", "w.mp4"]) == ["w.mp4"]
