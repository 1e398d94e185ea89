// Generated from crates/api/openapi.json by scripts/api.js. Do not edit.

/** No parameters. */
export type Nothing = Record<never, never>;

/** A new account with its primary pair: the only answer that ever shows these secrets. */
export interface AccountCreated {
  /** The account. */
  account: AccountOut;
  /** Since when the key works. */
  in_force: ReceiptOut;
  /** Its primary key, with both secrets. */
  primary: KeySecrets;
}

/** A new account. */
export interface AccountIn {
  /** A name for people. */
  name: string;
}

/** An account by name. */
export interface AccountName {
  /** Its id. */
  id: string;
  /** Its name. */
  name: string;
}

/** An account. */
export interface AccountOut {
  /** When it was created. */
  created_at: Time;
  /** Its id. */
  id: string;
  /** A name for people. */
  name: string;
}

/** One page of a list. */
export interface AccountOutPage {
  data: AccountOut[];
  /** Pass it as `cursor` for the next page; null on the last one. Do not take it apart. */
  next_cursor: string | null;
}

/** The process lives. */
export interface Alive {
  /** `alive` */
  status: string;
}

/** One gateway that applied a change. */
export interface AppliedOut {
  /** When it applied the change. */
  applied_at: Time;
  /** How many requests, streams and upgraded connections that were in flight it cut because of the change. */
  cut: number;
  /** Which gateway. */
  name: string;
}

/** The first entry of the chain that does not fit. */
export interface AuditBroken {
  /** Its id, when the entry is there. */
  id: string | null;
  /** Its place in the chain. */
  sequence: number;
  /** What does not fit. */
  what: string;
}

/** One change, as the audit chain keeps it. */
export interface AuditEntryOut {
  /** In which account, if in one. */
  account_id: string | null;
  /** What was done: `key.revoked`. */
  action: string;
  /** When. */
  at: Time;
  /** Who: the id of an operator token, of a member, of a person, or of the primary key that changed a restricted one; `installation` for the first start and for commands on the data folder. */
  author: string;
  /** The particulars; never a secret. */
  details: Record<string, unknown>;
  /** SHA-256 over the hash of the entry before and this entry, in lower-case hex. */
  hash: string;
  /** Its id. */
  id: string;
  /** In which request, if it was one. */
  request_id: string | null;
  /** The place of the change in the change log. */
  revision: number;
  /** Its place in the chain of the whole deployment, from 1, without gaps. */
  sequence: number;
  /** What was changed: the id of the thing itself first, then of what changed with it. */
  subjects: string[];
}

/** One page of a list. */
export interface AuditEntryOutPage {
  data: AuditEntryOut[];
  /** Pass it as `cursor` for the next page; null on the last one. Do not take it apart. */
  next_cursor: string | null;
}

/** What a walk along the whole audit chain found. */
export interface AuditVerified {
  broken: AuditBroken | null;
  /** How many entries fit, counted from the first. */
  entries: number;
  /** The hash of the last entry that fits, in lower-case hex. Keep it elsewhere to prove later that nothing before it was changed. */
  head: string;
  /** Whether every entry fits. */
  intact: boolean;
}

/** What a member is told of the audit chain. It is one for the whole deployment; what is other accounts' stays out. */
export interface AuditVerifiedInAccount {
  /** The hash of the last entry that fits, in lower-case hex. Keep it elsewhere to prove later that nothing before it was changed. */
  head: string;
  /** Whether every entry fits. */
  intact: boolean;
  /** When that was found. */
  verified_at: Time;
}

/** `"all"`, or company ids. */
export type Companies = "all" | string[];

/** A company after a change. */
export interface CompanyChanged {
  /** The company as it is now. */
  company: CompanyOut;
  /** Since when the change is in force. */
  in_force: ReceiptOut;
}

/** A company that is gone. */
export interface CompanyDeleted {
  /** Its id. */
  company_id: string;
  /** Since when the deletion is in force. */
  in_force: ReceiptOut;
  /** The keys that were restricted to it and lost it. None of them gained anything by that. */
  keys: string[];
}

/** A new company. */
export interface CompanyIn {
  /** What the upstream calls it, per environment and kind: `environment:kind=value`. In a change: the whole new list. */
  external_names?: string[];
  /** A name for people. */
  name: string;
}

/** A company. */
export interface CompanyOut {
  /** The account that owns it. */
  account_id: string;
  /** When it was created. */
  created_at: Time;
  /** What the upstream calls it: `environment:kind=value`. */
  external_names: string[];
  /** Its id. */
  id: string;
  /** A name for people. */
  name: string;
  /** When it was last changed. */
  updated_at: Time;
  /** Grows with every change; a patch may name the version that it was made for. */
  version: number;
}

/** One page of a list. */
export interface CompanyOutPage {
  data: CompanyOut[];
  /** Pass it as `cursor` for the next page; null on the last one. Do not take it apart. */
  next_cursor: string | null;
}

/** Changes to a company; a member that is left out keeps its value. */
export interface CompanyPatch {
  /** Refuse the change when the company is not at this `version` any more. */
  expected_version?: number | null;
  /** What the upstream calls it, per environment and kind: `environment:kind=value`. In a change: the whole new list. */
  external_names?: string[] | null;
  /** A name for people. */
  name?: string;
}

/** What confirms a change of the providers that somebody signs in with. */
export interface ConfirmationIn {
  /** Six digits, or a recovery code; left out by who has no second factor. */
  code?: string | null;
  /** The password; left out by who has none. */
  password?: string | null;
}

/** One environment's half of a key. */
export interface CredentialOut {
  /** The public half. */
  client_id: string;
  /** When the secret was made. */
  created_at: Time;
  /** The last four characters of the secret. */
  last_four: string;
  last_used?: LastUsedOut | null;
  previous?: PreviousSecretOut | null;
}

/** A credential with its secret. */
export interface CredentialSecret {
  /** The public half. */
  client_id: string;
  /** The key's whole text. Keep it now: it cannot be shown again. */
  secret: string;
}

/** Where somebody is signed in. */
export interface DeviceOut {
  /** From which address it was begun; null when that is not known. */
  address: string | null;
  /** Since when. */
  created_at: Time;
  /** Whether it is the one that asks. */
  current: boolean;
  /** When it ends at the latest. */
  expires_at: Time;
  /** The session. */
  id: string;
  /** When it was used last, to the minute. */
  last_seen_at: Time;
  /** What the browser said of itself. */
  user_agent: string | null;
}

/** One page of a list. */
export interface DeviceOutPage {
  data: DeviceOut[];
  /** Pass it as `cursor` for the next page; null on the last one. Do not take it apart. */
  next_cursor: string | null;
}

