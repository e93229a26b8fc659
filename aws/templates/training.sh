# Trains, and ends the machine whatever happens.
BEGAN=""
exec > >(tee -a "$PLACE/setup.log") 2>&1

# Best effort: without Python there is only the console.
report() {
  local code=$1
  [ -x "$VENV/bin/python" ] || return 0
  timeout 120 "$VENV/bin/python" - "$BUCKET" "$JOB" "$PLACE/setup.log" "$code" "$BEGAN" <<'PY'
import datetime
import json
import sys
import boto3
from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError
bucket, job, log, code, began = sys.argv[1:]
now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
failed = {"job": job, "state": "failed", "stage": "the machine could not be set up; see setup.log", "at": now}
try:
    s3 = boto3.client("s3")
    s3.upload_file(log, bucket, f"logs/{job}/setup.log")
    if code != "0" and not began:
        s3.put_object(Bucket=bucket, Key=f"logs/{job}/progress.json", Body=json.dumps(failed).encode())
except (Boto3Error, BotoCoreError, ClientError) as error:
    sys.exit(f"warning: setup.log was not uploaded: {error}")
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
"$VENV/bin/python" -m aws.training_job --bucket "$BUCKET" --job "$JOB" --region "$REGION" \
  --work "$PLACE/work" --log "$PLACE/training.log" --deadline "$DEADLINE" >>"$PLACE/training.log" 2>&1
