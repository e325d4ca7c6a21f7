//! The customers: each order is started once, and its carrier comes once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use client::{CreateInstance, Definition, PublishMessage};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::Drill;

/// Customers that order at the same time.
const AT_ONCE: usize = 8;
/// Pause before a command is repeated that was not answered.
const PAUSE: Duration = Duration::from_millis(50);

/// An order and the way that it must go.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) id: String,
    total: u32,
    sku: &'static str,
    approval_timeout: &'static str,
    /// The end event that it must reach.
    pub(super) end: &'static str,
}

impl Order {
    /// Every tenth is sold out, every tenth declined, every tenth reaches the director.
    pub(super) fn numbered(number: u32) -> Self {
        let (total, sku, approval_timeout, end) = match number % 10 {
            0 => (80, "UNICORN-1", "PT4H", "ended-out-of-stock"),
            1 | 2 => (2_400, "DESK-7", "PT4H", "order-shipped"),
            3 => (7_777, "SOFA-1", "PT4H", "order-declined"),
            4 => (9_900, "SOFA-2", "PT2S", "order-shipped"),
            _ => (120, "LAMP-2", "PT4H", "order-shipped"),
        };
        Self { id: format!("D-{:05}", number + 1), total, sku, approval_timeout, end }
    }

    /// Commands that it takes at least, retries left out: those of customers and people, and, when
    /// the workers count theirs too, one a job.
    pub(super) fn commands(&self, workers_count: bool) -> u64 {
        let tasks = u64::from(self.total > 1_000);
        let jobs = match self.end {
            "ended-out-of-stock" | "order-declined" => 2,
            _ => 4,
        };
        2 + tasks + if workers_count { jobs } else { 0 }
    }

    fn variables(&self) -> String {
        serde_json::json!({
            "order": {
                "id": self.id, "customer": "Ada", "address": "1 Analytical Row",
                "total": self.total, "items": [{"sku": self.sku, "quantity": 1}],
            },
            "approvalTimeout": self.approval_timeout,
        })
        .to_string()
    }
}

/// Starts the customers.
pub(super) fn start(drill: &Arc<Drill>, orders: &Arc<Vec<Order>>, tasks: &mut JoinSet<()>) {
    let (ordered, picked_up) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    // The carriers come when all have ordered, so that all orders are under way at once.
    let all_ordered = Arc::new(Barrier::new(AT_ONCE));
    for _ in 0..AT_ONCE {
        let (drill, orders) = (Arc::clone(drill), Arc::clone(orders));
        let (ordered, picked_up) = (Arc::clone(&ordered), Arc::clone(&picked_up));
        let all_ordered = Arc::clone(&all_ordered);
        tasks.spawn(async move {
            while let Some(order) = orders.get(ordered.fetch_add(1, Ordering::Relaxed)) {
                create(&drill, order).await;
            }
            all_ordered.wait().await;
            while let Some(order) = orders.get(picked_up.fetch_add(1, Ordering::Relaxed)) {
                publish(&drill, order).await;
            }
        });
    }
}

/// Until it is acknowledged. A start that was carried out and not answered is refused the second
/// time, since its business id is taken: that too says that it was done.
async fn create(drill: &Drill, order: &Order) {
    let create = CreateInstance {
        definition: Definition::Process { id: "order-fulfilment".into(), version: None },
        variables: serde_json::value::RawValue::from_string(order.variables()).ok(),
        business_id: Some(order.id.clone()),
        business_id_unique: true,
        start_at: Vec::new(),
        end_after: Vec::new(),
        tags: vec!["demo".into()],
        await_completion: None,
    };
    loop {
        match drill.client.create_instance(&create).await {
            Ok(document) => {
                let key = document.value()["processInstanceKey"].as_str().unwrap_or("").into();
                drill.acknowledge(|record| {
                    record.created.insert(order.id.clone(), key);
                });
                return;
            }
            Err(error) if error.status() == Some(409) => {
                drill.acknowledge(|record| {
                    record.created.insert(order.id.clone(), String::new());
                });
                return;
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// Until it is acknowledged; the message id makes a repetition harmless.
async fn publish(drill: &Drill, order: &Order) {
    let message = PublishMessage {
        name: "carrier-pickup".into(),
        correlation_key: order.id.clone(),
        time_to_live: Duration::from_hours(1),
        message_id: Some(order.id.clone()),
        variables: None,
    };
    loop {
        match drill.client.publish_message(&message).await {
            Ok(_) => break,
            Err(error) if error.status() == Some(409) => break,
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
    drill.acknowledge(|record| {
        record.published.insert(order.id.clone());
    });
}
