//! How a world begins: addresses, tokens, secrets.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{SystemTime, UNIX_EPOCH};

/// What may be chosen about a world.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the control API listens; port 0 for any.
    pub control: SocketAddr,
    /// Where GitHub listens.
    pub github: SocketAddr,
    /// Where Coolify listens.
    pub coolify: SocketAddr,
    /// Where previews are served.
    pub previews: SocketAddr,
    /// Where Argo CD listens.
    pub argocd: SocketAddr,
    /// Where Backstage listens.
    pub backstage: SocketAddr,
    /// Where Slack listens.
    pub slack: SocketAddr,
    /// Where the receiver of outgoing webhooks listens.
    pub receiver: SocketAddr,
    /// Where Harbor listens.
    pub harbor: SocketAddr,
    /// Where the platform API listens.
    pub platform: SocketAddr,
    /// Where Kubernetes listens.
    pub kubernetes: SocketAddr,
    /// The token that GitHub knows.
    pub github_token: String,
    /// Whose token that is.
    pub github_login: String,
    /// The token that Coolify knows, with `read`, `write` and `deploy`.
    pub coolify_token: String,
    /// The token that Argo CD knows, of an account that may read, sync, update and override.
    pub argocd_token: String,
    /// The token that Backstage knows, which may read and refresh entities.
    pub backstage_token: String,
    /// The token that the platform API knows.
    pub platform_token: String,
    /// The token that Kubernetes knows, of a service account that may look at namespaces and delete them.
    pub kubernetes_token: String,
    /// The secret that outgoing webhooks are signed with.
    pub notify_secret: String,
    /// The webhook's secret; none: unsigned deliveries.
    pub webhook_secret: Option<String>,
    /// Where deliveries go by themselves; none: only by hand.
    pub webhook_url: Option<String>,
    /// What GUIDs, hashes and ids are made from; another one for every world unless set.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            control: any,
            github: any,
            coolify: any,
            previews: any,
            argocd: any,
            backstage: any,
            slack: any,
            receiver: any,
            harbor: any,
            platform: any,
            kubernetes: any,
            github_token: "ghp_world".to_owned(),
            github_login: "slipway-bot".to_owned(),
            coolify_token: "1|world".to_owned(),
            argocd_token: "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJzbGlwd2F5In0.d29ybGQ".to_owned(),
            backstage_token: "backstage-world".to_owned(),
            platform_token: "platform-world".to_owned(),
            kubernetes_token:
                "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQifQ.d29ybGQ".to_owned(),
            notify_secret: "the world's own secret".to_owned(),
            webhook_secret: Some("It's a Secret to Everybody".to_owned()),
            webhook_url: None,
            seed: fresh_seed(),
        }
    }
}

impl Options {
    /// All servers beside each other: control at this address, then GitHub, Coolify, the previews, Argo CD, Backstage,
    /// Slack, the receiver, Harbor, the platform API and Kubernetes at the next ports. With port 0 every one gets any port.
    #[must_use]
    pub fn listening_at(control: SocketAddr) -> Self {
        let beside = |distance: u16| {
            let port = if control.port() == 0 {
                0
            } else {
                control.port().saturating_add(distance)
            };
            SocketAddr::new(control.ip(), port)
        };
        Self {
            control,
            github: beside(1),
            coolify: beside(2),
            previews: beside(3),
            argocd: beside(4),
            backstage: beside(5),
            slack: beside(6),
            receiver: beside(7),
            harbor: beside(8),
            platform: beside(9),
            kubernetes: beside(10),
            ..Self::default()
        }
    }
}

fn fresh_seed() -> u64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos());
    u64::try_from(now % u128::from(u64::MAX)).unwrap_or_default()
        ^ u64::from(std::process::id()).rotate_left(40)
}
