//! Everything that a user can do, by name: keys, tests and scripts all speak this.

use serde::{Deserialize, Serialize};

/// Everything that a user can do. `config/keys.toml` binds keys to these names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Nothing: takes a key away in a user's `keys.toml`.
    Nothing,

    /// Leave the program.
    Quit,
    /// Stop what runs; leave the program when nothing does.
    Interrupt,
    /// Stop what runs, or go back: close help or compare mode, undo the zoom.
    Stop,
    /// Give the terminal back to the shell until `fg`.
    Suspend,
    /// Send the whole screen again.
    Redraw,
    /// Open or close the help page.
    Help,

    /// Focus the next pane.
    NextPane,
    /// Focus the previous pane.
    PreviousPane,
    /// Focus the prompt.
    EditPrompt,
    /// Show the focused pane alone, or all panes.
    Zoom,

    /// Process the prompt and generate.
    Generate,
    /// Put the next example into the prompt.
    NextExample,
    /// Load the model again.
    RetryLoad,
    /// Open the list of models, or close it.
    Models,
    /// Load the chosen model.
    LoadChosen,
    /// Use the other lens.
    Lens,
    /// Show the next value in the grid's cells.
    CellValue,
    /// Make the grid's cells narrower, or wide again.
    CellWidth,
    /// Show or hide the row `emb`.
    EmbeddingRow,
    /// Turn the grid upside down.
    TurnOver,
    /// Use the next theme.
    Theme,
    /// Give clicks and the wheel to the program, or back to the terminal.
    Mouse,

    /// Type a text that is scored as what follows the prompt.
    Force,
    /// Put another token in the place of the selected one, and go on from there.
    Replace,
    /// Do what was typed.
    Accept,
    /// Open the list of runs, or close it.
    Runs,
    /// Show the chosen run.
    ShowRun,
    /// Keep the chosen run no longer.
    ForgetRun,
    /// Compare with the chosen run, and take states from it.
    MarkRun,
    /// Show the difference to the run before, that run itself, or neither.
    Difference,
    /// Skip the next part of the selected layer.
    Skip,
    /// Type what is skipped.
    EditSkips,
    /// Put the marked run's state into the selected cell, or take it out again.
    Patch,
    /// Leave the network as it is.
    Unchanged,

    /// Begin or end a recording.
    Record,
    /// Copy the focused pane's selection.
    Copy,

    /// Compare candidates at the selected step.
    Compare,
    /// Focus the candidates' field.
    EditCandidates,
    /// Leave compare mode.
    LeaveCompare,
    /// Show the chart instead of the table, or the other way round, where only one has room.
    Chart,

    /// One step back.
    Left,
    /// One step on.
    Right,
    /// One row up.
    Up,
    /// One row down.
    Down,
    /// To the first step.
    FirstStep,
    /// To the newest step, and follow it.
    LastStep,
    /// To the first row.
    FirstRow,
    /// To the last row.
    LastRow,
    /// Most of a pane of steps back.
    PageLeft,
    /// Most of a pane of steps on.
    PageRight,
    /// Most of a pane of rows up.
    PageUp,
    /// Most of a pane of rows down.
    PageDown,

    /// Break the line.
    Newline,
    /// One line up; on the first line, the prompt before.
    LineUp,
    /// One line down; on the last line, the prompt after.
    LineDown,
    /// The prompt before.
    HistoryPrevious,
    /// The prompt after.
    HistoryNext,
    /// Cursor left.
    CursorLeft,
    /// Cursor right.
    CursorRight,
    /// One word left.
    WordLeft,
    /// One word right.
    WordRight,
    /// To the start of the line.
    LineStart,
    /// To the end of the line.
    LineEnd,
    /// Delete the character to the left.
    DeleteLeft,
    /// Delete the character to the right.
    DeleteRight,
    /// Delete the word to the left.
    DeleteWordLeft,
    /// Delete the word to the right.
    DeleteWordRight,
    /// Delete to the start of the line.
    DeleteToStart,
    /// Delete to the end of the line.
    DeleteToEnd,
    /// Bring back what was deleted last.
    Yank,
    /// Undo the last edit.
    Undo,
    /// Do the last undone edit again.
    Redo,
}
