# The server image: the Python server in its runtimes flask and gunicorn, and the Go server.
# Keep the Python version in step with Dockerfile_client.

FROM docker.io/library/golang:1.27-trixie AS go
WORKDIR /source
COPY src/server_go/ ./
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /long-lived-server-go .

FROM docker.io/library/python:3.13-slim-trixie AS build
COPY locks/server.txt /locks/server.txt
# The environment gets no pip of its own: the base image's pip fills it, with hashes checked.
RUN python -m venv --without-pip /venv \
    && python -m pip --python /venv/bin/python install \
        --no-cache-dir --no-deps --only-binary :all: --require-hashes --requirement /locks/server.txt
COPY src/settings/ /app/settings/
COPY src/server/ /app/server/
RUN python -m compileall -q /app

FROM docker.io/library/python:3.13-slim-trixie
ARG VERSION=0.1.0
ARG REVISION=""
LABEL org.opencontainers.image.title="long-lived server" \
      org.opencontainers.image.description="Answers slowly and names its pod" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="https://git.example/long-lived/long-lived"
ENV PATH=/venv/bin:${PATH} \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    LONG_LIVED_GO_SERVER=/usr/local/bin/long-lived-server-go
COPY --from=go /long-lived-server-go /usr/local/bin/long-lived-server-go
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
USER 65532:65532
EXPOSE 8000
ENTRYPOINT ["python", "-m", "server"]
