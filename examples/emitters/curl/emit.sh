#!/bin/sh
# Creates one customer over the broker's management API and waits for the answer. For trying things out: this API says
# whether a queue took the message, not whether it is on disk. What each exit code means is in ../README.md.
set -eu

url=${MANAGEMENT_URL:-http://127.0.0.1:15672}
vhost=${VHOST:-%2F}
prefix=${PREFIX:-provisioning}
username=${1:-ada-$(od -An -N4 -tx1 /dev/urandom | tr -d ' ')@example.com}
id=${2:-evt_$(od -An -N16 -tx1 /dev/urandom | tr -d ' ')}
cause="is PREFIX=$prefix wrong, or has no worker declared its exchanges yet?"
queue=answers.$(od -An -N16 -tx1 /dev/urandom | tr -d ' ')
CREATED=0 FAILED=1 NOT_TAKEN=2 NO_ANSWER=3

# Keep the id with your order: sent again under the same id, the command is still done only once. The subject is your own
# reference of the customer: commands about one are done in order.
create_customer() {
    cat <<COMMAND
{
  "specversion": "1.0",
  "type": "CreateCustomer",
  "source": "billing",
  "id": "$id",
  "subject": "cus_$username",
  "time": "$(date -u +%Y-%m-%dT%H:%M:%SZ)",
  "datacontenttype": "application/json",
  "data": {
    "username": "$username",
    "password": "a-first-password",
    "email": "ada@example.com",
    "first_name": "Ada",
    "last_name": "Example",
    "address": "1 Harbor Street",
    "city": "Springfield",
    "state": "CA",
    "zip": "91234",
    "country": "US",
    "phone": "555-0100",
    "website": "ada.example.com",
    "company": "Ada Ltd",
    "package": "Basic",
    "whitelabel": "mail.ada.example.com"
  }
}
COMMAND
}

# api METHOD PATH: the body comes on standard input, the login on another descriptor: neither in the list of processes.
api() {
    curl --silent --show-error --fail --max-time 10 --config /dev/fd/3 --request "$1" \
        --header 'content-type: application/json' --data-binary @- "$url/api/$2" 3<<LOGIN
user = "${MANAGEMENT_USER:-guest}:${MANAGEMENT_PASSWORD:-guest}"
LOGIN
}

# The queue for the answers is gone a minute after us; in production declare one that stays, once.
make_queue() {
    echo '{"durable": true, "arguments": {"x-expires": 60000}}' | api PUT "queues/$vhost/$queue"
}

bind_queue() {
    echo '{"routing_key": "*.billing"}' | api POST "bindings/$vhost/e/$prefix.events/q/$queue" >/dev/null
}

publish() {
    payload=$(create_customer | tr -d '\n' | sed 's/[\\"]/\\&/g')
    api POST "exchanges/$vhost/$prefix.commands/publish" <<MESSAGE
{
  "routing_key": "CreateCustomer",
  "properties": {"content_type": "application/cloudevents+json", "delivery_mode": 2, "message_id": "$id"},
  "payload_encoding": "string",
  "payload": "$payload"
}
MESSAGE
}

# Prints one event, or nothing when there is none.
take() {
    echo '{"count": 1, "ackmode": "ack_requeue_false", "encoding": "auto"}' |
        api POST "queues/$vhost/$queue/get" |
        sed -n 's/.*"payload":"\(.*\)","payload_encoding".*/\1/p' | sed 's/\\\(["\\]\)/\1/g'
}

not_taken() {
    echo "not sent: $1; send it again with the same id" >&2
    exit $NOT_TAKEN
}

echo "sending $id for $username" >&2
make_queue || not_taken "no queue for the answers"
bind_queue || not_taken "nothing to listen to ($cause)"
routed=$(publish) || not_taken "the broker refused it"
[ "$routed" = '{"routed":true}' ] || not_taken "no queue took it ($cause)"

tries=60
while [ $tries -gt 0 ]; do
    event=$(take)
    case $event in
    *"\"causationid\":\"$id\""*)
        echo "$event"
        case $event in *'"type":"CommandFailed"'*) exit $FAILED ;; *) exit $CREATED ;; esac
        ;;
    '') sleep 1 ;;
    esac
    tries=$((tries - 1))
done
echo "sent, and not answered yet" >&2
exit $NO_ANSWER
