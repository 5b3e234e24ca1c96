//! A Jacobian lens as it is published: one `.pt` file, `torch.save` of a dictionary with `J`, the
//! matrices `[d, d]` by layer (a number, not a text), `d_model`, `n_prompts`, `source_layers`, and
//! perhaps `provenance`. Or a `.safetensors` file whose tensors are called by their layers' numbers,
//! alone or as `lens.safetensors` in a folder.

use std::collections::BTreeSet;
use std::path::Path;

use super::{Jacobian, Transport};
use crate::lens::fitted::{self, Fitted, FittedTo, wrong};
use crate::model::ModelError;
use crate::model::error::quoted;
use crate::model::weights::{Saved, TensorFile};

const IN_A_FOLDER: &str = "lens.safetensors";

/// How far from the identity a matrix of the layer that the others are taken to may be.
const NEARLY: f32 = 1e-2;

/// The dictionary of matrices.
const MATRICES: &str = "J";

/// Whether a path seems to hold one.
pub fn is_at(path: &Path) -> bool {
    let is_file = path
        .extension()
        .is_some_and(|extension| extension == "pt" || extension == "safetensors");
    is_file || path.join(IN_A_FOLDER).is_file()
}

/// Reads the lens at `path` and checks that it fits the model.
pub fn read(path: &Path, model: &FittedTo<'_>) -> Result<Fitted, ModelError> {
    let path = match path.is_dir() {
        true if !path.join(IN_A_FOLDER).exists() => {
            let reason = format!(
                "a Jacobian lens is a .pt or .safetensors file; this folder has no {IN_A_FOLDER}"
            );
            return Err(wrong(path, reason));
        }
        true => path.join(IN_A_FOLDER),
        false => path.to_owned(),
    };
    let is_safetensors = path
        .extension()
        .is_some_and(|extension| extension == "safetensors");
    if is_safetensors {
        let file = TensorFile::safetensors(&path)?;
        let layers = numbered(&file)?;
        let contents = Contents {
            path: &path,
            file: &file,
            layers: layers.clone(),
            name: |layer| layer.to_string(),
            target: None,
            prompts: None,
            notes: Vec::new(),
        };
        contents.fitted(model)
    } else {
        let saved = Saved::open(&path)?;
        of_saved(&path, &saved, model)?.fitted(model)
    }
}

/// What was found in a file, of whatever kind.
struct Contents<'f> {
    path: &'f Path,
    file: &'f TensorFile,
    /// Those that there is a matrix for.
    layers: BTreeSet<usize>,
    /// The name of a layer's matrix.
    name: fn(usize) -> String,
    /// The layer that the others are taken to, where the file says so.
    target: Option<usize>,
    prompts: Option<i64>,
    notes: Vec<String>,
}

impl Contents<'_> {
    fn fitted(self, model: &FittedTo<'_>) -> Result<Fitted, ModelError> {
        let last = model.n_layers.saturating_sub(1);
        let target = self.target.unwrap_or(last);
        let highest = self.layers.last().copied();
        if highest.is_none() {
            return Err(wrong(
                self.path,
                "holds no matrices; it is no Jacobian lens",
            ));
        }
        if let Some(layer) = highest
            .into_iter()
            .chain([target])
            .find(|layer| *layer > last)
        {
            let reason = format!(
                "has layer {layer}, but the layers of {} are L0 to L{last}; give the lens of this \
                 model",
                quoted(model.name)
            );
            return Err(wrong(self.path, reason));
        }
        fitted::check_memory(self.path, self.file.bytes())?;
        let mut transports = Vec::new();
        for layer in 0..last {
            transports.push(match self.layers.contains(&layer) {
                true if layer < target => {
                    let name = (self.name)(layer);
                    Transport::By(fitted::matrix(self.file, &name, model.d_model)?)
                }
                _ if layer == target => Transport::AsItIs,
                _ => Transport::Unknown,
            });
        }
        for layer in self.layers.range(target..) {
            self.check_identity(*layer, target, model)?;
        }
        let known = transports
            .iter()
            .filter(|transport| !matches!(transport, Transport::Unknown));
        let known = known.count();
        let lens = Jacobian(transports);
        let bytes = lens.bytes();
        let about = format!(
            "{}, {}{} of {} layers, {}",
            self.path.display(),
            self.prompts
                .map(|n| format!("fitted on {n} prompts, "))
                .unwrap_or_default(),
            known,
            model.n_layers,
            fitted::size(bytes)
        );
        Ok(Fitted {
            lens: Box::new(lens),
            about,
            notes: self.notes,
            bytes,
        })
    }

    /// Of the layer that the others are taken to there can be the identity only, and nothing
    /// behind it.
    fn check_identity(
        &self,
        layer: usize,
        target: usize,
        model: &FittedTo<'_>,
    ) -> Result<(), ModelError> {
        let name = (self.name)(layer);
        if layer > target {
            let reason = format!("is behind L{target}, which the lens takes the others to");
            return Err(self.file.about(&name, reason));
        }
        let width = model.d_model;
        let rows = self.file.read_rows(&name, &[width, width])?;
        let is_one = (0..width).all(|row| {
            let numbers = rows.dequantised(row, 1);
            numbers.iter().enumerate().all(|(column, number)| {
                let expected = if row == column { 1.0 } else { 0.0 };
                (number - expected).abs() <= NEARLY
            })
        });
        match is_one {
            true => Ok(()),
            false => Err(self.file.about(
                &name,
                format!(
                    "is not the identity, but L{target} is what the lens takes the others to; it \
                     is the lens of a deeper model"
                ),
            )),
        }
    }
}

