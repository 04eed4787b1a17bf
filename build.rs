//! Embeds the web app and Swagger UI: every file of `static/` that browsers get and the two that poem-openapi
//! brings, with its hash, and compressed once for all by gzip and brotli where that makes it smaller; then
//! it need not be there as it is. Pages stay as they are: they are small, and a page that comes compressed
//! is what scanners call BREACH, whether or not it holds a secret.
//!
//! Pages name the app's files below `/static/`. Here a version, the hash of all files together, is put
//! into those names, so that browsers may keep a file for ever: another file has another name. Modules
//! import each other by relative paths, so the version of the first is passed on to all.
//!
//! The app's page preloads every module that its first needs to start, so that a browser asks for all of them at once
//! and not for those of one only when it has read another. `PRECACHE` lists what a browser that is to start without
//! a network has to keep.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a build that meets what it did not expect should stop there"
)]

#[path = "src/assets/module_graph.rs"]
mod module_graph;

use std::{
    collections::BTreeMap,
    env,
    fmt::Write as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use poem_openapi::OpenApiService;
use sha2::{Digest, Sha256};

/// What browsers get; the rest of `static/` is documentation and licences.
const SERVED: [&str; 7] = ["html", "js", "css", "json", "svg", "png", "webmanifest"];
const PREFIX: &str = "\"/static/";
/// The app's page, the module that it starts with, and the line of the page in whose place the preloads come.
const PAGE: &str = "index.html";
const ENTRY: &str = "js/main.js";
const PRELOADS_HERE: &str = "<!-- modulepreload -->\n";

fn main() {
    println!("cargo::rerun-if-changed=static");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/assets/module_graph.rs");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("static");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap());
    let mut paths = Vec::new();
    walk(&root, &mut paths);
    let mut files: Vec<(String, Vec<u8>)> =
        paths.iter().map(|path| (name(&root, path), fs::read(path).unwrap())).collect();
    files.extend(swagger_ui());
    files.sort();

    let mut all = Sha256::new();
    for (name, bytes) in &files {
        all.update(name);
        all.update(hash(bytes));
    }
    let version = hex(&all.finalize());
    let versioned = format!("{PREFIX}{version}/");
    preload(&mut files);
    for (_, bytes) in files.iter_mut().filter(|(name, _)| is(name, &["html"])) {
        let page = String::from_utf8(std::mem::take(bytes)).unwrap();
        *bytes = page.replace(PREFIX, &versioned).into_bytes();
    }

    let mut table = format!("/// The hash of all files.\nconst VERSION: &str = {version:?};\n\n");
    table += "/// Every file, by path in the order of paths.\nstatic FILES: [Embedded; ";
    writeln!(table, "{}] = [", files.len()).unwrap();
    for (number, (name, bytes)) in files.iter().enumerate() {
        let worth = |compress: fn(&[u8]) -> Vec<u8>| {
            if is(name, &["html"]) { None } else { smaller(bytes, compress(bytes)) }
        };
        let gzip = worth(gzip).map(|bytes| keep(&out, number, "gz", &bytes));
        // Who reads the API's description can wait for the difference, which is a fiftieth of the program.
        let brotli = if name.starts_with("docs/") { None } else { worth(brotli) };
        let brotli = brotli.map(|bytes| keep(&out, number, "br", &bytes));
        let plain = if gzip.is_none() { Some(keep(&out, number, "plain", bytes)) } else { None };
        let hash = hex(&hash(bytes));
        let [plain, gzip, brotli] = [plain, gzip, brotli].map(|form| option(form.as_deref()));
        writeln!(
            table,
            "    Embedded {{ path: {name:?}, hash: {hash:?}, plain: {plain}, gzip: {gzip}, \
             brotli: {brotli}, inflated: OnceLock::new() }},"
        )
        .unwrap();
    }
    table += "];\n";
    table += &precache(&files);
    fs::write(out.join("static.rs"), table).unwrap();
}

/// Writes into the app's page which modules it needs to start.
fn preload(files: &mut [(String, Vec<u8>)]) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let modules = files.iter().filter(|(name, _)| is(name, &["js"]));
    let modules: BTreeMap<_, _> =
        modules.map(|(name, bytes)| (name.clone(), text(bytes))).collect();
    let graph = module_graph::start_graph(&modules, ENTRY).unwrap();
    // The first is asked for by the page itself.
    let preloads = graph.iter().skip(1).fold(String::new(), |text, module| {
        text + &format!("<link rel=\"modulepreload\" href=\"/static/{module}\">\n")
    });
    let (_, page) = files.iter_mut().find(|(name, _)| name == PAGE).unwrap();
    let (before, after) = std::str::from_utf8(page)
        .unwrap()
        .split_once(PRELOADS_HERE)
        .expect("the page does not say where preloads come");
    *page = (before.to_owned() + &preloads + after).into_bytes();
}

