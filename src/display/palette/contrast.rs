//! Black or white, whichever can be read on a ground.

use ratatui::style::Color;

/// Black or white, of the kind of colour that the ground is.
pub fn ink_on(ground: Color) -> Color {
    let light = luminance(rgb(ground)) > DARK;
    match ground {
        Color::Rgb(..) if light => Color::Rgb(0, 0, 0),
        Color::Rgb(..) => Color::Rgb(255, 255, 255),
        Color::Indexed(_) if light => Color::Indexed(16),
        Color::Indexed(_) => Color::Indexed(231),
        _ if light => Color::Black,
        _ => Color::White,
    }
}

/// The luminance on which black and white text have the same contrast:
/// (1 + 0.05) / (Y + 0.05) = (Y + 0.05) / 0.05.
const DARK: f64 = 0.179;

/// Contrast of two colours as WCAG defines it, 1 to 21.
#[cfg(test)]
pub fn contrast(a: Color, b: Color) -> f64 {
    let (a, b) = (luminance(rgb(a)), luminance(rgb(b)));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// Relative luminance, 0 to 1.
pub fn luminance(rgb: [u8; 3]) -> f64 {
    let [r, g, b] = rgb.map(linear);
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

/// A channel without its gamma, 0 to 1.
pub fn linear(channel: u8) -> f64 {
    let value = f64::from(channel) / 255.0;
    if value <= 0.040_45 {
        value / 12.92
    } else {
        ((value + 0.055) / 1.055).powf(2.4)
    }
}

/// What a colour most likely looks like: for the 16, which are the user's own, xterm's.
pub fn rgb(colour: Color) -> [u8; 3] {
    match colour {
        Color::Rgb(r, g, b) => [r, g, b],
        Color::Indexed(index @ 16..=231) => {
            let level = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
            let index = index - 16;
            [level(index / 36), level(index / 6 % 6), level(index % 6)]
        }
        Color::Indexed(index @ 232..) => [8 + 10 * (index - 232); 3],
        Color::Indexed(index) => NAMED[usize::from(index)],
        Color::Reset | Color::Black => NAMED[0],
        Color::Red => NAMED[1],
        Color::Green => NAMED[2],
        Color::Yellow => NAMED[3],
        Color::Blue => NAMED[4],
        Color::Magenta => NAMED[5],
        Color::Cyan => NAMED[6],
        Color::Gray => NAMED[7],
        Color::DarkGray => NAMED[8],
        Color::LightRed => NAMED[9],
        Color::LightGreen => NAMED[10],
        Color::LightYellow => NAMED[11],
        Color::LightBlue => NAMED[12],
        Color::LightMagenta => NAMED[13],
        Color::LightCyan => NAMED[14],
        Color::White => NAMED[15],
    }
}

const NAMED: [[u8; 3]; 16] = [
    [0, 0, 0],
    [205, 0, 0],
    [0, 205, 0],
    [205, 205, 0],
    [0, 0, 238],
    [205, 0, 205],
    [0, 205, 205],
    [229, 229, 229],
    [127, 127, 127],
    [255, 0, 0],
    [0, 255, 0],
    [255, 255, 0],
    [92, 92, 255],
    [255, 0, 255],
    [0, 255, 255],
    [255, 255, 255],
];
