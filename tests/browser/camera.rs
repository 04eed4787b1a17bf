//! What a camera sees: a picture held in front of it.

use std::path::{Path, PathBuf};

const WIDTH: usize = 640;
const HEIGHT: usize = 480;
/// The longer side of the picture in the frame; a phone at arm's length sees it about as large.
const SIDE: usize = 400;

/// Writes a Y4M film, in which a PNG picture hangs on a white wall, and gives its path.
pub fn film(picture: &[u8], directory: &Path) -> PathBuf {
    let picture = Picture::decode(picture);
    let longer = picture.width.max(picture.height);
    let (width, height) = (picture.width * SIDE / longer, picture.height * SIDE / longer);
    let (left, top) = ((WIDTH - width) / 2, (HEIGHT - height) / 2);
    let mut luma = vec![235_u8; WIDTH * HEIGHT];
    for y in 0..height {
        for x in 0..width {
            let grey = picture.grey(x * picture.width / width, y * picture.height / height);
            // Video levels: black is 16 and white 235.
            luma[(top + y) * WIDTH + left + x] =
                16 + u8::try_from(u16::from(grey) * 219 / 255).unwrap();
        }
    }
    let mut film = format!("YUV4MPEG2 W{WIDTH} H{HEIGHT} F10:1 Ip A1:1 C420mpeg2\n").into_bytes();
    for _frame in 0..2 {
        film.extend_from_slice(b"FRAME\n");
        film.extend_from_slice(&luma);
        film.resize(film.len() + WIDTH * HEIGHT / 2, 128);
    }
    let path = directory.join("camera.y4m");
    std::fs::write(&path, film).unwrap();
    path
}

/// A picture of a QR code with this text, a few dots a module.
pub fn qr(text: &str) -> Vec<u8> {
    const DOTS: usize = 8;
    const MARGIN: usize = 4;
    let code = qrcode::QrCode::new(text).unwrap();
    let (modules, colours) = (code.width(), code.to_colors());
    let side = (modules + 2 * MARGIN) * DOTS;
    let module = |dot: usize| (dot / DOTS).checked_sub(MARGIN).filter(|&at| at < modules);
    let dots: Vec<u8> = (0..side * side)
        .map(|at| match (module(at % side), module(at / side)) {
            (Some(x), Some(y)) => colours[y * modules + x].select(0, 255),
            _ => 255,
        })
        .collect();
    let mut file = Vec::new();
    let length = u32::try_from(side).unwrap();
    let mut encoder = png::Encoder::new(&mut file, length, length);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header().unwrap().write_image_data(&dots).unwrap();
    file
}

struct Picture {
    width: usize,
    height: usize,
    channels: usize,
    bytes: Vec<u8>,
}

impl Picture {
    fn decode(file: &[u8]) -> Self {
        let mut decoder = png::Decoder::new(std::io::Cursor::new(file));
        decoder.set_transformations(png::Transformations::normalize_to_color8());
        let mut reader = decoder.read_info().unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut bytes).unwrap();
        let (width, height) = (frame.width as usize, frame.height as usize);
        Self { width, height, channels: frame.line_size / width, bytes }
    }

    /// The brightness of a dot; green alone tells black from white well enough.
    fn grey(&self, x: usize, y: usize) -> u8 {
        let green = usize::from(self.channels > 2);
        self.bytes[(y * self.width + x) * self.channels + green]
    }
}
