# The app's machine stays: no watchdog. HAWKINS_ROOT stands in for the file system; on a real machine it is unset.
set -Eeuo pipefail
export HOME="${HOME:-/root}" DEBIAN_FRONTEND=noninteractive PYTHONUNBUFFERED=1
ROOT="${HAWKINS_ROOT:-}"
BASE="$ROOT/opt/hawkins"
DATA="$ROOT/var/lib/hawkins"
LOGS="$ROOT/var/log/hawkins"
APP_USER="${HAWKINS_USER:-hawkins}"
PLACE="$BASE/releases/${CODE_SHA256:0:16}"
VENV="$BASE/venvs/${LOCK_SHA256:0:16}"
umask 022
mkdir -p "$PLACE" "$BASE/venvs" "$LOGS"
exec > >(tee -a "$LOGS/gradio_setup.log") 2>&1
# One at a time: the first run and the timer that looks for a new order.
exec 9>"$BASE/lock"
flock -n 9 || { echo "another run is at work"; exit 0; }
