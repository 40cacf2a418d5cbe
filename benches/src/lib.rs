//! srlm benches.
