//! Signing in by GitHub, asking what the person may see, and signing out.

use std::time::Duration;

use http::StatusCode;
use ports::{Clock, Http, Level, Log, Store};
use runtime::{
    access::{self, Known, Noted},
    rate,
};
use vendors::{
    CallError,
    github::{Authorization, Grant, User},
};

use crate::{
    People, Reply,
    ask::{Borne, Person, Returned, SignedIn},
    pass::Pass,
};

/// GitHub's own tokens last so long; those that do not end count for no longer here.
const SIGNED_IN_FOR: Duration = Duration::from_secs(8 * 60 * 60);
/// A state is good for ten minutes: an end that is further away than that is none of ours.
const STATE_FOR: Duration = Duration::from_secs(15 * 60);

impl<S: Store, C: Clock, L: Log, H: Http, K: Clock> People<S, C, L, H, K> {
    /// Signs somebody in. Whoever may see nothing here is not let in, and their token is ended at once.
    pub(crate) async fn sign_in(&self, returned: &Returned) -> Result<Reply, Reply> {
        self.count(&returned.client).await?;
        let github = self.github()?;
        self.use_state(returned).await?;
        let grant = Grant {
            code: &returned.code,
            verifier: &returned.verifier,
            redirect_uri: &returned.redirect_uri,
        };
        let token = github
            .exchange(grant)
            .await
            .map_err(|error| self.told(&error))?;
        let known = match self.known(github, &token.secret).await {
            Ok(Some(known)) => known,
            Ok(None) => return Err(ended()),
            Err(error) => return Err(self.told(&error)),
        };
        if known.access.repositories.is_empty() {
            self.revoke(github, &token.secret).await;
            let detail = format!(
                "At GitHub you are {}, and of the repositories that Slipway is installed in none is yours to see.",
                known.login
            );
            return Err(Reply::told(StatusCode::FORBIDDEN, &detail));
        }
        let now = self.clock.now();
        let lasts = token
            .lasts
            .map_or(SIGNED_IN_FOR, |lasts| lasts.min(SIGNED_IN_FOR));
        let expires_at = now.after(lasts);
        let key = access::key(&token.secret, now);
        self.stored(access::note(&self.store, &key, &known).await)?;
        let pass = Pass {
            token: token.secret,
            account: known.id,
            expires_at,
        };
        let Some(pass) = pass.seal(&github.client_secret) else {
            let detail = "The host gives no randomness.";
            return Err(Reply::told(StatusCode::SERVICE_UNAVAILABLE, detail));
        };
        let fields = [("login", known.login.as_str().into())];
        self.log
            .write(Level::Info, "somebody signed in by GitHub", &fields);
        let login = known.login;
        Ok(Reply::new(
            StatusCode::OK,
            &SignedIn {
                login,
                pass,
                expires_at,
            },
        ))
    }

    /// Who bears a pass: as noted a moment ago, or asked of GitHub anew. What nobody can tell now is nothing.
    pub(crate) async fn who(&self, borne: &Borne) -> Result<Reply, Reply> {
        let github = self.github()?;
        let now = self.clock.now();
        let pass = Pass::open(&borne.pass, &github.client_secret, now).ok_or_else(ended)?;
        let key = access::key(&pass.token, now);
        let noted = self.stored(access::noted(&self.store, &key, now).await)?;
        let known = match noted {
            Some(Noted::Known(known)) => known,
            Some(Noted::Ended) => return Err(ended()),
            None => {
                let asked = self.known(github, &pass.token).await;
                let known = asked.map_err(|error| self.told(&error))?;
                let Some(known) = known.filter(|known| known.id == pass.account) else {
                    self.stored(access::note_ended(&self.store, &key, now).await)?;
                    return Err(ended());
                };
                self.stored(access::note(&self.store, &key, &known).await)?;
                known
            }
        };
        Ok(Reply::new(StatusCode::OK, &Person { key, known }))
    }

    /// Ends the person's token at GitHub, so that no copy of the session is good for longer than what is noted, which is
    /// forgotten.
    pub(crate) async fn sign_out(&self, borne: &Borne) -> Result<Reply, Reply> {
        let github = self.github()?;
        let now = self.clock.now();
        if let Some(pass) = Pass::open(&borne.pass, &github.client_secret, now) {
            self.revoke(github, &pass.token).await;
            let key = access::key(&pass.token, now);
            self.stored(access::forget(&self.store, &key).await)?;
        }
        Ok(Reply::new(StatusCode::OK, &()))
    }

    /// Whoever GitHub says that bears the token; none if the token is good no more.
    async fn known(
        &self,
        github: &Authorization<H, K>,
        token: &str,
    ) -> Result<Option<Known>, CallError> {
        let Some(User { id, login }) = github.user(token).await? else {
            return Ok(None);
        };
        let access = github.access(token).await?;
        Ok(access.map(|access| Known { id, login, access }))
    }

    /// A state that was used before is refused, whatever came of it.
    async fn use_state(&self, returned: &Returned) -> Result<(), Reply> {
        let now = self.clock.now();
        let refused = |detail| Reply::told(StatusCode::FORBIDDEN, detail);
        if returned.until <= now || returned.until > now.after(STATE_FOR) {
            return Err(refused(
                "It is too long ago that this was begun. Begin again.",
            ));
        }
        let what = format!("state {}", returned.state);
        let counted = rate::is_first_use(&self.store, &what, returned.until).await;
        if self.stored(counted)? {
            return Ok(());
        }
        Err(refused(
            "This answer of GitHub's was used before. Begin again.",
        ))
    }

    async fn revoke(&self, github: &Authorization<H, K>, token: &str) {
        if let Err(error) = github.revoke(token).await {
            let fields = [("reason", error.reason().into())];
            let message = "could not end the token of somebody who is not signed in any more";
            self.log.write(Level::Warn, message, &fields);
        }
    }

    fn github(&self) -> Result<&Authorization<H, K>, Reply> {
        self.github.as_ref().map_err(|reason| {
            let detail = format!("Nobody can sign in by GitHub: {reason}.");
            Reply::told(StatusCode::SERVICE_UNAVAILABLE, &detail)
        })
    }

    fn stored<T>(&self, result: Result<T, ports::StoreError>) -> Result<T, Reply> {
        result.map_err(|error| {
            let fields = [("reason", error.to_string().into())];
            let message = "the store does not answer for somebody who signed in";
            self.log.write(Level::Error, message, &fields);
            Reply::told(
                StatusCode::SERVICE_UNAVAILABLE,
                "The store does not answer.",
            )
        })
    }

    /// What GitHub said, in the log and for who asks.
    fn told(&self, error: &CallError) -> Reply {
        let reason = error.reason();
        let fields = [("reason", reason.into())];
        let message = "could not learn from GitHub about somebody who signs in";
        self.log.write(Level::Warn, message, &fields);
        match error {
            CallError::Refused { .. } => Reply::told(StatusCode::FORBIDDEN, reason),
            CallError::Retry { .. }
            | CallError::Paused { .. }
            | CallError::TooLong { .. }
            | CallError::Unknown { .. } => Reply::told(StatusCode::SERVICE_UNAVAILABLE, reason),
        }
    }
}

/// The pass is good no more.
fn ended() -> Reply {
    Reply::told(StatusCode::UNAUTHORIZED, "You are not signed in any more.")
}
