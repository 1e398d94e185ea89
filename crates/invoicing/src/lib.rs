//! A reference e-invoicing API that trusts nothing but the signed context.
