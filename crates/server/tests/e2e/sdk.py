"""The unmodified client library of a real provider, pointed at the gateway.

Reads one JSON object from standard input: host, and the secrets test, live, read_only, send, full_access.
Exits with 0 when everything is as it must be; an assertion says what is not.
"""

import json
import sys
import time

import invoicetronic_sdk
from invoicetronic_sdk import ApiException, Company, Configuration, Send

given = json.load(sys.stdin)


def client(secret):
    # The library sends no Authorization at all unless a password is set, an empty one included.
    return invoicetronic_sdk.ApiClient(Configuration(host=given["host"], username=secret, password=""))


def eventually(what, probe):
    """Asks until the answer is true: the exchange takes its time, as the real one does."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        value = probe()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"not in time: {what}")


def refused(status, code, call, *arguments, **named):
    """The call must be refused with this status and error.code."""
    try:
        call(*arguments, **named)
    except ApiException as error:
        body = json.loads(error.body)
        assert error.status == status, f"{call.__name__}: {error.status} instead of {status}: {error.body}"
        assert body["error"]["code"] == code, f"{call.__name__}: {body}"
        assert error.headers["content-type"].startswith("application/problem+json"), dict(error.headers)
        return
    raise AssertionError(f"{call.__name__} was not refused")


def invoice_xml(number):
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<p:FatturaElettronica versione="FPR12" xmlns:p="http://ivaservizi.agenziaentrate.gov.it/docs/xsd/fatture/v1.2">
  <FatturaElettronicaHeader>
    <DatiTrasmissione>
      <IdTrasmittente><IdPaese>IT</IdPaese><IdCodice>01234567890</IdCodice></IdTrasmittente>
      <ProgressivoInvio>{number:05d}</ProgressivoInvio>
      <FormatoTrasmissione>FPR12</FormatoTrasmissione>
      <CodiceDestinatario>ABC1234</CodiceDestinatario>
    </DatiTrasmissione>
    <CedentePrestatore>
      <DatiAnagrafici>
        <IdFiscaleIVA><IdPaese>IT</IdPaese><IdCodice>01234567890</IdCodice></IdFiscaleIVA>
        <CodiceFiscale>01234567890</CodiceFiscale>
        <Anagrafica><Denominazione>Alfa Srl</Denominazione></Anagrafica>
        <RegimeFiscale>RF01</RegimeFiscale>
      </DatiAnagrafici>
      <Sede><Indirizzo>Via Roma 1</Indirizzo><CAP>00100</CAP><Comune>Roma</Comune><Provincia>RM</Provincia><Nazione>IT</Nazione></Sede>
    </CedentePrestatore>
    <CessionarioCommittente>
      <DatiAnagrafici>
        <IdFiscaleIVA><IdPaese>IT</IdPaese><IdCodice>09876543210</IdCodice></IdFiscaleIVA>
        <Anagrafica><Denominazione>Beta Spa</Denominazione></Anagrafica>
      </DatiAnagrafici>
      <Sede><Indirizzo>Via Milano 2</Indirizzo><CAP>20100</CAP><Comune>Milano</Comune><Provincia>MI</Provincia><Nazione>IT</Nazione></Sede>
    </CessionarioCommittente>
  </FatturaElettronicaHeader>
  <FatturaElettronicaBody>
    <DatiGenerali>
      <DatiGeneraliDocumento>
        <TipoDocumento>TD01</TipoDocumento><Divisa>EUR</Divisa><Data>2026-11-23</Data><Numero>{number}</Numero>
        <ImportoTotaleDocumento>122.00</ImportoTotaleDocumento>
      </DatiGeneraliDocumento>
    </DatiGenerali>
    <DatiBeniServizi>
      <DettaglioLinee>
        <NumeroLinea>1</NumeroLinea><Descrizione>Consulenza</Descrizione><Quantita>1.00</Quantita>
        <PrezzoUnitario>100.00</PrezzoUnitario><PrezzoTotale>100.00</PrezzoTotale><AliquotaIVA>22.00</AliquotaIVA>
      </DettaglioLinee>
      <DatiRiepilogo>
        <AliquotaIVA>22.00</AliquotaIVA><ImponibileImporto>100.00</ImponibileImporto><Imposta>22.00</Imposta>
      </DatiRiepilogo>
    </DatiBeniServizi>
  </FatturaElettronicaBody>
</p:FatturaElettronica>
"""


