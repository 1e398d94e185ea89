"""Restricted keys managed with the unmodified client library of a real provider (D32).

Reads one JSON object from standard input: host, the secrets test and live of a primary key, and other (another account's
primary key).
Exits with 0 when everything is as it must be; an assertion says what is not. The last line has every secret it was shown.
"""

import json
import sys

import invoicetronic_sdk
from invoicetronic_sdk import ApiException, Company, Configuration
from invoicetronic_sdk.models.permissions import Permissions
from invoicetronic_sdk.models.sub_key_request import SubKeyRequest
from invoicetronic_sdk.models.sub_key_update import SubKeyUpdate

given = json.load(sys.stdin)
shown = []


def client(secret):
    # The library sends no Authorization at all unless a password is set, an empty one included.
    return invoicetronic_sdk.ApiClient(Configuration(host=given["host"], username=secret, password=""))


def refused(status, code, call, *arguments, **named):
    """The call must be refused with this status, and this code where this library's users look for it."""
    try:
        call(*arguments, **named)
    except ApiException as error:
        body = json.loads(error.body)
        told = body.get("code", body["error"]["code"])
        assert (error.status, told) == (status, code), f"{call.__name__}: {error.status} {error.body}"
        assert body["status"] == status and body["title"] and body["detail"] and body["type"], body
        return
    raise AssertionError(f"{call.__name__} was not refused")


def names(secret):
    """Whether the key works, and which companies it sees."""
    return sorted(company.name for company in invoicetronic_sdk.CompanyApi(client(secret)).company_get())


def kept(key):
    """What a read shows of a key, secrets aside."""
    assert not hasattr(key, "test_key") or key.test_key is None
    return key.to_dict()


def granted(key):
    """The permissions that a key has; the library also shows those that it lacks."""
    return {name: level for name, level in key.permissions.to_dict().items() if level}


def update_of(key, **changes):
    """The key as it is, for a PUT, with changes."""
    fields = dict(
        id=key.id,
        version=key.version,
        description=key.description,
        active=key.active,
        permissions=key.permissions,
        company_ids=key.company_ids,
        cors_origins=key.cors_origins,
    )
    fields.update(changes)
    return SubKeyUpdate(**fields)


def created(keys, **wish):
    key = keys.subkey_post(SubKeyRequest(**wish))
    shown.extend([key.test_key, key.live_key])
    return key


def rolled(keys, id, **named):
    key = keys.subkey_id_roll_post(id, **named)
    shown.extend([key.test_key, key.live_key])
    return key


test = client(given["test"])
keys = invoicetronic_sdk.SubkeyApi(test)
assert keys.subkey_get() == []

# Two companies of the upstream; the deployment learns their numbers from its answers.
companies = invoicetronic_sdk.CompanyApi(test)
alfa = companies.company_post(Company(vat="IT01234567890", fiscal_code="01234567890", name="Alfa Srl"))
beta = companies.company_post(Company(vat="IT09876543210", fiscal_code="09876543210", name="Beta Spa"))

# Onboarding in two calls: the company, and a key for it alone, for one page, that may look at companies and send.
key = created(
    keys,
    description="Till of Alfa",
    permissions=Permissions(company="Read", send="Write", export="Read"),
    company_ids=[alfa.id],
    cors_origins=["https://till.example.com", "*.example.org"],
)
assert key.id > 0 and key.version == 1 and key.active is True and key.created is not None, key
assert key.company_ids == [alfa.id] and sorted(key.cors_origins) == ["*.example.org", "https://till.example.com"], key
assert granted(key) == {"company": "Read", "send": "Write", "export": "Read"}, key
assert key.previous_key_expires_at is None and key.test_key and key.live_key and key.test_key != key.live_key
assert names(key.test_key) == ["Alfa Srl"] and names(given["test"]) == ["Alfa Srl", "Beta Spa"]
assert invoicetronic_sdk.SendApi(client(key.test_key)).send_get() == []
invoicetronic_sdk.ExportApi(client(key.test_key)).export_get()
mine = invoicetronic_sdk.CompanyApi(client(key.test_key))
refused(403, "company_not_allowed", mine.company_id_get, beta.id)
refused(403, "insufficient_scope", mine.company_id_delete, alfa.id)
refused(403, "insufficient_scope", invoicetronic_sdk.LogApi(client(key.test_key)).log_get)
read = keys.subkey_id_get(key.id)
assert kept(read) == {name: value for name, value in key.to_dict().items() if not name.endswith("_key")}, read

# A restricted key manages nothing, whatever it may do otherwise.
full = created(keys, description="Everything")
assert granted(full)["company"] == "Write" and granted(full)["status"] == "Read", full
assert full.company_ids == [] and names(full.test_key) == ["Alfa Srl", "Beta Spa"]
for secret in (key.test_key, key.live_key, full.test_key, full.live_key):
    theirs = invoicetronic_sdk.SubkeyApi(client(secret))
    refused(403, "subkey_not_allowed", theirs.subkey_get)
    refused(403, "subkey_not_allowed", theirs.subkey_id_get, key.id)
    refused(403, "subkey_not_allowed", theirs.subkey_post, SubKeyRequest(description="no"))
    refused(403, "subkey_not_allowed", theirs.subkey_put, update_of(full))
    refused(403, "subkey_not_allowed", theirs.subkey_id_roll_post, key.id)
    refused(403, "subkey_not_allowed", theirs.subkey_id_delete, key.id)