/** An OpenAPI 3.1 document. */
export type Document = Record<string, unknown>;

/** Which old secrets to end before their overlap is over. It may be left out. */
export interface EndPreviousIn {
  environments?: ("test" | "live")[] | null;
}

/** `event: change` with `data: {"kind": ..., "id": ...}`, and a comment every 15 seconds. */
export type EventStream = string;

/** A request as somebody describes it. Its secret is not part of it: the right one is assumed. */
export interface ExplainIn {
  /** The account whose key it would use; left out for a request without a key. */
  account_id?: string | null;
  /** The address that it would come from. A key with networks works from no other, and from none that is not known. */
  address?: string | null;
  /** Which of the key's credentials: `test` or `live`. Needed with a key. */
  environment?: string | null;
  /** The key that it would use; left out for a request without a key. */
  key_id?: string | null;
  /** The method: `GET`, `HEAD`, `POST`, `PUT`, `PATCH` or `DELETE`. */
  method: string;
  /** The `Origin` that a browser would send. */
  origin?: string | null;
  /** The path as the caller would send it; a query string is left aside. */
  path: string;
  /** Which of the credential's secrets: `current` (the default), or `previous` for the one before the last rotation. */
  secret?: string | null;
}

/** What would happen to the request. */
export interface ExplainOut {
  /** Whether it would be forwarded. */
  allowed: boolean;
  /** The operation that it asks for, if the catalogue has one. */
  operation: string | null;
  refusal: RefusalOut | null;
  /** What would have to change, all of it, for the request to pass; empty when it passes as it is. */
  remedies: RemedyOut[];
  /** Every check, in order. */
  steps: StepOut[];
}

/** One gateway that was silent for too long. */
export interface FencedOut {
  /** From this instant on it refuses all keys, until it has read the change. */
  fenced_from: Time;
  /** Which gateway. */
  name: string;
}

/** One field of a request body that cannot be accepted. */
export interface FieldProblem {
  /** What is wrong there and what is wanted. */
  message: string;
  /** RFC 6901 pointer into the request body; empty for the body as a whole. */
  pointer: string;
}

/** How many keys have a finding. */
export interface FindingCountOut {
  /** Which finding. */
  code: string;
  /** How many keys. */
  count: number;
  /** `warning` or `advice`. */
  level: string;
}

/** Something to look at in a key. It refuses nothing. */
export interface FindingOut {
  /** What settles it. */
  action: string;
  /** Which: one of a closed list. */
  code: string;
  /** `warning` or `advice`. */
  level: string;
  /** What is the case. */
  sentence: string;
}

/** An identity after a change. */
export interface IdentityChanged {
  /** The identity; after a deletion, as it was. */
  identity: IdentityOut;
  /** Since when the change is in force. */
  in_force: ReceiptOut;
}

/** An issuer, and where it has directories one directory, whose people are to act in the account. */
export interface IdentityIn {
  /** `tid` for Entra ID, in lower case; left out for issuers without directories. */
  directory?: string;
  /** `iss`, exactly as the issuer's tokens say it. */
  issuer: string;
}

/** Whose people act in an account. */
export interface IdentityOut {
  /** The account. */
  account_id: string;
  /** When it was mapped. */
  created_at: Time;
  /** `tid`, or empty. */
  directory: string;
  /** Its id. */
  id: string;
  /** `iss`. */
  issuer: string;
}

/** One page of a list. */
export interface IdentityOutPage {
  data: IdentityOut[];
  /** Pass it as `cursor` for the next page; null on the last one. Do not take it apart. */
  next_cursor: string | null;
}

/** An invitation that is accepted. */
export interface InvitationAcceptIn {
  /** What the new person is called; left out by who is signed in. */
  name?: string | null;
  /** The new person's password, 12 to 256 characters; left out by who is signed in. */
  password?: string | null;
  /** What is behind the `#` of the link. */
  token: string;
}

/** A new invitation with its link: the only answer that ever shows it. */
export interface InvitationCreated {
  /** The record. */
  invitation: InvitationOut;
  /** To be given to whoever is invited. Its token is behind the `#`, which browsers keep to themselves. */
  link: string;
}

/** Whom to invite. */
export interface InvitationIn {
  /** An e-mail address, in any case. */
  email: string;
  /** As what. */
  role: RoleName;
}

/** An invitation. Its link is not here: nothing shows it again. */
export interface InvitationOut {
  /** When it was made. */
  created_at: Time;
  /** Who made it: an operator token or a member. */
  created_by: string;
  /** Whom. */
  email: string;
  /** From then on it is of no use. */
  expires_at: Time;
  /** Its id. */
  id: string;
  /** As what. */
  role: RoleName;
}

/** One page of a list. */
export interface InvitationOutPage {
  data: InvitationOut[];
  /** Pass it as `cursor` for the next page; null on the last one. Do not take it apart. */
  next_cursor: string | null;
}

/** What an invitation is for. */
export interface InvitationSeen {
  /** The account's name. */
  account_name: string;
  /** Whom it invites. */
  email: string;
  /** From then on it is of no use. */
  expires_at: Time;
  /** Whether somebody with this address can sign in already, and then has to. */
  has_person: boolean;
  /** As what. */
  role: RoleName;
}

/** The token of a link. */
export interface InvitationTokenIn {
  /** What is behind the `#` of the link. */
  token: string;
}

/** A key after a change. */
export interface KeyChanged {
  /** Since when the change is in force. */
  in_force: ReceiptOut;
  /** The key as it is now. */
  key: KeyOut;
}

/** How often a key was used. */
export interface KeyCountOut {
  /** Its requests. */
  count: number;
  /** What it is for; empty when it is deleted. */
  description: string;
  /** Which. */
  key_id: string;
  /** `primary` or `restricted`; null when it is deleted. */
  kind: string | null;
}

/** A key that is gone. */
export interface KeyDeleted {
  /** Since when the deletion is in force. */
  in_force: ReceiptOut;
  /** Its id. */
  key_id: string;
}

