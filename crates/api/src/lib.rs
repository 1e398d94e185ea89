//! The control API's contract: wire types, problems, OpenAPI 3.1.
