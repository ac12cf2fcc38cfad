# One image; the command picks the service: python -m services.NAME --api|--worker|--migrate, recouvra topics, …
FROM python:3.11-slim AS wheels
WORKDIR /source
RUN python -m venv --without-pip /opt/recouvra
# What changes seldom first: a change of code installs nothing again.
COPY pyproject.toml requirements.lock deploy/locked.py ./
RUN python locked.py service > service.lock \
 && python locked.py build-system > build.lock \
 && pip install --no-cache-dir --require-hashes -r build.lock \
 && pip --python /opt/recouvra/bin/python install --no-cache-dir --require-hashes -r service.lock
COPY README.md LICENSE ./
COPY recouvra recouvra
COPY services services
COPY docs/vendors docs/vendors
RUN pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir wheel . \
 && pip --python /opt/recouvra/bin/python install --no-cache-dir --no-deps wheel/*.whl \
 && pip --python /opt/recouvra/bin/python check \
 && cd / && /opt/recouvra/bin/python -c "import recouvra.cli.main, services.registration.app, services.contributions.app, \
services.liquidation.app, services.reporting.app"

FROM python:3.11-slim
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin recouvra
COPY --from=wheels /opt/recouvra /opt/recouvra
ENV PATH=/opt/recouvra/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001
WORKDIR /opt/recouvra
HEALTHCHECK --interval=10s --timeout=15s --start-period=60s CMD ["python", "-m", "recouvra.chassis.probe"]
CMD ["recouvra", "--help"]
