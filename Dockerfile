# The server image: the Python server in its runtimes flask and gunicorn, and the Go server.
# Keep the Python version in step with Dockerfile_client.

FROM docker.io/library/golang:1.27-trixie AS go
WORKDIR /source
COPY src/server_go/ ./
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /long-lived-server-go .

FROM docker.io/library/python:3.13-slim-trixie AS build
COPY locks/server.txt /locks/server.txt
# The environment has no pip of its own: the base image's pip fills it and checks hashes.
# Bytecode is validated by hash: some builders round file times, and bytecode older than its source
# by a second would be recompiled at every start, since the root file system is read-only.
# Packages' tests are removed: nothing runs them, and gevent's contain private keys that scanners report.
RUN python -m venv --without-pip /venv \
    && python -m pip --python /venv/bin/python install \
        --no-cache-dir --no-compile --no-deps --only-binary :all: \
        --require-hashes --requirement /locks/server.txt \
    && find /venv/lib -depth -type d -name tests -exec rm -r {} + \
    && python -m compileall -q --invalidation-mode unchecked-hash /venv/lib
COPY src/long_lived/__init__.py /app/long_lived/__init__.py
COPY src/settings/ /app/long_lived/settings/
COPY src/record/ /app/long_lived/record/
COPY src/resources/ /app/long_lived/resources/
COPY src/metrics/ /app/long_lived/metrics/
COPY src/server/ /app/long_lived/server/
RUN python -m compileall -q --invalidation-mode unchecked-hash /app

FROM docker.io/library/python:3.13-slim-trixie
# Nothing is installed from here on: the base image's pip, and the copy in ensurepip, are not needed.
# The base image has no bytecode of the standard library; -f replaces what pip's own run left, validated by time.
RUN python -m pip uninstall --yes --root-user-action=ignore pip \
    && stdlib="$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')" \
    && rm -rf "${stdlib}/ensurepip" \
    && python -m compileall -q -f --invalidation-mode unchecked-hash "${stdlib}"
ARG VERSION=0.1.0
ARG REVISION=""
LABEL org.opencontainers.image.title="long-lived server" \
      org.opencontainers.image.description="Answers slowly and names its pod" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
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
ENTRYPOINT ["python", "-m", "long_lived.server"]
