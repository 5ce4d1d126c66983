#!/usr/bin/env bash
# compose.yaml on a real Docker engine, as an operator runs it: up, the paper's cohort through the intake, one crash,
# down. Works on a copy of HEAD with new secrets; needs docker with Compose, git, curl and the default ports.
set -euo pipefail
work="$(mktemp -d)"
git clone -q "$(git -C "$(dirname "$0")" rev-parse --show-toplevel)" "$work/cryowatch"
cd "$work/cryowatch"
export COMPOSE_PROJECT_NAME=cryowatch-test
trap 'docker compose --profile demo down -v >/dev/null 2>&1 || true; rm -rf "$work"' EXIT

fail() { echo "FAILED: $*" >&2; docker compose ps -a >&2; exit 1; }
number() { python3 -c "import json,sys; d=json.load(sys.stdin); print($1)"; }
until_is() { # SECONDS WANTED COMMAND...: until the command prints what is wanted
  local end=$((SECONDS + $1)) wanted="$2" got=""
  shift 2
  while [ $SECONDS -lt $end ]; do got="$("$@" 2>/dev/null || true)"; [ "$got" != "$wanted" ] || return 0; sleep 1; done
  fail "wanted $wanted, got $got: $*"
}
events() {
  curl -fsS -H "Authorization: Bearer $(cat secrets/gateway_token)" 'http://127.0.0.1:8080/r4/AdverseEvent?_count=100' |
    number "sum('modifierExtension' not in e['resource'] for e in d.get('entry', ()))"
}
numerator() {
  curl -fsS -G http://127.0.0.1:9090/api/v1/query --data-urlencode \
    'query=cryo_rate_numerator{site="all",organ="all",window="all",unit="events_per_planned_lesion"}' |
    number "d['data']['result'][0]['value'][1]"
}
targets_up() {
  curl -fsS http://127.0.0.1:9090/api/v1/targets | number "sum(t['health'] == 'up' for t in d['data']['activeTargets'])"
}

deploy/secrets/create.sh
cp deploy/env.example .env
docker compose build migrate
docker run --rm cryowatch:0.1.0 simulators sites > sites.toml
docker compose up -d --build --wait || fail "not every service is healthy"
[ "$(docker compose exec -T intake id -u)" = 10001 ] || fail "not uid 10001"
! docker compose exec -T intake touch /app/x 2>/dev/null || fail "the container's file system can be written"
! docker run --rm --entrypoint sh cryowatch:0.1.0 -c 'command -v gcc || python -c "import pytest"' 2>/dev/null || fail "development tools in the image"
curl -fsS -o /dev/null http://127.0.0.1:8080/r4/metadata
[ "$(curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:8080/r4/AdverseEvent)" = 401 ] || fail "no token needed"

docker compose --profile demo run --rm simulators \
  simulators play --seed 1 --cohort paper --faults 0.3 --kafka kafka:9092 --via-intake intake:2575,http://intake:8090/fhir
until_is 120 25 events
until_is 60 25 numerator
until_is 60 7 targets_up

joiner="$(docker compose ps -q procedure_joiner)"
kill -9 "$(docker inspect -f '{{.State.Pid}}' "$joiner")"
until_is 30 1 docker inspect -f '{{.RestartCount}}' "$joiner"
until_is 90 healthy docker inspect -f '{{.State.Health.Status}}' "$joiner"
until_is 30 25 events

docker compose --profile demo down -v
for kind in container volume network; do
  [ -z "$(docker "$kind" ls -q --filter label=com.docker.compose.project=$COMPOSE_PROJECT_NAME)" ] || fail "a $kind is left"
done
echo "25 events, 7 targets, healed, nothing left."
