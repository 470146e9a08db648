"""Urls and headers that cannot be are refused by Helm as by the apps."""

import json
import re
from pathlib import Path

import pytest
from tests.settings.test_contradictions_refused import IMPOSSIBLE_HEADERS

from long_lived.settings import SettingsError, load

from .conftest import CHART, helm, template

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
        "http://[1:2:3:4:5:6:7::8]/",
        "http://[]",
    ),
    *("http://x^y/", "http://x|y/", "http://x<y/"),
]


@pytest.mark.parametrize("url", [*URLS, *NO_URLS], ids=ascii)
def test_address_is_accepted_or_refused_by_name(url: str) -> None:
    """What the client cannot use is refused before it starts."""
    if url in URLS:
        assert load([], [], {"LONG_LIVED__CLIENT__URL": url}).client.url == url
    else:
        with pytest.raises(SettingsError, match=r"^LONG_LIVED__CLIENT__URL = "):
            load([], [], {"LONG_LIVED__CLIENT__URL": url})


def test_address_is_accepted_by_helm_where_the_client_accepts_it(tmp_path: Path) -> None:
    """Helm applies the chart's schema to all of them at once, and names those that it refuses."""
    url = json.loads((CHART / "values.schema.json").read_text())["properties"]["client"][
        "properties"
    ]["url"]
    schema = {"properties": {"urls": {"type": "object", "additionalProperties": url}}}
    (tmp_path / "values.schema.json").write_text(json.dumps(schema))
    (tmp_path / "Chart.yaml").write_text("apiVersion: v2\nname: urls\nversion: 0.1.0\n")
    given = {f"url-{number}": url for number, url in enumerate([*URLS, *NO_URLS])}
    values = tmp_path / "given.yaml"
    values.write_text(json.dumps({"urls": given}))
    done = helm("template", "try", str(tmp_path), "--values", str(values))
    refused = {given[name] for name in re.findall(r"url-\d+", done.stderr)}
    assert refused == {*NO_URLS}


def test_address_is_refused_by_the_chart() -> None:
    """The same schema is the chart's."""
    done = template("client.url=ftp://x/")
    assert done.returncode != 0
    assert "url" in done.stderr


@pytest.mark.parametrize(("pair", "words"), IMPOSSIBLE_HEADERS)
def test_header_is_refused_in_the_words_of_the_apps(pair: str, words: str) -> None:
    """Helm shows no more of its value than they do."""
    done = template(pair)
    assert done.returncode != 0
    assert f"{words}\n" in done.stderr
    assert "hunter2" not in done.stderr
