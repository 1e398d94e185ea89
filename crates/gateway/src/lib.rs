//! The data plane: listen, decide, forward, cut, record.
