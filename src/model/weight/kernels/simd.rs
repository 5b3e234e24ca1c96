//! The vector operations that the kernels are written in. A type that implements [`Simd`] is a
//! proof that this processor has them: it is only made where that was found out.

/// Operations on 16 bytes and on 8 float32.
pub(super) trait Simd: Copy {
    /// 16 bytes.
    type Bytes: Copy;
    /// Eight float32.
    type Floats: Copy;

    /// Calls `f` in a function of its own that is compiled for these instructions.
    fn apart(self, f: impl FnOnce());

    /// 16 bytes from memory.
    fn bytes(self, from: &[u8; 16]) -> Self::Bytes;
    /// A byte for each of 16 bits, lowest first: all ones where it is set, else zero.
    fn spread(self, bits: u16) -> Self::Bytes;
    /// 16 times the same byte.
    fn splat_byte(self, byte: u8) -> Self::Bytes;
    /// Bitwise.
    fn and(self, a: Self::Bytes, b: Self::Bytes) -> Self::Bytes;
    /// Bitwise.
    fn or(self, a: Self::Bytes, b: Self::Bytes) -> Self::Bytes;
    /// `a - b` of each byte, modulo 256.
    fn sub(self, a: Self::Bytes, b: Self::Bytes) -> Self::Bytes;
    /// Bits to the left, below 8. Those that leave a byte may enter its neighbour.
    fn shl(self, a: Self::Bytes, by: i32) -> Self::Bytes;
    /// Bits to the right, below 8. Those that leave a byte may enter its neighbour.
    fn shr(self, a: Self::Bytes, by: i32) -> Self::Bytes;

    /// Eight of the bytes, the first ones (`which` is 0) or the last ones (1), as unsigned numbers.
    fn unsigned(self, bytes: Self::Bytes, which: usize) -> Self::Floats;
    /// The same as signed numbers times 2²⁴.
    fn signed(self, bytes: Self::Bytes, which: usize) -> Self::Floats;

    /// Eight unsigned bytes as numbers.
    fn eight_unsigned(self, bytes: [u8; 8]) -> Self::Floats;
    /// Eight signed bytes as numbers.
    fn eight_signed(self, bytes: [u8; 8]) -> Self::Floats;
    /// Eight bytes, each a float of four exponent and three mantissa bits (`E4M3`), as numbers.
    fn eight_e4m3(self, bytes: [u8; 8]) -> Self::Floats;
    /// Which of 16 numbers each of eight of the bytes names, the first ones (`which` is 0) or the
    /// last ones (1). The bytes must be below 16.
    fn pick(self, numbers: &[f32; 16], bytes: Self::Bytes, which: usize) -> Self::Floats;
    /// Eight times the same number.
    fn splat(self, number: f32) -> Self::Floats;
    /// Eight numbers from memory.
    fn floats(self, from: &[f32; 8]) -> Self::Floats;
    /// Eight numbers to memory.
    fn store(self, numbers: Self::Floats, to: &mut [f32; 8]);
    /// Eight float16 as float32.
    fn widen_f16(self, from: &[u8; 16]) -> Self::Floats;
    /// Eight bfloat16 as float32.
    fn widen_bf16(self, from: &[u8; 16]) -> Self::Floats;
    /// A float16, eight times.
    fn splat_f16(self, from: [u8; 2]) -> Self::Floats;
    /// `a * b`.
    fn mul(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// `a / b`.
    fn div(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// `a + b`.
    fn add(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// `a * b + c`, rounded once.
    fn mul_add(self, a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats;
    /// The sum of all eight.
    fn total(self, numbers: Self::Floats) -> f32;
    /// The sums of each.
    fn totals(self, numbers: [Self::Floats; 4]) -> [f32; 4];
}
