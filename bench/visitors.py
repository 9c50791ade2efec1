"""People of the demonstration, signed in by its own button: what a visitor's browser does."""

from __future__ import annotations

import http.client
import re
from http.cookies import SimpleCookie
from urllib.parse import urlencode

FAMILIES = [
    "mother", "father", "guardian_of_two", "father_of_two", "guardian_of_twins", "records_barred_guardian",
    "guardian_c",
]  # fmt: skip


def cookies_of(port: int, key: str) -> dict[str, str]:
    """The cookies of a browser that became `key` at /demo/."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/demo/")
    page = connection.getresponse()
    text = page.read().decode()
    jar = SimpleCookie()
    for header in page.headers.get_all("Set-Cookie", []):
        jar.load(header)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', text)
    if token is None:
        raise RuntimeError(f"/demo/ answered {page.status} without a form: is this the demonstration?")
    connection.request(
        "POST",
        f"/demo/as/{key}/",
        urlencode({"csrfmiddlewaretoken": token[1]}),
        {
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": "; ".join(f"{name}={morsel.value}" for name, morsel in jar.items()),
            "Origin": f"http://127.0.0.1:{port}",
        },
    )
    answer = connection.getresponse()
    answer.read()
    connection.close()
    for header in answer.headers.get_all("Set-Cookie", []):
        jar.load(header)
    found = {name: morsel.value for name, morsel in jar.items() if morsel.value}
    if answer.status != 302 or "homeroom_session" not in found:
        raise RuntimeError(f"nobody became {key}: {answer.status}")
    return found


def header_of(cookies: dict[str, str]) -> str:
    """As the Cookie header."""
    return "; ".join(f"{name}={value}" for name, value in cookies.items())
