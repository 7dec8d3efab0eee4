//! What stays out of chat and mail unless a sink is told to show it.
//!
//! Join links, feedback text, phone numbers, addresses and MACs. Fields that
//! hold them are known by name; in free text they are known by their shape.
//! Nothing here escapes, and nothing is replaced by something guessable.

use std::borrow::Cow;
use std::net::Ipv6Addr;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// What a sink shows of what is kept back by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// IP and mail addresses
    pub addresses: bool,
    /// what a caller wrote about the call
    pub feedback: bool,
    /// links to join a meeting, and other addresses of pages in a record
    pub links: bool,
    /// hardware addresses
    pub macs: bool,
    /// phone numbers
    pub phones: bool,
}

/// The words of `show = […]`.
pub(super) const WORDS: [&str; 5] = ["addresses", "feedback", "links", "macs", "phones"];

/// Stands where something was kept back.
pub(crate) const KEPT_BACK: &str = "(not shown)";

static PATTERNS: LazyLock<Option<Patterns>> = LazyLock::new(Patterns::new);

struct Patterns {
    link: Regex,
    mail: Regex,
    mac: Regex,
    ipv4: Regex,
    ipv6: Regex,
    phone: Regex,
}

impl Patterns {
    fn new() -> Option<Patterns> {
        let of = |pattern: &str| Regex::new(pattern).ok();
        Some(Patterns {
            link: of(
                r#"(?i)\b(?:[a-z][a-z0-9+.-]{1,20}://|www\.|(?:sip|tel|mailto):|teams\.(?:microsoft|live)\.com)[^\s"'<>]*"#,
            )?,
            mail: of(r#"[^\s@<>"',;:()\[\]]+@[^\s@<>"',;:()\[\]]+"#)?,
            mac: of(
                r"(?i)\b(?:[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}|[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4})\b",
            )?,
            ipv4: of(r"\b[0-9]{1,3}(?:\.[0-9]{1,3}){3}\b(?:/[0-9]{1,2}\b)?")?,
            ipv6: of(r"(?i)[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?:[0-9.]*)(?:/[0-9]{1,3}\b)?")?,
            phone: of(r"(?:\+|\b00)[0-9][0-9 ().\u{2010}-\u{2015}/-]{5,}[0-9]")?,
        })
    }
}

impl Shown {
    /// Everything.
    pub const ALL: Shown = Shown {
        addresses: true,
        feedback: true,
        links: true,
        macs: true,
        phones: true,
    };

    /// Shows one more kind; false if there is no such word.
    pub(super) fn add(&mut self, word: &str) -> bool {
        match word {
            "addresses" => self.addresses = true,
            "feedback" => self.feedback = true,
            "links" => self.links = true,
            "macs" => self.macs = true,
            "phones" => self.phones = true,
            _ => return false,
        }
        true
    }

    /// The text without what is kept back.
    pub fn scrub(self, text: &str) -> String {
        if self == Shown::ALL {
            return text.to_owned();
        }
        let Some(patterns) = &*PATTERNS else {
            // Without the patterns nothing can be told apart, so nothing is shown.
            return KEPT_BACK.to_owned();
        };
        let mut text = Cow::Borrowed(text);
        let mut hide = |pattern: &Regex, is: fn(&str) -> bool| {
            let replaced = pattern.replace_all(&text, |found: &Captures<'_>| {
                let found = &found[0];
                if is(found) {
                    KEPT_BACK.to_owned()
                } else {
                    found.to_owned()
                }
            });
            if let Cow::Owned(replaced) = replaced {
                text = Cow::Owned(replaced);
            }
        };
        if !self.links {
            hide(&patterns.link, |_| true);
        }
        if !self.macs {
            hide(&patterns.mac, |_| true);
        }
        if !self.addresses {
            hide(&patterns.mail, |_| true);
            hide(&patterns.ipv4, |_| true);
            // A time of day has colons too; only what reads as an address is one.
            hide(&patterns.ipv6, |found| {
                let address = found.split('/').next().unwrap_or(found);
                address.len() > 2 && address.trim_end_matches('.').parse::<Ipv6Addr>().is_ok()
            });
        }
        if !self.phones {
            hide(&patterns.phone, |_| true);
        }
        text.into_owned()
    }

    /// A display name; a phone's is its number.
    pub(super) fn name(self, name: &str) -> String {
        let digits = name.chars().filter(char::is_ascii_digit).count();
        let is_number = digits >= 5
            && name.chars().all(|c| {
                c.is_ascii_digit()
                    || matches!(c, '+' | '-' | ' ' | '(' | ')' | '.' | '/' | '*' | '#')
            });
        if is_number && !self.phones {
            return KEPT_BACK.to_owned();
        }
        self.scrub(name)
    }

    /// The value of a field, which may be of a kind that is kept back whatever its shape.
    pub(super) fn reading(self, field: &str, value: &str) -> String {
        let shown = match field {
            "text" => self.feedback,
            "joinWebUrl" => self.links,
            "ipAddress" | "subnet" | "reflexiveIPAddress" | "relayIPAddress"
            | "reflexiveIpAddress" | "relayIpAddress" | "userPrincipalName" => self.addresses,
            "macAddress" | "basicServiceSetIdentifier" => self.macs,
            "phone" => self.phones,
            _ => true,
        };
        if shown {
            self.name(value)
        } else {
            KEPT_BACK.to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_private_by_its_shape_is_kept_back_and_nothing_else() {
        let shown = Shown::default();
        for (given, wanted) in [
            (
                "see https://teams.microsoft.com/l/meetup-join/19%3a now",
                "see (not shown) now",
            ),
            ("sip:adele@contoso.com", "(not shown)"),
            ("adele@contoso.com spoke", "(not shown) spoke"),
            (
                "from 10.0.0.7:3478 to fe80::1%eth0",
                "from (not shown):3478 to (not shown)%eth0",
            ),
            ("10.0.0.0/24", "(not shown)"),
            ("at 2001:db8::8a2e:370:7334, late", "at (not shown), late"),
            ("card 00-1B-44-11-3A-B7", "card (not shown)"),
            ("card 001b.4411.3ab7", "card (not shown)"),
            ("call +49 (30) 1234-567 back", "call (not shown) back"),
            (
                "2026-01-13T09:00:00Z to 2026-01-13T09:30:00Z",
                "2026-01-13T09:00:00Z to 2026-01-13T09:30:00Z",
            ),
            ("13.7 % > 10 %, 266 ms", "13.7 % > 10 %, 266 ms"),
            (
                "Abbie Wilkins, caller, android",
                "Abbie Wilkins, caller, android",
            ),
            (
                "e523d2ed-2966-4b6b-925b-754a88034cc5",
                "e523d2ed-2966-4b6b-925b-754a88034cc5",
            ),
        ] {
            assert_eq!(shown.scrub(given), wanted, "{given}");
            assert_eq!(Shown::ALL.scrub(given), given);
        }
        assert_eq!(shown.name("0301234567"), KEPT_BACK);
        assert_eq!(shown.name("Room 4"), "Room 4");
        assert_eq!(shown.reading("text", "it was bad"), KEPT_BACK);
        assert_eq!(shown.reading("averageJitter", "31 ms"), "31 ms");
    }

    #[test]
    fn each_word_shows_its_kind() {
        let mut shown = Shown::default();
        for word in WORDS {
            assert!(shown.add(word));
        }
        assert_eq!(shown, Shown::ALL);
        assert!(!shown.add("names"));
    }
}
