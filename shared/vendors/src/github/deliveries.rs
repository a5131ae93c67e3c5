//! GitHub's log of what it delivered to the App, and what each delivery said (VENDORS 4.4).

use domain::{
    DeliveryGuid, Timestamp,
    gap::{LogPage, LoggedAttempt},
};
use http::{Method, StatusCode};
use ports::{Clock, Http, Store};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Client, credentials::Login, link::next_page};
use crate::{
    CallError,
    exchange::{Repeat, message},
};

/// The most that GitHub gives.
const PER_PAGE: u32 = 100;

#[derive(Deserialize)]
struct WireAttempt {
    id: u64,
    guid: String,
    delivered_at: String,
    status: String,
    event: String,
    action: Option<String>,
}

#[derive(Deserialize)]
struct WireDelivery<'a> {
    #[serde(borrow)]
    request: WireRequest<'a>,
}

#[derive(Deserialize)]
struct WireRequest<'a> {
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
}

impl WireAttempt {
    /// None if its delivery cannot be named: then it is none that could be stored.
    fn read(self) -> Option<LoggedAttempt> {
        Some(LoggedAttempt {
            id: self.id,
            guid: self.guid.parse::<DeliveryGuid>().ok()?,
            delivered_at: Timestamp::parse(&self.delivered_at)?,
            is_ok: self.status.eq_ignore_ascii_case("OK"),
            event: self.event,
            action: self.action,
        })
    }
}

impl<H: Http, C: Clock, S: Store> Client<H, C, S> {
    /// Whether Slipway is an App, which has a log of deliveries; a plain token has none.
    pub fn has_delivery_log(&self) -> bool {
        let setup = self.setup.as_ref();
        setup.is_ok_and(|setup| matches!(setup.login, Login::App(_)))
    }

    /// A page of the log of the App's deliveries, newest first, `cursor` being where the page before said that this one begins.
    /// Nothing with a plain token.
    pub async fn delivery_page(&self, cursor: Option<&str>) -> Result<LogPage, CallError> {
        let what = "reading the App's deliveries".to_owned();
        let exchange = self.exchange_of(what, Repeat::Harmless)?;
        let Login::App(app) = &self.setup(&exchange.what)?.login else {
            return Ok(LogPage::default());
        };
        let mut path = format!("/app/hook/deliveries?per_page={PER_PAGE}");
        if let Some(cursor) = cursor {
            path.push_str("&cursor=");
            path.push_str(cursor);
        }
        let response = self
            .send_as_app(app, &exchange, Method::GET, &path, Vec::new())
            .await?;
        if response.status == StatusCode::BAD_REQUEST
            || response.status == StatusCode::UNPROCESSABLE_ENTITY
        {
            let hint = "GitHub does not know the page to go on with";
            return Err(exchange.failure(&response, cursor.map_or("", |_| hint)));
        }
        if response.status != StatusCode::OK {
            return Err(self.app_failure(app, &exchange, &response));
        }
        let attempts: Vec<WireAttempt> = exchange.read(&response)?;
        Ok(LogPage {
            attempts: attempts.into_iter().filter_map(WireAttempt::read).collect(),
            next: next_page(&response.headers).and_then(cursor_of),
        })
    }

    /// The payload of a delivery, by the id of an attempt at it; none if GitHub has it no more, or with a plain token.
    pub async fn delivery_payload(&self, attempt: u64) -> Result<Option<String>, CallError> {
        let what = format!("reading the App's delivery {attempt}");
        let exchange = self.exchange_of(what, Repeat::Harmless)?;
        let Login::App(app) = &self.setup(&exchange.what)?.login else {
            return Ok(None);
        };
        let path = format!("/app/hook/deliveries/{attempt}");
        let response = self
            .send_as_app(app, &exchange, Method::GET, &path, Vec::new())
            .await?;
        match response.status {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND if message(&response).is_some() => return Ok(None),
            _ => return Err(self.app_failure(app, &exchange, &response)),
        }
        let delivery: WireDelivery<'_> = exchange.read(&response)?;
        Ok(delivery
            .request
            .payload
            .map(|payload| payload.get().to_owned()))
    }
}

/// The cursor in the address of the next page, as it stands there. What would be more than a value is none.
fn cursor_of(address: &str) -> Option<String> {
    let (_, query) = address.split_once('?')?;
    let cursor = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("cursor="))?;
    let is_value = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%+:=".contains(&byte);
    (!cursor.is_empty() && cursor.bytes().all(is_value)).then(|| cursor.to_owned())
}
