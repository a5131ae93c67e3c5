//! The linters of the templates, of the files for operators and of the project's own workflows.
//!
//! They are Python packages of pinned versions and contents (`lint/requirements.txt`) in a virtual environment below `target/`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::{places, python};

/// The folder of the linters' own settings.
const SETTINGS: &str = "tests/templates/lint";

/// Runs all of them over everything; says all that they find, and then fails if they found anything.
pub fn run() -> anyhow::Result<()> {
    let linters = Linters {
        programs: python::ensure_installed(
            &format!("{SETTINGS}/requirements.txt"),
            "target/lint/python",
        )?,
    };
    let repository = lay_out()?;
    let mut failed = Vec::new();
    for (what, result) in [
        ("form of YAML", linters.check_form()),
        ("scripts", linters.check_scripts()),
        ("workflows", linters.check_workflows(&repository)),
        ("security of workflows", linters.check_security(&repository)),
        ("schemas", linters.check_schemas()),
        ("Kubernetes", linters.check_kubernetes()),
    ] {
        match result {
            Ok(files) => println!("{what}: nothing found in {files} files"),
            Err(error) => failed.push(format!("{what}: {error:#}")),
        }
    }
    if !failed.is_empty() {
        bail!("{}", failed.join("\n"));
    }
    Ok(())
}

struct Linters {
    /// The folder of the programs.
    programs: PathBuf,
}

impl Linters {
    fn check_form(&self) -> anyhow::Result<usize> {
        let files = with_ending(&["templates", "deploy", ".github"], &["yml", "yaml"])?;
        let settings = format!("{SETTINGS}/yamllint.yml");
        self.check(
            "yamllint",
            &["--strict", "--config-file", &settings],
            &files,
        )
    }

    fn check_scripts(&self) -> anyhow::Result<usize> {
        let mut files = with_ending(&["templates", "deploy"], &["sh"])?;
        files.push(".ci/run".to_owned());
        self.check(
            "shellcheck",
            &["--enable=all", "--exclude=SC2250,SC2292"],
            &files,
        )
    }

    fn check_workflows(&self, repository: &Path) -> anyhow::Result<usize> {
        let files = workflows()?;
        for schema in [
            "vendor.github-workflows",
            "custom.github-workflows-require-timeout",
        ] {
            self.check(
                "check-jsonschema",
                &["--quiet", "--builtin-schema", schema],
                &files,
            )?;
        }
        // In their places, so that it finds the workflows that others call.
        let mut actionlint = self.program("actionlint");
        run_quietly(actionlint.current_dir(repository))?;
        let elsewhere: Vec<String> = files
            .iter()
            .filter(|file| !file.starts_with("templates/"))
            .cloned()
            .collect();
        self.check("actionlint", &[], &elsewhere)?;
        Ok(files.len())
    }

    fn check_security(&self, repository: &Path) -> anyhow::Result<usize> {
        let settings = format!("{SETTINGS}/zizmor.yml");
        let mut zizmor = self.program("zizmor");
        zizmor
            .args([
                "--quiet",
                "--offline",
                "--persona",
                "auditor",
                "--strict-collection",
                "--config",
            ])
            .args([Path::new(&settings), repository, Path::new(".github")])
            .arg("deploy/reconcile/reconcile.yml");
        run_quietly(&mut zizmor)?;
        Ok(workflows()?.len())
    }

    fn check_schemas(&self) -> anyhow::Result<usize> {
        let compose = ["templates/coolify/docker-compose.yaml".to_owned()];
        let compose_schema = ["--quiet", "--builtin-schema", "vendor.compose-spec"];
        let mut checked = self.check("check-jsonschema", &compose_schema, &compose)?;
        let mut by_schema: Vec<(&str, Vec<String>)> = vec![(
            "github-app-manifest",
            vec!["deploy/github-app/github-app-manifest.json".to_owned()],
        )];
        for file in manifests()? {
            let Some(schema) = own_schema(&kind_of(&file)?) else {
                continue;
            };
            match by_schema.iter_mut().find(|(name, _)| *name == schema) {
                Some((_, files)) => files.push(file),
                None => by_schema.push((schema, vec![file])),
            }
        }
        for (schema, files) in by_schema {
            let schema = format!("{SETTINGS}/schemas/{schema}.json");
            checked += self.check(
                "check-jsonschema",
                &["--quiet", "--schemafile", &schema],
                &files,
            )?;
        }
        Ok(checked)
    }

