//! When an operation's turn is, as one text: its order is that of stage, late or not, urgency, id and kind.

use super::codes::code;
use crate::catalog::{Id, Kind};
use crate::systems::catalog::plan::operation::{Stage, Urgency};

/// Bytes of a stage.
const STAGE: usize = 1;

/// Stands between id and kind. No id of a feed has it; where one does, only the order is another.
const END: char = '\u{1}';

fn letter(code: u8) -> char {
    char::from(b'0' + code)
}

/// Writes the turn of an operation on an object.
pub(super) fn write(turn: &mut String, (stage, is_late, urgency): (Stage, bool, Urgency), (kind, id): (Kind, &Id)) {
    turn.clear();
    turn.push(letter(code(stage)));
    turn.push(letter(u8::from(is_late)));
    turn.push(letter(code(urgency)));
    turn.push_str(id.as_str());
    turn.push(END);
    turn.push(letter(code(kind)));
}

/// What the turn begins with behind the stage.
pub(super) fn begin(is_late: bool, urgency: Urgency) -> String {
    [letter(u8::from(is_late)), letter(code(urgency))].into_iter().collect()
}

/// What all turns of a stage begin with, and what none of them reaches.
pub(super) fn bounds(stage: Stage) -> [String; 2] {
    [code(stage), code(stage) + 1].map(|code| letter(code).to_string())
}

/// A turn without its stage.
pub(super) fn within_stage(turn: &str) -> &str {
    turn.get(STAGE..).unwrap_or_default()
}