# With an overlap both secrets work; without one the old ones end at once.
first = rolled(keys, key.id, expires_in_hours=1)
assert first.previous_key_expires_at is not None and first.test_key != key.test_key, first
assert names(key.test_key) == names(first.test_key) == ["Alfa Srl"]
second = rolled(keys, key.id)
assert second.previous_key_expires_at is None, second
for old in (key, first):
    refused(401, "invalid_api_key", invoicetronic_sdk.CompanyApi(client(old.test_key)).company_get)
    refused(401, "invalid_api_key", invoicetronic_sdk.CompanyApi(client(old.live_key)).company_get)
assert names(second.test_key) == ["Alfa Srl"] and names(second.live_key) == []
refused(400, "invalid_query", keys.subkey_id_roll_post, key.id, expires_in_hours=169)

# Changes; a stale version changes nothing.
stale = keys.subkey_id_get(key.id)
other = keys.subkey_put(update_of(stale, description="Till of both", company_ids=[alfa.id, beta.id]))
assert other.version == stale.version + 1 and other.company_ids == sorted([alfa.id, beta.id]), other
assert names(second.test_key) == ["Alfa Srl", "Beta Spa"]
refused(422, "stale_version", keys.subkey_put, update_of(stale, active=False))
assert kept(keys.subkey_id_get(key.id)) == kept(other)
off = keys.subkey_put(update_of(other, active=False))
assert off.active is False
refused(401, "invalid_api_key", invoicetronic_sdk.CompanyApi(client(second.test_key)).company_get)
on = keys.subkey_put(update_of(off, active=True))
assert on.active is True and names(second.test_key) == ["Alfa Srl", "Beta Spa"]
none = keys.subkey_put(SubKeyUpdate(id=key.id, version=on.version, description="Nothing"))
assert granted(none) == {} and none.company_ids == [] and none.cors_origins == [], none
refused(403, "insufficient_scope", invoicetronic_sdk.CompanyApi(client(second.test_key)).company_get)

# Lists.
page = keys.subkey_get_with_http_info(page=1, page_size=1, active=True)
assert page.headers["Invoicetronic-Total-Count"] == "2" and [one.id for one in page.data] == [key.id], page
assert [one.id for one in keys.subkey_get(page=2, page_size=1)] == [full.id]
assert [one.id for one in keys.subkey_get(q="everything")] == [full.id]
keys.subkey_put(update_of(none, company_ids=[beta.id]))
assert [one.id for one in keys.subkey_get(company_id=beta.id)] == [key.id] and keys.subkey_get(company_id=alfa.id) == []
assert keys.subkey_get(active=False) == []
refused(400, "invalid_query", keys.subkey_get, page_size=201)

# The live half of the primary key manages the same keys; companies have numbers of their own there.
live = invoicetronic_sdk.SubkeyApi(client(given["live"]))
assert live.subkey_id_get(full.id).company_ids == [] and live.subkey_id_get(key.id).company_ids == [0]
refused(400, "company_not_found", live.subkey_post, SubKeyRequest(description="no", company_ids=[alfa.id]))

# What cannot be.
wrong = SubKeyRequest(description="no", company_ids=[alfa.id, 999999])
refused(400, "company_not_found", keys.subkey_post, wrong)
refused(404, "not_found", keys.subkey_id_get, 999999)
refused(422, "validation_failed", keys.subkey_post, SubKeyRequest(description="no", cors_origins=["nonsense"]))
open_to_all = SubKeyRequest(description="no", cors_origins=["*"], permissions=Permissions(send="Write"))
refused(422, "validation_failed", keys.subkey_post, open_to_all)
# The library does not let this one through; another client may.
exceeding = Permissions.model_construct(status="Write")
refused(
    400, "permission_exceeds_parent", keys.subkey_post,
    SubKeyRequest.model_construct(description="no", permissions=exceeding, _fields_set={"description", "permissions"}),
)

# Another account does not see these keys.
strangers = invoicetronic_sdk.SubkeyApi(client(given["other"]))
assert strangers.subkey_get() == []
refused(404, "not_found", strangers.subkey_id_get, key.id)
refused(404, "not_found", strangers.subkey_put, update_of(none))
refused(404, "not_found", strangers.subkey_id_roll_post, key.id)
refused(404, "not_found", strangers.subkey_id_delete, key.id)

# A deleted key is refused at once.
last = rolled(keys, full.id)
gone = keys.subkey_id_delete(full.id)
assert gone.id == full.id and gone.active is False
for secret in (last.test_key, last.live_key):
    refused(401, "invalid_api_key", invoicetronic_sdk.CompanyApi(client(secret)).company_get)
refused(404, "not_found", keys.subkey_id_delete, full.id)
assert [one.id for one in keys.subkey_get()] == [key.id]

print(f"invoicetronic_sdk {invoicetronic_sdk.__version__}: restricted keys are managed as they must be")
print(json.dumps({"primary": key.id, "secrets": shown}))
