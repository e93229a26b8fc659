# Trains, and ends the machine whatever happens.
BEGAN=""
STARTED="$(date -u +%Y-%m-%dT%H:%M:%S+00:00)"
exec > >(tee -a "$PLACE/setup.log") 2>&1

# Best effort: without Python there is only the console. Corrects a progress that says that work goes on.
report() {
  local code=$1
  [ -x "$VENV/bin/python" ] || return 0
  timeout 120 "$VENV/bin/python" - "$BUCKET" "$JOB" "$PLACE" "$code" "$BEGAN" "$STARTED" <<'PY'
import datetime
import json
import os
import sys
import boto3
from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError
bucket, job, place, code, began, started = sys.argv[1:]
key = f"logs/{job}/progress.json"
def told():
    try:
        return json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    except ClientError:
        return {}
try:
    s3 = boto3.client("s3")
    for name in ("setup.log", "training.log"):
        if os.path.exists(f"{place}/{name}"):
            s3.upload_file(f"{place}/{name}", bucket, f"logs/{job}/{name}")
    old = told()
    mine = old.get("at", "") >= started
    if code != "0" and not (mine and old.get("state") in ("finished", "interrupted", "failed")):
        why = f"the training ended with {code}; see training.log" if began else "set-up failed; see setup.log"
        now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
        failed = {**old, "job": job, "state": "failed", "stage": why, "seconds_left": None, "at": now}
        failed["instance"] = old.get("instance", "") if mine else ""
        s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(failed).encode(), ContentType="application/json")
except (Boto3Error, BotoCoreError, ClientError) as error:
    sys.exit(f"warning: the logs were not uploaded: {error}")
PY
}

finish() {
  local code=$?
  trap - EXIT
  set +e
  say "ended with $code"
  report "$code"
  "$SHUTDOWN" -P now || systemctl poweroff --force
}
trap finish EXIT
trap 'exit 143' TERM
trap 'exit 130' INT

say "job $JOB"
prepare
say "training; see training.log"
BEGAN=yes
cd "$CODE"
# The program knows its log only to upload it, and what earlier machines logged for the job before it begins.
"$VENV/bin/python" -m aws.training_job --bucket "$BUCKET" --job "$JOB" --region "$REGION" \
  --work "$PLACE/work" --log "$PLACE/training.log" --deadline "$DEADLINE" >>"$PLACE/training.log" 2>&1
