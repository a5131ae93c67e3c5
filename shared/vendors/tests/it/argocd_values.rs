//! Where Helm's values come from, of what Argo CD shows.

use serde_json::json;

use crate::{
    argocd::{client, healthy, id},
    script::{Script, now},
};

#[test]
fn where_else_helms_values_come_from_is_read() {
    let told = [
        json!({"valueFiles": ["values.yaml", "prod.yaml"], "values": " "}),
        json!({"valuesObject": {"image": {"tag": "v1"}}}),
        json!({"values": "image: {tag: v1}"}),
        json!({"fileParameters": [{"name": "image.tag", "path": "version"}]}),
        json!({"valuesObject": {}, "fileParameters": [], "valueFiles": null}),
    ]
    .map(|helm| {
        let mut application = healthy();
        application["spec"]["source"]["helm"] = helm;
        let shown = now(client(&Script::one(200, &application.to_string())).application(&id()));
        let values = &shown.unwrap().sources[0].helm_values;
        format!("{:?} {}", values.files, values.has_inline)
    });
    insta::assert_snapshot!(told.join("\n"), @r#"
    ["values.yaml", "prod.yaml"] false
    [] true
    [] true
    [] true
    [] false
    "#);
}