/** A new restricted key. Everything may be left out: the key is then read-only, for all companies, without expiry. */
export interface KeyIn {
  /** `"all"`, or the ids of the companies that the key may reach, at least one. */
  companies?: "all" | string[];
  /** Confirms the origin `*` for a key that may do more than read. */
  confirm_any_origin?: boolean;
  /** What it is for. */
  description?: string | null;
  environments?: ("test" | "live")[] | null;
  /** From this instant on the key is refused; it lies ahead. Null or left out at creation: never. */
  expires_at?: string | null;
  /** Its own numbers in place of the deployment's, by name of the limit. In a change: all of them; null goes back to the deployment's. */
  limits?: Record<string, number> | null;
  /** The addresses that it may be used from, IPv4 or IPv6, single or as CIDR blocks. Empty: all. In a change: the whole new list; null empties it. */
  networks?: string[] | null;
  /** The web pages that may use it, as browsers write their Origin: `https://app.example.com`, every host below one (`https://*.example.com`), or `*` for all. Empty: none. In a change: the whole new list; null empties it. */
  origins?: string[] | null;
  /** What it may do: `full_access`, `read_only` (the default), `send`, or `custom` with `scopes`. */
  preset?: string | null;
  /** How old its secrets may grow, in days, before its findings say that a rotation is due. Null or left out at creation: no reminder. */
  rotate_every_days?: number | null;
  scopes?: string[] | null;
}

/** A new or rotated key with its new secrets: the only answer that ever shows them. */
export type KeyIssued = KeySecrets & {
  /** Since when the new secrets work, and old ones that were ended do not. */
  in_force: ReceiptOut;
  /** The key's record. */
  key: KeyOut;
};

/** A key. Its secrets are not here: nothing shows them again. */
export interface KeyOut {
  /** The account that owns it. */
  account_id: string;
  /** `"all"`, or the ids of the companies it may reach. An empty list reaches nothing: its companies were deleted. */
  companies: Companies;
  /** When it was created. */
  created_at: Time;
  /** The member who created it. Null: an operator did, or whoever registered the account. */
  created_by: string | null;
  /** What it is for. */
  description: string;
  /** The environments in which it has a credential. */
  environments: string[];
  expires_at: Time | null;
  /** What its owner should look at, the urgent first. */
  findings: FindingOut[];
  /** Its id. */
  id: string;
  /** `primary` or `restricted`. */
  kind: string;
  /** Its own numbers in place of the deployment's. */
  limits: OwnLimits;
  live?: CredentialOut | null;
  /** The addresses that it may be used from; empty: all. */
  networks: string[];
  /** The web pages that may use it; empty: none. */
  origins: string[];
  /** `full_access`, `read_only`, `send` or `custom`. */
  preset: string;
  /** How old its secrets may grow before a rotation is due, in days. */
  rotate_every_days: number | null;
  /** The scopes that the preset stands for. */
  scopes: string[];
  /** `active`, `disabled` or `revoked`. Expiry is not a status: compare `expires_at`. */
  status: string;
  test?: CredentialOut | null;
  /** When it was last changed. */
  updated_at: Time;
  /** Grows with every change; a patch may name the version that it was made for. */
  version: number;
}

/** One page of a list. */
export interface KeyOutPage {
  data: KeyOut[];
  /** Pass it as `cursor` for the next page; null on the last one. Do not take it apart. */
  next_cursor: string | null;
}

/** Changes to a key; a member that is left out keeps its value. */
export interface KeyPatch {
  /** `"all"`, or the ids of the companies that the key may reach, at least one. */
  companies?: "all" | string[];
  /** Confirms the origin `*` for a key that may do more than read. */
  confirm_any_origin?: boolean;
  /** What it is for. */
  description?: string | null;
  /** Refuse the change when the key is not at this `version` any more. */
  expected_version?: number | null;
  /** From this instant on the key is refused; it lies ahead. Null or left out at creation: never. */
  expires_at?: string | null;
  /** Its own numbers in place of the deployment's, by name of the limit. In a change: all of them; null goes back to the deployment's. */
  limits?: Record<string, number> | null;
  /** The addresses that it may be used from, IPv4 or IPv6, single or as CIDR blocks. Empty: all. In a change: the whole new list; null empties it. */
  networks?: string[] | null;
  /** The web pages that may use it, as browsers write their Origin: `https://app.example.com`, every host below one (`https://*.example.com`), or `*` for all. Empty: none. In a change: the whole new list; null empties it. */
  origins?: string[] | null;
  /** What it may do: `full_access`, `read_only`, `send`, or `custom` with `scopes`. */
  preset?: string;
  /** How old its secrets may grow, in days, before its findings say that a rotation is due. Null or left out at creation: no reminder. */
  rotate_every_days?: number | null;
  scopes?: string[];
}

/** The secrets of a new or rotated key: shown here and never again. */
export interface KeySecrets {
  /** Which key. */
  key_id: string;
  live?: CredentialSecret | null;
  test?: CredentialSecret | null;
}

/** How often a key was used. */
export interface KeyUsageOut {
  /** Whether `data` holds all spans. If not, the oldest were left out: ask for a shorter time. */
  complete: boolean;
  /** Newest span first; spans without requests are not listed. */
  data: UsageCountOut[];
  /** `minute`, `hour` or `day`. */
  granularity: string;
  kept_since: Time | null;
  /** The key. */
  key_id: string;
  /** The start of the first span. */
  since: Time;
  /** The sums of `data`, by outcome. */
  totals: TotalsOut;
  /** The end. */
  until: Time;
}

/** The last request that a secret was good for, whatever the key was allowed to do with it. */
export interface LastUsedOut {
  /** From which address. */
  address: string;
  /** When. */
  at: Time;
  /** `test` or `live`. */
  environment: string;
  /** For which operation; null when the catalogue had none. */
  operation: string | null;
}

/** How often a limit of a key had no room. */
export interface LimitCountOut {
  /** How many requests were refused. */
  count: number;
  /** Whose. */
  key_id: string;
  /** Which limit. */
  limit: string;
}

/** How full a limit was at its peak of the last hour. */
export interface LimitUseOut {
  /** With its `test` or its `live` half: they are counted apart. */
  environment: string;
  /** By which key; null: by all keys of the account together. */
  key_id: string | null;
  /** Which limit. */
  limit: string;
  /** `used` of `room`, in whole percent, rounded down. From 80 on the limit is close to its end. */
  percent: number;
  /** How many the limit lets through in that time, with the key's own number where it has one. */
  room: number;
  /** The time of the peak, in seconds. */
  seconds: number;
  /** How many requests were let through within so many seconds. */
  used: number;
}

/** A provider's account that signs somebody in. */
export interface LinkedProviderOut {
  /** Since when. */
  linked_at: Time;
  /** Its name for people. */
  name: string;
  /** The provider's name in paths. */
  provider_id: string;
}

/** One page of a list. */
export interface LinkedProviderOutPage {
  data: LinkedProviderOut[];
  /** Pass it as `cursor` for the next page; null on the last one. Do not take it apart. */
  next_cursor: string | null;
}

/** A change of oneself. */
export interface MePatch {
  /** A name for people. */
  name: string;
}