/// The list of all files of the app: everything but pages and the documentation of the API.
fn precache(files: &[(String, Vec<u8>)]) -> String {
    let names = files.iter().map(|(name, _)| name);
    let kept = names.filter(|name| !is(name, &["html"]) && !name.starts_with("docs/"));
    let kept: Vec<_> = kept.map(|name| format!("    {name:?},\n")).collect();
    format!(
        "\n/// What a browser has to keep to start the app without a network, in the order of paths.\n\
         const PRECACHE: [&str; {}] = [\n{}];\n",
        kept.len(),
        kept.concat()
    )
}

/// Swagger UI's script and style. poem-openapi carries them inside one page, which our policy would not
/// let run; the page around them here is `static/docs/index.html`.
fn swagger_ui() -> [(String, Vec<u8>); 2] {
    let page = OpenApiService::new((), "", "").swagger_ui_html();
    let inside = |element: &str| {
        let (open, close) = (format!("<{element} charset=\"UTF-8\">"), format!("</{element}>"));
        let (_, rest) = page.split_once(&open).expect("Swagger UI has another form");
        rest.split_once(&close).expect("Swagger UI has another form").0.as_bytes().to_vec()
    };
    [
        ("docs/swagger-ui.css".to_owned(), inside("style")),
        ("docs/swagger-ui.js".to_owned(), inside("script")),
    ]
}

fn walk(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, found);
        } else if is(&path, &SERVED) {
            found.push(path);
        }
    }
}

/// Whether a file's name ends in one of these.
fn is(path: impl AsRef<Path>, kinds: &[&str]) -> bool {
    let end = path.as_ref().extension();
    end.is_some_and(|end| kinds.iter().any(|kind| end == *kind))
}

fn name(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/")
}

fn hash(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes).to_vec()
}

/// Sixteen digits: nobody has to be kept from making two files of one hash here.
fn hex(hash: &[u8]) -> String {
    hash.iter().take(8).fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn brotli(mut bytes: &[u8]) -> Vec<u8> {
    let mut compressed = Vec::new();
    let parameters = brotli::enc::BrotliEncoderParams { quality: 11, ..Default::default() };
    brotli::BrotliCompress(&mut bytes, &mut compressed, &parameters).unwrap();
    compressed
}

/// A compressed form that is worth its header.
fn smaller(plain: &[u8], compressed: Vec<u8>) -> Option<Vec<u8>> {
    (compressed.len() + 32 < plain.len()).then_some(compressed)
}

/// Writes a form of a file, and gives the expression that embeds it.
fn keep(out: &Path, number: usize, form: &str, bytes: &[u8]) -> String {
    let name = format!("static-{number}.{form}");
    fs::write(out.join(&name), bytes).unwrap();
    format!("include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}\"))")
}

fn option(expression: Option<&str>) -> String {
    expression.map_or("None".to_owned(), |expression| format!("Some({expression})"))
}