def invoice_json(number):
    address = {"Indirizzo": "Via Roma 1", "CAP": "00100", "Comune": "Roma", "Provincia": "RM", "Nazione": "IT"}
    return {
        "FatturaElettronicaHeader": {
            "DatiTrasmissione": {
                "IdTrasmittente": {"IdPaese": "IT", "IdCodice": "01234567890"},
                "ProgressivoInvio": f"{number:05d}",
                "FormatoTrasmissione": "FPR12",
                "CodiceDestinatario": "ABC1234",
            },
            "CedentePrestatore": {
                "DatiAnagrafici": {
                    "IdFiscaleIVA": {"IdPaese": "IT", "IdCodice": "01234567890"},
                    "CodiceFiscale": "01234567890",
                    "Anagrafica": {"Denominazione": "Alfa Srl"},
                    "RegimeFiscale": "RF01",
                },
                "Sede": address,
            },
            "CessionarioCommittente": {
                "DatiAnagrafici": {
                    "IdFiscaleIVA": {"IdPaese": "IT", "IdCodice": "09876543210"},
                    "Anagrafica": {"Denominazione": "Beta Spa"},
                },
                "Sede": {**address, "Indirizzo": "Via Milano 2", "CAP": "20100", "Comune": "Milano", "Provincia": "MI"},
            },
        },
        "FatturaElettronicaBody": [
            {
                "DatiGenerali": {
                    "DatiGeneraliDocumento": {
                        "TipoDocumento": "TD01",
                        "Divisa": "EUR",
                        "Data": "2026-11-23",
                        "Numero": str(number),
                        "ImportoTotaleDocumento": "122.00",
                    }
                },
                "DatiBeniServizi": {
                    "DettaglioLinee": [
                        {
                            "NumeroLinea": 1,
                            "Descrizione": "Consulenza",
                            "Quantita": "1.00",
                            "PrezzoUnitario": "100.00",
                            "PrezzoTotale": "100.00",
                            "AliquotaIVA": "22.00",
                        }
                    ],
                    "DatiRiepilogo": [
                        {"AliquotaIVA": "22.00", "ImponibileImporto": "100.00", "Imposta": "22.00"}
                    ],
                },
            }
        ],
    }


# With a test key: create and list companies.
test = client(given["test"])
companies = invoicetronic_sdk.CompanyApi(test)
alfa = companies.company_post(Company(vat="IT01234567890", fiscal_code="01234567890", name="Alfa Srl"))
gamma = companies.company_post(Company(vat="IT11111111111", fiscal_code="11111111111", name="Gamma Srl"))
assert alfa.id and gamma.id and alfa.id != gamma.id
listed = {company.vat: company.name for company in companies.company_get()}
assert listed == {"IT01234567890": "Alfa Srl", "IT11111111111": "Gamma Srl"}, listed
assert companies.company_id_get(alfa.id).vat == "IT01234567890"
assert companies.company_vat_get("IT11111111111").id == gamma.id, "the two overlapping paths reach their own operations"

# Send an invoice in each of the ways that the library knows.
sends = invoicetronic_sdk.SendApi(test)
as_json = sends.send_json_post(invoice_json(1))
as_record = sends.send_post(Send(payload=invoice_xml(2), file_name="IT01234567890_00002.xml"))
# The library declares this body as a mapping, which XML is not: its own type check is left out, the rest is its code.
as_xml = sends.send_xml_post.raw_function(sends, invoice_xml(3))
as_file = sends.send_file_post(("IT01234567890_00004.xml", invoice_xml(4).encode()))
sent = [as_json, as_record, as_xml, as_file]
assert all(send.id for send in sent) and len({send.id for send in sent}) == 4, sent