/** A member after a change. */
export interface MemberChanged {
  /** Since when the change is in force. */
  in_force: ReceiptOut;
  /** The member as it is now. */
  member: MemberOut;
}

/** A member who is gone. */
export interface MemberDeleted {
  /** Since when the change is in force. */
  in_force: ReceiptOut;
  /** The keys that were disabled or revoked with it. */
  keys: string[];
  /** Which. */
  member_id: string;
}

/** A person in one account. */
export interface MemberOut {
  /** Since when. */
  created_at: Time;
  /** Their e-mail address. */
  email: string;
  /** Whether they have a second factor. */
  has_totp: boolean;
  /** Its id. */
  id: string;
  /** How many keys they created or rotated that are neither revoked nor deleted. */
  keys: number;
  last_seen_at: Time | null;
  /** What they are called. */
  name: string;
  /** Who. */
  person_id: string;
  /** As what. */
  role: RoleName;
}

/** One page of a list. */
export interface MemberOutPage {
  data: MemberOut[];
  /** Pass it as `cursor` for the next page; null on the last one. Do not take it apart. */
  next_cursor: string | null;
}

/** A new role. */
export interface MemberPatch {
  /** The role. */
  role: RoleName;
}

/** A person's place in one account. */
export interface MembershipOut {
  /** The account. */
  account: AccountName;
  /** The member that the person is there. */
  member_id: string;
  /** The operations on the account that may be asked for, by the names of this document. */
  rights: string[];
  /** As what. */
  role: RoleName;
}

/** One operation that callers can ask of the upstream. */
export interface OperationOut {
  /** Who may call it: `public`, `key`, `member`, `admin` or `callback`. */
  audience: string;
  /** How it is held to a key's companies: `locators`, `injected`, `lookup`, `context`, `neutral` or `account`. */
  company_mode: string;
  /** Where a request names a company, or the operation that tells it; empty for modes without either. */
  company_sources: string[];
  /** For audiences without a key: the environment it goes to. */
  environment: string | null;
  /** Its name in the catalogue. */
  id: string;
  /** Which counter it spends from. */
  limit_class: string;
  /** Its method. */
  method: string;
  /** What becomes of a body that is not JSON where a restricted key's body would be looked into: `refused`, or left to the `upstream`. */
  other_bodies: string;
  /** Its path as callers send it. */
  path: string;
  /** The scope that a key needs. */
  scope: string;
  /** Who answers it: the `upstream`, or `subkeys`, the deployment's own management of restricted keys, which no restricted key may call. */
  served_by: string;
}

/** One page of a list. */
export interface OperationOutPage {
  data: OperationOut[];
  /** Pass it as `cursor` for the next page; null on the last one. Do not take it apart. */
  next_cursor: string | null;
}

/** An operator token after a change. */
export interface OperatorTokenChanged {
  /** Since when the change is in force. */
  in_force: ReceiptOut;
  /** The record as it is now. */
  operator_token: OperatorTokenOut;
}

/** A new operator token with its text: the only answer that ever shows it. */
export interface OperatorTokenCreated {
  /** Since when it works. */
  in_force: ReceiptOut;
  /** The record. */
  operator_token: OperatorTokenOut;
  /** The text to send as `Authorization: Bearer`. Keep it now: it cannot be shown again. */
  token: string;
}

/** A new operator token. */
export interface OperatorTokenIn {
  /** What it is for: who would miss it? */
  description: string;
}

/** An operator token. Its text is not here: nothing shows it again. */
export interface OperatorTokenOut {
  /** When it was created. */
  created_at: Time;
  /** What it is for. */
  description: string;
  /** Its id. */
  id: string;
  revoked_at: Time | null;
}

/** One page of a list. */
export interface OperatorTokenOutPage {
  data: OperatorTokenOut[];
  /** Pass it as `cursor` for the next page; null on the last one. Do not take it apart. */
  next_cursor: string | null;
}

/** An account at a glance. */
export interface OverviewOut {
  /** What is worth looking at in the keys, the most frequent first. */
  findings: FindingCountOut[];
  /** Whether every key was looked at for findings. Only the newest 1,000 are. */
  findings_complete: boolean;
  /** How long each span is: `minute`, `hour` or `day`. */
  granularity: string;
  kept_since: Time | null;
  /** How full limits were at their peaks of the last hour, the fullest first. Of windows only, of the newest 1,000 keys and of the account. Each is a lower bound: it adds up whole minutes, while the gateway counts every instant. */
  limit_use: LimitUseOut[];
  /** Which limits of which keys had no room, the most frequent first, as far as the request log goes back. */
  limits: LimitCountOut[];
  /** Why requests were refused, the most frequent first, as far as the request log goes back. */
  refusals: ReasonCountOut[];
  /** The start of the first span. */
  since: Time;
  /** Oldest first; spans without requests are not listed. */
  spans: SpanOut[];
  /** The keys most used, the most used first. */
  top_keys: KeyCountOut[];
  /** The sums of all spans. */
  totals: TotalsOut;
  /** The end. */
  until: Time;
}

export type OwnLimits = Record<string, number>;

/** A new password. */
export interface PasswordIn {
  /** The present one. */
  current_password: string;
  /** The new one, 12 to 256 characters. */
  new_password: string;
}

/** Where somebody is a member. */
export interface PersonMembershipOut {
  /** In which account. */
  account: AccountName;
  /** As which member. */
  member_id: string;
  /** As what. */
  role: RoleName;
}

/** Somebody who can sign in. */
export interface PersonOut {
  /** Their e-mail address. */
  email: string;
  /** Whether they can sign in with a password. */
  has_password: boolean;
  /** Whether they have a second factor. */
  has_totp: boolean;
  /** Their id. */
  id: string;
  /** What they are called. */
  name: string;
}

/** Somebody who can sign in, as the operator sees them. */
export type PersonRecordOut = PersonOut & {
  /** Since when. */
  created_at: Time;
  /** Where they are members. */
  memberships: PersonMembershipOut[];
};

/** One page of a list. */
export interface PersonRecordOutPage {
  data: PersonRecordOut[];
  /** Pass it as `cursor` for the next page; null on the last one. Do not take it apart. */
  next_cursor: string | null;
}

/** A secret that was rotated away and still works. */
export interface PreviousSecretOut {
  /** From this instant on it is refused. */
  ends_at: Time;
  /** Its last four characters. */
  last_four: string;
  last_used?: LastUsedOut | null;
}

