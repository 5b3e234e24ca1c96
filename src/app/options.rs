//! The options as they hold now, whoever set them: the files, the command line, keys, `:set`.

use super::State;
use crate::settings::{Options, SamplingOptions};

impl State {
    /// The options as they hold now.
    #[must_use]
    pub fn options(&self) -> Options {
        let view = &self.view;
        let mut options = self.settings.options.clone();
        options.model.clone_from(&self.model.wanted);
        options.max_tokens = self.max_tokens;
        options.sampling = SamplingOptions::from(&self.sampling);
        options.lens = view.lens;
        options.mouse = view.mouse;
        options.grid = view.grid;
        options.cell.attribution = view.cell_attribution;
        options.predictions.top_k = view.top_k;
        if let Some(theme) = self.settings.themes.names().nth(view.theme) {
            theme.clone_into(&mut options.theme);
        }
        options
    }
}
