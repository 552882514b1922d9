"""The only step that takes settings: what it refuses leaves nothing behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from videonas.errors import SettingsError, VideonasError
from videonas.search.root import SearchRoot
from videonas.steps.start import start


@pytest.mark.parametrize(
    ("given", "most", "sentence"),
    [
        ({"population": 9}, None, "no videos"),
        ({"videos": "/v", "generations": 50}, 5, "generations is 50, and the pipeline was comp"),
        ({"videos": "/v", "population": 0}, None, "population is 0"),
        ({"videos": "ftp://host/videos"}, None, "ftp://host/videos: unknown scheme 'ftp'; allowed"),
        ({"videos": "/v", "video_folder": "http://host/v"}, None, "unknown scheme 'http'"),
        ({"videos": "/v", "space": "evanet", "finish_streams": "rgb, flow"}, None,
         "finish_streams has flow, and optical_flow is none; allowed: rgb, and flow where a search "
         "begins with optical_flow=dis or tvl1"),
        ({"videos": "/v", "space": "tiny_video", "optical_flow": "dis", "finish_streams": "flow"},
         None, "finish_streams has flow, which no network of this search takes: stream is flow; "),
        ({"videos": "/v", "space": "evanet", "optical_flow": "dis", "finish_streams": "rgb,flow",
          "space_options": {"frames": 4, "frame_stride": 2}}, None,
         "finish_streams has flow, which no network of this search takes: frame_stride is 2; allo"),
        ({"videos": "/v", "space": "evanet", "optical_flow": "dis", "finish_streams": "rgb,flow",
          "finish_from": "proxy"}, None,
         "finish_streams has flow, on which the search trains nothing that finish_from could take; "
         "allowed: finish_from=scratch"),
    ],
)
def test_a_search_that_is_refused_is_not_begun(
    tmp_path: Path, given: dict[str, Any], most: int | None, sentence: str
) -> None:
    root = SearchRoot(str(tmp_path / "root"))
    with pytest.raises(VideonasError, match=sentence):
        start(root, given, most)
    assert not (tmp_path / "root").exists()
    assert start(root, {"population": 5, "videos": "/v"}).first == 0


def test_flow_that_will_be_there_may_be_finished(tmp_path: Path) -> None:
    root = SearchRoot(str(tmp_path / "root"))
    start(root, {"videos": "/v", "space": "evanet", "finish_streams": "rgb, flow",
                 "optical_flow": "dis"})
    assert root.settings.finish_streams == ("rgb", "flow")


def test_a_run_that_is_refused_does_not_count(tmp_path: Path) -> None:
    root = SearchRoot(str(tmp_path / "root"))
    start(root, {"videos": "/v", "generations": 2}, 5)
    with pytest.raises(SettingsError, match="compiled for 5"):
        start(SearchRoot(root.uri), {"generations": 50}, 5)
    assert start(SearchRoot(root.uri), {}, 5).last == 1
