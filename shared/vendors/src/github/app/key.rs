//! The App's private key, in the forms in which it ends up in a variable. What is wrong with one is told without any of it.

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use getrandom::SysRng;
use rsa::{
    RsaPrivateKey, pkcs1,
    pkcs1::DecodeRsaPrivateKey,
    pkcs1v15::SigningKey,
    pkcs8,
    pkcs8::DecodePrivateKey,
    signature::{RandomizedSigner, SignatureEncoding},
};
use sha2::Sha256;

const VARIABLE: &str = "github_app_private_key";

/// What would be right, for every complaint.
const EXPECTED: &str = "expected the whole .pem file that GitHub made for the App (it begins with -----BEGIN RSA PRIVATE KEY-----), \
                        or that file in base64";

const BEGIN: &str = "-----BEGIN ";

/// With or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A key that signs. No `Debug`.
pub(crate) struct PrivateKey(SigningKey<Sha256>);

impl PrivateKey {
    /// Reads a key: PKCS#1 or PKCS#8, as PEM or base64 of PEM, with `\n` written out or line ends lost. The error says what is wrong
    /// with the variable and what would be right.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        parsed(text)
            .map(|key| Self(SigningKey::new(key)))
            .map_err(|problem| format!("the variable {VARIABLE} {problem}: {EXPECTED}"))
    }

    /// The RS256 signature of `message`, blinded with randomness of the host.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, String> {
        self.0
            .try_sign_with_rng(&mut SysRng, message)
            .map(|signature| signature.to_vec())
            .map_err(|_| {
                format!("the key in the variable {VARIABLE} signs nothing: its numbers do not belong together")
            })
    }
}

fn parsed(text: &str) -> Result<RsaPrivateKey, String> {
    let text = text
        .trim()
        .trim_matches(['"', '\''])
        .replace("\\r", "")
        .replace("\\n", "\n");
    if text.trim().is_empty() {
        return Err("is empty".to_owned());
    }
    if text.contains(BEGIN) {
        return of_pem(&text);
    }
    if text.starts_with(['/', '~', '.']) || text.ends_with(".pem") {
        return Err("holds what looks like the path of a file".to_owned());
    }
    let Ok(bytes) = BASE64.decode(without_space(&text)) else {
        return Err("is neither PEM nor base64".to_owned());
    };
    match String::from_utf8(bytes) {
        Ok(inner) if inner.contains(BEGIN) => of_pem(&inner),
        Ok(_) => Err("is base64 of something that is not PEM".to_owned()),
        // The lines between BEGIN and END, on their own.
        Err(error) => of_der(error.as_bytes(), "RSA PRIVATE KEY")
            .or_else(|_| of_der(error.as_bytes(), "PRIVATE KEY"))
            .map_err(|_| "is base64 of something that is not PEM".to_owned()),
    }
}

fn of_pem(text: &str) -> Result<RsaPrivateKey, String> {
    let cut = || "was cut off: its last line, -----END ... PRIVATE KEY-----, is missing".to_owned();
    let (_, rest) = text.split_once(BEGIN).ok_or_else(cut)?;
    let (label, rest) = rest.split_once("-----").ok_or_else(cut)?;
    match label {
        "RSA PRIVATE KEY" | "PRIVATE KEY" => {}
        "ENCRYPTED PRIVATE KEY" => {
            return Err("holds a key that is encrypted with a password".to_owned());
        }
        "OPENSSH PRIVATE KEY" => return Err("holds a key in OpenSSH's own format".to_owned()),
        "EC PRIVATE KEY" => return Err("holds a key for elliptic curves, not for RSA".to_owned()),
        "PUBLIC KEY" | "RSA PUBLIC KEY" => {
            return Err("holds a public key, not the private one".to_owned());
        }
        "CERTIFICATE" => return Err("holds a certificate, not a private key".to_owned()),
        _ => return Err("holds PEM of another kind than a private key".to_owned()),
    }
    let (body, _) = rest
        .split_once(&format!("-----END {label}-----"))
        .ok_or_else(cut)?;
    if body.contains("Proc-Type:") {
        return Err("holds a key that is encrypted with a password".to_owned());
    }
    let der = BASE64
        .decode(without_space(body))
        .map_err(|_| "is damaged between its first and last line: that is not base64".to_owned())?;
    of_der(&der, label)
}

