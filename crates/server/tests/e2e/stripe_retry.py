"""The unmodified client library of Stripe, pointed at the gateway: its first answer is lost, and it retries by itself.

Reads one JSON object from standard input: host and key. Exits with 0 when everything is as it must be.
"""

import json
import sys

import stripe

given = json.load(sys.stdin)
client = stripe.StripeClient(given["key"], base_addresses={"api": given["host"]}, max_network_retries=3)
customer = client.v1.customers.create({"name": "Rossi Srl"})
assert customer["object"] == "customer", customer
assert customer["id"].startswith("cus_"), customer
print(f"stripe {stripe.VERSION}: one customer after a lost answer")
