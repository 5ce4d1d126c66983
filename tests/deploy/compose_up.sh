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
sed 's/\(CRYOWATCH_AUDIT_DAYS\)=.*/\1=401/' deploy/env.example > .env
docker compose build migrate
docker run --rm cryowatch:0.1.0 simulators sites > sites.toml
docker compose up -d --build --wait || fail "not every service is healthy"
[ "$(docker compose exec -T window_timer printenv CRYOWATCH_AUDIT_DAYS)" = 401 ] || fail "a setting in .env doesn't reach a service"
[ "$(docker compose exec -T intake id -u)" = 10001 ] || fail "not uid 10001"
! docker compose exec -T intake touch /app/x 2>/dev/null || fail "the container's file system can be written"
! docker run --rm --entrypoint sh cryowatch:0.1.0 -c 'command -v gcc || python -c "import pytest"' 2>/dev/null || fail "development tools in the image"
curl -fsS -o /dev/null http://127.0.0.1:8080/r4/metadata
[ "$(curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:8080/r4/AdverseEvent)" = 401 ] || fail "no token needed"

docker compose --profile demo run --rm simulators \
  simulators play --seed 1 --cohort paper --faults 0.3 --kafka kafka:9092 --via-intake intake:2575,http://intake:8090/fhir
until_is 120 25 events
until_is 60 25 numerator
until_is 60 8 targets_up

joiner="$(docker compose ps -q procedure_joiner)"
kill -9 "$(docker inspect -f '{{.State.Pid}}' "$joiner")"
until_is 30 1 docker inspect -f '{{.RestartCount}}' "$joiner"
until_is 90 healthy docker inspect -f '{{.State.Health.Status}}' "$joiner"
until_is 30 25 events

# The desk: nothing without a token; with it the dead letters, and the trail that tells of their having been listed.
desk() { curl -s -o /tmp/desk.json -w '%{http_code}' "$@" -H "Authorization: Bearer ${token:-}" "http://127.0.0.1:8070/$path"; }
path=dead-letters
[ "$(token='' desk)" = 401 ] || fail "the desk asks for no token"
token="$(cat secrets/gateway_token)"
[ "$(desk)" = 200 ] || fail "the desk lists no dead letters"
path=audit?act=dead-letters-list
[ "$(desk)" = 200 ] && [ "$(number "len(d.get('entry', ()))" < /tmp/desk.json)" -ge 1 ] || fail "nothing on the trail"
rm -f /tmp/desk.json

# TLS at the doors, with certificates for clients too.
mkdir -p secrets/tls && cd secrets/tls
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.crt 2>/dev/null
for who in server client; do
  openssl req -newkey rsa:2048 -nodes -subj "/CN=$who" -keyout $who.key -out $who.csr 2>/dev/null
  openssl x509 -req -in $who.csr -CA ca.crt -CAkey ca.key -days 2 -out $who.crt \
    -extfile <(printf 'subjectAltName=DNS:localhost,IP:127.0.0.1') 2>/dev/null
done
cp ca.crt clients.crt
chmod 444 ./*.crt ./*.key
cd ../..
echo CRYOWATCH_CLIENT_CA=/run/tls/clients.crt >> .env
export COMPOSE_FILE=compose.yaml:deploy/compose.tls.yaml
docker compose up -d --wait || fail "not every service is healthy with TLS"
ours=(--cacert secrets/tls/ca.crt --cert secrets/tls/client.crt --key secrets/tls/client.key)
for door in 8080/r4/metadata 8070/ 8090/; do
  [ "$(curl -s -o /dev/null -w '%{http_code}' "${ours[@]}" "https://127.0.0.1:$door")" != 000 ] || fail "no TLS at $door"
  ! curl -s -o /dev/null --cacert secrets/tls/ca.crt "https://127.0.0.1:$door" || fail "$door asks for no certificate"
  ! curl -s -o /dev/null "http://127.0.0.1:$door" || fail "$door answers without TLS"
done
python3 - <<'END' || fail "MLLP over TLS gives no AA"
import socket, ssl
trust = ssl.create_default_context(cafile="secrets/tls/ca.crt")
trust.load_cert_chain("secrets/tls/client.crt", "secrets/tls/client.key")
message = b"MSH|^~\\&|RIS|IEO|CRYOWATCH|IEO|20260302||ADT^A08|TLS1|P|2.5.1\rPID|1||P1^^^IEO^MR\r"
with trust.wrap_socket(socket.create_connection(("127.0.0.1", 2575), 10), server_hostname="localhost") as door:
    door.sendall(b"\x0b" + message + b"\x1c\r")
    assert b"MSA|AA|TLS1" in door.recv(4096)
END
unset COMPOSE_FILE

docker compose --profile demo down -v
for kind in container volume network; do
  [ -z "$(docker "$kind" ls -q --filter label=com.docker.compose.project=$COMPOSE_PROJECT_NAME)" ] || fail "a $kind is left"
done
echo "25 events, 8 targets, healed, the desk and its trail, TLS at four doors, nothing left."
