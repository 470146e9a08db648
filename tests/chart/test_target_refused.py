"""Urls and headers that cannot be are refused by Helm as by the apps."""

import json

import pytest
from tests.settings.test_contradictions_refused import IMPOSSIBLE_HEADERS

from long_lived.settings import SettingsError, load

from .conftest import template

URLS = [
    *(
        "",
        "http://x",
        "https://x/",
        "HTTP://x:80/a?b=c",
        "http://a-b.c_d.svc.cluster.local.:65535/x#y",
    ),
    *("http://[::1]:8000/", "http://[2001:db8::a:1]/", "http://[1:2:3:4:5:6:7:8]/", "http://[::]"),
    *(
        "http://10.0.0.1/",
        "http://ä.x/",
        "http://x?y",
        "http://1a.b/",
        "http://x/é",
        "http://x/%zz",
    ),
]
NO_URLS = [
    *("ftp://x/", "httpss://x/", "http://", "http:x", "http:///x", " http://x", "http:\\x", "x"),
    *(
        "http://x:",
        "http://x:0/",
        "http://x:08/",
        "http://x:65536/",
        "http://x:80:90/",
        "http://@x/",
    ),
    *("http://x y/", "http://x/a b", "http://x\\y/", "http://a/\tb", "http://a\n", "http://u:p@x/"),
    *("http://256.1.1.1/", "http://1.2.3/", "http://1/", "http://a..b/", f"http://{'a' * 64}/"),
    *(
        "http://[::g]/",
        "http://[1:2]/",
        "http://[::1::]/",
        "http://[1:2:3:4:5:6:7:8:9]/",
        "http://[]",
    ),
    *("http://x^y/", "http://x|y/", "http://x<y/"),
]


@pytest.mark.parametrize("url", [*URLS, *NO_URLS], ids=ascii)
def test_address_is_accepted_by_helm_where_the_client_accepts_it(url: str) -> None:
    """What the client would refuse is refused before anything is installed."""
    done = template(flags=("--set-json", f"client.url={json.dumps(url)}"))
    if url in URLS:
        assert load([], [], {"LONG_LIVED__CLIENT__URL": url}).client.url == url
        assert done.returncode == 0, done.stderr
    else:
        with pytest.raises(SettingsError, match=r"^LONG_LIVED__CLIENT__URL = "):
            load([], [], {"LONG_LIVED__CLIENT__URL": url})
        assert done.returncode != 0
        assert "url" in done.stderr


@pytest.mark.parametrize(("pair", "words"), IMPOSSIBLE_HEADERS)
def test_header_is_refused_in_the_words_of_the_apps(pair: str, words: str) -> None:
    """Helm shows no more of its value than they do."""
    done = template(pair)
    assert done.returncode != 0
    assert f"{words}\n" in done.stderr
    assert "hunter2" not in done.stderr
