# Brings the program here and lets it put the app in force; the same script makes a machine and updates one.
TOOK_OVER=""

# Best effort: without Python there is only the console.
report() {
  local code=$1
  [ -x "$VENV/bin/python" ] || return 0
  timeout 120 "$VENV/bin/python" - "$BUCKET" "$ORDER" "$LOGS/gradio_setup.log" "$code" "$TOOK_OVER" <<'PY'
import datetime
import json
import sys
import boto3
from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError
bucket, order, log, code, took_over = sys.argv[1:]
now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
failed = {"order": order, "state": "failed", "stage": "the machine could not be set up (gradio_setup.log); terminate it and deploy again", "at": now}
try:
    s3 = boto3.client("s3")
    s3.upload_file(log, bucket, "logs/gradio/gradio_setup.log")
    if code != "0" and not took_over:
        s3.put_object(Bucket=bucket, Key="logs/gradio/status.json", Body=json.dumps(failed).encode())
except (Boto3Error, BotoCoreError, ClientError) as error:
    sys.exit(f"warning: gradio_setup.log was not uploaded: {error}")
PY
}

finish() {
  local code=$?
  trap - EXIT
  set +e
  say "ended with $code"
  report "$code"
  exit "$code"
}
trap finish EXIT

make_user() {
  id -u "$APP_USER" >/dev/null 2>&1 ||
    useradd --system --user-group --home-dir "$DATA" --no-create-home --shell /usr/sbin/nologin "$APP_USER"
  install -d -m 0700 -o "$APP_USER" "$DATA"
}

# Installing needs more memory at once than the app.
make_swap() {
  [ -z "$ROOT" ] && [ ! -e /swapfile ] || return 0
  fallocate -l 2G /swapfile && chmod 600 /swapfile && mkswap -q /swapfile && swapon /swapfile &&
    echo '/swapfile none swap sw 0 0' >>/etc/fstab
}

install_caddy() {
  command -v caddy >/dev/null || {
    apt-get -qq -o DPkg::Lock::Timeout=600 update &&
      apt-get -qq -o DPkg::Lock::Timeout=600 install -y --no-install-recommends caddy
  }
}

say "order $ORDER"
make_user
make_swap || say "warning: no swap"
# An environment that was finished for the same locks serves again.
[ ! -e "$VENV/finished" ] || export HAWKINS_VENV="${HAWKINS_VENV:-$VENV}"
[ -z "${HAWKINS_VENV:-}" ] || VENV="$HAWKINS_VENV"
# Not under the feet of an app that runs from there.
if [ -z "${HAWKINS_VENV:-}" ] || [ ! -d "$CODE" ]; then prepare; fi
[ -n "${HAWKINS_VENV:-}" ] || touch "$VENV/finished"
[ -z "$DOMAIN" ] || retry 5 install_caddy
TOOK_OVER=yes
cd "$CODE"
"$VENV/bin/python" -m aws.app_machine apply --root "$ROOT" --bucket "$BUCKET" --region "$REGION" --order "$ORDER" \
  --user "$APP_USER"