/** A problem as a client reads it; members that a style leaves out are `None` or empty. */
export interface Problem {
  /** What happened and what to do. */
  detail: string;
  error?: ProblemError | null;
  /** Field by field, for a refused body. */
  errors?: FieldProblem[];
  /** Names this request in the logs of the deployment. */
  request_id?: string | null;
  /** The HTTP status. */
  status: number;
  /** The same for every problem of this kind. */
  title: string;
  /** A URI that names the kind of problem. */
  type: string;
}

/** The member `error` of a problem. */
export interface ProblemError {
  /** Public code, `snake_case`. */
  code: string;
  /** The same text as `detail`. */
  message: string;
}

/** Where a provider is linked. */
export interface ProviderLinkStarted {
  /** Where the browser goes next, within ten minutes. */
  location: string;
}

/** A provider that people can sign in with (OpenID Connect). */
export interface ProviderOut {
  /** Its name in paths. */
  id: string;
  /** Its name for people. */
  name: string;
}

/** Every part is ready. */
export interface Ready {
  /** `ready` */
  status: string;
}

/** How often requests were refused for a reason. */
export interface ReasonCountOut {
  /** How often. */
  count: number;
  /** The precise reason. */
  reason: string;
}

/** Since when a change is in force, gateway by gateway. No request admitted after these instants saw the old state. */
export interface ReceiptOut {
  /** Every gateway that did not answer, and therefore refuses all keys; empty when all is well. */
  fenced: FencedOut[];
  /** Every gateway that applied it. */
  gateways: AppliedOut[];
  /** The place of the change in the change log. */
  revision: number;
}

/** Recovery codes: the only answer that ever shows them. */
export interface RecoveryCodesOut {
  /** Each stands in for a code of the second factor, once. */
  recovery_codes: string[];
}

/** What a caller would be told, and what it is about. */
export interface RefusalOut {
  /** The public code. */
  code: string;
  /** The public sentence. */
  detail: string;
  /** The precise reason, which the caller is not told. */
  reason: string;
  /** The status of the answer. */
  status: number;
}

/** A new account and its owner. */
export interface RegistrationIn {
  /** A name for people. */
  account_name: string;
  /** An e-mail address, in any case. */
  email: string;
  /** A name for people. */
  name: string;
  /** 12 to 256 characters. */
  password: string;
}

/** A new account with its owner, who is signed in: the only answer that ever shows these secrets. */
export interface RegistrationOut {
  /** The account. */
  account: AccountOut;
  /** Its primary key with both secrets. */
  key: KeyIssued;
  /** Its owner. */
  member: MemberOut;
}

/** One change that the request needs. */
export interface RemedyOut {
  /** What to do: `grant_scope`, `enable_key`, ..., or `not_possible`. */
  action: string;
  /** The scope to grant, for `grant_scope`. */
  scope?: string | null;
  /** The same in words. */
  sentence: string;
}

/** One request of the log. It never holds a secret, a path, a query value or a body. */
export interface RequestOut {
  /** Whose key it was; null when no key was recognised. */
  account_id: string | null;
  /** The caller's address. */
  address: string;
  /** When it came. */
  at: Time;
  /** The company that it named, when that is known. */
  company_id: string | null;
  /** Microseconds to the head of the answer. */
  duration_micros: number;
  /** With which half of the key. */
  environment: string | null;
  /** Its id, as the caller was told it in `x-request-id`. */
  id: string;
  /** With which key; null when none was recognised. */
  key_id: string | null;
  /** The limit that had no room. */
  limit: string | null;
  /** The method, or `OTHER`. */
  method: string;
  /** The operation; null when the catalogue has none for it. */
  operation: string | null;
  /** The web origin, when a browser sent one. */
  origin: string | null;
  /** `ok`, `client_error`, `server_error`, `refused` or `limited`. */
  outcome: string;
  /** The precise reason of a refusal, which the caller was not told. */
  reason: string | null;
  /** The answer's status. */
  status: number;
  /** What the caller said of itself, without control characters and at most 512 bytes. */
  user_agent: string | null;
}

/** One page of a list. */
export interface RequestOutPage {
  data: RequestOut[];
  /** Pass it as `cursor` for the next page; null on the last one. Do not take it apart. */
  next_cursor: string | null;
}

/** One request, why it was refused, and what would happen to it now. */
export interface RequestTraceOut {
  /** Why `now` is null. */
  not_replayed?: string | null;
  now: ExplainOut | null;
  refusal: TracedRefusalOut | null;
  /** Which changes would allow the request; empty when it would pass as it is. */
  remedies: RemedyOut[];
  /** What was recorded. */
  request: RequestOut;
  /** Which of the key's secrets it came with, as that stands now: `current`, `previous` or `ended`. */
  secret: string | null;
}

/** What somebody may do in an account. */
export type RoleName = "owner" | "admin" | "developer" | "viewer";

/** How to rotate a key. Everything may be left out. */
export interface RotateIn {
  environments?: ("test" | "live")[] | null;
  /** How long the old secrets live on, in seconds; 0 ends them at once. Never past the key's own expiry. */
  overlap_seconds?: number | null;
}

/** Who is signed in, and what they may do. */
export interface SessionView {
  /** When it ends at the latest, however much it is used. */
  expires_at: Time;
  /** In which accounts, and as what. */
  memberships: MembershipOut[];
  /** Who. */
  person: PersonOut;
  /** The session. */
  session_id: string;
}

/** What somebody signs in with. */
export interface SignInIn {
  /** Six digits of the second factor, or a recovery code. Left out at first; the answer says whether it is needed. */
  code?: string | null;
  /** An e-mail address, in any case. */
  email: string;
  /** The password. */
  password: string;
}

/** How people sign in. */
export interface SignInOptionsOut {
  /** Where callers reach the API, for lines that can be copied; `null` when the deployment does not say. */
  api_url?: string | null;
  /** Nobody can sign in yet. */
  needs_first_owner: boolean;
  /** Where callers put a key, for the same lines. */
  presentations: string[];
  /** What the product is called here. */
  product: string;
  /** The providers that people can sign in with. */
  providers: ProviderOut[];
  /** `open`: anybody registers an account. `invitation`: people are invited by members or by the operator. `operator`: by the operator alone. */
  registration: string;
}

/** The requests of one span. */
export type SpanOut = TotalsOut & {
  /** Its start. */
  start: Time;
};

/** One check of the request. */
export interface StepOut {
  /** Which: `credential`, `status`, `expiry`, `secret`, `freshness`, `operation`, `audience`, `origin`, `scope` or `company`. */
  check: string;
  /** The same in words. */
  sentence: string;
  /** `passed`, `failed` or `not_reached`. */
  state: string;
}

