//! Does what the plan of a repository's places asks for: reads the limits in force, tells previews how they stand, and looks whether
//! those with a ticket still know it. No vendor is asked.

use std::{cell::RefCell, collections::BTreeMap, marker::PhantomData};

use domain::{
    PreviewId, TargetId,
    entity::Entity,
    places::{Action, Fact, Key, Places, Ticket, Word},
    preview::{self, AdmissionFact, Preview, Reading, Trouble},
    repository::{self, Repository},
};
use ports::{Clock, Level, Log, Store};

use crate::{Claim, Executor, RunError, browse, mailbox};

/// Does what the plan of places asks for. `P` is the preview as it is stored.
pub struct PlacesExecutor<'a, S, C, L, P> {
    /// Where previews and repositories are.
    pub store: S,
    /// The time.
    pub clock: C,
    /// Where it is told what was done.
    pub log: L,
    /// The previews that were told something: whoever may run them does so next.
    pub told: &'a RefCell<Vec<PreviewId>>,
    /// The preview as it is stored.
    pub preview: PhantomData<P>,
}

impl<S, C, L, P> Executor<Places> for PlacesExecutor<'_, S, C, L, P>
where
    S: Store,
    C: Clock,
    L: Log,
    P: Entity<Id = PreviewId, Fact: From<preview::Fact>> + AsRef<Preview>,
{
    async fn execute(&self, id: &Key, action: &Action, _claim: Claim) -> Fact {
        let done = match action {
            Action::ReadLimits => self.read_limits(*id).await,
            Action::Tell { ticket, word } => self.tell(*id, ticket, *word).await,
            Action::Look { ticket } => self.look(*id, ticket).await,
        };
        done.unwrap_or_else(|error| {
            let reason = error.to_string();
            let fields = [
                ("entity", id.to_string().into()),
                ("repository", id.0.0.into()),
                ("reason", reason.as_str().into()),
            ];
            let message = "could not hand out places of previews";
            self.log.write(Level::Warn, message, &fields);
            let trouble = Trouble::retry(reason);
            Fact::Troubled { trouble }
        })
    }
}

impl<S, C, L, P> PlacesExecutor<'_, S, C, L, P>
where
    S: Store,
    C: Clock,
    L: Log,
    P: Entity<Id = PreviewId, Fact: From<preview::Fact>> + AsRef<Preview>,
{
    /// With what previews may have read just now.
    async fn read_limits(&self, id: Key) -> Result<Fact, RunError> {
        let known: Repository = browse::current(&self.store, &repository::Key(id.0)).await?;
        let settings = match known.preview_settings() {
            Some(Reading::Valid { settings }) => Some(settings),
            Some(Reading::Invalid { in_force, .. }) => in_force,
            Some(Reading::Missing) | None => None,
        };
        let limits = settings.map(|settings| {
            let services = settings.services.into_iter();
            let limits =
                services.filter_map(|service| Some((service.application, service.when.limit?)));
            limits.collect::<BTreeMap<TargetId, u32>>()
        });
        Ok(Fact::LimitsRead { limits })
    }

    async fn tell(&self, id: Key, ticket: &Ticket, word: Word) -> Result<Fact, RunError> {
        let preview = of_preview(id, ticket);
        let fact = preview::Fact::Admission {
            application: ticket.application.clone(),
            fact: AdmissionFact::Told {
                ticket: ticket.ticket,
                word,
            },
        };
        mailbox::post::<P>(&self.store, &preview, &fact.into(), self.clock.now()).await?;
        self.told.borrow_mut().push(preview);
        let fields = [
            ("entity", preview.to_string().into()),
            ("repository", id.0.0.into()),
            ("application", ticket.application.as_str().into()),
        ];
        let message = match word {
            Word::Given => "the preview has a place",
            Word::Waiting { .. } => "the preview waits for a place",
        };
        self.log.write(Level::Info, message, &fields);
        let ticket = ticket.clone();
        Ok(Fact::Told { ticket, word })
    }

    async fn look(&self, id: Key, ticket: &Ticket) -> Result<Fact, RunError> {
        let stored: Option<P> = browse::state(&self.store, &of_preview(id, ticket)).await?;
        let known = stored.is_some_and(|preview| {
            let preview: &Preview = preview.as_ref();
            preview.has_ticket(&ticket.application, ticket.ticket)
        });
        let ticket = ticket.clone();
        Ok(Fact::Looked { ticket, known })
    }
}

fn of_preview(id: Key, ticket: &Ticket) -> PreviewId {
    PreviewId {
        repository: id.0,
        number: ticket.number,
    }
}
