//! The people: sales managers approve, or leave it to the director.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinSet;

use super::Drill;

/// How often they look into the inbox.
const EVERY: Duration = Duration::from_millis(100);
/// Tasks that they take from it at once.
const AT_ONCE: usize = 100;

/// Starts them.
pub(super) fn start(drill: &Arc<Drill>, tasks: &mut JoinSet<()>) {
    let drill = Arc::clone(drill);
    tasks.spawn(async move {
        let query = serde_json::json!({"filter": {"state": "CREATED"}});
        loop {
            // While the server is away nobody works.
            if let Ok(page) = drill.client.search("user-tasks", &query, AT_ONCE).await {
                for task in page.items {
                    decide(&drill, &task.value()).await;
                }
            }
            tokio::time::sleep(EVERY).await;
        }
    });
}

/// One task: `SOFA-1` is declined; `SOFA-2` is left to the director.
async fn decide(drill: &Drill, task: &Value) {
    let (Some(key), Some(instance)) =
        (task["userTaskKey"].as_str(), task["processInstanceKey"].as_str())
    else {
        return;
    };
    let for_director = task["candidateGroups"]
        .as_array()
        .is_some_and(|groups| groups.iter().any(|group| group == "directors"));
    let Some(total) = total(drill, instance).await else { return };
    if total == 9_900 && !for_director {
        return;
    }
    let variables = format!(r#"{{"approved": {}}}"#, total != 7_777);
    let Ok(variables) = serde_json::value::RawValue::from_string(variables) else { return };
    if drill.client.complete_task(key, Some(&variables)).await.is_ok() {
        drill.acknowledge(|record| {
            record.tasks.insert(key.to_string());
        });
    }
}

async fn total(drill: &Drill, instance: &str) -> Option<i64> {
    let shown = drill.client.show_instance(instance, 0, 1).await.ok()?.value();
    let variables = shown["variables"].as_array()?.clone();
    let order = variables.into_iter().find(|variable| variable["name"] == "order")?;
    order["value"]["total"].as_i64()
}