/** RFC 3339, UTC. */
export type Time = string;

/** Requests by outcome. */
export interface TotalsOut {
  /** The upstream answered 4xx, or the caller's request broke off. */
  client_error: number;
  /** A limit had no room. */
  limited: number;
  /** The upstream answered below 400. */
  ok: number;
  /** The gateway said no. */
  refused: number;
  /** The upstream answered 5xx, or could not be reached. */
  server_error: number;
}

/** A code of the second factor. */
export interface TotpCodeIn {
  /** Six digits. */
  code: string;
}

/** A wish for a second factor. */
export interface TotpIn {
  /** The password; left out by who has none. */
  password?: string | null;
}

/** What gives a second factor up. */
export interface TotpOffIn {
  /** Six digits, or a recovery code. */
  code: string;
  /** The password; left out by who has none. */
  password?: string | null;
}

/** A second factor to be confirmed: the only answer that ever shows its secret. */
export interface TotpOffered {
  /** The secret in base 32, for typing it in. */
  secret: string;
  /** The same as `otpauth://totp/...`, for a picture. */
  uri: string;
}

/** Why a request was refused. */
export interface TracedRefusalOut {
  /** The check that failed: `credential`, `status`, `expiry`, `secret`, `freshness`, `operation`, `audience`, `address`, `origin`, `scope`, `company`, `body`, `limit`, `idempotency`, `token`, `identity`, `callback`; or `transport` when no rule was asked. */
  check: string;
  /** The public code that the caller was told; null for what is no refusal by a rule. */
  code: string | null;
  /** The precise reason. */
  reason: string;
  /** The rule and what it was held against, as far as it was recorded. */
  rule: string;
}

/** Requests of one kind in one span. */
export interface UsageCountOut {
  /** How many. */
  count: number;
  /** `test` or `live`. */
  environment: string;
  /** The operation; null when the catalogue had none. */
  operation: string | null;
  /** `ok`, `client_error`, `server_error`, `refused` or `limited`. */
  outcome: string;
  /** The start of the span. */
  start: Time;
}

