//! The catalogue file: read, write, check, and import from OpenAPI.
