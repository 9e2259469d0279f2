//! Questions to whoever sits at the terminal.

use std::io::{self, BufRead, ErrorKind, Read as _, Write};
use std::os::fd::AsFd as _;

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use secrecy::SecretString;

/// What Ctrl-C types where it is no signal.
const CTRL_C: u8 = 3;

/// Whoever can be asked.
pub(super) struct Terminal<R, W> {
    answers: R,
    questions: W,
}

impl<R: BufRead, W: Write> Terminal<R, W> {
    pub(super) fn new(answers: R, questions: W) -> Terminal<R, W> {
        Terminal { answers, questions }
    }

    /// Asks until there is an answer; nothing means the default, if there is one.
    pub(super) fn ask(&mut self, question: &str, default: Option<&str>) -> io::Result<String> {
        let shown = default.map(|default| format!(" [{default}]")).unwrap_or_default();
        loop {
            let answer = self.ask_or_none(&format!("{question}{shown}"))?;
            if let Some(answer) = answer.or_else(|| default.map(str::to_owned)) {
                return Ok(answer);
            }
        }
    }

    /// Asks once.
    pub(super) fn ask_or_none(&mut self, question: &str) -> io::Result<Option<String>> {
        write!(self.questions, "{question}: ")?;
        self.questions.flush()?;
        let line = self.line()?;
        match line.last() {
            None => return Err(io::Error::new(ErrorKind::UnexpectedEof, "no answer; nothing was written")),
            Some(&CTRL_C) => return Err(io::Error::new(ErrorKind::Interrupted, "interrupted; nothing was written")),
            Some(_) => {}
        }
        let answer =
            String::from_utf8(line).map_err(|_| io::Error::new(ErrorKind::InvalidData, "the answer is not UTF-8"))?;
        Ok(Some(answer.trim().to_owned()).filter(|answer| !answer.is_empty()))
    }

    /// What is typed, with what ends it; nothing at the end of all.
    fn line(&mut self) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        for byte in self.answers.by_ref().bytes() {
            line.push(byte?);
            if matches!(line.last(), Some(&(b'\n' | CTRL_C))) {
                break;
            }
        }
        Ok(line)
    }

    /// Asks for what nobody else should see.
    pub(super) fn ask_secret(&mut self, question: &str) -> io::Result<SecretString> {
        let quiet = Quiet::begin();
        let answer = self.ask(question, None);
        if quiet.is_some() {
            writeln!(self.questions)?;
        }
        answer.map(SecretString::from)
    }

    pub(super) fn say(&mut self, words: &str) -> io::Result<()> {
        writeln!(self.questions, "{words}")
    }
}

/// While it lives, a terminal doesn't show what is typed.
struct Quiet(Termios);

impl Quiet {
    /// `None` = standard input is no terminal.
    fn begin() -> Option<Quiet> {
        let stdin = io::stdin();
        let usual = tcgetattr(stdin.as_fd()).ok()?;
        let mut quiet = usual.clone();
        // A signal would end us before the terminal is as it was. Ctrl-C ends the line instead.
        quiet.local_modes.remove(LocalModes::ECHO | LocalModes::ISIG);
        quiet.special_codes[SpecialCodeIndex::VEOL] = CTRL_C;
        tcsetattr(stdin.as_fd(), OptionalActions::Flush, &quiet).ok()?;
        Some(Quiet(usual))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // There is nothing left to try when this fails.
        let _ = tcsetattr(io::stdin().as_fd(), OptionalActions::Now, &self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_and_empty_answers() {
        let mut questions = Vec::new();
        let mut terminal = Terminal::new("\n\n  feed.xml \n\n".as_bytes(), &mut questions);
        assert_eq!(terminal.ask("A", Some("b")).expect("an answer"), "b");
        assert_eq!(terminal.ask("C", None).expect("an answer"), "feed.xml");
        assert_eq!(terminal.ask_or_none("D").expect("an answer"), None);
        assert!(terminal.ask("E", Some("f")).is_err(), "the answers are at their end");
        assert_eq!(String::from_utf8_lossy(&questions), "A [b]: C: C: D: E [f]: ");
    }

    #[test]
    fn an_interruption_is_no_answer() {
        let mut terminal = Terminal::new("hunter2\u{3}more\n".as_bytes(), io::sink());
        let error = terminal.ask("A", Some("b")).expect_err("interrupted");
        assert_eq!(error.to_string(), "interrupted; nothing was written");
    }
}
