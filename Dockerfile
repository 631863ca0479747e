# The worker alone, as an ordinary user. Build it with:
#   docker build --tag provisioning-worker:0.1.0 --build-arg REVISION="$(git rev-parse HEAD)" .

# Both stages must stand on the same base: the environment made in the first points to its interpreter.
ARG BASE_IMAGE=python:3.13-slim-trixie

FROM ${BASE_IMAGE} AS builder

# Where uv comes from: pip's usual index, or the one that is given.
ARG UV_VERSION=0.13.8
ARG PIP_INDEX_URL

# The image has one interpreter, its root file system is read-only later, and a cache would only be thrown away.
ENV UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_NO_CACHE=1 \
    UV_PROJECT_ENVIRONMENT=/opt/provisioning-worker \
    UV_PYTHON_DOWNLOADS=never

# /state is copied below with its owner: a volume mounted on it is writable for the worker, and nobody needs to be root.
RUN mkdir /state \
    && pip install --no-cache-dir --root-user-action=ignore "uv==${UV_VERSION}"

WORKDIR /source

# The dependencies first: they change more rarely than the code, and so does their layer.
COPY pyproject.toml uv.lock ./
RUN uv sync --locked --no-dev --no-editable --extra postgres --no-install-project

COPY LICENSE README.md ./
COPY messages ./messages
COPY sandbox ./sandbox
COPY worker ./worker
RUN uv sync --locked --no-dev --no-editable --extra postgres


FROM ${BASE_IMAGE}

ARG BASE_IMAGE
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="provisioning-worker" \
      org.opencontainers.image.description="Applies a billing system's commands to the provider's customer API exactly once in effect, and answers each with one result event." \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="${BASE_IMAGE}"

COPY --from=builder /opt/provisioning-worker /opt/provisioning-worker
COPY --from=builder --chown=10001:10001 /state /var/lib/provisioning-worker

# Beyond the loopback, so that probes and scrapes from outside the container are answered.
# The state folder holds the default SQLite ledger and its keys: mount a volume there, or name a PostgreSQL ledger.
# A ledger that dies with its container forgets which commands were done.
ENV PATH=/opt/provisioning-worker/bin:${PATH} \
    PROVISIONING_HTTP__HOST=0.0.0.0 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    XDG_STATE_HOME=/var/lib

# A number, so that Kubernetes can see for itself that it is not root.
USER 10001:10001
WORKDIR /var/lib/provisioning-worker
EXPOSE 9464

# http.client, for it asks no proxy of the environment. Kubernetes has probes of its own and ignores this.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import http.client, os, sys; ask = http.client.HTTPConnection('127.0.0.1', int(os.environ.get('PROVISIONING_HTTP__PORT', '9464')), timeout=4); ask.request('GET', '/livez'); sys.exit(ask.getresponse().status != 200)"]

STOPSIGNAL SIGTERM
ENTRYPOINT ["provisioning-worker"]
CMD ["run"]
