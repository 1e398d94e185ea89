#!/usr/bin/env bash
# Invoicetronic by curl: keys of a pair as user names, companies, sending and following an invoice, what refusals and
# limits say. There is a company with ONE_VAT. Needs GATEWAY, TEST, LIVE (primary), READ (read only), ONE (restricted to the company with ONE_VAT).
. "$(dirname "$0")/lib.sh"

invoice() {
  sed -e "s/{number}/$1/" -e "s/{vat}/$2/" "$(dirname "$0")/invoice.xml"
}

# Without a key, with a key in another place, with a wrong one: what is said is the same for all wrong ones (D5).
ask 401 GET /v1/status
is 'it["code"] == it["error"]["code"] == "api_key_required" and it["status"] == 401 and it["title"] and it["detail"]'
said content-type application/problem+json
ask 401 GET /v1/status -H "X-API-Key: $TEST"
is 'it["code"] == "api_key_required"'
ask 401 GET /v1/status -u 'ik_test_0000000000000000000000000000000000000000000:'
is 'it["code"] == "invalid_api_key"'

# One address for both worlds; the key tells which.
ask 200 GET /v1/status -u "$TEST:"
is 'it["is_sub_key"] is False and it["has_active_seat"] is False'
is 'isinstance(it["operation_left"], int) and isinstance(it["signature_left"], int)'
said ratelimit-limit 100
said ratelimit-policy '100;w=1, 2000;w=60, 100000;w=86400'
said ratelimit ''
ask 200 GET /v1/status -u "$READ:"
is 'it["is_sub_key"] is True'

# Companies: pages with the number of all, in a header.
ask 201 POST /v1/company -u "$TEST:" "${json[@]}" -d '{"name":"Beta Spa","vat":"IT09876543210","fiscal_code":"09876543210"}'
ask 200 GET '/v1/company?page=1&page_size=1&sort=-name' -u "$TEST:"
is 'len(it) == 1 and it[0]["name"] == "Beta Spa"'
TOTAL=$(field invoicetronic-total-count)
[ "$TOTAL" -ge 2 ] || { echo "NO  the total is “$TOTAL”"; exit 1; }
ask 200 GET /v1/company -u "$LIVE:"
is 'not any(c["vat"] == "IT09876543210" for c in it)'

# Sending, and following what becomes of it.
invoice 71 01234567890 > "$WORK/invoice.xml"
ask 201 POST /v1/send/xml -u "$TEST:" -H 'Content-Type: application/xml' --data-binary "@$WORK/invoice.xml"
ID=$(get 'it["id"]')
ask 200 GET "/v1/send/$ID" -u "$TEST:"
ask 200 GET "/v1/update?send_id=$ID" -u "$TEST:"
ask 404 GET "/v1/send/$ID" -u "$LIVE:"

# Presets: what may only look is refused every write (R30).
ask 200 GET /v1/send -u "$READ:"
ask 403 POST /v1/send/xml -u "$READ:" -H 'Content-Type: application/xml' --data-binary "@$WORK/invoice.xml"
is 'it["code"] == it["error"]["code"] == "insufficient_scope"'
ask 403 DELETE "/v1/company/1" -u "$READ:"

# A key for one company sees that one, and an object of another does not exist for it (D9).
ask 200 GET /v1/company -u "$ONE:"
is 'len(it) == 1'
ask 200 GET "/v1/company/$ONE_VAT" -u "$ONE:"
ask 403 GET /v1/company/IT09876543210 -u "$ONE:"
is 'it["code"] == "company_not_allowed"'

# A page: its preflight is answered without a key, and other origins are told nothing (R2, R3).
ask 204 OPTIONS /v1/send -H "Origin: $ORIGIN" -H 'Access-Control-Request-Method: GET' -H 'Access-Control-Request-Headers: authorization'
said access-control-allow-origin "$ORIGIN"
ask 200 GET /v1/send -u "$PAGE:" -H "Origin: $ORIGIN"
said access-control-allow-origin "$ORIGIN"
ask 403 GET /v1/send -u "$PAGE:" -H 'Origin: https://evil.example.test'
said access-control-allow-origin ''
ask 403 GET /v1/send -u "$TEST:" -H "Origin: $ORIGIN"
is 'it["code"] == "primary_key_in_browser"'

# Health needs no key, and is asked twelve times a minute.
for _ in $(seq 12); do
  ask 200 GET /v1/health
done
ask 429 GET /v1/health
is 'it["limit"] == "health"'
echo 'the tour of invoicetronic is at its end'
