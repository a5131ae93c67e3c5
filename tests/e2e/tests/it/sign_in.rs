//! People sign in to the dashboard by GitHub: who sees and does what, and everything that must not work.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use e2e::{APP, PATIENCE, Setup, Story};
use world::{Answer, App};

/// A browser without scripts, with its cookies of Slipway.
struct Browser<'a> {
    story: &'a Story,
    cookies: BTreeMap<String, String>,
}

impl<'a> Browser<'a> {
    fn of(story: &'a Story) -> Self {
        Self {
            story,
            cookies: BTreeMap::new(),
        }
    }

    async fn ask(&mut self, method: &str, path: &str, form: String) -> Result<Answer> {
        let kind = "application/x-www-form-urlencoded".to_owned();
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let headers = [
            ("content-type".to_owned(), kind),
            ("cookie".to_owned(), cookies.join("; ")),
        ];
        let url = format!("{}{path}", self.story.slipway.url);
        let answer = world::send(method, &url, &headers, form.into_bytes(), PATIENCE).await?;
        for set in answer.headers.get_all("set-cookie") {
            let pair = set.to_str()?.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').context("a cookie has a value")?;
            self.cookies.insert(name.to_owned(), value.to_owned());
            self.cookies.retain(|_, value| !value.is_empty());
        }
        Ok(answer)
    }

    async fn get(&mut self, path: &str) -> Result<Answer> {
        self.ask("GET", path, String::new()).await
    }

    /// Sends the form at `path` with the token that `page` has for it.
    async fn send(&mut self, page: &Answer, path: &str) -> Result<Answer> {
        let text = page.text();
        let (_, after) = text
            .split_once("name=\"csrf\" value=\"")
            .context("the page has a form")?;
        let csrf = after.split('"').next().unwrap_or_default();
        self.ask("POST", path, format!("csrf={csrf}")).await
    }

    /// Goes to GitHub; the address there.
    async fn begin(&mut self, return_to: &str) -> Result<String> {
        let path = format!("/dashboard/sign-in/github{return_to}");
        let answer = self.get(&path).await?;
        assert_eq!(answer.status, 303, "{}", answer.text());
        let address = answer.header("location").context("a way to GitHub")?;
        Ok(address.to_owned())
    }

    /// What GitHub's page leads back to if somebody chooses `choice` there.
    async fn chosen(&self, address: &str, choice: &str) -> Result<String> {
        let page = world::send("GET", address, &[], Vec::new(), PATIENCE).await?;
        assert_eq!(page.status, 200, "{}", page.text());
        let text = page.text().replace("&amp;", "&");
        let mut links = text.split("href=\"").skip(1);
        let link = links
            .find_map(|link| link.split('"').next().filter(|link| link.ends_with(choice)))
            .with_context(|| format!("no {choice} in {text}"))?;
        let url = format!("{}{link}", self.story.world.github_url());
        let back = world::send("GET", &url, &[], Vec::new(), PATIENCE).await?;
        let back = back.header("location").context("the way back")?.to_owned();
        let path = back.strip_prefix(&self.story.slipway.url);
        Ok(path.context("back to Slipway")?.to_owned())
    }

    async fn sign_in(&mut self, login: &str) -> Result<Answer> {
        let address = self.begin("").await?;
        let back = self.chosen(&address, &format!("&login={login}")).await?;
        self.get(&back).await
    }
}

/// `acme/shop` and `acme/till`, each with a pull request; ada may write in the one, grace everything in the other, and eve
/// nothing.
async fn start() -> Result<Story> {
    let story = Setup::default().as_app().start().await?;
    let till = story.world.github().repository("acme/till");
    till.write_file(".github/slipway.yml", story.configuration());
    story.repository.give_role("ada", "write");
    till.give_role("grace", "admin");
    drop(story.world.github().token_of("eve"));
    for (repository, title) in [(&story.repository, "Add a cart"), (&till, "Count coins")] {
        let pull = repository.open_pull_request(title, "feature/one");
        story.comment_with(&pull, "Waiting for `CI`").await?;
    }
    Ok(story)
}

fn app(story: &Story) -> App {
    story.world.github().app(APP)
}

/// As if five minutes were over: what is noted of people is asked of GitHub anew.
fn forget(story: &Story) -> Result<()> {
    let queue = rusqlite::Connection::open(story.directory().join("queue.db"))?;
    queue.busy_timeout(PATIENCE)?;
    let noted = "DELETE FROM spin_key_value WHERE key LIKE 'access/%'";
    assert!(queue.execute(noted, ())? > 0, "something was noted");
    Ok(())
}

