//! A browser that is led step by step, by the pipes that it opens for that: pages of any size, in light and dark, and
//! what they asked for and complained of meanwhile.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::process::Process;

/// A browser with one page.
pub(crate) struct Browser {
    _process: Process,
    _profile: TempDir,
    commands: File,
    events: BufReader<File>,
    session: Option<String>,
    sent: u64,
    /// What it told meanwhile.
    told: VecDeque<Value>,
}

impl Browser {
    /// Starts one. No host but this machine is reached.
    pub(crate) fn start(program: &PathBuf) -> Browser {
        let profile = tempfile::tempdir().expect("a folder");
        let (commands, events) = (profile.path().join("commands"), profile.path().join("events"));
        for pipe in [&commands, &events] {
            assert!(Command::new("mkfifo").arg(pipe).status().expect("mkfifo").success());
        }
        let mut command = Command::new("sh");
        // The browser reads the third and writes the fourth.
        command.args(["-c", "c=$1; e=$2; shift 2; exec \"$@\" 3<\"$c\" 4>\"$e\"", "sh"]);
        command.arg(&commands).arg(&events).arg(program);
        command
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe"])
            .args(["--no-first-run", "--disable-extensions", "--disable-background-networking", "--hide-scrollbars"])
            .arg("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost")
            .arg(format!("--user-data-dir={}", profile.path().join("profile").display()))
            .stdin(Stdio::null());
        let process = Process::start(command);
        let commands = OpenOptions::new().write(true).open(&commands).expect("a pipe");
        let events = BufReader::new(File::open(&events).expect("a pipe"));
        let mut browser = Browser {
            _process: process,
            _profile: profile,
            commands,
            events,
            session: None,
            sent: 0,
            told: VecDeque::new(),
        };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"}));
        let attached = browser.call("Target.attachToTarget", json!({"targetId": target["targetId"], "flatten": true}));
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Network", "Runtime", "Log"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser.call("Emulation.setFocusEmulationEnabled", json!({"enabled": true}));
        browser
    }

    /// Calls a method, and gives its result.
    pub(crate) fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.sent += 1;
        let id = self.sent;
        let mut message = json!({"id": id, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.commands.write_all(format!("{message}\0").as_bytes()).expect("sent");
        loop {
            let message = self.read();
            if message["id"] == json!(id) {
                assert!(message["error"].is_null(), "{method}: {message}");
                return message["result"].clone();
            }
            self.told.push_back(message);
        }
    }

    fn read(&mut self) -> Value {
        let mut message = Vec::new();
        self.events.read_until(0, &mut message).expect("a message");
        assert_eq!(message.pop(), Some(0), "the browser has ended");
        serde_json::from_slice(&message).expect("JSON")
    }

    /// The next event of this name.
    fn wait_for(&mut self, name: &str) -> Value {
        if let Some(at) = self.told.iter().position(|event| event["method"] == name) {
            return self.told.remove(at).expect("an event");
        }
        loop {
            let message = self.read();
            if message["method"] == name {
                return message;
            }
            self.told.push_back(message);
        }
    }

    /// How wide the page is, and whether it is dark.
    pub(crate) fn looks(&mut self, width: u32, height: u32, is_dark: bool) {
        let metrics = json!({
            "width": width, "height": height, "screenWidth": width, "screenHeight": height, "deviceScaleFactor": 1,
            "mobile": width < 600,
        });
        self.call("Emulation.setDeviceMetricsOverride", metrics);
        let scheme = if is_dark { "dark" } else { "light" };
        let media = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.call("Emulation.setEmulatedMedia", media);
    }

    /// Gives this password to every host.
    pub(crate) fn knows(&mut self, password: &str) {
        let value = format!("Basic {}", STANDARD.encode(format!(":{password}")));
        self.call("Network.setExtraHTTPHeaders", json!({"headers": {"Authorization": value}}));
    }

    /// Whether the page's own scripts run.
    pub(crate) fn scripts(&mut self, run: bool) {
        self.call("Emulation.setScriptExecutionDisabled", json!({"value": !run}));
    }

    /// Goes to a page, and waits until all of it is there.
    pub(crate) fn visit(&mut self, url: &str) {
        self.told.retain(|event| event["method"] != "Page.loadEventFired");
        self.call("Page.navigate", json!({"url": url}));
        self.wait_for("Page.loadEventFired");
    }

    /// Does something that leads to another page, and waits until all of that is there.
    pub(crate) fn leave_by(&mut self, expression: &str) {
        self.told.retain(|event| event["method"] != "Page.loadEventFired");
        self.evaluate(expression);
        self.wait_for("Page.loadEventFired");
    }

    /// What an expression comes to on the page.
    pub(crate) fn evaluate(&mut self, expression: &str) -> Value {
        let parameters = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let result = self.call("Runtime.evaluate", parameters);
        assert!(result["exceptionDetails"].is_null(), "{result}");
        result["result"]["value"].clone()
    }

    /// Presses a key.
    pub(crate) fn press(&mut self, key: &str, code: u32) {
        for kind in ["rawKeyDown", "keyUp"] {
            let event = json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code});
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// A picture of the whole page.
    pub(crate) fn picture(&mut self, path: &Path) {
        let size = self.call("Page.getLayoutMetrics", json!({}))["cssContentSize"].clone();
        let clip = json!({"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1});
        let picture = json!({"format": "png", "captureBeyondViewport": true, "clip": clip});
        let taken = self.call("Page.captureScreenshot", picture);
        let bytes = STANDARD.decode(taken["data"].as_str().expect("a picture")).expect("base64");
        std::fs::write(path, bytes).expect("written");
    }

    /// What was asked for since the last time, and what was complained of: errors, exceptions, and all that the policy
    /// forbade.
    pub(crate) fn told(&mut self) -> (Vec<String>, Vec<String>) {
        // What it has told before this is there with the answer.
        self.call("Runtime.evaluate", json!({"expression": "0"}));
        let (mut asked, mut complaints) = (Vec::new(), Vec::new());
        for event in self.told.drain(..) {
            match event["method"].as_str().unwrap_or_default() {
                "Network.requestWillBeSent" => {
                    asked.push(event["params"]["request"]["url"].as_str().expect("an address").to_owned());
                }
                "Runtime.exceptionThrown" | "Runtime.consoleAPICalled" | "Log.entryAdded" => {
                    complaints.push(event["params"].to_string());
                }
                _ => {}
            }
        }
        (asked, complaints)
    }
}
