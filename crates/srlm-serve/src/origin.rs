//! Who may call: pages of other sites, which a browser would let in, may not.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::api::Refusal;

/// Refuses a name of this machine that only a foreign name server gives it (DNS rebinding), and
/// calls of pages that are not this server's or this machine's. `is_local`: it listens on loopback.
pub(crate) async fn check(State(is_local): State<bool>, request: Request, next: Next) -> Response {
    match problem(is_local, request.headers()) {
        Some(header) => {
            let message = format!("the header {header} names another site; call by 127.0.0.1");
            Refusal::new(StatusCode::FORBIDDEN, message).into_response()
        }
        None => next.run(request).await,
    }
}

/// The header that is refused.
fn problem(is_local: bool, headers: &HeaderMap) -> Option<&'static str> {
    let host = headers.get(HOST).map(|value| value.to_str().unwrap_or_default());
    if is_local && host.is_some_and(|host| !is_loopback(host)) {
        return Some("Host");
    }
    let origin = headers.get(ORIGIN)?.to_str().unwrap_or_default();
    let site = origin.split_once("://").map_or("", |(_, site)| site);
    (!is_loopback(site) && host != Some(site)).then_some("Origin")
}

/// Whether a host with or without a port is this machine's own name.
fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_other_sites_are_refused() {
        let check = |is_local, host: &str, origin: Option<&str>, expected| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, host.parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(ORIGIN, origin.parse().unwrap());
            }
            assert_eq!(problem(is_local, &headers), expected, "{host} {origin:?}");
        };
        for host in ["127.0.0.1:8000", "localhost", "LOCALHOST:1", "[::1]:8000"] {
            check(true, host, None, None);
            check(true, host, Some("http://localhost:3000"), None);
            for origin in ["https://evil.example", "null", "http://localhost.evil.example"] {
                check(true, host, Some(origin), Some("Origin"));
            }
        }
        for host in ["evil.example:8000", "127.0.0.1.evil.example", "10.0.0.1", "", "[::1"] {
            check(true, host, None, (host != "[::1").then_some("Host"));
        }
        check(false, "models.example:8000", None, None);
        check(false, "models.example:8000", Some("http://models.example:8000"), None);
        check(false, "models.example:8000", Some("http://evil.example"), Some("Origin"));
        assert_eq!(problem(true, &HeaderMap::new()), None);
    }
}
