//! What is broken on purpose, to see that the simulation notices.

/// One of the guards of the durable core, taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutation {
    /// Everybody who asks for a lease gets it.
    Lease,
    /// Of two sightings of a pull request the one that arrives later counts, not the one that GitHub dates later.
    Order,
    /// What is about to be done is only saved together with what came of it.
    SaveBeforeEffect,
}

impl Mutation {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Lease, Self::Order, Self::SaveBeforeEffect];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lease => "lease",
            Self::Order => "order",
            Self::SaveBeforeEffect => "save-before-effect",
        }
    }
}
