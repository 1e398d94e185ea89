//! Schema: the ordinary FatturaPA invoice, version 1.2, as one table.
//!
//! Owns:  which elements there are, in which order, how often, and what their text may be.
//! Never: rules that look at two elements; those are in `rules`.
//! Read:  `Field`, then the table from `INVOICE` downwards.

use Text::{Amount, Attachment, Code, Date, Digits, Email, Instant, Number, OneOf, Quantity, Rate, Upper, Words};

/// One element: its name, how often it may occur, and what is inside.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) required: bool,
    pub(super) many: bool,
    pub(super) content: Content,
}

/// What is inside an element.
#[derive(Clone, Copy)]
pub(super) enum Content {
    Group(&'static [Field]),
    Text(Text),
}

/// What a text may be. Lengths count characters.
#[derive(Clone, Copy)]
pub(super) enum Text {
    Words(usize, usize),
    /// Letters and digits of the basic alphabet.
    Code(usize, usize),
    /// Capital letters and digits.
    Upper(usize, usize),
    Digits(usize, usize),
    OneOf(&'static [&'static str]),
    /// A decimal with a sign, at most eleven digits before the point and so many after it.
    Amount(usize, usize),
    Quantity,
    Rate,
    Number(usize),
    Date,
    Instant,
    Email,
    Attachment,
}

const fn field(name: &'static str, required: bool, many: bool, content: Content) -> Field {
    Field { name, required, many, content }
}
const fn one(name: &'static str, text: Text) -> Field {
    field(name, true, false, Content::Text(text))
}
const fn opt(name: &'static str, text: Text) -> Field {
    field(name, false, false, Content::Text(text))
}
const fn many(name: &'static str, text: Text) -> Field {
    field(name, false, true, Content::Text(text))
}
const fn group(name: &'static str, fields: &'static [Field]) -> Field {
    field(name, true, false, Content::Group(fields))
}
const fn opt_group(name: &'static str, fields: &'static [Field]) -> Field {
    field(name, false, false, Content::Group(fields))
}
const fn groups(name: &'static str, fields: &'static [Field]) -> Field {
    field(name, false, true, Content::Group(fields))
}
const fn some_groups(name: &'static str, fields: &'static [Field]) -> Field {
    field(name, true, true, Content::Group(fields))
}

const COUNTRY: Text = Upper(2, 2);
const AMOUNT: Text = Amount(2, 2);
const PRICE: Text = Amount(2, 8);
const FISCAL_CODE: Text = Upper(11, 16);
const YES: Text = OneOf(&["SI"]);
const NATURE: Text = OneOf(&[
    "N1", "N2.1", "N2.2", "N3.1", "N3.2", "N3.3", "N3.4", "N3.5", "N3.6", "N4", "N5", "N6.1", "N6.2", "N6.3", "N6.4",
    "N6.5", "N6.6", "N6.7", "N6.8", "N6.9", "N7",
]);

/// What the root element holds.
pub(super) static INVOICE: [Field; 2] =
    [group("FatturaElettronicaHeader", &HEADER), some_groups("FatturaElettronicaBody", &BODY)];

static HEADER: [Field; 6] = [
    group("DatiTrasmissione", &TRANSMISSION),
    group("CedentePrestatore", &SELLER),
    opt_group("RappresentanteFiscale", &REPRESENTATIVE),
    group("CessionarioCommittente", &BUYER),
    opt_group("TerzoIntermediarioOSoggettoEmittente", &INTERMEDIARY),
    opt("SoggettoEmittente", OneOf(&["CC", "TZ"])),
];

static TRANSMISSION: [Field; 6] = [
    group("IdTrasmittente", &TAX_ID),
    one("ProgressivoInvio", Words(1, 10)),
    one("FormatoTrasmissione", OneOf(&["FPR12", "FPA12"])),
    one("CodiceDestinatario", Upper(6, 7)),
    opt_group("ContattiTrasmittente", &[opt("Telefono", Words(5, 12)), opt("Email", Email)]),
    opt("PECDestinatario", Email),
];

