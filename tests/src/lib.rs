//! srlm tests.
