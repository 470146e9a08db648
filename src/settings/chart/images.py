"""The map `images`."""

from typing import Annotated, Literal

from pydantic import Field

from long_lived.settings.sections.section import Section

Repository = Annotated[
    str, Field(min_length=1, description="Name of the image below the registry.")
]
Tag = Annotated[str, Field(description="Tag of the image. Empty means the chart's appVersion.")]
Digest = Annotated[
    str,
    Field(
        pattern=r"^(sha256:[0-9a-f]{64})?$",
        description="Digest of the image, which wins over the tag. Empty means by tag.",
    ),
]


class ServerImage(Section):
    """The server's image, built from `Dockerfile`."""

    repository: Repository = "long-lived-server"
    tag: Tag = ""
    digest: Digest = ""


class ClientImage(Section):
    """The client's image, built from `Dockerfile_client`."""

    repository: Repository = "long-lived-client"
    tag: Tag = ""
    digest: Digest = ""


class PullSecret(Section):
    """A Secret with registry credentials."""

    name: Annotated[str, Field(min_length=1)]
    """Name of the Secret."""


class ProxyImage(Section):
    """HAProxy's image, which server.proxy `haproxy` needs; not one of this project's."""

    repository: Annotated[str, Field(min_length=1)] = "docker.io/library/haproxy"
    """Full name of the image; images.registry is not put before it."""

    tag: Annotated[str, Field(min_length=1)] = "2.8.25"
    """Tag of the image. The default is the version that the lab fetches on one machine."""

    digest: Digest = ""


class Images(Section):
    """Where the images come from."""

    registry: str = ""
    """Registry, and a path in it, to prefix the server's and the client's repository with. Empty
    means images that the nodes already have, as after `make kind-load`."""

    pull_policy: Literal["Always", "IfNotPresent", "Never"] = "IfNotPresent"
    """When a node fetches an image."""

    pull_secrets: list[PullSecret] = Field(default=[])
    """Secrets with registry credentials, as `- name: SECRET`."""

    server: ServerImage = ServerImage()

    client: ClientImage = ClientImage()

    proxy: ProxyImage = ProxyImage()
