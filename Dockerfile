# One image for web, worker, scheduler and migrations; docker-compose.yml says which is which.

FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
COPY requirements/production.txt /tmp/production.txt
RUN /opt/venv/bin/pip install --require-hashes --requirement /tmp/production.txt

FROM python:3.13-slim
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
RUN groupadd --system --gid 10001 amplistay \
    && useradd --system --uid 10001 --gid amplistay --no-create-home --home-dir /nonexistent amplistay \
    && install --directory --owner=amplistay --group=amplistay /var/lib/amplistay
COPY --from=build /opt/venv /opt/venv
WORKDIR /app
COPY . .
# Static files get their content-hashed names here; no secret is needed for it, and none gets into the image.
RUN python manage.py collectstatic --noinput --verbosity 0
USER amplistay
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=8s --start-period=30s --retries=3 \
    CMD ["python", "-m", "launcher.health", "web"]
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", "--no-ws", "--blocking-threads", "4", "--respawn-failed-workers", "amplistay.wsgi:application"]
