//! Admission: the only code that may say yes.
