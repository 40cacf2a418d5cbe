//! Finds NaN and infinity before `serde_json` turns them into `null` in silence.

use std::fmt::Display;

use serde::ser::{self, Serialize, Serializer};

use crate::RowProblem;

/// Fails at the first number that JSON cannot hold, with the path of its field.
pub(crate) fn check_finite<T: Serialize + ?Sized>(value: &T) -> Result<(), RowProblem> {
    value.serialize(&mut Walk { path: Vec::new() })
}

/// A serializer that writes nothing and knows where it is.
struct Walk {
    path: Vec<&'static str>,
}

type Checked = Result<(), RowProblem>;

impl Walk {
    fn number(&self, value: f64) -> Checked {
        if value.is_finite() {
            return Ok(());
        }
        Err(RowProblem::new(self.path.join("."), format!("is {value}, which JSON cannot hold")))
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Checked {
        self.path.push(name);
        value.serialize(&mut *self)?;
        self.path.pop();
        Ok(())
    }
}

impl ser::Error for RowProblem {
    fn custom<T: Display>(message: T) -> Self {
        Self::new("", message.to_string())
    }
}

macro_rules! pass {
    ($($method:ident($($argument:ty),*))*) => {
        $(fn $method(self, $(_: $argument),*) -> Checked { Ok(()) })*
    };
}

macro_rules! descend {
    ($($method:ident($($argument:ty),*))*) => {
        $(fn $method(self, $(_: $argument),*) -> Result<Self, RowProblem> { Ok(self) })*
    };
}

impl Serializer for &mut Walk {
    type Ok = ();
    type Error = RowProblem;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    pass! {
        serialize_bool(bool) serialize_char(char) serialize_str(&str) serialize_bytes(&[u8])
        serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64) serialize_i128(i128)
        serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64) serialize_u128(u128)
        serialize_none() serialize_unit() serialize_unit_struct(&'static str)
        serialize_unit_variant(&'static str, u32, &'static str)
    }

    descend! {
        serialize_seq(Option<usize>)
        serialize_tuple(usize)
        serialize_tuple_struct(&'static str, usize)
        serialize_tuple_variant(&'static str, u32, &'static str, usize)
        serialize_map(Option<usize>)
        serialize_struct(&'static str, usize)
        serialize_struct_variant(&'static str, u32, &'static str, usize)
    }

    fn serialize_f32(self, value: f32) -> Checked {
        self.number(value.into())
    }

    fn serialize_f64(self, value: f64) -> Checked {
        self.number(value)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Checked {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Checked {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        value: &T,
    ) -> Checked {
        self.field(name, value)
    }
}

macro_rules! elements {
    ($($compound:ident::$method:ident)*) => {
        $(impl ser::$compound for &mut Walk {
            type Ok = ();
            type Error = RowProblem;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Checked {
                value.serialize(&mut **self)
            }

            pass! { end() }
        })*
    };
}

elements! {
    SerializeSeq::serialize_element
    SerializeTuple::serialize_element
    SerializeTupleStruct::serialize_field
    SerializeTupleVariant::serialize_field
}

macro_rules! fields {
    ($($compound:ident)*) => {
        $(impl ser::$compound for &mut Walk {
            type Ok = ();
            type Error = RowProblem;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Checked {
                self.field(name, value)
            }

            pass! { end() }
        })*
    };
}

fields! { SerializeStruct SerializeStructVariant }

impl ser::SerializeMap for &mut Walk {
    type Ok = ();
    type Error = RowProblem;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, _: &T) -> Checked {
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Checked {
        value.serialize(&mut **self)
    }

    pass! { end() }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::*;

    #[derive(Serialize, Default)]
    struct Outer {
        text: String,
        inner: Option<Inner>,
        list: Vec<f32>,
    }

    #[derive(Serialize)]
    struct Inner {
        value: Option<f64>,
    }

    fn problem(outer: &Outer) -> String {
        check_finite(outer).unwrap_err().to_string()
    }

    #[test]
    fn the_field_of_a_number_that_json_cannot_hold_is_named() {
        let inner = |value| Outer { inner: Some(Inner { value }), ..Outer::default() };
        assert_eq!(problem(&inner(Some(f64::NAN))), "`inner.value` is NaN, which JSON cannot hold");
        let list = Outer { list: vec![1.0, f32::NEG_INFINITY], text: "NaN".into(), inner: None };
        assert_eq!(problem(&list), "`list` is -inf, which JSON cannot hold");
        assert_eq!(check_finite(&inner(Some(1.0))), Ok(()));
        assert_eq!(check_finite(&inner(None)), Ok(()));
        assert!(check_finite(&std::collections::BTreeMap::from([("a", f64::INFINITY)])).is_err());
    }
}
