//! Number formats that GGUF files are written in.

use super::quantize;
use crate::weights::Element;

/// A number format of a GGUF file, or of one of its tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GgufFormat {
    /// 32-bit floats: exact.
    F32,
    /// 16-bit floats, rounded to nearest.
    F16,
    /// Floats of 8 exponent and 7 fraction bits, rounded to nearest.
    Bf16,
    /// Blocks of 32 8-bit integers and a 16-bit scale: 8.5 bits a weight.
    Q8_0,
    /// Blocks of 32 4-bit integers and a 16-bit scale: 4.5 bits a weight.
    Q4_0,
}

impl GgufFormat {
    /// Every format, most exact first.
    pub const ALL: [Self; 5] = [Self::F32, Self::F16, Self::Bf16, Self::Q8_0, Self::Q4_0];

    /// As llama.cpp calls it: `F32`, `F16`, `BF16`, `Q8_0`, `Q4_0`.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::Bf16 => "BF16",
            Self::Q8_0 => "Q8_0",
            Self::Q4_0 => "Q4_0",
        }
    }

    /// The format that is called `name`, in capital or small letters.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name().eq_ignore_ascii_case(name))
    }

    /// Number of the type in the table of tensors (`enum ggml_type` in `ggml.h`).
    pub(super) fn ggml(self) -> u32 {
        match self {
            Self::F32 => 0,
            Self::F16 => 1,
            Self::Q4_0 => 2,
            Self::Q8_0 => 8,
            Self::Bf16 => 30,
        }
    }

    /// Number of a file of mostly this format (`enum llama_ftype` in `llama.h`).
    pub(super) fn file_type(self) -> i64 {
        match self {
            Self::F32 => 0,
            Self::F16 => 1,
            Self::Q4_0 => 2,
            Self::Q8_0 => 7,
            Self::Bf16 => 32,
        }
    }

    /// As the reader knows it.
    pub(super) fn element(self) -> Element {
        match self {
            Self::F32 => Element::F32,
            Self::F16 => Element::F16,
            Self::Bf16 => Element::Bf16,
            Self::Q8_0 => Element::Q8_0,
            Self::Q4_0 => Element::Q4_0,
        }
    }

    /// What a tensor of `shape` (outermost axis first), called `name` in the file, is stored as in
    /// a file of this format.
    ///
    /// Norms and biases stay F32, and rows that are no whole number of blocks become F16. In a Q4_0
    /// file the matrix that gives the logits, `output.weight` or the embedding that stands for it,
    /// is Q8_0: llama.cpp gives it more bits, too.
    ///
    /// # Source
    /// llama.cpp, `conversion/base.py: prepare_tensors` and `llama-quant.cpp:
    /// llama_tensor_get_type_impl`, which takes Q6_K for the matrix of the logits where its rows
    /// allow.
    pub(super) fn of_tensor(self, name: &str, shape: &[usize], tied: bool) -> Self {
        let logits = name == "output.weight" || (tied && name == "token_embd.weight");
        match shape {
            [] | [_] => Self::F32,
            _ if name.ends_with("_norm.weight") => Self::F32,
            [.., row] if self.element().row_bytes(*row).is_none() => Self::F16,
            _ if self == Self::Q4_0 && logits => Self::Q8_0,
            _ => self,
        }
    }

    /// Appends the stored form of `values`, whole blocks of a row or several.
    ///
    /// # Errors
    /// The first value that this format cannot hold.
    pub(super) fn store(self, values: &[f32], out: &mut Vec<u8>) -> Result<(), f32> {
        match self {
            Self::F32 => values.iter().for_each(|value| out.extend(value.to_le_bytes())),
            Self::F16 => return quantize::f16(values, out),
            Self::Bf16 => return quantize::bf16(values, out),
            Self::Q8_0 => return quantize::q8_0(values, out),
            Self::Q4_0 => return quantize::q4_0(values, out),
        }
        Ok(())
    }
}
