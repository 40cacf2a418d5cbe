//! Engines that answer files of requests: OpenAI's batch form, which `vllm run-batch` reads as
//! well.

mod reader;
mod writer;

pub use reader::BatchReader;
pub use writer::BatchWriter;