static TAX_ID: [Field; 2] = [one("IdPaese", COUNTRY), one("IdCodice", Code(1, 28))];

static NAME: [Field; 5] = [
    opt("Denominazione", Words(1, 80)),
    opt("Nome", Words(1, 60)),
    opt("Cognome", Words(1, 60)),
    opt("Titolo", Words(2, 10)),
    opt("CodEORI", Words(13, 17)),
];

static ADDRESS: [Field; 6] = [
    one("Indirizzo", Words(1, 60)),
    opt("NumeroCivico", Words(1, 8)),
    one("CAP", Digits(5, 5)),
    one("Comune", Words(1, 60)),
    opt("Provincia", Upper(2, 2)),
    one("Nazione", COUNTRY),
];

static SELLER: [Field; 6] = [
    group("DatiAnagrafici", &SELLER_DATA),
    group("Sede", &ADDRESS),
    opt_group("StabileOrganizzazione", &ADDRESS),
    opt_group(
        "IscrizioneREA",
        &[
            one("Ufficio", Upper(2, 2)),
            one("NumeroREA", Words(1, 20)),
            opt("CapitaleSociale", AMOUNT),
            opt("SocioUnico", OneOf(&["SU", "SM"])),
            one("StatoLiquidazione", OneOf(&["LS", "LN"])),
        ],
    ),
    opt_group("Contatti", &[opt("Telefono", Words(5, 12)), opt("Fax", Words(5, 12)), opt("Email", Email)]),
    opt("RiferimentoAmministrazione", Words(1, 20)),
];

static SELLER_DATA: [Field; 8] = [
    group("IdFiscaleIVA", &TAX_ID),
    opt("CodiceFiscale", FISCAL_CODE),
    group("Anagrafica", &NAME),
    opt("AlboProfessionale", Words(1, 60)),
    opt("ProvinciaAlbo", Upper(2, 2)),
    opt("NumeroIscrizioneAlbo", Words(1, 60)),
    opt("DataIscrizioneAlbo", Date),
    one(
        "RegimeFiscale",
        OneOf(&[
            "RF01", "RF02", "RF04", "RF05", "RF06", "RF07", "RF08", "RF09", "RF10", "RF11", "RF12", "RF13", "RF14",
            "RF15", "RF16", "RF17", "RF18", "RF19", "RF20",
        ]),
    ),
];

static REPRESENTATIVE: [Field; 1] = [group(
    "DatiAnagrafici",
    &[group("IdFiscaleIVA", &TAX_ID), opt("CodiceFiscale", FISCAL_CODE), group("Anagrafica", &NAME)],
)];

static BUYER: [Field; 4] = [
    group("DatiAnagrafici", &PARTY_DATA),
    group("Sede", &ADDRESS),
    opt_group("StabileOrganizzazione", &ADDRESS),
    opt_group(
        "RappresentanteFiscale",
        &[
            group("IdFiscaleIVA", &TAX_ID),
            opt("Denominazione", Words(1, 80)),
            opt("Nome", Words(1, 60)),
            opt("Cognome", Words(1, 60)),
        ],
    ),
];

static PARTY_DATA: [Field; 3] =
    [opt_group("IdFiscaleIVA", &TAX_ID), opt("CodiceFiscale", FISCAL_CODE), group("Anagrafica", &NAME)];

static INTERMEDIARY: [Field; 1] = [group("DatiAnagrafici", &PARTY_DATA)];

static BODY: [Field; 5] = [
    group("DatiGenerali", &GENERAL),
    group("DatiBeniServizi", &[some_groups("DettaglioLinee", &LINE), some_groups("DatiRiepilogo", &SUMMARY)]),
    opt_group("DatiVeicoli", &[one("Data", Date), one("TotalePercorso", Words(1, 15))]),
    groups("DatiPagamento", &PAYMENT),
    groups(
        "Allegati",
        &[
            one("NomeAttachment", Words(1, 60)),
            opt("AlgoritmoCompressione", Words(1, 10)),
            opt("FormatoAttachment", Words(1, 10)),
            opt("DescrizioneAttachment", Words(1, 100)),
            one("Attachment", Attachment),
        ],
    ),
];

