"""Network policies: client and test may call the server, and nothing else is allowed."""

from tests.chart.conftest import Rendered, render

from .filled import filled


def labels_of(rendered: Rendered, component: str) -> dict[str, str]:
    """Return the labels of a component's pods."""
    if component == "test":
        return dict(rendered.one("Pod")["metadata"]["labels"])
    owner = rendered.deployment if component == "server" else rendered.job
    return dict(owner["spec"]["template"]["metadata"]["labels"])


def test_network_policies_let_client_and_test_call_the_server() -> None:
    """Both ends allow the same, callers may reach name servers, and nothing else is allowed."""
    rendered = render("networkPolicy.enabled=true", "server.port=9000")
    policies = {one["metadata"]["name"]: one["spec"] for one in rendered.find("NetworkPolicy")}
    server = policies.pop("try-long-lived-server")
    port = [{"port": 9000, "protocol": "TCP"}]
    assert server["policyTypes"] == ["Ingress", "Egress"]
    assert server["egress"] == []
    (rule,) = server["ingress"]
    assert rule["ports"] == port
    assert server["podSelector"]["matchLabels"].items() <= labels_of(rendered, "server").items()
    for component, peer in zip(("client", "test"), rule["from"], strict=True):
        assert peer["podSelector"]["matchLabels"].items() <= labels_of(rendered, component).items()
        policy = policies.pop(f"try-long-lived-{component}")
        assert policy["podSelector"] == peer["podSelector"]
        assert policy["policyTypes"] == ["Ingress", "Egress"]
        assert policy["ingress"] == []
        to_server, names = policy["egress"]
        assert to_server == {"to": [{"podSelector": server["podSelector"]}], "ports": port}
        assert {one["protocol"] for one in names["ports"]} == {"TCP", "UDP"}
        assert {one["port"] for one in names["ports"]} == {53}
    assert not policies


def test_network_policies_take_further_rules() -> None:
    """Ingress controllers and meshes need their own."""
    policies = {one["metadata"]["name"]: one["spec"] for one in filled().find("NetworkPolicy")}
    assert "namespaceSelector" in policies["everything-server"]["ingress"][1]["from"][0]
    for name in ("everything-client", "everything-test"):
        assert policies[name]["egress"][2]["to"] == [{"ipBlock": {"cidr": "192.0.2.0/24"}}]


def test_policy_of_the_client_goes_with_the_client() -> None:
    """A server without a client still has its test."""
    rendered = render("networkPolicy.enabled=true", "client.enabled=false")
    names = {one["metadata"]["name"] for one in rendered.find("NetworkPolicy")}
    assert names == {"try-long-lived-server", "try-long-lived-test"}
