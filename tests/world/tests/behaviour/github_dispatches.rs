//! Workflows that are started by hand: what GitHub takes, and the runs that come of it, with Slipway's own client.

use std::collections::BTreeMap;

use domain::preview::RunProgress;
use domain::{RepositoryId, RepositoryName, Timestamp};
use ports::Clock;
use ports::memory::MemoryStore;
use serde_json::json;
use vendors::CallError;
use vendors::github::{Client, Credentials, Dispatched, Repository, WorkflowDispatch};
use world::{Effect, Fault, Vendor, World, answer_differences};

use crate::asking;
use crate::wire::Wire;

const WORKFLOW: &str = "name: Smoke test\nrun-name: Smoke test of ${{ inputs.url }}\non:\n  workflow_dispatch:\n    inputs:\n      url:\n        required: true\n      level:\n        \
                        type: choice\n        default: short\n        options: \n          - short\n          - long\njobs: {}\n";

/// The machine's clock.
pub struct Now;

impl Clock for Now {
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        Timestamp::from_milliseconds(i64::try_from(since.as_millis()).unwrap())
    }

    async fn sleep(&self, duration: std::time::Duration) {
        tokio::time::sleep(duration).await;
    }
}

struct Shop {
    world: World,
    repository: world::Repository,
    name: RepositoryName,
    client: GitHubClient,
}

/// Slipway's client of GitHub over real HTTP.
pub type GitHubClient = Client<Wire, Now, MemoryStore>;

/// The client, with the world's token.
pub fn github_client(world: &World) -> GitHubClient {
    let credentials = Credentials::Token(world.options().github_token.clone());
    Client::new(
        Wire,
        Now,
        MemoryStore::default(),
        &world.github_url(),
        &credentials,
    )
}

async fn shop() -> Shop {
    let world = asking::world().await;
    let repository = world.github().repository("acme/shop");
    repository.write_file(".github/workflows/smoke-test.yml", WORKFLOW);
    let client = github_client(&world);
    Shop {
        world,
        repository,
        name: "acme/shop".parse().unwrap(),
        client,
    }
}

impl Shop {
    fn at(&self) -> Repository<'_> {
        Repository {
            id: RepositoryId(self.repository.id()),
            name: &self.name,
        }
    }

    async fn start(
        &self,
        workflow: &str,
        branch: &str,
        inputs: &[(&str, &str)],
    ) -> Result<Dispatched, CallError> {
        let inputs: BTreeMap<String, String> = inputs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let dispatch = WorkflowDispatch {
            workflow,
            branch,
            inputs: &inputs,
        };
        self.client.dispatch_workflow(self.at(), dispatch).await
    }
}

#[tokio::test]
async fn a_workflow_is_started_followed_and_ends() {
    let shop = shop().await;
    let started = shop
        .start("smoke-test.yml", "main", &[("url", "https://shop.example")])
        .await
        .unwrap();
    let Dispatched::Run { id, .. } = started else {
        panic!("{started:?}")
    };
    let dispatched = &shop.repository.dispatches()[0];
    assert_eq!((dispatched.run, dispatched.branch.as_str()), (id, "main"));
    let inputs: Vec<(&str, &str)> = dispatched
        .inputs
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        inputs,
        [("level", "short"), ("url", "https://shop.example")],
        "with the workflow's own default"
    );
    let progress = async || {
        shop.client
            .workflow_run(shop.at(), id)
            .await
            .unwrap()
            .unwrap()
            .progress
    };
    assert_eq!(progress().await, RunProgress::Waiting);
    shop.repository.runs().last().unwrap().fail();
    assert_eq!(
        progress().await,
        RunProgress::of(Some("completed"), Some("failure"))
    );
    assert_eq!(shop.client.workflow_run(shop.at(), 7).await.unwrap(), None);
    let effect = Effect::WorkflowDispatched {
        workflow: "smoke-test.yml".to_owned(),
        run: id,
    };
    assert_eq!(shop.world.effects(), [effect]);
    shop.world.assert_clean();
}