static GENERAL: [Field; 10] = [
    group("DatiGeneraliDocumento", &DOCUMENT),
    groups("DatiOrdineAcquisto", &REFERENCE),
    groups("DatiContratto", &REFERENCE),
    groups("DatiConvenzione", &REFERENCE),
    groups("DatiRicezione", &REFERENCE),
    groups("DatiFattureCollegate", &REFERENCE),
    groups("DatiSAL", &[one("RiferimentoFase", Number(3))]),
    groups(
        "DatiDDT",
        &[one("NumeroDDT", Words(1, 20)), one("DataDDT", Date), many("RiferimentoNumeroLinea", Number(4))],
    ),
    opt_group("DatiTrasporto", &TRANSPORT),
    opt_group("FatturaPrincipale", &[one("NumeroFatturaPrincipale", Words(1, 20)), one("DataFatturaPrincipale", Date)]),
];

static DOCUMENT: [Field; 12] = [
    one(
        "TipoDocumento",
        OneOf(&[
            "TD01", "TD02", "TD03", "TD04", "TD05", "TD06", "TD16", "TD17", "TD18", "TD19", "TD20", "TD21", "TD22",
            "TD23", "TD24", "TD25", "TD26", "TD27", "TD28", "TD29",
        ]),
    ),
    one("Divisa", Upper(3, 3)),
    one("Data", Date),
    one("Numero", Words(1, 20)),
    groups(
        "DatiRitenuta",
        &[
            one("TipoRitenuta", OneOf(&["RT01", "RT02", "RT03", "RT04", "RT05", "RT06"])),
            one("ImportoRitenuta", AMOUNT),
            one("AliquotaRitenuta", Rate),
            one("CausalePagamento", Upper(1, 2)),
        ],
    ),
    opt_group("DatiBollo", &[one("BolloVirtuale", YES), opt("ImportoBollo", AMOUNT)]),
    groups("DatiCassaPrevidenziale", &FUND),
    groups("ScontoMaggiorazione", &DISCOUNT),
    opt("ImportoTotaleDocumento", AMOUNT),
    opt("Arrotondamento", AMOUNT),
    many("Causale", Words(1, 200)),
    opt("Art73", YES),
];

static FUND: [Field; 8] = [
    one(
        "TipoCassa",
        OneOf(&[
            "TC01", "TC02", "TC03", "TC04", "TC05", "TC06", "TC07", "TC08", "TC09", "TC10", "TC11", "TC12", "TC13",
            "TC14", "TC15", "TC16", "TC17", "TC18", "TC19", "TC20", "TC21", "TC22",
        ]),
    ),
    one("AlCassa", Rate),
    one("ImportoContributoCassa", AMOUNT),
    opt("ImponibileCassa", AMOUNT),
    one("AliquotaIVA", Rate),
    opt("Ritenuta", YES),
    opt("Natura", NATURE),
    opt("RiferimentoAmministrazione", Words(1, 20)),
];

static DISCOUNT: [Field; 3] = [one("Tipo", OneOf(&["SC", "MG"])), opt("Percentuale", Rate), opt("Importo", PRICE)];

static REFERENCE: [Field; 7] = [
    many("RiferimentoNumeroLinea", Number(4)),
    one("IdDocumento", Words(1, 20)),
    opt("Data", Date),
    opt("NumItem", Words(1, 20)),
    opt("CodiceCommessaConvenzione", Words(1, 100)),
    opt("CodiceCUP", Words(1, 15)),
    opt("CodiceCIG", Words(1, 15)),
];

