"""The map `client.target`: what is asked of the url, and how its answers say who gave them."""

import re
from functools import lru_cache
from typing import Annotated

from pydantic import Field, StringConstraints, field_validator, model_validator
from pydantic_core import PydanticCustomError

from long_lived.settings.sections.section import Section

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]"
"""A character of a header's name or a method. Source: RFC 9110, 5.6.2."""

IDENTITY_PATTERN = rf"^(pod|none|header:{_TOKEN}+|json:[^\s.]+(\.[^\s.]+)*|regex:.+)$"
LONGEST_IDENTITY = 500
"""Most characters of an identity. In the pattern itself bounds would take 25 ms of each start, in
which that many copies of what they bound are compiled."""
STATUS_PATTERN = r"^[1-5]([0-9][0-9]|xx)(,[1-5]([0-9][0-9]|xx)){0,20}$"
HOST_PATTERN = r"^(([0-9A-Za-z_.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?)?$"

Status = Annotated[str, StringConstraints(pattern=STATUS_PATTERN)]
"""Statuses that count: numbers, and classes of them."""
FileName = Annotated[str, StringConstraints(max_length=4096)]
HeaderValue = Annotated[str, StringConstraints(max_length=8192, pattern=r"^[!-~]([\t -~]*[!-~])?$")]

OWN_HEADERS = ("connection", "content-length", "host", "transfer-encoding")
"""Headers that the client writes itself, in lower case."""

SECRET_HEADERS = ("authorization", "cookie", "proxy-authorization", "x-api-key")
"""Headers that hold a secret whatever they say, in lower case."""

REFERENCES = ("env:", "file:")


class Tls(Section):
    """TLS, where the url is https."""

    ca_file: FileName = ""
    """File with the certificates of the authorities that are trusted, in PEM. Empty means those of
    the system."""

    cert_file: FileName = ""
    """File with the client's certificate, in PEM. Empty means that it has none."""

    key_file: FileName = ""
    """File with the key of certFile, without a passphrase. Empty means that it is in certFile."""

    insecure: bool = False
    """Whether any certificate will do: nobody knows then who answers. The report says so."""

    @model_validator(mode="after")
    def refuse_a_key_alone(self) -> "Tls":
        """Refuse a key without its certificate."""
        if self.key_file and not self.cert_file:
            raise PydanticCustomError(
                "conflict",
                "",
                {
                    "key": "keyFile",
                    "value": self.key_file,
                    "reason": "belongs to a certificate; certFile must name it",
                },
            )
        return self


class Target(Section):
    """What is asked of the client's url, and how its answers say which replica gave them."""

    identity: Annotated[
        str, StringConstraints(max_length=LONGEST_IDENTITY, pattern=IDENTITY_PATTERN)
    ] = "pod"
    """Where an answer names the replica that gave it. `pod` is what this project's servers answer;
    `header:NAME` is a header, `json:KEY` the value at a key (a dotted path) of a JSON body, and
    `regex:PATTERN` the one group of a regular expression that is searched in the body. With `none`
    nobody is named, and only connections are counted."""

    method: Annotated[str, StringConstraints(pattern=rf"^{_TOKEN}{{1,20}}$")] = "GET"
    """Method of each request."""

    headers: dict[str, HeaderValue] = Field(default={})
    """Headers of each request, by name. `env:NAME` takes the value from a variable of the client's
    environment and `file:PATH` from a file, which keeps it out of values, logs and results:
    Authorization, Cookie, Proxy-Authorization and X-Api-Key must be one of these."""

    body_file: FileName = ""
    """File with the body of each request. Empty means that it has none."""

    status: Status = "200"
    """Statuses that count as an answer, as in `200,204` or `2xx`; any other is a failure."""

    host: Annotated[str, StringConstraints(pattern=HOST_PATTERN)] = ""
    """Name that is asked for (the header Host, and the name in TLS) where it is not the one that
    the url leads to. Empty means the url's."""

    tls: Tls = Tls()

    @property
    def names_nobody(self) -> bool:
        """Whether answers do not say who gave them."""
        return self.identity == "none"

    @field_validator("headers")
    @classmethod
    def refuse_headers_of_the_client(cls, headers: dict[str, str]) -> dict[str, str]:
        """Refuse what the client writes itself, and what is no name of a header."""
        for name in headers:
            if name.lower() in OWN_HEADERS or name.lower().startswith("long-lived-"):
                reason = "the client writes that header itself"
            elif not re.fullmatch(rf"{_TOKEN}{{1,100}}", name):
                reason = "must be the name of a header"
            else:
                continue
            raise PydanticCustomError("header", "", {"key": name, "reason": reason})
        return headers

    @model_validator(mode="after")
    def refuse_what_cannot_be_read(self) -> "Target":
        """Refuse a pattern without exactly one group, and a secret that would be kept."""
        kind, _, pattern = self.identity.partition(":")
        if kind == "regex" and (why := _no_pattern(pattern)):
            raise _refused("identity", self.identity, why)
        for name, value in self.headers.items():
            if name.lower() in SECRET_HEADERS and not value.startswith(REFERENCES):
                raise _refused(
                    f"headers.{name}",
                    "(not shown)",
                    "a secret is not kept in values; must be env:NAME or file:PATH",
                )
        return self


@lru_cache(maxsize=1000)  # asked of each answer
def counts(status: int, of: Status) -> bool:
    """Tell whether an answer's status is among those that count."""
    return any(one in (str(status), f"{status // 100}xx") for one in of.split(","))


def _no_pattern(pattern: str) -> str:
    """Say why a regular expression cannot be used; empty where it can."""
    try:
        groups = re.compile(pattern).groups
        re.compile(pattern.encode())  # as it is searched for: bodies are bytes
    except (re.error, OverflowError, RecursionError) as error:
        return f"no regular expression ({error}); must be one with one group"
    return "" if groups == 1 else f"has {groups} groups; must have one, around the name"


def _refused(key: str, value: str, reason: str) -> PydanticCustomError:
    return PydanticCustomError("conflict", "", {"key": key, "value": value, "reason": reason})