#[tokio::test]
async fn a_dispatch_whose_answer_was_lost_is_found_among_the_runs_since() {
    let shop = shop().await;
    let since = Now.now();
    shop.world
        .fault(Vendor::GitHub)
        .on("POST", "/dispatches")
        .once()
        .is(Fault::DropAnswer);
    let lost = shop.start("smoke-test.yml", "main", &[("url", "x")]).await;
    assert!(matches!(lost, Err(CallError::Unknown { .. })), "{lost:?}");
    let inputs = BTreeMap::new();
    let dispatch = WorkflowDispatch {
        workflow: "smoke-test.yml",
        branch: "main",
        inputs: &inputs,
    };
    let found = shop
        .client
        .dispatched_since(shop.at(), dispatch, since)
        .await
        .unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].run.id, shop.repository.dispatches()[0].run);
    assert_eq!(found[0].run.path, ".github/workflows/smoke-test.yml");
    assert_eq!(found[0].title, "Smoke test of x");
    let later = since.after(std::time::Duration::from_secs(600));
    assert_eq!(
        shop.client
            .dispatched_since(shop.at(), dispatch, later)
            .await
            .unwrap(),
        []
    );
    shop.world.assert_clean();
}

#[tokio::test]
async fn what_a_workflow_does_not_take_is_refused_in_githubs_words() {
    let shop = shop().await;
    shop.repository
        .write_file(".github/workflows/ci.yml", "name: CI\non: push\njobs: {}\n");
    let good = ("url", "x");
    for (workflow, branch, inputs, says) in [
        ("nope.yml", "main", vec![good], "Not Found"),
        (
            "ci.yml",
            "main",
            vec![],
            "does not have 'workflow_dispatch' trigger",
        ),
        (
            "smoke-test.yml",
            "nope",
            vec![good],
            "No ref found for: nope",
        ),
        (
            "smoke-test.yml",
            "main",
            vec![],
            "Required input 'url' not provided",
        ),
        (
            "smoke-test.yml",
            "main",
            vec![good, ("force", "1")],
            "Unexpected inputs provided",
        ),
        (
            "smoke-test.yml",
            "main",
            vec![good, ("level", "deep")],
            "not in the list of allowed values",
        ),
    ] {
        let refused = shop.start(workflow, branch, &inputs).await.unwrap_err();
        assert!(
            matches!(&refused, CallError::Refused { reason } if reason.contains(says)),
            "{says}: {refused}"
        );
    }
    assert_eq!(shop.repository.dispatches(), []);
    shop.world.assert_clean();
}

#[tokio::test]
async fn answers_fit_githubs_document_and_runs_end_with_the_control_api() {
    let shop = shop().await;
    let github = asking::github(&shop.world);
    let path = "/repos/acme/shop/actions/workflows/smoke-test.yml/dispatches";
    let named = github
        .post(
            path,
            &json!({"ref": "main", "inputs": {"url": "x"}, "return_run_details": true}),
        )
        .await;
    let differences = answer_differences(Vendor::GitHub, "POST", path, named.status, &named.json());
    assert_eq!(
        (named.status, differences),
        (200, Vec::new()),
        "{}",
        named.text()
    );
    assert_eq!(
        github
            .post(path, &json!({"ref": "main", "inputs": {"url": "x"}}))
            .await
            .status,
        204
    );
    let runs = "/repos/acme/shop/actions/workflows/smoke-test.yml/runs";
    let listed = github.get(&format!("{runs}?event=workflow_dispatch")).await;
    let differences =
        answer_differences(Vendor::GitHub, "GET", runs, listed.status, &listed.json());
    assert_eq!(
        (listed.json()["total_count"].clone(), differences),
        (json!(2), Vec::new())
    );
    let control = asking::control(&shop.world);
    let run = named.json()["workflow_run_id"].to_string();
    let ended = control
        .post(
            &format!("/runs/{run}/complete"),
            &json!({"repository": "acme/shop"}),
        )
        .await;
    assert_eq!(ended.status, 200, "{}", ended.text());
    let state = github
        .get(&format!("/repos/acme/shop/actions/runs/{run}"))
        .await
        .json();
    assert_eq!(state["conclusion"], "success");
    assert_eq!(
        control.get("/state").await.json()["dispatches"][0]["workflow"],
        "smoke-test.yml"
    );
}
