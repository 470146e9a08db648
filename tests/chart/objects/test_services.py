"""The Services: ports, the pods they select, affinity, routing."""

from tests.chart.conftest import render

from .filled import filled


def test_server_listens_where_the_services_send() -> None:
    """Settings, container and both Services agree on port and name."""
    rendered = render("server.port=9000", "service.port=8080")
    (container,) = rendered.server_pod["containers"]
    assert container["ports"] == [{"name": "http", "containerPort": 9000, "protocol": "TCP"}]
    service = rendered.services["try-long-lived-server"]["spec"]
    headless = rendered.services["try-long-lived-server-headless"]["spec"]
    assert (service["ports"][0]["port"], service["ports"][0]["targetPort"]) == (8080, "http")
    assert (headless["ports"][0]["port"], headless["ports"][0]["targetPort"]) == (9000, "http")


def test_headless_service_names_only_ready_pods() -> None:
    """The client's wait relies on it."""
    headless = render().services["try-long-lived-server-headless"]["spec"]
    assert headless["clusterIP"] == "None"
    assert not headless.get("publishNotReadyAddresses", False)


def test_services_select_the_server_pods() -> None:
    """Each selector is a subset of the pods' labels, with and without user labels."""
    for rendered in (render(), filled()):
        labels = rendered.deployment["spec"]["template"]["metadata"]["labels"]
        selectors = [service["spec"]["selector"] for service in rendered.find("Service")]
        selectors.append(rendered.deployment["spec"]["selector"]["matchLabels"])
        selectors += [
            budget["spec"]["selector"]["matchLabels"]
            for budget in rendered.find("PodDisruptionBudget")
        ]
        for selector in selectors:
            assert selector.items() <= labels.items()
            client = rendered.job["spec"]["template"]["metadata"]["labels"]
            assert not selector.items() <= client.items()


def test_session_affinity_is_off_by_default() -> None:
    """Every connection is balanced on its own."""
    service = render().services["try-long-lived-server"]["spec"]
    assert service["sessionAffinity"] == "None"
    assert "sessionAffinityConfig" not in service


def test_session_affinity_is_passed_on() -> None:
    """Type, affinity, its timeout and the annotations reach the Service."""
    service = filled().services["everything-server"]
    assert service["spec"]["type"] == "LoadBalancer"
    assert service["spec"]["sessionAffinity"] == "ClientIP"
    assert service["spec"]["sessionAffinityConfig"] == {"clientIP": {"timeoutSeconds": 60}}
    assert service["metadata"]["annotations"] == {"example/service": "yes", "example/owner": "load"}


def test_routing_reaches_the_services() -> None:
    """Address families reach both Services, what picks a pod only the balanced one."""
    services = filled().services
    service, headless = (
        services["everything-server"]["spec"],
        services["everything-server-headless"]["spec"],
    )
    for spec in (service, headless):
        assert spec["ipFamilyPolicy"] == "RequireDualStack"
        assert spec["ipFamilies"] == ["IPv6", "IPv4"]
    assert service["trafficDistribution"] == "PreferClose"
    assert service["internalTrafficPolicy"] == "Local"
    assert not {"trafficDistribution", "internalTrafficPolicy"} & set(headless)
