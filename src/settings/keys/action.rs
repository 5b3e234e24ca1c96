//! Everything that a user can do, by name: keys, tests and scripts all speak this.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString};

/// Everything that a user can do. `config/keys.toml` binds keys to these names.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Display, EnumIter, EnumString,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
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
    /// Open the help page; from there, the list of all actions.
    Help,
    /// Say what the figures mean, or which keys there are.
    Figures,
    /// Do the chosen action of the list.
    DoChosen,
    /// Open the command line.
    CommandLine,
    /// Do what is typed at the command line.
    RunCommand,
    /// Put the next suggestion into the command line.
    Complete,
    /// Put the suggestion before into the command line.
    CompleteBack,

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
    /// Begin the tour, or leave it.
    Tour,
    /// Put prompts into the model's chat template, or give them to the model as they are.
    Chat,
    /// Open the page of the prompt's tokens, or close it.
    PromptTokens,
    /// Load the model again.
    RetryLoad,
    /// Open the list of models, or close it.
    Models,
    /// Load the chosen model.
    LoadChosen,
    /// Use the next lens of those that there are.
    Lens,
    /// Show the next value in the grid's cells.
    CellValue,
    /// Show the value before in the grid's cells.
    PreviousCellValue,
    /// Colour the grid's cells by the next value.
    CellColour,
    /// Show all of a layer's best tokens, or only words.
    ListedTokens,
    /// Show or hide the prompt's own tokens before the generated ones.
    PromptColumns,
    /// Make the grid's cells narrower, or wide again.
    CellWidth,
    /// Show or hide the bars of attribution in the cell's pane.
    CellAttribution,
    /// Show or hide the row `emb`.
    EmbeddingRow,
    /// Show or hide the rows inside the layers.
    SublayerRows,
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
    /// Forget the chosen run.
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
    /// Undo all changes to the network.
    Unchanged,

    /// Begin or end a recording.
    Record,
    /// Copy the focused pane's selection.
    Copy,

    /// Ask for a file name to save under.
    Save,
    /// Save under the name in the field.
    SaveNow,
    /// Open the trace that a session before has left unsaved.
    OpenAutosave,
    /// Delete the trace that a session before has left unsaved.
    DiscardAutosave,
    /// Type what to look for in the grid.
    Search,
    /// Go to the next cell of what was typed.
    Find,
    /// Go to the next match of what was looked for last.
    FindNext,
    /// Go to the previous match.
    FindPrevious,
    /// Open or close the summary of the trace.
    Summary,

    /// Compare candidates at the selected step.
    Compare,
    /// Focus the candidates' field.
    EditCandidates,
    /// Leave compare mode.
    LeaveCompare,
    /// Show the candidates' next figure: rank, probability or logit.
    Measure,
    /// Subtract the next pair of candidates.
    NextPair,
    /// Follow a candidate across the whole grid; where one is followed, the next one.
    FollowCandidate,
    /// Keep this position in view beside others, or no longer.
    Pin,
    /// Keep no position in view any more.
    UnpinAll,
    /// Open the list of tokens, or choose the next one.
    NextCompletion,
    /// Choose the token before in the list.
    PreviousCompletion,
    /// Put the chosen token into the field.
    TakeCompletion,
    /// Close the list of tokens.
    CloseCompletion,
    /// Show the chart instead of the table, or the other way round, where only one has room.
    Chart,

    /// Open the page of layer predictions, or close it.
    Predictions,
    /// Open the page of attribution, or close it.
    Attribution,
    /// One token more per layer.
    MoreTokens,
    /// One token fewer per layer.
    FewerTokens,
    /// Show the selected layer only, or all layers.
    OneLayer,
    /// Show each layer under another lens beside this one, the next one, or none.
    OtherLens,
    /// Split the logit of the next target.
    NextTarget,
    /// Split the logit of the target before.
    PreviousTarget,
    /// Show the heads of the selected layer, or its logit under the lens.
    Heads,
    /// Order the heads by size, or by number.
    HeadOrder,

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
    /// Delete the whole text.
    DeleteAll,
    /// Bring back what was deleted last.
    Yank,
    /// Undo the last edit.
    Undo,
    /// Do the last undone edit again.
    Redo,
}
