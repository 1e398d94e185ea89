//! Visible text: what a name or a description for people may hold.
//!
//! Owns:  which characters hide in a text, or turn it around, so that it reads as what it is not.
//! Never: says how long a text may be.
//! Read:  `hidden`.

/// The first character of `text` that is not seen, or that changes the direction of what follows (R71): controls, zero-width
/// and filling characters, directional marks, embeddings and isolates, tags. Every script keeps its letters: a joiner or
/// non-joiner passes between two characters of a script that is written with them, a variation selector behind a character
/// that is not ASCII.
#[must_use]
pub fn hidden(text: &str) -> Option<char> {
    let mut before = None;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let hides = match c {
            '\u{200c}' | '\u{200d}' => !(before.is_some_and(joins) && rest.peek().copied().is_some_and(joins)),
            '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => before.is_none_or(|c: char| c.is_ascii()),
            _ => c.is_control() || always_hides(c),
        };
        if hides {
            return Some(c);
        }
        before = Some(c);
    }
    None
}

/// Whether a character has no shape of its own, or turns the direction of those around it, wherever it stands: in an address
/// no joiner and no selector is needed.
#[must_use]
pub(crate) const fn unseen(c: char) -> bool {
    always_hides(c) || matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// Whether a character is of a script from Arabic to the Indic and South-East Asian ones, or Mongolian: there joiners make
/// words.
const fn joins(c: char) -> bool {
    matches!(c, '\u{620}'..='\u{6ff}' | '\u{710}'..='\u{17b3}' | '\u{17b6}'..='\u{180a}' | '\u{1820}'..='\u{1cff}' | '\u{a8e0}'..='\u{aaff}')
}

/// Format characters (Unicode category Cf), separators of lines, and letters that are drawn as nothing.
const fn always_hides(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{600}'..='\u{605}'
            | '\u{61c}'
            | '\u{6dd}'
            | '\u{70f}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{17b4}'
            | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e00ff}'
            | '\u{e01f0}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r71_what_hides_or_turns_a_text_around_is_found() {
        for (text, found) in [
            ("Rossi\u{202e}lrs", '\u{202e}'),
            ("Rossi\u{2066}x\u{2069}", '\u{2066}'),
            ("Ros\u{200b}si", '\u{200b}'),
            ("Ros\u{200d}si", '\u{200d}'),
            ("Ros\u{ad}si", '\u{ad}'),
            ("a\u{fe0f}", '\u{fe0f}'),
            ("\u{feff}Rossi", '\u{feff}'),
            ("Rossi\u{e0041}", '\u{e0041}'),
            ("\u{3164}", '\u{3164}'),
            ("a\nb", '\n'),
            ("می\u{200c}", '\u{200c}'),
            ("\u{1f468}\u{200d}\u{1f469}", '\u{200d}'),
        ] {
            assert_eq!(hidden(text), Some(found), "{}", text.escape_unicode());
        }
    }

    #[test]
    fn every_script_keeps_its_letters() {
        for text in [
            "Società à r.l. – “Été” & Söhne",
            "ООО «Ромашка»",
            "שלום עולם",
            "شرکت می\u{200c}خواهم",
            "क्\u{200d}ष",
            "ශ්\u{200d}රී ලංකා",
            "株式会社 辻\u{e0100}",
            "회사",
            "ᠮᠣᠩᠭᠣᠯ",
            "Ωmega ☎\u{fe0f} 🎉",
            "e\u{301}",
        ] {
            assert_eq!(hidden(text), None, "{}", text.escape_unicode());
        }
    }
}
