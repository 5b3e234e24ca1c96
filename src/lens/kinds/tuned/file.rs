//! A tuned lens as its authors' program writes it: a folder with `config.json` and `params.pt`, a
//! state dict of `{i}.weight`, `[d, d]`, and `{i}.bias`, `[d]`, for `i` from 0 to the number of
//! layers less one; `i` is the block that the state enters.
//!
//! Before version 0.1 the names began with `layer_translators.`, and still earlier with
//! `layer_adapters.` or `layer_probes.`, and numbered the blocks that a state *leaves*; the
//! translator for the embedding was `input_translator`. Where all of them are there, they are read
//! as well.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Translator, Tuned};
use crate::lens::fitted::{self, Fitted, FittedTo, wrong};
use crate::model::ModelError;
use crate::model::error::quoted;
use crate::model::json;
use crate::model::weights::TensorFile;
use crate::regular_file::{self, WRITTEN_BY_HAND};

const CONFIG: &str = "config.json";
const PARAMETERS: &str = "params.pt";

/// What the program itself writes.
const USUAL: &str = "linear_tuned_lens";

/// Whether a path seems to hold one.
pub fn is_at(path: &Path) -> bool {
    let folder = folder(path);
    folder.join(PARAMETERS).is_file()
}

/// The folder of a lens: one of its two files stands for it.
fn folder(path: &Path) -> PathBuf {
    let is_part = [CONFIG, PARAMETERS].iter().any(|name| path.ends_with(name));
    match path.parent() {
        Some(parent) if is_part && !path.is_dir() => parent.to_owned(),
        _ => path.to_owned(),
    }
}

/// Reads the lens at `path` and checks that it fits the model.
pub fn read(path: &Path, model: &FittedTo<'_>) -> Result<Fitted, ModelError> {
    let folder = folder(path);
    if !folder.is_dir() {
        return Err(wrong(
            &folder,
            format!("a tuned lens is a folder with {CONFIG} and {PARAMETERS}; this is none"),
        ));
    }
    let config = Config::read(&folder.join(CONFIG))?;
    let note = config.check(model)?;
    let file = TensorFile::state_dict(&folder.join(PARAMETERS))?;
    let names = Names::of(&file, &config, model.n_layers)?;
    fitted::check_memory(&folder, file.bytes())?;
    let translators = (0..model.n_layers).map(|i| translator(&file, &names, i, model.d_model));
    let translators = translators.collect::<Result<Vec<_>, _>>()?;
    let bytes = translators.iter().map(|one| one.weight.bytes()).sum();
    Ok(Fitted {
        lens: Box::new(Tuned(translators)),
        about: format!(
            "{}, fitted to {}, {}",
            folder.display(),
            quoted(&config.fitted_to),
            fitted::size(bytes)
        ),
        notes: note.into_iter().collect(),
        bytes,
    })
}

fn translator(
    file: &TensorFile,
    names: &Names,
    i: usize,
    width: usize,
) -> Result<Translator, ModelError> {
    let name = names.of_translator(i);
    let weight = fitted::matrix(file, &format!("{name}.weight"), width)?;
    let bias_name = format!("{name}.bias");
    let bias = match (file.shape(&bias_name), names.bias) {
        (None, Biases::Optional) => None,
        _ => Some(file.read(&bias_name, &[width])?),
    };
    let bias = bias.map(|bias| -> Result<_, ModelError> {
        let sum = bias.abs()?.sum_all()?.to_scalar::<f32>()?;
        if !sum.is_finite() {
            let reason = "has numbers that are not finite; the fit went wrong".into();
            return Err(file.about(&bias_name, reason));
        }
        Ok(bias.reshape((1, width))?)
    });
    Ok(Translator {
        weight,
        bias: bias.transpose()?,
    })
}

/// What `config.json` says.
struct Config {
    path: PathBuf,
    /// The model, as its hub calls it.
    fitted_to: String,
    d_model: i64,
    n_layers: i64,
    bias: Biases,
    /// Whether it is of a version before 0.1.
    is_old: bool,
}

/// Whether a translator may have no bias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Biases {
    Needed,
    Optional,
}

