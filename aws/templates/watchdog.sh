# First of all, whatever may fail after it: an end. `shutdown` holds until a reboot, the timer beyond one; both end in
# a power-off, at which the machine terminates itself.
set -Eeuo pipefail
export HOME="${HOME:-/root}" DEBIAN_FRONTEND=noninteractive PYTHONUNBUFFERED=1
ROOT="${HAWKINS_ROOT:-}"
SHUTDOWN="${HAWKINS_SHUTDOWN:-shutdown}"
DEADLINE=$(($(date +%s) + MINUTES * 60))
if ! "$SHUTDOWN" -P "+$MINUTES" "time is up"; then
  (sleep $((MINUTES * 60)) && poweroff -f) >/dev/null 2>&1 &
fi
end_after_reboot() {
  local units="$ROOT/etc/systemd/system"
  mkdir -p "$units"
  printf '[Unit]\nDescription=The end of this machine\n[Service]\nType=oneshot\nExecStart=/sbin/shutdown -P now\n' \
    >"$units/hawkins-end.service"
  # Persistent: fires at once where the time passed while the machine was down.
  printf '[Unit]\nDescription=When this machine ends\n[Timer]\nOnCalendar=%s\nPersistent=true\n[Install]\nWantedBy=timers.target\n' \
    "$(date -u -d "@$DEADLINE" '+%Y-%m-%d %H:%M:%S UTC')" >"$units/hawkins-end.timer"
  systemctl daemon-reload && systemctl enable --now hawkins-end.timer
}
end_after_reboot || echo "warning: no timer; a reboot would lose the time limit"
