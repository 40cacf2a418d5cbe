//! Every prompt's fate, and the table of all fates, in a small run made by hand.
#![allow(clippy::unwrap_used)]

mod funnel;
mod run;
mod trace;