impl Config {
    fn read(path: &Path) -> Result<Self, ModelError> {
        let text = regular_file::read(path, WRITTEN_BY_HAND);
        let text = text.map_err(|source| ModelError::Read {
            path: path.to_owned(),
            source,
        })?;
        let value = json::parse(&text).map_err(|error| {
            wrong(
                path,
                format!("is no JSON ({error}); download the lens again"),
            )
        })?;
        let Value::Object(_) = value else {
            return Err(wrong(
                path,
                "holds no object; it is not that of a tuned lens",
            ));
        };
        let about = |key: &str, reason: String| ModelError::Config {
            place: path.display().to_string(),
            key: key.to_owned(),
            reason,
        };
        let kind = value.get("lens_type");
        if kind.is_some_and(|kind| kind != USUAL) {
            let kind = kind.map(ToString::to_string).unwrap_or_default();
            let reason = format!("is {}; only \"{USUAL}\" is read", quoted(&kind));
            return Err(about("lens_type", reason));
        }
        let is_old = value.get("num_hidden_layers").is_none() && value.get("num_layers").is_some();
        let number = |key: &str| {
            let number = value.get(key).and_then(Value::as_i64);
            number.ok_or_else(|| {
                let missing = value.get(key).is_none();
                let reason = if missing {
                    "is missing"
                } else {
                    "is no whole number"
                };
                about(key, reason.into())
            })
        };
        if is_old && value.get("reuse_unembedding") == Some(&Value::Bool(false)) {
            let reason = "is false: each of its layers has an unembedding of its own (tuned-lens \
                          before 0.1), which is not read";
            return Err(about("reuse_unembedding", reason.into()));
        }
        if is_old
            && value
                .get("extra_layers")
                .and_then(Value::as_i64)
                .unwrap_or(0)
                != 0
        {
            let reason = "are there (tuned-lens before 0.1), and are not read";
            return Err(about("extra_layers", reason.into()));
        }
        let name_keys = ["base_model_name_or_path", "base_model_name"];
        let name = name_keys.iter().find_map(|key| value.get(*key));
        let of_old = value.pointer("/model_config/_name_or_path");
        let fitted_to = match name.or(of_old.filter(|_| is_old)) {
            Some(Value::String(name)) => name.clone(),
            Some(_) => return Err(about(name_keys[0], "is no text".into())),
            None if is_old => String::new(),
            None => return Err(about(name_keys[0], "is missing".into())),
        };
        Ok(Self {
            path: path.to_owned(),
            fitted_to,
            d_model: number("d_model")?,
            n_layers: number(if is_old {
                "num_layers"
            } else {
                "num_hidden_layers"
            })?,
            bias: match value.get("bias") {
                None | Some(Value::Bool(true)) => Biases::Needed,
                Some(Value::Bool(false)) => Biases::Optional,
                Some(_) => return Err(about("bias", "is neither true nor false".into())),
            },
            is_old,
        })
    }

    /// Refuses a lens of another model; a note where that is not certain.
    fn check(&self, model: &FittedTo<'_>) -> Result<Option<String>, ModelError> {
        model.check_width(&self.path, self.d_model)?;
        // The old count left out a layer or did not; its names are counted instead.
        let is_right = usize::try_from(self.n_layers).is_ok_and(|n| n == model.n_layers);
        if !is_right && !self.is_old {
            let reason = format!(
                "is a lens for {} layers, but {} has {}; give the lens of this model",
                self.n_layers,
                quoted(model.name),
                model.n_layers
            );
            return Err(wrong(&self.path, reason));
        }
        match self.is_old && self.fitted_to.is_empty() {
            true => Ok(None),
            false => model.check_name(&self.path, &self.fitted_to),
        }
    }
}

/// How the translators are called.
struct Names {
    /// Before the number, and how the one for the embedding is called where it has no number.
    old: Option<(&'static str, &'static str)>,
    bias: Biases,
}

/// What stood before the numbers, oldest last, beside the name of the embedding's translator.
const OLD: [(&str, &str); 3] = [
    ("layer_translators.", "input_translator"),
    ("layer_adapters.", "input_adapter"),
    ("layer_probes.", "input_probe"),
];

/// What else stood in old files; it is the model's own.
const OF_THE_MODEL: [&str; 2] = ["unembedding.", "layer_norm."];

impl Names {
    /// How they are called in a file, of which every tensor is asked for.
    fn of(file: &TensorFile, config: &Config, n_layers: usize) -> Result<Self, ModelError> {
        let starts = |name: &str| file.names().any(|found| found.starts_with(name));
        let old = OLD.into_iter().find(|(layers, _)| starts(layers));
        let names = Self {
            old,
            bias: config.bias,
        };
        if let Some((_, input)) = old
            && !starts(input)
        {
            let reason = format!(
                "a lens of tuned-lens before 0.1 without `{input}`, so that its numbers do not \
                 say which layers they are of; fit it anew, or download a newer one"
            );
            return Err(file.complaint(reason));
        }
        let is_known = |found: &str| {
            let of_model = OF_THE_MODEL.iter().any(|name| found.starts_with(name));
            let of_lens = (0..n_layers).any(|i| {
                let rest = found.strip_prefix(&names.of_translator(i));
                matches!(rest, Some(".weight" | ".bias"))
            });
            of_lens || old.is_some() && of_model
        };
        match file.names().find(|found| !is_known(found)) {
            None => Ok(names),
            Some(found) => Err(file.about(
                found,
                format!("is no part of a tuned lens for {n_layers} layers"),
            )),
        }
    }

    /// The name of the translator of the states that enter block `i`.
    fn of_translator(&self, i: usize) -> String {
        match (self.old, i.checked_sub(1)) {
            (None, _) => i.to_string(),
            (Some((_, input)), None) => input.to_owned(),
            (Some((layers, _)), Some(left)) => format!("{layers}{left}"),
        }
    }
}
