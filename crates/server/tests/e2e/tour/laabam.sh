#!/usr/bin/env bash
# Laabam One by curl: a client id and a secret, one company for each key, scopes, idempotent writes, lists by cursor,
# messages with limits of their own. Needs GATEWAY, and pairs ID/SECRET of: PRIMARY (all), WRITE, READ, SEND (messages),
# OTHER (another company). MESSAGES is how many messages a minute are allowed, CAP how many texts a day.
. "$(dirname "$0")/lib.sh"

as() { # as NAME: the two headers of that key
  local id="${1}_ID" secret="${1}_SECRET"
  pair=(-H "X-Client-Id: ${!id}" -H "X-Client-Secret: ${!secret}")
}

# Which half is wrong is not said: one body for all (D2, D5).
ask 401 GET /v1/customers
is 'it["error"]["code"] == "api_key_required"'
as READ
ask 401 GET /v1/customers -H "X-Client-Id: $READ_ID"
is 'it["error"]["code"] == "invalid_api_key"'
ONE=$(get 'it["detail"]')
ask 401 GET /v1/customers -H "X-Client-Id: $WRITE_ID" -H "X-Client-Secret: $READ_SECRET"
is "it['detail'] == '$ONE'"
ask 401 GET /v1/customers -H "X-Client-Id: lk_id_000000000000000000000000" -H "X-Client-Secret: $READ_SECRET"
is "it['detail'] == '$ONE'"
ask 401 GET /v1/customers -u "$READ_ID:$WRITE_SECRET"
ask 401 GET /v1/customers -H "X-API-Key: $READ_SECRET"
is 'it["error"]["code"] == "api_key_required"'

# Reading is not writing (R75, R76), and each answer says how much is left.
ask 200 GET /v1/customers "${pair[@]}"
is 'it["data"] == [] and it["paging"]["has_more"] is False'
said x-ratelimit-limit 60
[ -n "$(field ratelimit-policy)" ] || { echo 'NO  ratelimit-policy is missing'; exit 1; }
ask 403 POST /v1/customers "${pair[@]}" "${json[@]}" -d '{"name":"Meera Stores"}'
is 'it["error"]["code"] == "insufficient_scope"'

# A write that runs once: the same key gives the same answer, with another body it is refused with 409.
as WRITE
KEY=(-H 'Idempotency-Key: 8f14e45f-ceea-467f-a8f1-3f0c0a1d9b11')
ask 201 POST /v1/customers "${pair[@]}" "${json[@]}" "${KEY[@]}" -d '{"name":"Meera Stores","email":"meera@example.com"}'
CUSTOMER=$(get 'it["data"]["id"]')
case $CUSTOMER in cus_*) ;; *) echo "NO  the customer is called $CUSTOMER"; exit 1 ;; esac
ask 201 POST /v1/customers "${pair[@]}" "${json[@]}" "${KEY[@]}" -d '{"name":"Meera Stores","email":"meera@example.com"}'
is "it['data']['id'] == '$CUSTOMER'"
said idempotent-replayed true
ask 409 POST /v1/customers "${pair[@]}" "${json[@]}" "${KEY[@]}" -d '{"name":"Another"}'
is 'it["error"]["code"] == "idempotency_key_reused"'

# Money is text, totals are the server's, payments move an invoice on.
ask 201 POST /v1/invoices "${pair[@]}" "${json[@]}" -d "{\"customer_id\":\"$CUSTOMER\",\"currency\":\"INR\",\"total\":\"1.00\",
  \"lines\":[{\"description\":\"Cloth\",\"quantity\":\"3\",\"unit_price\":\"19.99\",\"tax_rate\":\"18\"}]}"
INVOICE=$(get 'it["data"]["id"]')
is 'it["data"]["total"] == "70.76" and it["data"]["status"] == "unpaid"'
ask 201 POST /v1/payments "${pair[@]}" "${json[@]}" -d "{\"invoice_id\":\"$INVOICE\",\"amount\":\"20.00\"}"
ask 200 GET "/v1/invoices/$INVOICE" "${pair[@]}"
is 'it["data"]["status"] == "partial"'
ask 422 POST /v1/payments "${pair[@]}" "${json[@]}" -d "{\"invoice_id\":\"$INVOICE\",\"amount\":\"50.77\"}"

# Lists go on by a cursor.
for name in A B C; do
  ask 201 POST /v1/customers "${pair[@]}" "${json[@]}" -d "{\"name\":\"$name\"}"
done
ask 200 GET '/v1/customers?limit=2&sort=name' "${pair[@]}"
is 'len(it["data"]) == 2 and it["paging"]["has_more"] is True'
CURSOR=$(get 'it["paging"]["next_cursor"]')
ask 200 GET "/v1/customers?limit=2&sort=name&cursor=$CURSOR" "${pair[@]}"
is '[c["name"] for c in it["data"]] == ["C", "Meera Stores"] and it["paging"]["has_more"] is False'

# Another company's key sees nothing of this one, whatever it asks for (R91, R92).
as OTHER
ask 404 GET "/v1/invoices/$INVOICE" "${pair[@]}"
ask 403 GET '/v1/customers?company=acme' "${pair[@]}"
ask 200 GET /v1/customers "${pair[@]}"
is 'it["data"] == []'
ask 403 POST /v1/messaging/acme/sms "${pair[@]}" "${json[@]}" -d '{"to":"+919812345678","text":"Hello"}'

# Messages: accepted with 202, at most so many a minute on top of the key's own limit, and so many texts a day (R79, R80).
as SEND
ask 202 POST /v1/messaging/acme/sms "${pair[@]}" "${json[@]}" -d '{"to":"+919812345678","text":"Hello"}'
is 'it["data"]["id"].startswith("msg_") and it["data"]["channel"] == "sms" and it["data"]["status"] == "sent"'
ask 403 GET /v1/messaging/acme/messages "${pair[@]}"
for _ in $(seq 2 "$CAP"); do
  ask 202 POST /v1/messaging/acme/sms "${pair[@]}" "${json[@]}" -d '{"to":"+919812345678","text":"Hello"}'
done
ask 429 POST /v1/messaging/acme/sms "${pair[@]}" "${json[@]}" -d '{"to":"+919812345678","text":"Hello"}'
is 'it["error"]["code"] == "daily_cap_exceeded"'
LEFT=$((86400 - $(date +%s) % 86400))
WAIT=$(field retry-after)
[ $((WAIT - LEFT)) -le 2 ] && [ $((LEFT - WAIT)) -le 2 ] || { echo "NO  Retry-After is $WAIT, midnight in $LEFT"; exit 1; }
for _ in $(seq $((CAP + 1)) "$MESSAGES"); do
  ask 202 POST /v1/messaging/acme/email "${pair[@]}" "${json[@]}" -d '{"to":"meera@example.com","subject":"Hello","text":"Hello"}'
done
ask 429 POST /v1/messaging/acme/email "${pair[@]}" "${json[@]}" -d '{"to":"meera@example.com","subject":"Hello","text":"Hello"}'
is 'it["error"]["code"] == "rate_limit_exceeded" and it["limit"] == "messaging"'
[ "$(field retry-after)" -le 60 ] || { echo "NO  Retry-After is $(field retry-after)"; exit 1; }
echo 'the tour of laabam is at its end'