/** Every operation: what it takes and what it answers. */
export interface Operations {
  /** Whether the process lives. */
  health_get: { path: Nothing; query: Nothing; body: undefined; answer: Alive };
  /** Whether every part of this node is ready to serve. */
  ready_get: { path: Nothing; query: Nothing; body: undefined; answer: Ready };
  /** List accounts, newest first. */
  accounts_list: { path: Nothing; query: { limit?: number | null; cursor?: string | null }; body: undefined; answer: AccountOutPage };
  /** Create an account. */
  accounts_create: { path: Nothing; query: Nothing; body: AccountIn; answer: AccountCreated };
  /** Show an account. */
  accounts_get: { path: { account_id: string }; query: Nothing; body: undefined; answer: AccountOut };
  /** List the changes made in an account, newest first. */
  audit_list: { path: { account_id: string }; query: { limit?: number | null; cursor?: string | null }; body: undefined; answer: AuditEntryOutPage };
  /** Say whether the audit chain of the deployment, which the account's entries are part of, is whole. */
  audit_verify_in_account: { path: { account_id: string }; query: Nothing; body: undefined; answer: AuditVerifiedInAccount };
  /** List the companies of an account, newest first. */
  companies_list: { path: { account_id: string }; query: { limit?: number | null; cursor?: string | null }; body: undefined; answer: CompanyOutPage };
  /** Create a company. */
  companies_create: { path: { account_id: string }; query: Nothing; body: CompanyIn; answer: CompanyChanged };
  /** Show a company. */
  companies_get: { path: { account_id: string; company_id: string }; query: Nothing; body: undefined; answer: CompanyOut };
  /** Delete a company. */
  companies_delete: { path: { account_id: string; company_id: string }; query: Nothing; body: undefined; answer: CompanyDeleted };
  /** Change a company. */
  companies_update: { path: { account_id: string; company_id: string }; query: Nothing; body: CompanyPatch; answer: CompanyChanged };
  /** Follow what changes in an account, as server-sent events. */
  events_follow: { path: { account_id: string }; query: Nothing; body: undefined; answer: undefined };
  /** Say what would happen to a request with a key of an account, and which change would allow it. */
  explain_in_account: { path: { account_id: string }; query: Nothing; body: ExplainIn; answer: ExplainOut };
  /** List whose people act in an account, newest first. */
  identities_list: { path: { account_id: string }; query: { limit?: number | null; cursor?: string | null }; body: undefined; answer: IdentityOutPage };
  /** Let the people of an issuer and directory act in an account. */
  identities_create: { path: { account_id: string }; query: Nothing; body: IdentityIn; answer: IdentityChanged };
  /** Take that back. */
  identities_delete: { path: { account_id: string; identity_id: string }; query: Nothing; body: undefined; answer: IdentityChanged };
  /** List the invitations of an account that can still be accepted, newest first. */
  invitations_list: { path: { account_id: string }; query: { limit?: number | null; cursor?: string | null }; body: undefined; answer: InvitationOutPage };
  /** Invite somebody into an account. */
  invitations_create: { path: { account_id: string }; query: Nothing; body: InvitationIn; answer: InvitationCreated };
  /** Take an invitation back. */
  invitations_delete: { path: { account_id: string; invitation_id: string }; query: Nothing; body: undefined; answer: undefined };
  /** List the keys of an account, newest first. Deleted keys are out of view. */
  keys_list: { path: { account_id: string }; query: { limit?: number | null; cursor?: string | null; status?: string | null; kind?: string | null }; body: undefined; answer: KeyOutPage };
  /** Create a restricted key. */
  keys_create: { path: { account_id: string }; query: Nothing; body: KeyIn; answer: KeyIssued };
  /** Show a key. Its secrets are never shown again. */
  keys_get: { path: { account_id: string; key_id: string }; query: Nothing; body: undefined; answer: KeyOut };
  /** Delete a key: revoke it and take it out of view. */
  keys_delete: { path: { account_id: string; key_id: string }; query: Nothing; body: undefined; answer: KeyDeleted };
  /** Change the settings of a key. */
  keys_update: { path: { account_id: string; key_id: string }; query: Nothing; body: KeyPatch; answer: KeyChanged };
  /** Switch a key off, reversibly. */
  keys_disable: { path: { account_id: string; key_id: string }; query: Nothing; body: undefined; answer: KeyChanged };
  /** Switch a disabled key on again. */
  keys_enable: { path: { account_id: string; key_id: string }; query: Nothing; body: undefined; answer: KeyChanged };
  /** End the old secrets of a rotation before their overlap is over. */
  keys_end_previous: { path: { account_id: string; key_id: string }; query: Nothing; body: EndPreviousIn; answer: KeyChanged };
  /** Revoke a key, for good. */
  keys_revoke: { path: { account_id: string; key_id: string }; query: Nothing; body: undefined; answer: KeyChanged };
  /** Give a key new secrets. */
  keys_rotate: { path: { account_id: string; key_id: string }; query: Nothing; body: RotateIn; answer: KeyIssued };
  /** Count how often a key was used, by operation and outcome. */
  keys_usage: { path: { account_id: string; key_id: string }; query: { granularity?: string | null; since?: string | null; until?: string | null }; body: undefined; answer: KeyUsageOut };
  /** List the members of an account, newest first. */
  members_list: { path: { account_id: string }; query: { limit?: number | null; cursor?: string | null }; body: undefined; answer: MemberOutPage };
  /** Remove a member from an account. */
  members_delete: { path: { account_id: string; member_id: string }; query: { keys?: string | null }; body: undefined; answer: MemberDeleted };
  /** Change the role of a member. */
  members_update: { path: { account_id: string; member_id: string }; query: Nothing; body: MemberPatch; answer: MemberChanged };
  /** Show an account at a glance: requests by outcome over time, the keys most used, refusals by reason, findings. */
  overview_get: { path: { account_id: string }; query: { environment?: string | null; hours?: number | null }; body: undefined; answer: OverviewOut };
  /** List the requests with an account's keys, newest first. */
  requests_list: { path: { account_id: string }; query: { limit?: number | null; cursor?: string | null; key_id?: string | null; operation?: string | null; status?: string | null; reason?: string | null; environment?: string | null; since?: string | null; until?: string | null }; body: undefined; answer: RequestOutPage };
  /** Show a request with one of an account's keys: why it was refused, and what would allow it. */
  requests_get: { path: { account_id: string; request_id: string }; query: Nothing; body: undefined; answer: RequestTraceOut };
  /** List the changes made in the whole deployment, newest first. */
  audit_list_all: { path: Nothing; query: { limit?: number | null; cursor?: string | null }; body: undefined; answer: AuditEntryOutPage };
  /** Walk along the whole audit chain and say whether every entry fits. */
  audit_verify: { path: Nothing; query: Nothing; body: undefined; answer: AuditVerified };
  /** Say what would happen to a request, and which change would allow it. */
  explain: { path: Nothing; query: Nothing; body: ExplainIn; answer: ExplainOut };
  /** Accept an invitation. */
  invitations_accept: { path: Nothing; query: Nothing; body: InvitationAcceptIn; answer: SessionView };
  /** Show what an invitation is for. */
  invitations_look_up: { path: Nothing; query: Nothing; body: InvitationTokenIn; answer: InvitationSeen };
  /** Change one's name. */
  me_update: { path: Nothing; query: Nothing; body: MePatch; answer: SessionView };
  /** Change one's password. */
  me_password: { path: Nothing; query: Nothing; body: PasswordIn; answer: SessionView };
  /** List the providers that one signs in with, the oldest link first. */
  me_providers_list: { path: Nothing; query: Nothing; body: undefined; answer: LinkedProviderOutPage };
  /** Begin to link a provider, as a further way to sign in. */
  me_providers_link: { path: { provider_id: string }; query: Nothing; body: ConfirmationIn; answer: ProviderLinkStarted };
  /** Remove what links one to a provider. */
  me_providers_unlink: { path: { provider_id: string }; query: Nothing; body: ConfirmationIn; answer: SessionView };
  /** Make new recovery codes; the old ones end. */
  me_recovery_codes: { path: Nothing; query: Nothing; body: TotpCodeIn; answer: RecoveryCodesOut };
  /** List where one is signed in, newest first. */
  me_sessions_list: { path: Nothing; query: Nothing; body: undefined; answer: DeviceOutPage };
  /** Sign out everywhere, here too. */
  me_sessions_delete_all: { path: Nothing; query: Nothing; body: undefined; answer: undefined };
  /** Sign out somewhere. */
  me_sessions_delete: { path: { session_id: string }; query: Nothing; body: undefined; answer: undefined };
  /** Confirm the second factor with a code. */
  me_totp_confirm: { path: Nothing; query: Nothing; body: TotpCodeIn; answer: RecoveryCodesOut };
  /** Begin to set up a second factor (RFC 6238). */
  me_totp_create: { path: Nothing; query: Nothing; body: TotpIn; answer: TotpOffered };
  /** Give the second factor up. */
  me_totp_delete: { path: Nothing; query: Nothing; body: TotpOffIn; answer: SessionView };
  /** This document. */
  openapi_get: { path: Nothing; query: Nothing; body: undefined; answer: Document };
  /** List the operations of the upstream, in the order of the catalogue. */
  operations_list: { path: Nothing; query: { limit?: number | null; cursor?: string | null }; body: undefined; answer: OperationOutPage };
  /** List operator tokens, newest first, revoked ones too. */
  operator_tokens_list: { path: Nothing; query: { limit?: number | null; cursor?: string | null }; body: undefined; answer: OperatorTokenOutPage };
  /** Create an operator token. */
  operator_tokens_create: { path: Nothing; query: Nothing; body: OperatorTokenIn; answer: OperatorTokenCreated };
  /** Revoke an operator token, for good. */
  operator_tokens_revoke: { path: { operator_token_id: string }; query: Nothing; body: undefined; answer: OperatorTokenChanged };
  /** List everybody who can sign in here, newest first. */
  persons_list: { path: Nothing; query: { limit?: number | null; cursor?: string | null }; body: undefined; answer: PersonRecordOutPage };
  /** Forget a person: they cannot sign in any more and are a member nowhere. */
  persons_delete: { path: { person_id: string }; query: Nothing; body: undefined; answer: undefined };
  /** List where a person is signed in, newest first. */
  persons_sessions: { path: { person_id: string }; query: Nothing; body: undefined; answer: DeviceOutPage };
  /** Sign a person out everywhere. */
  persons_sign_out: { path: { person_id: string }; query: Nothing; body: undefined; answer: undefined };
  /** Take a person's second factor away, for somebody who lost it. */
  persons_totp_delete: { path: { person_id: string }; query: Nothing; body: undefined; answer: undefined };
  /** Register: an account, its owner and its primary key. */
  registrations_create: { path: Nothing; query: Nothing; body: RegistrationIn; answer: RegistrationOut };
  /** Show any request by its id alone, also one without a key. */
  requests_find: { path: { request_id: string }; query: Nothing; body: undefined; answer: RequestTraceOut };
  /** Show who is signed in, in which accounts, and what they may do there. */
  session_get: { path: Nothing; query: Nothing; body: undefined; answer: SessionView };
  /** Sign in with a password, and with a code where the person has a second factor. */
  session_create: { path: Nothing; query: Nothing; body: SignInIn; answer: SessionView };
  /** Sign out here. */
  session_delete: { path: Nothing; query: Nothing; body: undefined; answer: undefined };
  /** Say how people sign in here. */
  sign_in_options_get: { path: Nothing; query: Nothing; body: undefined; answer: SignInOptionsOut };
  /** Go to a provider to sign in there. */
  oidc_start: { path: { provider_id: string }; query: Nothing; body: undefined; answer: undefined };
  /** Come back from a provider. */
  oidc_callback: { path: { provider_id: string }; query: { code?: string | null; state?: string | null; error?: string | null }; body: undefined; answer: undefined };
}

