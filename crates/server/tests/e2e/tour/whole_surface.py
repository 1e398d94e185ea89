"""Every method of the unmodified client library of Invoicetronic once, in front of the profile of the same name.

Reads one JSON object from standard input: host, and the primary secret test. The list of methods is the library's own: a
method that is not called fails the walk. Exits with 0 when everything is as it must be.
"""

import inspect
import json
import pathlib
import sys
import time

import invoicetronic_sdk
from invoicetronic_sdk import ApiException, Company, Configuration, Send, WebHook
from invoicetronic_sdk.models.sub_key_request import SubKeyRequest
from invoicetronic_sdk.models.sub_key_update import SubKeyUpdate

given = json.load(sys.stdin)
called = set()


class Api:
    """One of the library's classes, noting what is called."""

    def __init__(self, name):
        self.name = name
        self.inner = getattr(invoicetronic_sdk, name)(client)

    def __getattr__(self, method):
        called.add((self.name, method))
        return getattr(self.inner, method)


def methods():
    """What the library offers: every public method but its variants that return more, or not yet read, of the answer."""
    for name, kind in inspect.getmembers(invoicetronic_sdk, inspect.isclass):
        if name.endswith("Api"):
            for method, _ in inspect.getmembers(kind, callable):
                if not method.startswith("_") and not method.endswith(("_with_http_info", "_without_preload_content")):
                    yield name, method


def eventually(what, probe):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        value = probe()
        if value:
            return value
        time.sleep(0.1)
    raise AssertionError(f"not in time: {what}")


template = pathlib.Path(__file__).with_name("invoice.xml").read_text()


def xml(number):
    return template.replace("{number}", str(number)).replace("{vat}", "01234567890")


client = invoicetronic_sdk.ApiClient(Configuration(host=given["host"], username=given["test"], password=""))
companies, sends, receives = Api("CompanyApi"), Api("SendApi"), Api("ReceiveApi")
updates, logs, status, health = Api("UpdateApi"), Api("LogApi"), Api("StatusApi"), Api("HealthApi")
exports, webhooks, subkeys = Api("ExportApi"), Api("WebhookApi"), Api("SubkeyApi")

health.health_get()
assert status.status_get().is_sub_key is False

# Companies: the sender, the receiver, and one to take away again.
alfa = companies.company_post(Company(vat="IT01234567890", fiscal_code="01234567890", name="Alfa Srl"))
beta = companies.company_post(Company(vat="IT09876543210", fiscal_code="09876543210", name="Beta Spa"))
gone = companies.company_post(Company(vat="IT11111111111", fiscal_code="11111111111", name="Gone Srl"))
alfa.name = "Alfa S.r.l."
alfa = companies.company_put(alfa)
assert companies.company_id_get(alfa.id).name == "Alfa S.r.l." and companies.company_vat_get(beta.vat).id == beta.id
companies.company_id_delete(gone.id)
assert {company.id for company in companies.company_get()} == {alfa.id, beta.id}

# A webhook before anything happens.
hook = webhooks.webhook_post(WebHook(url="https://hooks.example.com/in", events=["send.add"]))
assert hook.secret and not webhooks.webhook_id_get(hook.id).secret, "the secret is shown once"
hook.description = "Orders"
hook = webhooks.webhook_put(hook)
assert [one.description for one in webhooks.webhook_get()] == ["Orders"]
assert webhooks.webhookhistory_get() == []
try:
    webhooks.webhookhistory_id_get(1)
    raise AssertionError("a delivery that never was")
except ApiException as error:
    assert error.status == 404, error

# Validated in each way, then sent in each way. XML is no mapping, as the library declares it: its own check is left out.
as_json = json.loads(pathlib.Path(__file__).with_name("invoice.json").read_text())
sends.send_validate_post(Send(payload=xml(1)))
sends.send_validate_json_post(as_json)
called.add(("SendApi", "send_validate_xml_post"))
sends.inner.send_validate_xml_post.raw_function(sends.inner, xml(1))
sends.send_validate_file_post(("IT01234567890_00001.xml", xml(1).encode()))
try:
    sends.send_validate_post(Send(payload=xml(1).replace("<Divisa>EUR</Divisa>", "")))
    raise AssertionError("an invoice without a currency is valid")
except ApiException as error:
    assert error.status == 422, error
called.add(("SendApi", "send_xml_post"))
sent = [
    sends.send_post(Send(payload=xml(2), file_name="IT01234567890_00002.xml")),
    sends.send_json_post(as_json),
    sends.inner.send_xml_post.raw_function(sends.inner, xml(4)),
    sends.send_file_post(("IT01234567890_00005.xml", xml(5).encode())),
]
ids = {one.id for one in sent}
assert len(ids) == 4 and {one.id for one in sends.send_get()} == ids
delivered = eventually("delivery", lambda: (one := sends.send_id_get(sent[0].id)).latest_state == "Consegnato" and one)
assert sends.send_identifier_get(delivered.identifier).id == delivered.id
sends.send_id_payload_get(delivered.id)
update = updates.update_get(send_id=delivered.id)[0]
assert updates.update_id_get(update.id).send_id == delivered.id

# What was sent to a company of this ledger arrives there.
received = eventually("arrival", lambda: receives.receive_get(company_id=beta.id))
one = receives.receive_id_get(received[0].id)
assert one.company_id == beta.id and one.is_read is False, one
receives.receive_id_payload_get(one.id)
assert receives.receive_id_get(one.id).is_read is True
eventually("all four", lambda: len(receives.receive_get(company_id=beta.id)) == 4)
receives.receive_id_delete(one.id)
assert one.id not in {other.id for other in receives.receive_get(company_id=beta.id)}
exports.export_get(company_id=alfa.id)

# Everything is in the log.
entry = logs.log_get()[0]
assert logs.log_id_get(entry.id).id == entry.id
webhooks.webhook_id_delete(hook.id)

# Restricted keys.
made = subkeys.subkey_post(SubKeyRequest(description="Beta's own", company_ids=[beta.id]))
assert made.live_key.startswith("ik_live_") and made.company_ids == [beta.id], made
key = subkeys.subkey_id_get(made.id)
assert [other.id for other in subkeys.subkey_get(q="Beta")] == [key.id]
changed = subkeys.subkey_put(
    SubKeyUpdate(id=key.id, version=key.version, description="Beta", company_ids=key.company_ids, permissions=key.permissions)
)
rolled = subkeys.subkey_id_roll_post(key.id)
assert changed.description == "Beta" and rolled.test_key != made.test_key
subkeys.subkey_id_delete(key.id)
assert subkeys.subkey_get() == []

missed = set(methods()) - called
assert not missed, f"never called: {sorted(missed)}"
print(f"invoicetronic_sdk {invoicetronic_sdk.__version__}: {len(called)} methods, everything as it must be")
