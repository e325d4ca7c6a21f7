//! Where a server is: `http://host:port`, from what a person types.

use hyper::Uri;

use crate::Error;

/// The address in one form: scheme, host and port, nothing behind them.
pub(crate) fn parse(typed: &str) -> Result<String, Error> {
    let refuse = |why: &str| Error::Address { found: typed.to_owned(), why: why.to_owned() };
    let trimmed = typed.trim().trim_end_matches('/');
    let trimmed = trimmed.strip_suffix("/v2").unwrap_or(trimmed);
    let with_scheme =
        if trimmed.contains("://") { trimmed.to_owned() } else { format!("http://{trimmed}") };
    let uri: Uri = with_scheme.parse().map_err(|error| refuse(&format!("{error}")))?;
    match uri.scheme_str() {
        Some("http") => {}
        Some("https") => {
            return Err(refuse(
                "there is no TLS in this client; use http:// to a proxy on this machine",
            ));
        }
        _ => return Err(refuse("the scheme is not http")),
    }
    let authority = uri.authority().ok_or_else(|| refuse("there is no host"))?;
    if authority.as_str().contains('@') {
        return Err(refuse("there is no login; leave out the user"));
    }
    if authority.as_str().ends_with(':') {
        return Err(refuse("there is no port behind the colon"));
    }
    if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
        return Err(refuse("nothing may follow the port"));
    }
    Ok(format!("http://{authority}"))
}

/// Whether the address names this machine.
pub(crate) fn is_local(address: &str) -> bool {
    ["http://127.", "http://localhost", "http://[::1]"].iter().any(|here| address.starts_with(here))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_becomes_one_form() {
        for typed in ["http://127.0.0.1:8080", "127.0.0.1:8080/", "http://127.0.0.1:8080/v2/"] {
            assert_eq!(parse(typed).unwrap(), "http://127.0.0.1:8080", "{typed}");
        }
        assert_eq!(parse("[::1]:9").unwrap(), "http://[::1]:9");
        assert_eq!(parse("orders.example").unwrap(), "http://orders.example");
    }

    #[test]
    fn what_cannot_work_is_refused_with_the_reason() {
        for (typed, why) in [
            ("https://x", "no TLS"),
            ("ftp://x", "not http"),
            ("http://me@x", "no login"),
            ("http://x/some/path", "may follow"),
            ("http://", "found `http://`"),
            ("", "found ``"),
        ] {
            let error = parse(typed).unwrap_err().to_string();
            assert!(error.contains(why), "{typed}: {error}");
        }
    }
}
