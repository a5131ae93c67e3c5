//! Writing the one comment: changed where it is known, else found by its marker and our account, else created.

use std::time::Duration;

use domain::{
    PreviewId, RepositoryName,
    preview::{Fact, Trouble, marker},
};
use ports::{Clock, Http, Log, Store};
use vendors::{
    CallError,
    github::{Client, Repository, Update},
};

use super::PreviewExecutor;
use crate::Claim;

/// A comment is created only so soon after the look for one began: later the lease may run out before the request arrives, and
/// whoever has the next one looks in vain and creates another.
const LOOK: Duration = Duration::from_secs(20);

/// What the comment is to say.
#[derive(Clone, Copy)]
pub(super) struct Text<'a> {
    pub(super) body: &'a str,
    pub(super) digest: &'a str,
}

impl Text<'_> {
    fn published(self, comment: u64) -> Fact {
        Fact::CommentPublished {
            comment,
            digest: self.digest.to_owned(),
        }
    }
}

impl<V: Http, H: Http, C: Clock, L: Log, S: Store, P> PreviewExecutor<V, H, C, L, S, P> {
    pub(super) async fn publish_comment(
        &self,
        id: PreviewId,
        name: &RepositoryName,
        known: Option<u64>,
        text: Text<'_>,
        claim: Claim,
    ) -> Result<Fact, Trouble> {
        let (github, repository) = self.github(id, name)?;
        if let Some(comment) = known {
            return Ok(
                match github
                    .update_comment(repository, comment, text.body)
                    .await?
                {
                    Update::Updated => text.published(comment),
                    Update::Gone => Fact::CommentGone,
                },
            );
        }
        if claim == Claim::Later {
            let reason = "somebody else is creating the comment".to_owned();
            return Err(CallError::Unknown { reason }.into());
        }
        let begun = self.clock.now();
        let account = self.account(github, repository).await?;
        let found = github
            .own_comments(repository, id.number, &marker(id), account)
            .await?;
        let Some((oldest, extras)) = found.split_first() else {
            if self.clock.now().since(begun) > LOOK {
                return Err(Trouble::retry(
                    "GitHub took so long to show the comments that none is created now",
                ));
            }
            let created = github
                .create_comment(repository, id.number, text.body)
                .await?;
            return Ok(text.published(created.id));
        };
        for extra in extras {
            github.delete_comment(repository, extra.id).await?;
        }
        // If it was deleted just now, the next attempt creates it.
        Ok(
            match github
                .update_comment(repository, oldest.id, text.body)
                .await?
            {
                Update::Updated => text.published(oldest.id),
                Update::Gone => {
                    return Err(Trouble::retry(
                        "the comment was deleted while it was being edited",
                    ));
                }
            },
        )
    }

    /// The id of the account that writes our comments.
    async fn account(
        &self,
        github: &Client<V, C, S>,
        repository: Repository<'_>,
    ) -> Result<u64, CallError> {
        if let Some(account) = self.account.get() {
            return Ok(account);
        }
        let account = github.account(repository).await?;
        self.account.set(Some(account));
        Ok(account)
    }
}

#[cfg(test)]
mod tests;
