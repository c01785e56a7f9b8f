# A bundle as a service on CPUs, without torch; nothing in the image is changed at run time.
#
#   sketchfit export runs/first --out bundle --neighbours
#   docker build -t sketchfit .
#   docker run --rm --read-only --tmpfs /tmp -p 127.0.0.1:8000:8000 -v "$PWD/bundle:/bundle:ro" sketchfit
#
# A bearer token: -e SKETCHFIT_TOKEN="$(openssl rand -hex 16)". Options of `sketchfit serve` follow the image's name.
FROM python:3.12-slim

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin sketchfit

WORKDIR /build
COPY pyproject.toml lock.txt README.md LICENSE ./
COPY src src
RUN pip install --constraint lock.txt '.[serve]' && rm -rf /build

WORKDIR /
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/ready', timeout=4)"]
ENTRYPOINT ["sketchfit", "serve", "/bundle", "--host", "0.0.0.0", "--port", "8000"]
CMD ["--workers", "1"]