static TRANSPORT: [Field; 13] = [
    opt_group(
        "DatiAnagraficiVettore",
        &[
            group("IdFiscaleIVA", &TAX_ID),
            opt("CodiceFiscale", FISCAL_CODE),
            group("Anagrafica", &NAME),
            opt("NumeroLicenzaGuida", Words(1, 20)),
        ],
    ),
    opt("MezzoTrasporto", Words(1, 80)),
    opt("CausaleTrasporto", Words(1, 100)),
    opt("NumeroColli", Number(4)),
    opt("Descrizione", Words(1, 100)),
    opt("UnitaMisuraPeso", Words(1, 10)),
    opt("PesoLordo", Amount(1, 2)),
    opt("PesoNetto", Amount(1, 2)),
    opt("DataOraRitiro", Instant),
    opt("DataInizioTrasporto", Date),
    opt("TipoResa", Upper(3, 3)),
    opt_group("IndirizzoResa", &ADDRESS),
    opt("DataOraConsegna", Instant),
];

static LINE: [Field; 16] = [
    one("NumeroLinea", Number(4)),
    opt("TipoCessionePrestazione", OneOf(&["SC", "PR", "AB", "AC"])),
    groups("CodiceArticolo", &[one("CodiceTipo", Words(1, 35)), one("CodiceValore", Words(1, 35))]),
    one("Descrizione", Words(1, 1000)),
    opt("Quantita", Quantity),
    opt("UnitaMisura", Words(1, 10)),
    opt("DataInizioPeriodo", Date),
    opt("DataFinePeriodo", Date),
    one("PrezzoUnitario", PRICE),
    groups("ScontoMaggiorazione", &DISCOUNT),
    one("PrezzoTotale", PRICE),
    one("AliquotaIVA", Rate),
    opt("Ritenuta", YES),
    opt("Natura", NATURE),
    opt("RiferimentoAmministrazione", Words(1, 20)),
    groups(
        "AltriDatiGestionali",
        &[
            one("TipoDato", Words(1, 10)),
            opt("RiferimentoTesto", Words(1, 60)),
            opt("RiferimentoNumero", PRICE),
            opt("RiferimentoData", Date),
        ],
    ),
];

static SUMMARY: [Field; 8] = [
    one("AliquotaIVA", Rate),
    opt("Natura", NATURE),
    opt("SpeseAccessorie", AMOUNT),
    opt("Arrotondamento", PRICE),
    one("ImponibileImporto", AMOUNT),
    one("Imposta", AMOUNT),
    opt("EsigibilitaIVA", OneOf(&["I", "D", "S"])),
    opt("RiferimentoNormativo", Words(1, 100)),
];

static PAYMENT: [Field; 2] =
    [one("CondizioniPagamento", OneOf(&["TP01", "TP02", "TP03"])), some_groups("DettaglioPagamento", &PAYMENT_DETAIL)];

static PAYMENT_DETAIL: [Field; 21] = [
    opt("Beneficiario", Words(1, 200)),
    one(
        "ModalitaPagamento",
        OneOf(&[
            "MP01", "MP02", "MP03", "MP04", "MP05", "MP06", "MP07", "MP08", "MP09", "MP10", "MP11", "MP12", "MP13",
            "MP14", "MP15", "MP16", "MP17", "MP18", "MP19", "MP20", "MP21", "MP22", "MP23",
        ]),
    ),
    opt("DataRiferimentoTerminiPagamento", Date),
    opt("GiorniTerminiPagamento", Number(3)),
    opt("DataScadenzaPagamento", Date),
    one("ImportoPagamento", AMOUNT),
    opt("CodUfficioPostale", Words(1, 20)),
    opt("CognomeQuietanzante", Words(1, 60)),
    opt("NomeQuietanzante", Words(1, 60)),
    opt("CFQuietanzante", Upper(16, 16)),
    opt("TitoloQuietanzante", Words(2, 10)),
    opt("IstitutoFinanziario", Words(1, 80)),
    opt("IBAN", Code(15, 34)),
    opt("ABI", Digits(5, 5)),
    opt("CAB", Digits(5, 5)),
    opt("BIC", Upper(8, 11)),
    opt("ScontoPagamentoAnticipato", AMOUNT),
    opt("DataLimitePagamentoAnticipato", Date),
    opt("PenalitaPagamentiRitardati", AMOUNT),
    opt("DataDecorrenzaPenale", Date),
    opt("CodicePagamento", Words(1, 60)),
];
