//! The control plane: authority, operations, audit.
