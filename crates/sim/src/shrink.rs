//! Makes a failing script short: takes out steps while the same check still fails.

use crate::explore::run;
use crate::play::Failure;
use crate::script::Script;

/// Plays that shrinking may cost.
const PLAYS_MAX: u32 = 600;

/// The shortest script that was found, and how it fails.
pub(crate) fn shrink(script: Script, failure: Failure) -> (Script, Failure) {
    let mut best = Best { script, failure, plays: 0 };
    loop {
        let before = (best.script.lines.len(), best.script.setting);
        best.without_lines();
        best.simpler_setting();
        let after = (best.script.lines.len(), best.script.setting);
        if before == after || best.plays >= PLAYS_MAX {
            return (best.script, best.failure);
        }
    }
}

struct Best {
    script: Script,
    failure: Failure,
    plays: u32,
}

impl Best {
    /// Keeps the script if the same check fails.
    fn offer(&mut self, script: Script) -> bool {
        if self.plays >= PLAYS_MAX {
            return false;
        }
        self.plays += 1;
        match run(&script).failure {
            Some(failure) if failure.check == self.failure.check => {
                self.script = script;
                self.failure = failure;
                true
            }
            _ => false,
        }
    }

    /// Takes out runs of lines, long ones first.
    fn without_lines(&mut self) {
        let mut length = self.script.lines.len().div_ceil(2);
        while length > 0 {
            let mut at = 0;
            while at < self.script.lines.len() {
                let mut shorter = self.script.clone();
                let end = (at + length).min(shorter.lines.len());
                shorter.lines.drain(at..end);
                if !self.offer(shorter) {
                    at += length;
                }
            }
            length = if length == 1 { 0 } else { length.div_ceil(2) };
        }
    }

    fn simpler_setting(&mut self) {
        let setting = self.script.setting;
        let mut simpler = vec![setting; 5];
        simpler[0].sqlite = false;
        simpler[1].shards = 1;
        simpler[2].evict = false;
        simpler[3].here = 10;
        simpler[4].fragments = 1 + setting.fragments / 2;
        for setting in simpler {
            if setting != self.script.setting {
                self.offer(Script { setting, lines: self.script.lines.clone() });
            }
        }
    }
}