    /// The files as they are, and what Kustomize makes of each folder that it is for.
    fn check_kubernetes(&self) -> anyhow::Result<usize> {
        let mut files = Vec::new();
        for file in manifests()? {
            if let Some(folder) = file.strip_suffix("/kustomization.yaml") {
                files.push(self.render(folder)?);
            } else if own_schema(&kind_of(&file)?).is_none() && !is_patch(&file) {
                files.push(file);
            }
        }
        self.check("kubernetes-validate", &["--strict", "--quiet"], &files)
    }

    /// Has Kustomize put a folder together. Answers the file with the objects that Kubernetes itself knows.
    fn render(&self, folder: &str) -> anyhow::Result<String> {
        let mut kustomize = self.program("kubectl");
        let rendered = run_quietly(kustomize.args(["kustomize", folder]))?;
        let objects: Vec<Value> = serde_saphyr::from_multiple(&rendered)
            .with_context(|| format!("{folder} does not give YAML"))?;
        let known = objects.iter().filter(|object| {
            let kind = object.get("kind").and_then(Value::as_str);
            own_schema(kind.unwrap_or_default()).is_none()
        });
        let text: Vec<String> = known.map(Value::to_string).collect();
        let file = format!("target/lint/rendered/{}.yaml", folder.replace('/', "-"));
        std::fs::create_dir_all(places::root().join("target/lint/rendered"))?;
        std::fs::write(places::root().join(&file), text.join("\n---\n"))?;
        Ok(file)
    }

    fn check(&self, program: &str, arguments: &[&str], files: &[String]) -> anyhow::Result<usize> {
        if files.is_empty() {
            bail!("there is nothing to check with {program}");
        }
        run_quietly(self.program(program).args(arguments).args(files))?;
        Ok(files.len())
    }

    /// A linter, in the root of the project, which finds the others.
    fn program(&self, name: &str) -> Command {
        let inherited = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(
            std::iter::once(self.programs.clone()).chain(std::env::split_paths(&inherited)),
        );
        let mut command = Command::new(self.programs.join(name));
        command.current_dir(places::root());
        if let Ok(path) = path {
            command.env("PATH", path);
        }
        command
    }
}

/// Answers what a command prints; shows it only if it fails.
fn run_quietly(command: &mut Command) -> anyhow::Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {name}"))?;
    if !output.status.success() {
        print!("{}", String::from_utf8_lossy(&output.stdout));
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
        let name = Path::new(&name).file_name().unwrap_or_default();
        bail!("{} found something, see above", name.to_string_lossy());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn with_ending(folders: &[&str], endings: &[&str]) -> anyhow::Result<Vec<String>> {
    let mut files = places::files(folders)?;
    files.retain(|file| {
        let ending = Path::new(file)
            .extension()
            .and_then(|ending| ending.to_str());
        ending.is_some_and(|ending| endings.contains(&ending))
    });
    Ok(files)
}

/// All workflows: the templates, those for operators, and the project's own.
pub fn workflows() -> anyhow::Result<Vec<String>> {
    with_ending(
        &[
            "templates/github/workflows",
            "deploy/reconcile",
            ".github/workflows",
        ],
        &["yml"],
    )
}

/// All files of Kubernetes objects, of Kustomize and of Backstage.
pub fn manifests() -> anyhow::Result<Vec<String>> {
    let folders = [
        "templates/k8s",
        "templates/argocd",
        "templates/backstage",
        "deploy/redis",
        "deploy/spinkube",
        "deploy/spinkube-monitoring",
    ];
    with_ending(&folders, &["yaml"])
}

/// Whether a file is a patch of an overlay.
pub fn is_patch(file: &str) -> bool {
    file.contains("/overlays/") && !file.ends_with("/kustomization.yaml")
}

fn kind_of(file: &str) -> anyhow::Result<String> {
    let documents = places::documents(file)?;
    let kind = documents.first().and_then(|document| document.get("kind"));
    let kind = kind.and_then(Value::as_str);
    Ok(kind
        .with_context(|| format!("{file} has no kind"))?
        .to_owned())
}

/// The schema of our own for a kind that no package has one for.
fn own_schema(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "Application" => "argocd-application",
        "AppProject" => "argocd-app-project",
        "Component" => "backstage-component",
        "Kustomization" => "kustomization",
        "SpinApp" => "spin-app",
        "SpinAppExecutor" => "spin-app-executor",
        _ => return None,
    })
}

/// An application's repository with the templates in their places, below `target/`.
fn lay_out() -> anyhow::Result<PathBuf> {
    let folder = places::root().join("target/lint/repository");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    places::lay_out_repository(&folder)?;
    // actionlint takes the folder that has `.git` for the repository.
    std::fs::create_dir(folder.join(".git"))?;
    Ok(folder)
}