fn of_der(der: &[u8], label: &str) -> Result<RsaPrivateKey, String> {
    const DAMAGED: &str = "is damaged between its first and last line";
    const INCONSISTENT: &str = "holds an RSA key whose numbers do not belong together";
    let problem = |is_asn1: bool| if is_asn1 { DAMAGED } else { INCONSISTENT };
    let read = if label == "RSA PRIVATE KEY" {
        RsaPrivateKey::from_pkcs1_der(der)
            .map_err(|error| problem(matches!(error, pkcs1::Error::Asn1(_))))
    } else {
        RsaPrivateKey::from_pkcs8_der(der).map_err(|error| {
            if matches!(error, pkcs8::Error::PublicKey(_)) {
                "holds a key of another kind, not for RSA"
            } else {
                problem(matches!(error, pkcs8::Error::Asn1(_)))
            }
        })
    };
    read.map_err(str::to_owned)
}

fn without_space(text: &str) -> Vec<u8> {
    text.bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::prelude::BASE64_STANDARD;

    const PKCS1: &str = include_str!("testdata/pkcs1.pem");
    const PKCS8: &str = include_str!("testdata/pkcs8.pem");

    #[test]
    fn a_key_is_read_in_every_form_in_which_it_ends_up_in_a_variable() {
        let forms = [
            ("PKCS#1", PKCS1.to_owned()),
            ("PKCS#8", PKCS8.to_owned()),
            ("base64 of PKCS#1", BASE64_STANDARD.encode(PKCS1)),
            (
                "base64 without padding",
                BASE64_STANDARD.encode(PKCS8).replace('=', ""),
            ),
            ("line ends written out", PKCS1.replace('\n', "\\n")),
            ("in quotes", format!("\"{}\"", PKCS8.replace('\n', "\\n"))),
            ("Windows line ends", PKCS1.replace('\n', "\r\n")),
            ("line ends lost", PKCS1.replace('\n', " ")),
            ("an empty line before and after", format!("\n{PKCS1}\n\n")),
        ];
        let mut signatures = Vec::new();
        for (form, text) in forms {
            match PrivateKey::parse(&text).and_then(|key| key.sign(b"message")) {
                Ok(signature) => signatures.push(signature),
                Err(problem) => panic!("{form}: {problem}"),
            }
        }
        signatures.dedup();
        assert_eq!(signatures.len(), 1, "it is the same key in all of them");
    }

    #[test]
    fn a_bad_key_says_what_is_wrong_with_it_and_nothing_of_itself() {
        let lines: Vec<&str> = PKCS1.lines().collect();
        let half = lines.split_at(lines.len() / 2).0.join("\n");
        let turned: String = lines.get(3).expect("a line").chars().rev().collect();
        let turned = PKCS1.replace(lines.get(3).expect("a line"), &turned);
        let without_lines = [lines.split_at(5).0, lines.split_at(9).1]
            .concat()
            .join("\n");
        let cases = [
            ("empty", String::new()),
            ("a path", "/etc/slipway/app.pem".to_owned()),
            ("a word", "hunter2!".to_owned()),
            (
                "base64 of a word",
                BASE64_STANDARD.encode("correct horse battery staple"),
            ),
            ("half of it", half),
            ("other characters", PKCS1.replacen('M', "*", 3)),
            ("lines missing", without_lines),
            ("numbers changed", turned),
            (
                "public",
                "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----".to_owned(),
            ),
            ("elliptic", include_str!("testdata/elliptic.pem").to_owned()),
            (
                "OpenSSH",
                "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----"
                    .to_owned(),
            ),
            (
                "encrypted",
                PKCS1.replacen("-\n", "-\nProc-Type: 4,ENCRYPTED\n\n", 1),
            ),
        ];
        let mut told = String::new();
        for (case, text) in cases {
            let problem = PrivateKey::parse(&text)
                .and_then(|key| key.sign(b"message").map(|_| ()))
                .err()
                .unwrap_or_else(|| "is accepted".to_owned());
            for line in text
                .lines()
                .filter(|line| line.len() > 8 && !line.starts_with('-'))
            {
                assert!(!problem.contains(line), "{case} shows the key: {problem}");
            }
            let short = problem.replace("the variable github_app_private_key ", "");
            told.push_str(&format!("{case}: {}\n", short.replace(EXPECTED, "...")));
        }
        insta::assert_snapshot!(told, @"
        empty: is empty: ...
        a path: holds what looks like the path of a file: ...
        a word: is neither PEM nor base64: ...
        base64 of a word: is base64 of something that is not PEM: ...
        half of it: was cut off: its last line, -----END ... PRIVATE KEY-----, is missing: ...
        other characters: is damaged between its first and last line: that is not base64: ...
        lines missing: is damaged between its first and last line: ...
        numbers changed: holds an RSA key whose numbers do not belong together: ...
        public: holds a public key, not the private one: ...
        elliptic: holds a key of another kind, not for RSA: ...
        OpenSSH: holds a key in OpenSSH's own format: ...
        encrypted: holds a key that is encrypted with a password: ...
        ");
    }
}