/// The layers of a file whose tensors are called by their numbers.
fn numbered(file: &TensorFile) -> Result<BTreeSet<usize>, ModelError> {
    file.names()
        .map(|name| {
            let number = name.parse::<usize>().ok();
            let number = number.filter(|number| number.to_string() == name);
            number.ok_or_else(|| {
                let reason = "is called by no number of a layer, so this is no Jacobian lens";
                file.about(name, reason.into())
            })
        })
        .collect()
}

fn of_saved<'f>(
    path: &'f Path,
    saved: &'f Saved,
    model: &FittedTo<'_>,
) -> Result<Contents<'f>, ModelError> {
    let has = |key: &str| saved.keys().any(|found| found == key);
    if has("jacobian_sum") {
        let done = saved.number("n_done");
        let done = done.map_or(String::new(), |n| format!(" after {n} prompts"));
        let reason = format!(
            "is an unfinished fit (`jacobian_sum`{done}), not a lens; let the fit end, which \
             writes `{MATRICES}`"
        );
        return Err(wrong(path, reason));
    }
    if !has(MATRICES) {
        let reason = format!("has no `{MATRICES}`, so it is no Jacobian lens");
        return Err(wrong(path, reason));
    }
    if has("d_model") {
        let width = saved.number("d_model");
        let width = width.ok_or_else(|| wrong(path, "`d_model` is no whole number"))?;
        model.check_width(path, width)?;
    }
    let layers = layers(path, saved)?;
    let prompts = saved.number("n_prompts");
    if has("n_prompts") && prompts.is_none_or(|n| n < 1) {
        return Err(wrong(
            path,
            "`n_prompts` is no number of prompts; the fit went wrong",
        ));
    }
    let mut notes = Vec::new();
    if let Some(name) = saved.text_in("provenance", "model_id") {
        notes.extend(model.check_name(path, name)?);
    }
    Ok(Contents {
        path,
        file: saved.tensors(),
        layers,
        name: |layer| Saved::name(MATRICES, i64::try_from(layer).unwrap_or(i64::MAX)),
        target: target(path, saved)?,
        prompts,
        notes,
    })
}

/// The layers of the matrices, which have to be those that the file lists.
fn layers(path: &Path, saved: &Saved) -> Result<BTreeSet<usize>, ModelError> {
    let layer = |number: i64| {
        usize::try_from(number).map_err(|_| wrong(path, format!("has a layer {number}")))
    };
    let found = saved.numbered_tensors(MATRICES)?.into_iter().map(layer);
    let found = found.collect::<Result<BTreeSet<_>, _>>()?;
    if saved.keys().any(|key| key == "source_layers") {
        let listed = saved.numbers("source_layers");
        let listed = listed.ok_or_else(|| wrong(path, "`source_layers` is no list of layers"))?;
        let listed = listed.into_iter().map(layer);
        let listed = listed.collect::<Result<BTreeSet<_>, _>>()?;
        if let Some(layer) = listed.difference(&found).next() {
            let reason =
                format!("`source_layers` lists {layer}, but `{MATRICES}` has no such matrix");
            return Err(wrong(path, reason));
        }
        if let Some(layer) = found.difference(&listed).next() {
            let reason = format!(
                "`{MATRICES}` has a matrix of layer {layer}, which `source_layers` does not list"
            );
            return Err(wrong(path, reason));
        }
    }
    Ok(found)
}

/// The layer that the states are taken to, where the file says so; an error where its states are
/// others than those that blocks give out.
fn target(path: &Path, saved: &Saved) -> Result<Option<usize>, ModelError> {
    let of_provenance = |key: &str| saved.text_in("provenance", key);
    for (key, usual) in [("capture_point", "block_output"), ("stream_reduce", "none")] {
        if let Some(found) = of_provenance(key).filter(|found| *found != usual) {
            let reason = format!(
                "`provenance.{key}` is `{}`; only lenses of `{usual}` are read",
                quoted(found)
            );
            return Err(wrong(path, reason));
        }
    }
    saved
        .number_in("provenance", "target_layer")
        .map(|layer| {
            let layer = usize::try_from(layer).ok();
            layer.ok_or_else(|| wrong(path, "`provenance.target_layer` is no layer"))
        })
        .transpose()
}
