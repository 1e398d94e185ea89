#!/usr/bin/env bash
# Invostaq by curl: one header, errors to the letter, looking participants up, sending, the two networks, limits, and the
# operations for people. Needs GATEWAY, TEST, LIVE (primary of one account), OTHER (test key of another account), GONE (a
# revoked key), TOKEN (of a member), ADMIN (of an administrator), CALLBACK (the access point's secret).
. "$(dirname "$0")/lib.sh"

key() { printf 'x-api-key: %s' "$1"; }
SENDER=0196:971501234567
RECEIVER=0196:971507654321

invoice() {
  cat <<JSON
{"senderParticipantId":"$SENDER","receiverParticipantId":"$2","invoice":{"number":"$1","issueDate":"2026-11-23","currency":"AED",
 "supplier":{"name":"Falcon Trading LLC","taxId":"100123456700003","address":{"street":"Sheikh Zayed Road 1","city":"Dubai","country":"AE"}},
 "buyer":{"name":"Oasis Retail LLC","taxId":"100765432100003","address":{"street":"Corniche 2","city":"Abu Dhabi","country":"AE"}},
 "lineItems":[{"description":"Consulting","quantity":2,"unitPrice":500,"taxRate":5}]}}
JSON
}

# R112, R113: to the letter, wherever else a key may stand, and whatever is wrong with it.
REQUIRED='{"type":"https://invostaq.com/errors/api-key-required","title":"API key required","detail":"Include your API key in the x-api-key header.","status":401}'
INVALID='{"type":"https://invostaq.com/errors/invalid-api-key","title":"Invalid API key","detail":"The API key provided is invalid, revoked, or malformed.","status":401}'
LOOKUP="/api/v2/lookup?participantId=$SENDER"
ask 401 GET "$LOOKUP"; exactly "$REQUIRED"; said content-type application/problem+json
ask 401 GET "$LOOKUP" -u "$TEST:"; exactly "$REQUIRED"
ask 401 GET "$LOOKUP" -H "Authorization: Bearer $TEST"; exactly "$REQUIRED"
ask 401 GET "$LOOKUP" -H "Authorization: Bearer $TOKEN"; exactly "$REQUIRED"
for wrong in sk_test_dGVzdGtleS0xMjM0NTY3ODkwYWJjZGVm "${TEST%?}" nonsense "$GONE"; do
  ask 401 GET "$LOOKUP" -H "$(key "$wrong")"; exactly "$INVALID"
done

# Looking up: each environment sees its own network (R119, section 2.3).
ask 400 GET /api/v2/lookup -H "$(key "$TEST")"
exactly '{"type":"https://invostaq.com/errors/missing-participant-id","title":"Missing participant ID","detail":"The participantId query parameter is required.","status":400}'
ask 201 POST /api/v2/participants -H "$(key "$TEST")" "${json[@]}" -d "{\"participantId\":\"$SENDER\"}"
ask 201 POST /api/v2/participants -H "$(key "$OTHER")" "${json[@]}" -d "{\"participantId\":\"$RECEIVER\"}"
ask 200 GET "/api/v2/lookup?participantId=$RECEIVER" -H "$(key "$TEST")"
is 'it["isRegistered"] is True and it["accessPointRef"] == "AP-0196-971507654321" and it["provider"] == "Invostaq"'
ask 200 GET "/api/v2/lookup?participantId=$RECEIVER" -H "$(key "$LIVE")"
is 'it["isRegistered"] is False'

# Sending: validated, made into UBL, delivered to the other account of the same network, and to nobody in the other one.
ask 400 POST /api/v2/invoices/send -H "$(key "$TEST")" "${json[@]}" -d "$(invoice INV-1 '')"
is 'it["type"] == "https://invostaq.com/errors/missing-routing" and it["title"] == "Missing routing information"'
is 'it["detail"].startswith("receiverParticipantId")'
ask 200 POST /api/v2/invoices/send -H "$(key "$TEST")" -H 'Idempotency-Key: inv-2026-001-first-attempt' "${json[@]}" -d "$(invoice INV-1 "$RECEIVER")"
is 'it["status"] == "success" and it["provider"] == "Invostaq" and re.fullmatch("[0-9a-f-]{36}", it["databaseRecordId"])'
TRANSACTION=$(get 'it["transactionId"]')
ask 200 POST /api/v2/invoices/send -H "$(key "$TEST")" -H 'Idempotency-Key: inv-2026-001-first-attempt' "${json[@]}" -d "$(invoice INV-1 "$RECEIVER")"
is "it['transactionId'] == '$TRANSACTION'"
for _ in $(seq 50); do
  ask 200 GET "/api/v2/invoices/$TRANSACTION" -H "$(key "$TEST")" > "$WORK/said"
  is 'it["state"] in ("Processing", "Delivered")'
  [ "$(get 'it["state"]')" = Delivered ] && break
  sleep 0.2
done
is 'it["state"] == "Delivered"'
ask 200 GET /api/v2/received -H "$(key "$OTHER")"
ask 404 GET "/api/v2/invoices/$TRANSACTION" -H "$(key "$OTHER")"
ask 404 GET "/api/v2/invoices/$TRANSACTION" -H "$(key "$LIVE")"
ask 200 GET "/api/v2/invoices/$TRANSACTION/document" -H "$(key "$TEST")"
grep -q 'urn:oasis:names:specification:ubl:schema:xsd:Invoice-2' "$WORK/body"

# People: a token opens what is theirs, a key does not, and an administrator's operations need one (R105, R106, R136).
ask 200 GET /api/dashboard/stats -H "Authorization: Bearer $TOKEN"
ask 401 GET /api/dashboard/stats -H "$(key "$LIVE")"
ask 403 GET /api/admin/tenants -H "Authorization: Bearer $TOKEN"
ask 200 GET /api/admin/tenants -H "Authorization: Bearer $ADMIN"
printf 'name,taxId,email\r\n"Oasis Retail, LLC",100765432100003,pay@oasis.example\r\n' > "$WORK/customers.csv"
ask 200 POST /api/customers/import -H "Authorization: Bearer $TOKEN" -H 'Content-Type: text/csv' --data-binary "@$WORK/customers.csv"
ask 200 POST /api/customers/seed-from-invoices -H "Authorization: Bearer $TOKEN"
is 'set(it) == {"created", "skipped", "total"}'

# Callbacks: the secret in its header, or 401 (R107).
ask 401 POST /api/callbacks/access-point "${json[@]}" -d '{"eventType":"transaction.sent","transactionId":"txn_none"}'
ask 404 POST /api/callbacks/access-point -H "X-Arratech-Webhook-Secret: $CALLBACK" "${json[@]}" -d '{"eventType":"transaction.sent","transactionId":"txn_none"}'

# R127-R129: 20 writes a minute, and the answer to the next one to the letter. Writes that were made count.
LIMITED='{"type":"https://invostaq.com/errors/rate-limit-exceeded","title":"Rate limit exceeded","detail":"Too many requests. Retry after the period specified in the Retry-After header.","status":429}'
for at in $(seq 20); do
  ask 400 POST /api/v2/invoices/send -H "$(key "$LIVE")" "${json[@]}" -d "$(invoice "L-$at" '')"
done
ask 429 POST /api/v2/invoices/send -H "$(key "$LIVE")" "${json[@]}" -d "$(invoice L-21 '')"
exactly "$LIMITED"
said retry-after 60
said content-type application/problem+json
ask 200 GET "$LOOKUP" -H "$(key "$LIVE")"
echo 'the tour of invostaq is at its end'
