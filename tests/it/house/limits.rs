//! What no file may have too much of, or at all.

use std::fs;
use std::path::Path;

use syn::visit::{self, Visit};

use super::package::rust_files;

/// Lines of a file, tests included.
const MAX_FILE_LINES: usize = 450;
/// Lines of a function, from its signature to its closing brace.
const MAX_FUNCTION_LINES: usize = 60;
/// Parameters of a function besides `self`.
const MAX_PARAMETERS: usize = 5;

/// The functions of a file that break a limit.
#[derive(Default)]
struct Sizes {
    offences: Vec<String>,
}

impl Sizes {
    fn check(&mut self, signature: &syn::Signature, body: Option<&syn::Block>) {
        let start: proc_macro2::LineColumn = signature.fn_token.span.start();
        let begin = start.line;
        let end = body.map_or(begin, |body| body.brace_token.span.close().end().line);
        let (name, lines) = (&signature.ident, end - begin + 1);
        if lines > MAX_FUNCTION_LINES {
            self.offences.push(format!("line {begin}: `{name}` has {lines} lines"));
        }
        let is_self = |input: &&syn::FnArg| matches!(input, syn::FnArg::Receiver(_));
        let count = signature.inputs.iter().filter(|input| !is_self(input)).count();
        if count > MAX_PARAMETERS {
            self.offences.push(format!("line {begin}: `{name}` has {count} parameters"));
        }
    }
}

impl<'ast> Visit<'ast> for Sizes {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.check(&function.sig, Some(&function.block));
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.check(&function.sig, Some(&function.block));
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        self.check(&function.sig, function.default.as_ref());
        visit::visit_trait_item_fn(self, function);
    }
}

#[test]
fn no_file_and_no_function_is_too_large() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut offences = Vec::new();
    for path in ["src", "crates", "tests", "benches", "examples", "fuzz/fuzz_targets"]
        .iter()
        .flat_map(|folder| rust_files(&root.join(folder)))
    {
        let name = path.strip_prefix(root).expect("below").to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).expect("a file");
        let lines = text.lines().count();
        let mut sizes = Sizes::default();
        if lines > MAX_FILE_LINES {
            sizes.offences.push(format!("it has {lines} lines"));
        }
        sizes.visit_file(&syn::parse_file(&text).expect("Rust"));
        offences.extend(sizes.offences.iter().map(|offence| format!("{name}: {offence}")));
    }
    assert!(offences.is_empty(), "{}", offences.join("\n"));
}

/// What lives as long as the process.
#[derive(Default)]
struct Statics {
    names: Vec<String>,
}

impl<'ast> Visit<'ast> for Statics {
    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        if !item.attrs.iter().any(|attribute| attribute.path().is_ident("global_allocator")) {
            self.names.push(item.ident.to_string());
        }
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        if called.path.segments.last().is_some_and(|name| name.ident == "thread_local") {
            self.names.push("thread_local".to_owned());
        }
    }
}

#[test]
fn nothing_is_kept_for_the_whole_process() {
    for path in
        ["src", "crates"].iter().flat_map(|folder| rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)))
    {
        let mut statics = Statics::default();
        statics.visit_file(&syn::parse_file(&fs::read_to_string(&path).expect("a file")).expect("Rust"));
        assert!(statics.names.is_empty(), "{}: {:?}", path.display(), statics.names);
    }
}
