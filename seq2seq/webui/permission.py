"""Who may send files and train: programs on this machine, others only if the server was started with
`--allow-training`.

A request comes from this machine if its connection does, if it names this machine as its host, and if no
proxy has passed it on. The host tells apart pages of other sites that have the address of this machine.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.requests import Request as HttpRequest

from seq2seq.serving.service import TranslationService
from seq2seq.webui.json_routes import Forbidden

REFUSED = (
    "Files are taken from this machine only. "
    "The option --allow-training of `seq2seq serve` opens this to others."
)
FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


def check_permission(service: TranslationService) -> Callable[[HttpRequest], None]:
    """A check of requests, which raises Forbidden."""

    def check(http: HttpRequest) -> None:
        if not (service.limits.training or is_local(http)):
            raise Forbidden(REFUSED)

    return check


def is_local(http: HttpRequest) -> bool:
    """Whether a request comes from this machine."""
    client = http.client.host if http.client else ""
    host = urlsplit(f"//{http.headers.get('host', '')}").hostname or ""
    proxied = any(name in http.headers for name in FORWARDED)
    return is_loopback(client) and (host == "localhost" or is_loopback(host)) and not proxied


def is_loopback(address: str) -> bool:
    """Whether this is an address such as 127.0.0.1."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return (getattr(parsed, "ipv4_mapped", None) or parsed).is_loopback
