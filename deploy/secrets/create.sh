#!/usr/bin/env bash
# Make the keys and passwords that compose.yaml mounts, where they are missing. Nothing is printed or overwritten.
# event_id_key never rotates: event ids hang on it. Back it up apart from the database.
set -euo pipefail
cd "$(dirname "$0")/../.."
mkdir -p secrets
for name in event_id_key routing_key database_password grafana_password gateway_token; do
  if [ ! -s "secrets/$name" ]; then
    (umask 077; head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' > "secrets/$name")
  fi
  # The services run as user 10001, Grafana as 472, PostgreSQL as 999, and compose mounts a file with the owner and
  # mode that it has here. Whoever may log in to this machine can read them: on a shared host, narrow that.
  chmod 444 "secrets/$name"
done
chmod 755 secrets
[ -e sites.toml ] || cp deploy/sites.example.toml sites.toml
chmod a+r sites.toml
chmod -R a+rX deploy/prometheus deploy/grafana # mounted too, and under umask 077 only the owner's
echo "Secrets are in secrets/. Now edit sites.toml and run: docker compose up -d --build --wait"
