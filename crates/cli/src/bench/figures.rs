//! What a measurement says.

use std::time::Duration;

use super::BenchArgs;
use super::echo::Echo;

/// What the machine could do beside the measurement.
pub(super) struct Baseline {
    pub(super) in_flight: u32,
    pub(super) echo: Echo,
    pub(super) sync: Duration,
}

impl Baseline {
    fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "echo": {
                "inFlight": self.in_flight, "callsPerSecond": self.echo.per_second,
                "cpuMicros": self.echo.cpu_us, "latencyMicros": self.echo.latency_us,
            },
            "syncMicros": self.sync.as_secs_f64() * 1e6,
        })
    }

    fn print(&self, cpu_us: Option<f64>) {
        let Echo { per_second, cpu_us: echo_us, latency_us } = self.echo;
        println!("  beside it, in the same minute:");
        println!("    a gRPC call that does nothing, {} at once", self.in_flight);
        println!("      calls per second   {per_second:>12.0}");
        println!("      server CPU a call  {echo_us:>12.1} us");
        println!("      time of a call     {latency_us:>12.1} us");
        if let Some(cpu_us) = cpu_us {
            println!("      a step costs       {:>12.1} such calls", cpu_us / echo_us);
        }
        println!("    a sync of 4 KiB      {:>12.1} us", self.sync.as_secs_f64() * 1e6);
    }
}

/// What was measured.
pub(super) struct Figures {
    pub(super) steps: u64,
    pub(super) instances: u64,
    pub(super) took: Duration,
    /// Sorted.
    pub(super) latencies: Vec<Duration>,
    /// Processor time of the server.
    pub(super) cpu: Option<Duration>,
    /// Processor time of the load generator.
    pub(super) own_cpu: Option<Duration>,
    pub(super) disk: Option<u64>,
    pub(super) idle_kb: Option<u64>,
    pub(super) load_kb: Option<u64>,
    pub(super) baseline: Option<Baseline>,
}

impl Figures {
    fn percentile_ms(&self, percent: usize) -> f64 {
        let at = (self.latencies.len() * percent / 100).min(self.latencies.len().saturating_sub(1));
        self.latencies.get(at).map_or(0.0, |latency| latency.as_secs_f64() * 1e3)
    }

    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    pub(super) fn print(&self, args: &BenchArgs, json: bool) {
        let per_second = self.steps as f64 / self.took.as_secs_f64();
        let cpu_us = self.cpu.map(|cpu| cpu.as_secs_f64() * 1e6 / self.steps.max(1) as f64);
        let own_us = self.own_cpu.map(|cpu| cpu.as_secs_f64() * 1e6 / self.steps.max(1) as f64);
        let disk = self.disk.map(|bytes| bytes / self.instances.max(1));
        if json {
            let document = serde_json::json!({
                "steps": self.steps, "instances": self.instances, "concurrency": args.concurrency,
                "seconds": self.took.as_secs_f64(), "stepsPerSecond": per_second,
                "latencyMs": {"p50": self.percentile_ms(50), "p99": self.percentile_ms(99)},
                "serverCpuMicrosPerStep": cpu_us, "diskBytesPerInstance": disk,
                "loadCpuMicrosPerStep": own_us,
                "residentKb": {"idle": self.idle_kb, "load": self.load_kb},
                "baseline": self.baseline.as_ref().map(Baseline::json),
            });
            println!("{document}");
            return;
        }
        println!(
            "{} instances of {} steps, {} at once, {} bytes of variables",
            self.instances, args.steps, args.concurrency, args.payload
        );
        println!("  steps per second       {per_second:>12.0}");
        println!("  start to end, median   {:>12.2} ms", self.percentile_ms(50));
        println!("  start to end, p99      {:>12.2} ms", self.percentile_ms(99));
        if let Some(cpu_us) = cpu_us {
            println!("  server CPU per step    {cpu_us:>12.1} us");
        }
        if let Some(own_us) = own_us {
            println!("  load generator's CPU   {own_us:>12.1} us");
        }
        if let Some(disk) = disk {
            println!("  disk per instance      {disk:>12} bytes");
        }
        if let (Some(idle), Some(load)) = (self.idle_kb, self.load_kb) {
            println!("  resident, idle         {:>12.1} MB", idle as f64 / 1024.0);
            println!("  resident, under load   {:>12.1} MB", load as f64 / 1024.0);
        }
        if let Some(baseline) = &self.baseline {
            baseline.print(cpu_us);
        }
    }
}