# Read them back, with their status: sent to the exchange, then delivered.
for send in sent:
    again = eventually("delivery", lambda: (seen := sends.send_id_get(send.id)).latest_state == "Consegnato" and seen)
    assert (again.id, again.company_id) == (send.id, alfa.id), again
    assert again.prestatore == "IT01234567890", again
    assert sends.send_identifier_get(again.identifier).id == send.id, "the two overlapping paths reach their own operations"
assert {send.id for send in sends.send_get()} == {send.id for send in sent}
updates = invoicetronic_sdk.UpdateApi(test).update_get()
assert {update.send_id for update in updates} == {send.id for send in sent}, updates
assert {update.state for update in updates} == {"Inviato", "Consegnato"}, updates
status = invoicetronic_sdk.StatusApi(test).status_get()
assert status.is_sub_key is False, status
assert invoicetronic_sdk.LogApi(test).log_get() is not None
invoicetronic_sdk.HealthApi(test).health_get()

# The live ledger of the same account is empty.
live = client(given["live"])
assert invoicetronic_sdk.CompanyApi(live).company_get() == []
assert invoicetronic_sdk.SendApi(live).send_get() == []
assert invoicetronic_sdk.UpdateApi(live).update_get() == []
try:
    invoicetronic_sdk.SendApi(live).send_id_get(as_json.id)
    raise AssertionError("a test invoice is visible with a live key")
except ApiException as error:
    assert error.status == 404, error

# A read-only key reads, and is refused on every write.
reader = client(given["read_only"])
assert {send.id for send in invoicetronic_sdk.SendApi(reader).send_get()} == {send.id for send in sent}
assert invoicetronic_sdk.StatusApi(reader).status_get().is_sub_key is True
new = Company(vat="IT22222222222", fiscal_code="22222222222", name="Delta Srl")
changed = Company(id=alfa.id, vat="IT01234567890", fiscal_code="01234567890", name="Omega Srl")
reading, reading_sends = invoicetronic_sdk.CompanyApi(reader), invoicetronic_sdk.SendApi(reader)
for call, arguments in [
    (reading.company_post, [new]),
    (reading.company_put, [changed]),
    (reading.company_id_delete, [gamma.id]),
    (reading_sends.send_json_post, [invoice_json(5)]),
    (reading_sends.send_post, [Send(payload=invoice_xml(5))]),
    (reading_sends.send_file_post, [("x.xml", invoice_xml(5).encode())]),
]:
    refused(403, "insufficient_scope", call, *arguments)

# A send key sends, and does not create a company.
sender = client(given["send"])
assert invoicetronic_sdk.SendApi(sender).send_json_post(invoice_json(6)).id
refused(403, "insufficient_scope", invoicetronic_sdk.CompanyApi(sender).company_post, new)
refused(403, "insufficient_scope", invoicetronic_sdk.CompanyApi(sender).company_id_delete, gamma.id)

# A full-access key does both.
full = client(given["full_access"])
delta = invoicetronic_sdk.CompanyApi(full).company_post(new)
assert delta.id
assert invoicetronic_sdk.SendApi(full).send_json_post(invoice_json(7)).id
invoicetronic_sdk.CompanyApi(full).company_id_delete(delta.id)

# A wrong key is one thing, none another.
refused(401, "invalid_api_key", invoicetronic_sdk.CompanyApi(client("sk_test_wrong")).company_get)
nobody = invoicetronic_sdk.ApiClient(Configuration(host=given["host"]))
refused(401, "api_key_required", invoicetronic_sdk.CompanyApi(nobody).company_get)

print(f"invoicetronic_sdk {invoicetronic_sdk.__version__}: everything as it must be")
