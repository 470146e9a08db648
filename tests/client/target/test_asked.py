"""What is asked: as the settings say, with secrets from where they are kept and nowhere else."""

from pathlib import Path

import pytest

from long_lived.client.target.asked import CLIENT_HEADER, Asked, asked
from long_lived.client.target.tls import context
from long_lived.settings import SettingsError, load

HEADER = "client.target.headers"
URL = "https://shop.example/api"


def asked_with(*settings: str) -> Asked:
    """Make the request of these settings."""
    return asked(load([], [f"client.url={URL}", *settings], {}).client, URL, "me")


def test_request_is_what_the_settings_say(tmp_path: Path) -> None:
    """Method, headers and body are the user's; a header of the client's own gives way to theirs."""
    (tmp_path / "order.json").write_bytes(b"{}")
    made = asked_with(
        *("client.target.identity=none", "client.target.method=POST"),
        *(f"{HEADER}.Accept=text/plain", f"client.target.bodyFile={tmp_path / 'order.json'}"),
        *("client.target.host=other.example:8443", "client.keepAlive.mode=per-request"),
    )
    assert (made.method, made.body, made.draws) == ("POST", b"{}", False)
    assert made.headers == {
        "Accept": "text/plain",
        "Connection": "close",
        "Host": "other.example:8443",
        "User-Agent": "long-lived",
    }


def test_servers_of_ours_are_told_who_asks() -> None:
    """Only they count answers by client."""
    assert asked_with().headers[CLIENT_HEADER] == "me"
    assert CLIENT_HEADER not in asked_with("client.target.identity=none").headers


def test_secrets_come_from_files_and_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their values are in the request, and in nothing that is printed."""
    (tmp_path / "key").write_text("from-a-file\n")
    monkeypatch.setenv("TOKEN", "Bearer from-the-environment")
    made = asked_with(
        f"{HEADER}.Authorization=env:TOKEN", f"{HEADER}.X-Api-Key=file:{tmp_path}/key"
    )
    assert made.headers["Authorization"] == "Bearer from-the-environment"
    assert made.headers["X-Api-Key"] == "from-a-file"
    assert "from-" not in repr(made)


@pytest.mark.parametrize("kept", ["", "two\nlines", "é", " padded", "x" * 20_000])
def test_secret_that_is_no_value_of_a_header_is_refused_unseen(kept: str, tmp_path: Path) -> None:
    """The line names key and place, and shows nothing of what is there."""
    (tmp_path / "key").write_text(kept)
    with pytest.raises(SettingsError) as refused:
        asked_with(f"{HEADER}.X-Api-Key=file:{tmp_path}/key")
    assert str(refused.value).startswith(f"{HEADER}.X-Api-Key = file:{tmp_path}/key: ")
    assert not kept.strip() or kept.strip() not in str(refused.value)


@pytest.mark.parametrize(
    ("pair", "why"),
    [
        (f"{HEADER}.Authorization=env:NO_SUCH", "there is no variable NO_SUCH"),
        (f"{HEADER}.Authorization=file:/no/such", "No such file or directory"),
        ("client.target.bodyFile=/no/such", "No such file or directory"),
        ("client.target.tls.caFile=/no/such", "No such file or directory"),
        ("client.target.tls.certFile=/no/such", "No such file or directory"),
        ("client.target.tls.caFile=/dev/null", "must be a file with certificates in PEM"),
        ("client.target.tls.certFile=/dev/null", "must be a file with a certificate and its key"),
    ],
)
def test_place_where_nothing_is_found_is_refused(pair: str, why: str) -> None:
    """One line names the key, the place, and what is wrong there."""
    with pytest.raises(SettingsError) as refused:
        asked_with(pair)
        context(load([], [f"client.url={URL}", pair], {}).client)
    key, _, value = pair.partition("=")
    assert str(refused.value).startswith(f"{key} = {value}: ")
    assert why in str(refused.value)


def test_secret_in_what_a_server_says_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also without the scheme before it, and quoted; what is too short to be one is no secret."""
    monkeypatch.setenv("TOKEN", "Bearer it's-\\a-secret")
    monkeypatch.setenv("SHORT", "no")
    made = asked_with(f"{HEADER}.Authorization=env:TOKEN", f"{HEADER}.X-Flag=env:SHORT")
    assert made.hide("no: it's-\\a-secret") == "no: (not shown)"
    assert made.hide(repr('"it\'s-\\a-secret"')) == "'\"(not shown)\"'"