/// Whether the page names the pull request of `acme/shop`, and that of `acme/till`.
fn named(page: &Answer) -> (bool, bool) {
    let text = page.text();
    (text.contains("Add a cart"), text.contains("Count coins"))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_sees_and_does_what_their_permission_allows_until_it_is_taken_away() -> Result<()> {
    let story = start().await?;
    let (mut ada, mut grace) = (Browser::of(&story), Browser::of(&story));
    for (browser, login) in [(&mut ada, "ada"), (&mut grace, "grace")] {
        let answer = browser.sign_in(login).await?;
        assert_eq!(answer.status, 303, "{}", answer.text());
        assert_eq!(answer.header("location"), Some("/"));
        let overview = browser.get("/").await?.text();
        assert!(
            overview.contains(&format!("{login} (GitHub)")),
            "{overview}"
        );
    }
    let shop = format!("/dashboard/previews/{}/1", story.repository.id());
    assert_eq!(named(&ada.get("/dashboard/previews").await?), (true, false));
    let of_grace = grace.get("/dashboard/previews").await?;
    assert_eq!(named(&of_grace), (false, true));
    assert_eq!(grace.get(&shop).await?.status, 404);
    let refused = grace.send(&of_grace, &format!("{shop}/retry")).await?;
    assert_eq!(refused.status, 404, "{}", refused.text());
    let page = ada.get(&shop).await?;
    assert_eq!(page.status, 200);
    let acted = ada.send(&page, &format!("{shop}/retry")).await?;
    assert_eq!(acted.status, 303, "{}", acted.text());
    let audit = story.api("GET", "/api/v1/audit?act=retry").await?.json();
    let by: Vec<&str> = audit["acts"]
        .as_array()
        .context("acts")?
        .iter()
        .filter_map(|act| act["by"].as_str())
        .collect();
    assert_eq!(
        by,
        ["ada"],
        "in the name of the login, and nothing of grace: {audit}"
    );
    // What is noted of ada counts for five minutes; here as if those were over.
    story.repository.take_role("ada");
    story
        .world
        .github()
        .repository("acme/till")
        .give_role("ada", "read");
    forget(&story)?;
    let today = ada.get("/dashboard/previews").await?;
    assert_eq!(named(&today), (false, true), "the permission of today");
    assert_eq!(ada.get(&shop).await?.status, 404);
    story.world.github().end_authorizations("ada");
    forget(&story)?;
    assert_eq!(ada.get("/").await?.status, 303, "suspended: signed out");
    assert_eq!(grace.get("/").await?.status, 200);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_in_by_anything_but_their_own_way_to_github_and_back() -> Result<()> {
    let story = start().await?;
    let (mut ada, mut eve) = (Browser::of(&story), Browser::of(&story));
    let address = ada.begin("").await?;
    assert!(address.contains("code_challenge_method=S256"), "{address}");
    // She refuses.
    let denied = ada.chosen(&address, "&cancel=1").await?;
    let told = ada.get(&denied).await?;
    assert_eq!(told.status, 403);
    assert!(
        told.text().contains("it was not allowed"),
        "{}",
        told.text()
    );
    // Somebody has her follow a way back that another browser began.
    let begun = eve.begin("").await?;
    let foreign = eve.chosen(&begun, "&login=grace").await?;
    ada.begin("").await?;
    assert_eq!(ada.get(&foreign).await?.status, 403, "another state");
    assert_eq!(app(&story).people_tokens(), 0, "no code was exchanged");
    // Whoever has no permission anywhere is told so, and keeps no token.
    let nothing = eve.sign_in("eve").await?;
    assert_eq!(nothing.status, 403);
    assert!(
        nothing.text().contains("none is yours to see"),
        "{}",
        nothing.text()
    );
    assert_eq!(app(&story).people_tokens(), 0);
    // The same answer of GitHub's again, with the cookies of then.
    let begun = ada.begin("").await?;
    let back = ada.chosen(&begun, "&login=ada").await?;
    let mut copy = Browser::of(&story);
    copy.cookies.clone_from(&ada.cookies);
    assert_eq!(ada.get(&back).await?.status, 303);
    let replayed = copy.get(&back).await?;
    assert_eq!(replayed.status, 403);
    assert!(
        replayed.text().contains("was used before"),
        "{}",
        replayed.text()
    );
    assert_eq!(copy.get("/").await?.status, 303, "not signed in");
    assert_eq!(ada.get("/").await?.status, 200, "and ada still is");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_ends_the_token_and_every_copy_of_the_session() -> Result<()> {
    let story = start().await?;
    let (mut ada, mut second) = (Browser::of(&story), Browser::of(&story));
    let address = ada.begin("?return_to=%2Fdashboard%2Faudit").await?;
    let back = ada.chosen(&address, "&login=ada").await?;
    let signed_in = ada.get(&back).await?;
    assert_eq!(signed_in.header("location"), Some("/dashboard/audit"));
    assert_eq!(second.sign_in("ada").await?.status, 303);
    let mut copy = Browser::of(&story);
    copy.cookies.clone_from(&ada.cookies);
    assert_eq!(copy.get("/").await?.status, 200);
    assert_eq!(app(&story).people_tokens(), 2);
    let page = ada.get("/").await?;
    let signed_out = ada.send(&page, "/dashboard/sign-out").await?;
    assert_eq!(signed_out.status, 303);
    assert!(ada.cookies.is_empty(), "{:?}", ada.cookies);
    assert_eq!(app(&story).people_tokens(), 1);
    assert_eq!(
        copy.get("/").await?.status,
        303,
        "the copy is worth nothing"
    );
    assert_eq!(second.get("/").await?.status, 200, "another browser stays");
    let mut lured = Browser::of(&story);
    let address = lured.begin("?return_to=%2F%2Fevil.example").await?;
    let back = lured.chosen(&address, "&login=ada").await?;
    let signed_in = lured.get(&back).await?;
    assert_eq!(signed_in.header("location"), Some("/"), "to no other host");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn coming_back_again_and_again_is_soon_refused() -> Result<()> {
    let story = Setup::default()
        .as_app()
        .variable("sign_ins_per_minute", "3")
        .start()
        .await?;
    let mut statuses = Vec::new();
    // A minute may end in between: in one of two, more than three come.
    for number in 0..8 {
        let mut browser = Browser::of(&story);
        let address = browser.begin("").await?;
        let (_, after) = address.split_once("&state=").context("a state")?;
        let state = after.split('&').next().unwrap_or_default();
        let path = format!("/dashboard/sign-in/github/callback?code=guess{number}&state={state}");
        let answer = browser.get(&path).await?;
        statuses.push(answer.status);
        if answer.status == 429 {
            assert!(answer.header("retry-after").is_some());
            break;
        }
        let text = answer.text();
        assert!(text.contains("bad_verification_code"), "{text}");
    }
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
    assert!(statuses.iter().take(3).all(|status| *status == 403));
    Ok(())
}
