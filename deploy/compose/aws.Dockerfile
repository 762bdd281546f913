# The emulated AWS account of compose.yaml: the demo's part of trail-agent, with its emulator.
ARG PYTHON_IMAGE=python:3.13.15-slim-bookworm
FROM ${PYTHON_IMAGE}
WORKDIR /build
COPY requirements-uv.lock requirements-demo.lock ./
RUN --mount=type=cache,target=/root/.cache/pip --mount=type=cache,target=/root/.cache/uv \
    python3 -m pip install --root-user-action ignore --disable-pip-version-check --require-hashes -r requirements-uv.lock && \
    UV_LINK_MODE=copy uv pip install --system --require-hashes -r requirements-demo.lock
COPY agent/ /opt/trail-agent/agent/
ENV PYTHONPATH=/opt/trail-agent \
    PYTHONSAFEPATH=1 \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /
USER 65532:65532
EXPOSE 5000
ENTRYPOINT ["python3", "-m", "agent"]
CMD ["demo", "--serve", "0.0.0.0:5000"]
