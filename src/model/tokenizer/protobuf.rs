//! The wire format of protocol buffers, as far as SentencePiece models need it: a message is a row
//! of numbered fields. Nothing is copied, and no length is believed that the bytes do not bear out.

/// What is wrong with the bytes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Damaged;

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Field<'a> {
    Number(u64),
    /// A text, bytes, or a message within the message.
    Bytes(&'a [u8]),
    Float(f32),
    /// Of a width that nothing here has.
    Other,
}

/// The fields of a message in the order in which they stand, each with its number.
#[derive(Clone, Debug)]
pub(super) struct Fields<'a>(pub &'a [u8]);

impl<'a> Fields<'a> {
    fn field(&mut self) -> Result<(u64, Field<'a>), Damaged> {
        let tag = self.number()?;
        let field = match tag & 7 {
            0 => Field::Number(self.number()?),
            1 => {
                self.bytes(8)?;
                Field::Other
            }
            2 => {
                let length = self.number()?;
                Field::Bytes(self.bytes(usize::try_from(length).map_err(|_| Damaged)?)?)
            }
            5 => {
                let bytes = self.bytes(4)?;
                Field::Float(f32::from_le_bytes(bytes.try_into().map_err(|_| Damaged)?))
            }
            _ => return Err(Damaged),
        };
        match tag >> 3 {
            0 => Err(Damaged),
            number => Ok((number, field)),
        }
    }

    fn bytes(&mut self, length: usize) -> Result<&'a [u8], Damaged> {
        let (bytes, rest) = self.0.split_at_checked(length).ok_or(Damaged)?;
        self.0 = rest;
        Ok(bytes)
    }

    /// Seven bits a byte, the lowest first; the eighth says whether another byte follows.
    fn number(&mut self) -> Result<u64, Damaged> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = u64::from(self.bytes(1)?[0]);
            number |= (byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Damaged)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Field<'a>), Damaged>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_numbers_and_values() {
        let bytes = [
            0x08, 0x96, 0x01, 0x12, 0x02, b'h', b'i', 0x1d, 0, 0, 0x80, 0x3f,
        ];
        let fields: Vec<_> = Fields(&bytes).collect();
        assert_eq!(
            fields,
            [
                Ok((1, Field::Number(150))),
                Ok((2, Field::Bytes(b"hi"))),
                Ok((3, Field::Float(1.0)))
            ]
        );
    }

    #[test]
    fn what_does_not_add_up_is_damaged_and_ends() {
        for bytes in [
            &[0x12, 0x05, b'h'][..],
            &[0x08],
            &[0x0b],
            &[0x00, 0x00],
            &[0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255],
            &[0x12, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1],
        ] {
            let fields: Vec<_> = Fields(bytes).collect();
            assert_eq!(fields, [Err(Damaged)], "{bytes:?}");
        }
    }
}
