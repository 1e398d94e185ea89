//! XML: the invoice as FatturaPA XML, read and written.
//!
//! Owns:  well-formedness, the namespace, the bounds against hostile files.
//! Never: a DTD, an entity beyond the five of XML, an external reference, another encoding than UTF-8.
//! Read:  `read`, then `write`.

use super::{Element, XML_MAX};
use crate::problem::Fault;
use quick_xml::{
    NsReader,
    escape::{escape, resolve_predefined_entity},
    events::{BytesStart, Event},
    name::{Namespace, ResolveResult},
};
use std::fmt::Write as _;

/// The namespace of the ordinary invoice. Only the root element is in it.
const NAMESPACE: &str = "http://ivaservizi.agenziaentrate.gov.it/docs/xsd/fatture/v1.2";
/// The namespace of an XML signature, which is passed over.
const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";
const ROOT: &str = "FatturaElettronica";
/// Elements inside each other. The deepest of the schema is at seven.
const DEPTH_MAX: usize = 16;
/// Elements of one file.
const ELEMENTS_MAX: usize = 200_000;
/// Attributes of one element that are looked at; the root has three or four.
const ATTRIBUTES_MAX: usize = 32;
/// Namespaces in scope at once.
const NAMESPACES_MAX: usize = 32;

fn broken(description: impl Into<String>) -> Fault {
    Fault::new("00200", description).hint("The file must be FatturaPA 1.2 XML in UTF-8.")
}

pub(super) fn too_large() -> Fault {
    Fault::new("00003", format!("The file is larger than {} MB.", XML_MAX / 1024 / 1024))
}

/// The root element and its `versione`.
pub(super) fn read(bytes: &[u8]) -> Result<(Element, String), Fault> {
    if bytes.len() > XML_MAX {
        return Err(too_large());
    }
    let text = std::str::from_utf8(bytes).map_err(|_| broken("The file is not UTF-8."))?;
    let mut reader = NsReader::from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
    reader.resolver_mut().set_max_namespace_bindings(NAMESPACES_MAX);
    let mut tree = Tree::default();
    loop {
        let (place, event) = reader
            .read_resolved_event()
            .map_err(|error| broken(format!("The file is not well-formed XML: {error}.")))?;
        let namespace = match place {
            ResolveResult::Bound(Namespace(name)) => Some(name),
            ResolveResult::Unbound => None,
            ResolveResult::Unknown(_) => return Err(broken("A namespace prefix is used without being declared.")),
        };
        match event {
            Event::Start(start) => tree.open(namespace, &start)?,
            Event::Empty(start) => {
                tree.open(namespace, &start)?;
                tree.close();
            }
            Event::End(_) => tree.close(),
            Event::Text(text) => tree.text(&text.xml10_content())?,
            Event::CData(data) => tree.text(&data.xml10_content())?,
            Event::GeneralRef(reference) => {
                let unknown = || broken("The file uses an entity that is not one of the five of XML.");
                if reference.is_char_ref() {
                    let c = reference.resolve_char_ref().ok().flatten().ok_or_else(unknown)?;
                    tree.text(c.encode_utf8(&mut [0; 4]))?;
                } else {
                    tree.text(resolve_predefined_entity(&reference).ok_or_else(unknown)?)?;
                }
            }
            Event::Decl(declaration) => {
                let utf8 = |name: &str| name.eq_ignore_ascii_case("utf-8");
                if !declaration.encoding().is_none_or(|name| name.is_ok_and(|name| utf8(&name))) {
                    return Err(broken("The file declares another encoding than UTF-8."));
                }
            }
            Event::DocType(_) => return Err(broken("The file has a document type declaration, which is not allowed.")),
            Event::Comment(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
    }
    tree.finish()
}

/// The tree as far as it has been read.
#[derive(Default)]
struct Tree {
    open: Vec<Element>,
    root: Option<Element>,
    version: String,
    elements: usize,
    /// Depth inside a signature, which is not kept.
    skipping: usize,
}

impl Tree {
    fn open(&mut self, namespace: Option<&str>, start: &BytesStart<'_>) -> Result<(), Fault> {
        self.elements += 1;
        if self.elements > ELEMENTS_MAX || self.open.len() + self.skipping >= DEPTH_MAX {
            return Err(broken("The file has too many elements, or elements too deep inside each other."));
        }
        if self.skipping > 0 || (self.open.len() == 1 && namespace == Some(SIGNATURE)) {
            self.skipping += 1;
            return Ok(());
        }
        let name = start.local_name().as_ref().to_owned();
        if self.open.is_empty() {
            if self.root.is_some() || name != ROOT || namespace != Some(NAMESPACE) {
                return Err(broken(format!("The root element is not `{ROOT}` of the namespace {NAMESPACE}.")));
            }
            self.version = version(start)?;
        } else if namespace.is_some() {
            return Err(broken(format!("The element `{name}` is in a namespace; only the root element is.")));
        }
        self.open.push(Element { name, ..Element::default() });
        Ok(())
    }

    fn close(&mut self) {
        if self.skipping > 0 {
            self.skipping -= 1;
            return;
        }
        let Some(mut done) = self.open.pop() else { return };
        if done.children.is_empty() {
            done.text = done.text.trim().to_owned();
        }
        match self.open.last_mut() {
            Some(parent) => parent.children.push(done),
            None => self.root = Some(done),
        }
    }

    fn text(&mut self, text: &str) -> Result<(), Fault> {
        match self.open.last_mut() {
            Some(element) if self.skipping == 0 => element.text.push_str(text),
            None if !text.trim().is_empty() => return Err(broken("There is text outside of the root element.")),
            Some(_) | None => {}
        }
        Ok(())
    }

    fn finish(self) -> Result<(Element, String), Fault> {
        match self.root {
            Some(root) if self.open.is_empty() && self.skipping == 0 => Ok((root, self.version)),
            Some(_) | None => Err(broken("The file ends before its root element does.")),
        }
    }
}

fn version(start: &BytesStart<'_>) -> Result<String, Fault> {
    for (index, attribute) in start.attributes().enumerate() {
        let attribute = attribute.map_err(|error| broken(format!("The file is not well-formed XML: {error}.")))?;
        if index >= ATTRIBUTES_MAX {
            return Err(broken("The root element has too many attributes."));
        }
        if attribute.key.as_ref() == "versione" {
            return Ok(attribute.value.into_owned());
        }
    }
    Err(broken("The root element has no attribute `versione`."))
}

/// Writes a checked tree whose elements are in the order of the schema.
pub(super) fn write(root: &Element, version: &str, system: Option<&str>) -> String {
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<p:{ROOT} versione=\"{}\" xmlns:p=\"{NAMESPACE}\"",
        escape(version)
    );
    if let Some(system) = system {
        let _ = write!(text, " SistemaEmittente=\"{}\"", escape(system));
    }
    text.push_str(">\n");
    root.children.iter().for_each(|child| write_element(child, 1, &mut text));
    let _ = writeln!(text, "</p:{ROOT}>");
    text
}

/// Recursion is bounded by the schema's depth: the tree was built along it.
fn write_element(element: &Element, depth: usize, text: &mut String) {
    let indent = depth * 2;
    if element.children.is_empty() {
        let _ = writeln!(text, "{:indent$}<{name}>{}</{name}>", "", escape(&*element.text), name = element.name);
        return;
    }
    let _ = writeln!(text, "{:indent$}<{}>", "", element.name);
    element.children.iter().for_each(|child| write_element(child, depth + 1, text));
    let _ = writeln!(text, "{:indent$}</{}>", "", element.name);
}
