//! Durable truth: rows, change log, audit chain.
