//! Documents lead where they say.

use std::fs;
use std::path::{Path, PathBuf};

/// The documents of a folder.
fn documents(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}

#[test]
fn links_between_documents_lead_to_files() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let all = [documents(root), documents(&root.join("docs"))].concat();
    assert!(all.len() > 20, "{all:?}");
    let mut broken = Vec::new();
    for document in all {
        let text = fs::read_to_string(&document).expect("text");
        for link in text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link) {
            let file = link.split('#').next().unwrap_or(link);
            let is_elsewhere = file.is_empty() || file.contains("://");
            if !is_elsewhere && !document.with_file_name(file).exists() {
                broken.push(format!("{}: {link}", document.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}
