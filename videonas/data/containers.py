"""Container formats that hold videos, and the endings of their files' names."""

from __future__ import annotations

from collections.abc import Mapping

CONTAINERS: Mapping[str, tuple[str, ...]] = {
    "mov": (
        ".mp4", ".m4v", ".mov", ".qt", ".3gp", ".3gpp", ".3g2", ".3gp2", ".f4v", ".ismv", ".mj2",
        ".psp", ".lrv", ".insv",
    ),
    "matroska": (".mkv", ".webm", ".mk3d"),
    "avi": (".avi", ".divx", ".xvid", ".amv"),
    "gif": (".gif",),
    "apng": (".apng",),
    "mpeg": (".mpg", ".mpeg", ".mpe", ".m2p", ".vob", ".evo", ".vro", ".mod"),
    "mpegts": (".ts", ".mts", ".m2ts", ".m2t", ".tp", ".trp", ".tod"),
    "mpegvideo": (".m1v", ".m2v", ".mpv"),
    "m4v": (".m4v",),
    "h261": (".h261", ".261"),
    "h263": (".h263", ".263"),
    "h264": (".h264", ".264", ".avc", ".h26l"),
    "hevc": (".hevc", ".h265", ".265"),
    "vvc": (".vvc", ".h266", ".266"),
    "av1": (".obu",),
    "vc1": (".vc1",),
    "vc1test": (".rcv",),
    "ivf": (".ivf",),
    "flv": (".flv",),
    "kux": (".kux",),
    "asf": (".wmv", ".asf", ".wm", ".dvr-ms"),
    "ogg": (".ogv", ".ogm"),
    "rm": (".rm", ".rmvb"),
    "ivr": (".ivr",),
    "mxf": (".mxf",),
    "gxf": (".gxf",),
    "lxf": (".lxf",),
    "dv": (".dv", ".dif"),
    "wtv": (".wtv",),
    "ty": (".ty", ".ty+"),
    "nut": (".nut",),
    "nuv": (".nuv",),
    "nsv": (".nsv",),
    "pva": (".pva",),
    "dhav": (".dav",),
    "mxg": (".mxg",),
    "vivo": (".viv",),
    "yuv4mpegpipe": (".y4m",),
    "mjpeg": (".mjpeg", ".mjpg"),
    "smjpeg": (".mjpg",),
    "mpjpeg": (".mjpg",),
    "swf": (".swf",),
    "flic": (".fli", ".flc"),
    "smk": (".smk",),
    "bink": (".bik", ".bk2"),
    "roq": (".roq",),
    "cdxl": (".cdxl",),
    "cine": (".cine",),
    "mlv": (".mlv",),
    "ser": (".ser",),
}
"""FFmpeg's names of the formats, as `ffmpeg -demuxers` lists them, with the endings of each.

Self-contained ones only: a playlist, such as `.m3u8` or `.ism`, would make FFmpeg open other files
and addresses. `.ogg` and `.dat` are left out, since most such files are sound and data. What FFmpeg
lists as pictures, sound, subtitles or text is none of these."""
