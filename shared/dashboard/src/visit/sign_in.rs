//! Signing in, with a token of the API or by GitHub, and signing out.

use http::{StatusCode, header};
use http_api::model::Me;
use ports::{Clock, Http};
use sign_in::ask;

use super::{SIGN_IN, Visit, is_same};
use crate::{
    Answer,
    api::{Api, Refusal},
    client, form,
    github::{self, Pending},
    pages::{self, Offer},
    session::{Person, Session},
};

/// What somebody is told whose way to GitHub and back was not begun here, or too long ago.
const NOT_BEGUN: &str =
    "This was not begun in this browser, or more than ten minutes ago. Begin again.";

impl<H: Http, C: Clock> Visit<'_, H, C> {
    pub(super) fn sign_in_form(&self, session: Option<Session>) -> Answer {
        self.sign_in_page(session, StatusCode::OK, None)
    }

    /// To the form, and from there back to what was asked for.
    pub(super) fn to_sign_in(&self) -> Answer {
        let query = self.asked.query.map(|query| format!("?{query}"));
        let asked = format!("{}{}", self.asked.path, query.unwrap_or_default());
        let return_to = github::return_to(Some(&asked));
        Answer::see_other(&github::with_return_to(SIGN_IN, &return_to))
    }

    /// The page that was asked for before, by the query or the form.
    pub(super) fn return_to(&self) -> String {
        let query = self.asked.query.unwrap_or_default().as_bytes();
        let named = |pairs: &[u8]| form::field(pairs, "return_to");
        let wanted = named(self.asked.body).or_else(|| named(query));
        github::return_to(wanted.as_deref())
    }

    /// The form again, with what was wrong.
    fn not_signed_in(&self, session: Option<Session>, problem: &str) -> Answer {
        self.sign_in_page(session, StatusCode::FORBIDDEN, Some(problem))
    }

    fn sign_in_page(
        &self,
        session: Option<Session>,
        status: StatusCode,
        problem: Option<&str>,
    ) -> Answer {
        if let Some((session, person)) = session.as_ref().and_then(with_person) {
            // Any site can send a browser to these addresses: that must not sign anybody out.
            let detail = problem.unwrap_or_default().to_owned();
            return self.refused(Refusal::Told { status, detail }, person, session);
        }
        let session = session.unwrap_or_else(|| Session::anonymous(self.now));
        let return_to = self.return_to();
        let by_github = self.dashboard.github.as_ref();
        let offer = Offer {
            csrf: &session.csrf,
            return_to: &return_to,
            by_github: by_github.map(|_| github::with_return_to(github::BEGIN, &return_to)),
        };
        let answer = Answer::page(status, pages::sign_in(&offer, problem));
        self.with_cookie(answer, Some(&session))
    }

    pub(super) async fn sign_in(&self, session: Option<Session>) -> Answer {
        let session = match session {
            Some(session) if self.is_ours(&session) => session,
            // Without a cookie: the browser keeps the session that it did not send along.
            _ if self.is_from_elsewhere() => return super::forged(),
            session => {
                let problem =
                    "The form was too old, or this browser keeps no cookies. Try once more.";
                // Whoever signed in meanwhile, in another tab, stays so.
                let signed_in = session.filter(|session| session.person.is_some());
                return self.not_signed_in(signed_in, problem);
            }
        };
        if let Err(refusal) = ask::attempt(&self.dashboard.http, &self.client()).await {
            return self.refused_try(Some(session), refusal);
        }
        let token = form::field(self.asked.body, "token").unwrap_or_default();
        let token = token.trim();
        // A pass is nobody's to type.
        let me: Result<Me, Refusal> = if token.starts_with(ask::PREFIX) {
            Err(Refusal::NotSignedIn)
        } else {
            let http = &self.dashboard.http;
            Api { http, token }.get("/me").await
        };
        let me = match me {
            Ok(me) => me,
            Err(Refusal::NotSignedIn) => {
                let problem = "This is none of the configured tokens.";
                return self.not_signed_in(Some(session), problem);
            }
            Err(Refusal::Told { detail, .. }) => {
                return self.not_signed_in(Some(session), &detail);
            }
        };
        let person = Person {
            token: token.to_owned(),
            name: me.name,
            role: me.role,
            by_github: false,
        };
        let session = Session::of(person, self.now);
        self.with_cookie(Answer::see_other(&self.return_to()), Some(&session))
    }

    /// Sends the browser to GitHub, and has it keep what must come back.
    pub(super) fn to_github(&self, session: Option<Session>) -> Answer {
        let Some(github) = &self.dashboard.github else {
            return super::not_found();
        };
        let Some(back) = self.callback() else {
            let problem = "GitHub can send nobody back: the variable public_url is not set.";
            return self.sign_in_page(session, StatusCode::SERVICE_UNAVAILABLE, Some(problem));
        };
        let pending = Pending::new(back, self.return_to(), self.now);
        let sealed = pending.and_then(|pending| Some((self.key.seal_sign_in(&pending)?, pending)));
        let Some((sealed, pending)) = sealed else {
            let problem = "The host gives no randomness.";
            return self.sign_in_page(session, StatusCode::SERVICE_UNAVAILABLE, Some(problem));
        };
        let age = pending.until.since(self.now).as_secs();
        let answer = Answer::see_other(&pending.address(github));
        self.with_cookie_of(answer, sign_in_cookie, Some((sealed, age)))
    }

    /// Where GitHub sends the browser: the address that people reach Slipway by. Without one only this machine's own is taken.
    fn callback(&self) -> Option<String> {
        let host = self.asked.headers.get(header::HOST);
        let base = match &self.dashboard.public_url {
            Some(url) => url.clone(),
            None if form::is_loopback(self.asked.headers) => {
                format!("http://{}", host?.to_str().ok()?)
            }
            None => return None,
        };
        Some(format!("{base}{}", ask::CALLBACK))
    }

    /// GitHub sent the browser back. Whatever comes of it, what the browser kept for it is used up.
    pub(super) async fn back_from_github(&self, session: Option<Session>) -> Answer {
        let answer = match &self.dashboard.github {
            Some(_) => self.returned(session).await,
            None => super::not_found(),
        };
        self.with_cookie_of(answer, sign_in_cookie, None)
    }

    async fn returned(&self, session: Option<Session>) -> Answer {
        let over_tls = self.dashboard.over_tls(self.asked.headers);
        let kept = form::cookie(self.asked.headers, sign_in_cookie(over_tls))
            .and_then(|cookie| self.key.open_sign_in(cookie, self.now));
        let query = self.asked.query.unwrap_or_default().as_bytes();
        let sent = |name: &str| form::field(query, name).unwrap_or_default();
        let Some(kept) = kept.filter(|kept| is_same(&kept.state, &sent("state"))) else {
            return self.not_signed_in(session, NOT_BEGUN);
        };
        let error = sent("error");
        if !error.is_empty() {
            return self.not_signed_in(session, github::refusal(&error));
        }
        let returned = ask::Returned {
            client: self.client(),
            state: kept.state,
            until: kept.until,
            code: sent("code"),
            verifier: kept.verifier,
            redirect_uri: kept.redirect_uri,
        };
        match ask::sign_in(&self.dashboard.http, &returned).await {
            Ok(signed_in) => {
                let person = Person {
                    token: signed_in.pass,
                    name: signed_in.login,
                    role: String::new(),
                    by_github: true,
                };
                let session = Session::of(person, self.now).until(signed_in.expires_at);
                self.with_cookie(Answer::see_other(&kept.return_to), Some(&session))
            }
            Err(refusal) => self.refused_try(session, refusal),
        }
    }

    /// Deletes the cookie. Who signed in by GitHub is signed out wherever copies of it are; if that cannot be done now, the
    /// cookie goes all the same, and the log of `people` says so.
    pub(super) async fn sign_out(&self, session: &Session) -> Answer {
        let by_github = session.person.as_ref().filter(|person| person.by_github);
        if let Some(person) = by_github {
            drop(ask::sign_out(&self.dashboard.http, &person.token).await);
        }
        self.with_cookie(Answer::see_other(SIGN_IN), None)
    }

    /// Whose tries are counted together.
    fn client(&self) -> String {
        let header = self.dashboard.client_address_header.as_deref();
        client::address(self.asked.headers, header)
    }

    fn refused_try(&self, session: Option<Session>, refusal: ask::Refusal) -> Answer {
        match refusal {
            ask::Refusal::TooMany { after } => {
                let seconds = after.as_secs();
                let problem = format!(
                    "There were too many tries to sign in. Try again in {seconds} seconds."
                );
                let status = StatusCode::TOO_MANY_REQUESTS;
                let mut answer = self.sign_in_page(session, status, Some(&problem));
                answer.set(header::RETRY_AFTER, &seconds.to_string());
                answer
            }
            ask::Refusal::Told { status, detail } => {
                self.sign_in_page(session, status, Some(&detail))
            }
        }
    }
}

/// The session with who signed in, if somebody did.
fn with_person(session: &Session) -> Option<(&Session, &Person)> {
    Some((session, session.person.as_ref()?))
}

/// The cookie of who is at GitHub.
fn sign_in_cookie(over_tls: bool) -> &'static str {
    if over_tls {
        "__Host-slipway-sign-in"
    } else {
        "slipway-sign-in"
    }
}
