"""The one place where libav opens something to read: which kinds, by which ways.

libav tells a kind by the first bytes, and some kinds are lists that name other files or addresses
(playlists, concat scripts, session descriptions), or no videos at all (texts as animations of a
terminal). Only the kinds listed here are opened, and a file can make it open nothing but itself.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from ..errors import SourceError, clause

StreamT = TypeVar("StreamT", VideoStream, AudioStream)

_VIDEO = (
    "3dostr,4xm,amv,anm,apv,argo_brp,asf,av1,avi,avs2,avs3,bethsoftvid,bfi,bink,bmv,c93,"
    "cavsvideo,cine,dhav,dirac,dnxhd,dv,dxa,ea,evc,film_cpk,flic,flv,gif,gxf,h261,h263,h264,"
    "hevc,hnm,idcin,ingenient,ipmovie,ivf,iv8,jv,kux,live_flv,lvf,lxf,m4v,matroska,mjpeg,"
    "mjpeg_2000,mlv,mm,moflex,mov,mpeg,mpegts,mpegvideo,mpjpeg,mtv,mv,mvi,mxf,mxg,nsv,nut,nuv,"
    "obu,ogg,paf,pmp,psxstr,pva,r3d,rl2,rm,roq,rpl,ser,sga,siff,smjpeg,smk,smush,swf,thp,"
    "tiertexseq,ty,usm,vc1,vc1test,vivo,vmd,vvc,wc3movie,wsvqa,wtv,xmv,yop,yuv4mpegpipe"
)
_SOUND = "aac,ac3,aiff,amr,ape,asf,au,caf,dts,eac3,flac,mp3,tta,w64,wav,wv"
"""Opened so that the sentence can say that they hold no video stream."""
_LIVE = "dash,hls,jpeg_pipe,png_pipe,rtsp,sdp,webp_pipe"
"""Lists and single pictures that servers and cameras give; never of a file on this machine."""
_WAYS = "crypto,data,http,httpproxy,https,rtmp,rtmpe,rtmps,rtmpt,rtmpts,rtp,srtp,tcp,tls,udp"
"""What a server's list may lead to: other addresses, no file, pipe or device of this machine."""

_NOT_OPENED = (av.FFmpegError, OSError, ValueError, MemoryError)


def reason(error: Exception) -> str:
    """libav's own words for what went wrong, without its error number and call."""
    text = clause(getattr(error, "strerror", None) or str(error) or type(error).__name__)
    return text[:1].lower() + text[1:]


def file_url(path: Path) -> str:
    """How libav is told a file, so that it takes ``12:30.mp4`` for no protocol."""
    return f"file:{os.fspath(path)}"


def open_file(path: Path) -> InputContainer:
    """A video file, open. Raises SourceError where it is none or cannot be read."""
    ways = {"format_whitelist": f"{_VIDEO},{_SOUND}", "protocol_whitelist": "file"}
    try:
        with path.open("rb"):
            pass  # the system's own words for what is missing or forbidden
        return _open(file_url(path), ways)
    except (av.InvalidDataError, av.EOFError) as error:
        raise SourceError(
            f"{path} cannot be read as a video: it is not a video, or the part that says how to "
            "read it is missing."
        ) from error
    except av.ArgumentError as error:  # not on the list of kinds
        raise SourceError(
            f"{path} is not a video; lists of files, texts and subtitles are not read."
        ) from error
    except _NOT_OPENED as error:
        raise SourceError(f"{path} cannot be read as a video: {reason(error)}.") from error


def open_address(url: str, name: str, *, timeout: float) -> InputContainer:
    """A stream of the network; ``name`` is its address without secrets. SourceError as above."""
    options = {
        "format_whitelist": f"{_VIDEO},{_SOUND},{_LIVE}",
        "protocol_whitelist": _WAYS,
        **({"rtsp_transport": "tcp"} if url.lower().startswith("rtsp") else {}),
    }
    try:
        return _open(url, options, timeout=timeout)
    except _NOT_OPENED as error:
        raise SourceError(f"{name} cannot be opened: {reason(error)}.") from error


def demuxed(container: InputContainer, stream: StreamT) -> Iterator[Packet[StreamT]]:
    """All packets of a stream; at the end an empty one, which some containers lack.

    A damaged container may find more streams on the way, over which PyAV trips at the end.
    """
    with suppress(IndexError):
        yield from container.demux(stream)


def open_device(device: str, kind: str, name: str) -> InputContainer:
    """A camera through libav's input ``kind``. SourceError as above."""
    try:
        return _open(device, {}, kind=kind)
    except _NOT_OPENED as error:
        raise SourceError(f"{name} ({device}) cannot be opened: {reason(error)}.") from error


def _open(
    url: str, options: dict[str, str], *, kind: str | None = None, timeout: float | None = None
) -> InputContainer:
    """Titles in another encoding than UTF-8 are no reason to refuse a video."""
    return av.open(
        url,
        mode="r",
        format=kind,
        options=options,
        metadata_errors="replace",
        timeout=timeout,
    )
