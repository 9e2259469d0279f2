//! Progress, on a terminal and in a line for systemd.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::pass::Step;

/// A bar on stderr, when that is a terminal; else nothing.
pub struct Bar(ProgressBar);

impl Default for Bar {
    fn default() -> Self {
        Self::new()
    }
}

impl Bar {
    /// A bar that shows once there is something to tell.
    pub fn new() -> Bar {
        Bar(ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr()))
    }

    /// How far it is.
    pub fn tell(&self, step: Step) {
        match step {
            Step::Sending { done, of } => {
                if self.0.length() != Some(of) {
                    self.0.disable_steady_tick();
                    self.style("{bar:30} {pos}/{len} sent, {per_sec}, {eta} to go");
                    self.0.set_length(of);
                }
                self.0.set_position(done);
            }
            Step::Doing(what) => {
                self.style("{spinner} {msg}");
                self.0.set_message(what);
                self.0.enable_steady_tick(Duration::from_millis(100));
            }
        }
    }

    fn style(&self, template: &str) {
        self.0.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}