/** Where every operation is. */
export const routes: { readonly [O in keyof Operations]: readonly [method: string, path: string] } = {
  health_get: ["GET", "/healthz"],
  ready_get: ["GET", "/readyz"],
  accounts_list: ["GET", "/v1/accounts"],
  accounts_create: ["POST", "/v1/accounts"],
  accounts_get: ["GET", "/v1/accounts/{account_id}"],
  audit_list: ["GET", "/v1/accounts/{account_id}/audit"],
  audit_verify_in_account: ["GET", "/v1/accounts/{account_id}/audit/verification"],
  companies_list: ["GET", "/v1/accounts/{account_id}/companies"],
  companies_create: ["POST", "/v1/accounts/{account_id}/companies"],
  companies_get: ["GET", "/v1/accounts/{account_id}/companies/{company_id}"],
  companies_delete: ["DELETE", "/v1/accounts/{account_id}/companies/{company_id}"],
  companies_update: ["PATCH", "/v1/accounts/{account_id}/companies/{company_id}"],
  events_follow: ["GET", "/v1/accounts/{account_id}/events"],
  explain_in_account: ["POST", "/v1/accounts/{account_id}/explain"],
  identities_list: ["GET", "/v1/accounts/{account_id}/identities"],
  identities_create: ["POST", "/v1/accounts/{account_id}/identities"],
  identities_delete: ["DELETE", "/v1/accounts/{account_id}/identities/{identity_id}"],
  invitations_list: ["GET", "/v1/accounts/{account_id}/invitations"],
  invitations_create: ["POST", "/v1/accounts/{account_id}/invitations"],
  invitations_delete: ["DELETE", "/v1/accounts/{account_id}/invitations/{invitation_id}"],
  keys_list: ["GET", "/v1/accounts/{account_id}/keys"],
  keys_create: ["POST", "/v1/accounts/{account_id}/keys"],
  keys_get: ["GET", "/v1/accounts/{account_id}/keys/{key_id}"],
  keys_delete: ["DELETE", "/v1/accounts/{account_id}/keys/{key_id}"],
  keys_update: ["PATCH", "/v1/accounts/{account_id}/keys/{key_id}"],
  keys_disable: ["POST", "/v1/accounts/{account_id}/keys/{key_id}/disable"],
  keys_enable: ["POST", "/v1/accounts/{account_id}/keys/{key_id}/enable"],
  keys_end_previous: ["POST", "/v1/accounts/{account_id}/keys/{key_id}/end-previous"],
  keys_revoke: ["POST", "/v1/accounts/{account_id}/keys/{key_id}/revoke"],
  keys_rotate: ["POST", "/v1/accounts/{account_id}/keys/{key_id}/rotate"],
  keys_usage: ["GET", "/v1/accounts/{account_id}/keys/{key_id}/usage"],
  members_list: ["GET", "/v1/accounts/{account_id}/members"],
  members_delete: ["DELETE", "/v1/accounts/{account_id}/members/{member_id}"],
  members_update: ["PATCH", "/v1/accounts/{account_id}/members/{member_id}"],
  overview_get: ["GET", "/v1/accounts/{account_id}/overview"],
  requests_list: ["GET", "/v1/accounts/{account_id}/requests"],
  requests_get: ["GET", "/v1/accounts/{account_id}/requests/{request_id}"],
  audit_list_all: ["GET", "/v1/audit"],
  audit_verify: ["GET", "/v1/audit/verify"],
  explain: ["POST", "/v1/explain"],
  invitations_accept: ["POST", "/v1/invitations/accept"],
  invitations_look_up: ["POST", "/v1/invitations/look-up"],
  me_update: ["PATCH", "/v1/me"],
  me_password: ["PUT", "/v1/me/password"],
  me_providers_list: ["GET", "/v1/me/providers"],
  me_providers_link: ["POST", "/v1/me/providers/{provider_id}"],
  me_providers_unlink: ["DELETE", "/v1/me/providers/{provider_id}"],
  me_recovery_codes: ["POST", "/v1/me/recovery-codes"],
  me_sessions_list: ["GET", "/v1/me/sessions"],
  me_sessions_delete_all: ["DELETE", "/v1/me/sessions"],
  me_sessions_delete: ["DELETE", "/v1/me/sessions/{session_id}"],
  me_totp_confirm: ["PUT", "/v1/me/totp"],
  me_totp_create: ["POST", "/v1/me/totp"],
  me_totp_delete: ["DELETE", "/v1/me/totp"],
  openapi_get: ["GET", "/v1/openapi.json"],
  operations_list: ["GET", "/v1/operations"],
  operator_tokens_list: ["GET", "/v1/operator-tokens"],
  operator_tokens_create: ["POST", "/v1/operator-tokens"],
  operator_tokens_revoke: ["POST", "/v1/operator-tokens/{operator_token_id}/revoke"],
  persons_list: ["GET", "/v1/persons"],
  persons_delete: ["DELETE", "/v1/persons/{person_id}"],
  persons_sessions: ["GET", "/v1/persons/{person_id}/sessions"],
  persons_sign_out: ["DELETE", "/v1/persons/{person_id}/sessions"],
  persons_totp_delete: ["DELETE", "/v1/persons/{person_id}/totp"],
  registrations_create: ["POST", "/v1/registrations"],
  requests_find: ["GET", "/v1/requests/{request_id}"],
  session_get: ["GET", "/v1/session"],
  session_create: ["POST", "/v1/session"],
  session_delete: ["DELETE", "/v1/session"],
  sign_in_options_get: ["GET", "/v1/sign-in-options"],
  oidc_start: ["GET", "/v1/sign-in/oidc/{provider_id}"],
  oidc_callback: ["GET", "/v1/sign-in/oidc/{provider_id}/callback"],
};
