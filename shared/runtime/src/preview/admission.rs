//! Asking for a place among the live previews and giving it back: the places are told by mail, and run at once, so that a place
//! that is free is had without a wait.

use std::{marker::PhantomData, time::Duration};

use domain::{
    PreviewId, TargetId,
    entity::Entity,
    places::{self, Places, Ticket},
    preview::{AdmissionAction, AdmissionFact, Fact, Preview, Trouble},
};
use ports::{Clock, Http, Level, Log, Store};

use super::PreviewExecutor;
use crate::{Runner, mailbox, places::PlacesExecutor};

/// So long places are handed out under the lease of the preview that asks; what is left is due.
const HANDED_OUT_FOR: Duration = Duration::from_secs(10);

impl<V, H, C, L, S, P> PreviewExecutor<V, H, C, L, S, P>
where
    V: Http,
    H: Http,
    C: Clock,
    L: Log,
    S: Store,
    P: Entity<Id = PreviewId, Fact: From<Fact>> + AsRef<Preview>,
{
    pub(super) async fn see_to_place(
        &self,
        id: PreviewId,
        application: &TargetId,
        action: &AdmissionAction,
    ) -> AdmissionFact {
        let named = |ticket| Ticket {
            application: application.clone(),
            number: id.number,
            ticket,
        };
        let (fact, done) = match *action {
            AdmissionAction::Ask {
                ticket,
                since,
                live,
                limit,
            } => {
                let asked = places::Fact::Asked {
                    ticket: named(ticket),
                    since,
                    live,
                    limit,
                };
                (asked, AdmissionFact::Asked { ticket })
            }
            AdmissionAction::Return { ticket } => {
                let ticket_back = named(ticket);
                let given_back = places::Fact::GivenBack {
                    ticket: ticket_back,
                };
                (given_back, AdmissionFact::Returned { ticket })
            }
        };
        let key = places::Key(id.repository);
        let now = self.clock.now();
        match mailbox::post::<Places>(&self.store, &key, &fact, now).await {
            Ok(mail) => self.hand_out(key, mail).await,
            Err(error) => {
                let trouble = Trouble::retry(error.to_string());
                return AdmissionFact::Troubled { trouble };
            }
        }
        done
    }

    /// Runs the places. If that fails the mail is there, and they are due.
    async fn hand_out(&self, key: places::Key, mail: u64) {
        let runner = Runner {
            store: &self.store,
            clock: &self.clock,
            log: &self.log,
            executor: PlacesExecutor::<_, _, _, P> {
                store: &self.store,
                clock: &self.clock,
                log: &self.log,
                told: &self.told,
                preview: PhantomData,
            },
        };
        let deadline = self.clock.now().after(HANDED_OUT_FOR);
        let ran = runner.run_until::<Places>(&key, &[mail], deadline).await;
        if let Err(error) = ran {
            let fields = [
                ("entity", key.to_string().into()),
                ("reason", error.to_string().into()),
            ];
            let message = "could not hand out places of previews";
            self.log.write(Level::Warn, message, &fields);
        }
    }
}

/// What a fact says, for the log.
pub(super) fn told(fact: &AdmissionFact) -> (&'static str, Option<&Trouble>) {
    match fact {
        AdmissionFact::Asking { .. } => ("about to ask for a place", None),
        AdmissionFact::Asked { .. } => ("asked for a place among the live previews", None),
        AdmissionFact::Told { .. } => ("was told of its place among the live previews", None),
        AdmissionFact::Returning { .. } => ("about to give its place back", None),
        AdmissionFact::Returned { .. } => ("gave its place back", None),
        AdmissionFact::Troubled { trouble } => {
            ("could not tell the places of previews", Some(trouble))
        }
    }
}
