# The image of trail-agent: docker build -t trail-agent .
#
# Both images are named by an exact tag. A release writes down the digests that its tags stood for.
ARG PYTHON_IMAGE=python:3.13.15-slim-bookworm
# What the agent runs on. No shell and no pip is needed there: a distroless Python of the same minor version works, too.
ARG RUNTIME_IMAGE=${PYTHON_IMAGE}


FROM ${PYTHON_IMAGE} AS build
# For a package index of your own. They leave no trace in the last image.
ARG PIP_INDEX_URL
ARG UV_DEFAULT_INDEX
WORKDIR /build
COPY requirements-uv.lock ./
RUN --mount=type=cache,target=/root/.cache/pip \
    python3 -m pip install --root-user-action ignore --disable-pip-version-check --require-hashes -r requirements-uv.lock


FROM build AS wheel-build
COPY pyproject.toml README.md LICENSE requirements-demo.lock ./
COPY docs/trail-agent.1 docs/
COPY agent/ agent/
# The commit; it is the label `revision` of trail_agent_build_info.
ARG REVISION
RUN --mount=type=cache,target=/root/.cache/uv \
    printf '%s' "${REVISION}" > agent/REVISION && \
    uv build --wheel --build-constraints requirements-demo.lock --require-hashes --out-dir /wheel


# A release puts the wheel that it has tested in the place of this stage: --build-context wheel=FOLDER
FROM scratch AS wheel
COPY --from=wheel-build /wheel/*.whl /


# A plain folder, which any Python of this minor version can use: a venv would point at one interpreter.
FROM build AS install
COPY requirements.lock ./
COPY --from=wheel /*.whl /wheel/
RUN --mount=type=cache,target=/root/.cache/uv \
    export UV_LINK_MODE=copy && \
    uv pip install --python python3 --target /opt/trail-agent/lib --require-hashes -r requirements.lock && \
    uv pip install --python python3 --target /opt/trail-agent/lib --no-deps /wheel/*.whl && \
    rm -r /opt/trail-agent/lib/bin /opt/trail-agent/lib/share /opt/trail-agent/lib/.lock && \
    python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])' > /opt/trail-agent/python-version


FROM ${RUNTIME_IMAGE} AS runtime
# No file of the working directory is imported; nothing tries to write bytecode when the agent runs.
ENV PYTHONPATH=/opt/trail-agent/lib \
    PYTHONSAFEPATH=1 \
    PYTHONPYCACHEPREFIX=/opt/trail-agent/pycache \
    PYTHONDONTWRITEBYTECODE=1 \
    TRAIL_AGENT_HTTP__LISTEN=0.0.0.0:9464


# Tried with the Python that will run it, which also compiles the code, and as much of its own library as the agent
# imports: Python's images have no bytecode, and without it each health check costs a second of CPU.
FROM runtime AS tried
# An image may already have another user, who could not write the bytecode. The last stage has a user of its own.
# hadolint ignore=DL3002
USER 0:0
COPY --from=install /opt/trail-agent /opt/trail-agent
RUN ["python3", "-c", "import sys; built = open('/opt/trail-agent/python-version').read().strip(); here = '%d.%d' % sys.version_info[:2]; sys.exit(0 if built == here else f'RUNTIME_IMAGE has Python {here}, but PYTHON_IMAGE has Python {built}. Name two images of one minor version.')"]
RUN ["python3", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", "/opt/trail-agent/lib"]
ENV PYTHONDONTWRITEBYTECODE=
RUN ["python3", "-c", "import agent, importlib, pkgutil; [importlib.import_module(each.name) for each in pkgutil.walk_packages(agent.__path__, 'agent.') if not each.name.startswith('agent.demo')]"]


FROM runtime
ARG VERSION
ARG REVISION
ARG SOURCE
LABEL org.opencontainers.image.title="trail-agent" \
      org.opencontainers.image.description="Ships Amazon CodeCatalyst audit events from CloudTrail's S3 objects to an OpenTelemetry Collector or Loki, without losing one." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}"
COPY --from=tried /opt/trail-agent /opt/trail-agent
USER 65532:65532
EXPOSE 9464
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 CMD ["python3", "-m", "agent", "healthcheck"]
ENTRYPOINT ["python3", "-m", "agent"]
CMD ["run", "-c", "/etc/trail-agent/agent.yaml"]
