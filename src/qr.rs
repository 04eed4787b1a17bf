//! Drawing a link as a QR picture: SVG for screens, PNG for whatever takes no SVG.
//!
//! Error correction level M and a quiet zone of four modules, as ISO/IEC 18004 asks. The link is
//! upper-case, so it packs in alphanumeric mode and the modules stay large.

use qrcode::{Color, QrCode, render::svg};

/// The least width and height of a picture, in pixels.
const LEAST_SIZE: u32 = 512;
/// Modules of light around the symbol.
const QUIET_ZONE: usize = 4;

/// The link as an SVG document.
///
/// # Errors
/// When it is too long for a symbol.
pub fn svg(link: &str) -> Result<String, String> {
    let symbol = QrCode::new(link).map_err(|error| error.to_string())?;
    Ok(symbol.render::<svg::Color<'_>>().min_dimensions(LEAST_SIZE, LEAST_SIZE).build())
}

/// The link as a PNG file, one bit a pixel.
///
/// # Errors
/// When it is too long for a symbol.
pub fn png(link: &str) -> Result<Vec<u8>, String> {
    let symbol = QrCode::new(link).map_err(|error| error.to_string())?;
    let modules = symbol.width() + 2 * QUIET_ZONE;
    let size = u32::try_from(modules).map_err(|error| error.to_string())?;
    let scale = LEAST_SIZE.div_ceil(size);
    let rows = rows(&symbol, modules, usize::try_from(scale).unwrap_or(1));
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, size * scale, size * scale);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header().map_err(|error| error.to_string())?;
    writer.write_image_data(&rows).map_err(|error| error.to_string())?;
    writer.finish().map_err(|error| error.to_string())?;
    Ok(file)
}

/// The pixels, row by row: eight a byte, the leftmost in the highest bit, 1 for light.
fn rows(symbol: &QrCode, modules: usize, scale: usize) -> Vec<u8> {
    let width = symbol.width();
    let colors = symbol.to_colors();
    let is_light = |x: usize, y: usize| {
        let inside = |at: usize| at.checked_sub(QUIET_ZONE).filter(|at| *at < width);
        let module = inside(x).zip(inside(y)).and_then(|(x, y)| colors.get(y * width + x));
        module != Some(&Color::Dark)
    };
    let row_bytes = (modules * scale).div_ceil(8);
    let mut rows = Vec::with_capacity(row_bytes * modules * scale);
    for y in 0..modules {
        let mut row = vec![0_u8; row_bytes];
        for pixel in (0..modules * scale).filter(|pixel| is_light(pixel / scale, y)) {
            if let Some(byte) = row.get_mut(pixel / 8) {
                *byte |= 0x80 >> (pixel % 8);
            }
        }
        (0..scale).for_each(|_| rows.extend_from_slice(&row));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: &str = "HTTPS://LOCALHOST:8443/S/000001R749JR13SHR9F0FPAAPSQ16";

    #[test]
    fn an_upper_case_link_fits_a_small_symbol() {
        let upper = QrCode::new(LINK).unwrap();
        assert!(upper.width() < QrCode::new(LINK.to_lowercase()).unwrap().width());
        assert_eq!(upper.error_correction_level(), qrcode::EcLevel::M);
    }

    #[test]
    fn the_svg_scales_and_stays_crisp() {
        let svg = svg(LINK).unwrap();
        assert!(svg.contains("viewBox=\"0 0 ") && svg.contains("crispEdges"));
    }

    #[test]
    fn the_png_shows_every_module_with_light_around_it() {
        let file = png(LINK).unwrap();
        let mut decoder = png::Decoder::new(std::io::Cursor::new(file));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        let (width, height) = (info.width as usize, info.height as usize);
        assert!(width >= 512 && width == height);

        let symbol = QrCode::new(LINK).unwrap();
        let scale = width / (symbol.width() + 8);
        let is_dark = |x: usize, y: usize| {
            pixels[(y * scale + scale / 2) * width + x * scale + scale / 2] == 0
        };
        for y in 0..symbol.width() + 8 {
            for x in 0..symbol.width() + 8 {
                let inside =
                    (4..symbol.width() + 4).contains(&x) && (4..symbol.width() + 4).contains(&y);
                let dark = inside && symbol[(x - 4, y - 4)] == Color::Dark;
                assert_eq!(is_dark(x, y), dark, "{x} {y}");
            }
        }
    }
}
