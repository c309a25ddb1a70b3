"""What the answers of a web server mean for a download."""

from __future__ import annotations

import re
import ssl
import urllib.error
import urllib.request
from email.message import Message
from http.client import HTTPResponse
from typing import IO, Any
from urllib.parse import urljoin, urlsplit

from ....errors import ModelError, clause

_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})  # states that may be over soon
_PAGES = (b"<!doctype", b"<html", b"<?xml", b"version https://git-lfs")


class CutError(Exception):
    """Something that another attempt may cure.

    Attributes:
        wait: seconds to wait before it, if the server says so.
        useless: whether the bytes that are here cannot be gone on from.
    """

    def __init__(self, reason: str, wait: float | None = None, *, useless: bool = False) -> None:
        super().__init__(reason)
        self.wait = wait
        self.useless = useless


def opener() -> urllib.request.OpenerDirector:
    """Follows redirects to http and https alone, never from https to http."""
    return urllib.request.build_opener(_Redirects)


def placed(url: str, response: HTTPResponse, there: int, validator: str | None) -> int:
    """Where the body of a good answer starts in the file: at ``there``, or at 0.

    Args:
        there, validator: bytes that are here and what they are of, as they were asked with; the
            validator is None where the whole file was asked for.

    Raises:
        CutError: the server goes on with other bytes than those asked for.
        ModelError: it is no answer to the question.
    """
    encoding = response.headers.get("Content-Encoding", "identity").lower()
    if encoding != "identity":
        raise ModelError(f"{url} comes packed as {encoding}, which was not asked for.")
    if response.status == 200:
        return 0
    if response.status != 206 or validator is None:
        raise ModelError(f"{url} answers with the state {response.status} in place of a file.")
    told = _range(response.headers)
    same = validator_of(response.headers) in (None, validator)
    if told is None or int(told[1]) != there or not same:
        raise CutError("the server goes on with another place or file", wait=0.0, useless=True)
    return there


def whole_length(url: str, response: HTTPResponse, size: int | None, largest: int) -> int | None:
    """Bytes of the whole file; None for a body in chunks, which has an end of its own.

    Raises ModelError for a page, and for a file that cannot be the one of ``size`` bytes, is
    larger than ``largest`` without being known, or could be cut without a sign.
    """
    if response.headers.get("Content-Type", "").lower().startswith("text/html"):
        raise page_error(url)
    if response.status == 206:
        told = _range(response.headers)
        total = told[2] if told is not None else ""
    else:
        total = response.headers.get("Content-Length", "")
    if not total.isdecimal():
        if size is None and not response.headers.get("Transfer-Encoding"):
            raise ModelError(f"{url} does not say how long it is, so a cut could not be seen.")
        return size
    if size is not None and size != int(total):
        raise ModelError(f"{url} has {int(total):,} bytes, but the published file has {size:,}.")
    if size is None and int(total) > largest:
        raise ModelError(
            f"{url} has {int(total):,} bytes, and no more than {largest:,} are taken of a file "
            f"whose size is not published; fetch it yourself if it is right."
        )
    return int(total)


def is_page(beginning: bytes) -> bool:
    """Whether a file that should hold weights begins like a page or a pointer to a file."""
    return beginning.lstrip()[:64].lower().startswith(_PAGES)


def page_error(url: str) -> ModelError:
    """What to raise for a page in place of a file."""
    return ModelError(
        f"{url} answers with a web page in place of the file; open it in a browser, for it may "
        f"ask to sign in or to confirm."
    )


def is_whole(error: urllib.error.HTTPError, there: int, size: int | None) -> bool:
    """Whether a server that has nothing more to send means that all is here."""
    told = re.fullmatch(r"bytes \*/(\d+)", error.headers.get("Content-Range", "").strip())
    if error.code != 416 or told is None or not there:
        return False
    return int(told[1]) == there and size in (None, there)


def refusal(url: str, error: urllib.error.HTTPError) -> Exception:
    """CutError or ModelError for an answer other than success."""
    state = f"{error.code} {error.reason}".strip().rstrip(".")
    if error.code == 416:
        return CutError("the server does not go on where it was cut", wait=0.0, useless=True)
    if error.code in _PASSING:
        after = error.headers.get("Retry-After", "")
        return CutError(f"HTTP {state}", wait=float(after) if after.isdecimal() else None)
    if 300 <= error.code < 400:
        place = urljoin(url, error.headers.get("Location", ""))
        return ModelError(
            f"{url} sends on to {place}, which is not followed: of other addresses only http and "
            f"https are, a few times and never from https to http."
        )
    if error.code in (401, 403):
        return ModelError(f"{url} may not be downloaded by everyone: HTTP {state}.")
    return ModelError(f"{url} is not there: HTTP {state}; the address may have changed.")


def unreachable(url: str, error: urllib.error.URLError) -> Exception:
    """CutError or ModelError where no answer came."""
    if isinstance(error.reason, ssl.SSLCertVerificationError):
        return ModelError(
            f"{urlsplit(url).hostname} has no certificate that is trusted "
            f"({clause(error.reason)}); check the clock and the proxy of this machine."
        )
    return CutError(clause(error.reason))


def _range(headers: Message) -> re.Match[str] | None:
    return re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", headers.get("Content-Range", "").strip())


def validator_of(headers: Message) -> str | None:
    """A strong entity tag or the time of the last change, as ``If-Range`` takes them."""
    tag: str | None = headers.get("ETag")
    if tag is not None and not tag.startswith("W/"):
        return tag
    changed: str | None = headers.get("Last-Modified")
    return changed


class _Redirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: Any,
        newurl: str,
    ) -> urllib.request.Request | None:
        scheme = urlsplit(newurl).scheme
        if scheme != "https" and (scheme != "http" or req.type == "https"):
            return None  # which lets the answer stand as an error
        return super().redirect_request(req, fp, code, msg, headers, newurl)
