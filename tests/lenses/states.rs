//! States that another engine saved, read with the head of the model alone.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use lenscape::catalog::CheckpointFiles;
use lenscape::engine::{Answer, Ask, PromptEnd, Question, RunRequest, Session, StatesFile};
use lenscape::model::{self, Dtype, Model, ModelError};
use lenscape::run::RunId;
use lenscape::trace::{Column, Layer, LensKind, Position, Row, Rows, Target};

use super::{Golden, NAMES, assert_same, files, folder, lens_of, reference};

fn head(name: &str) -> Model {
    model::load_head(&files(name), &Device::Cpu, Dtype::Auto).unwrap()
}

fn file(path: PathBuf, prompt: PromptEnd) -> StatesFile {
    StatesFile {
        path,
        prompt,
        layers: None,
    }
}

/// vLLM's file of a checkpoint, with the answer to its request.
fn of_vllm(name: &str) -> StatesFile {
    let response = folder(name).join("response.json");
    file(
        folder(name).join("states.safetensors"),
        PromptEnd::Response(response),
    )
}

fn session(name: &str, file: &StatesFile) -> Result<Session, ModelError> {
    let model = head(name);
    let saved = file.read(&model)?;
    Session::of_saved(model, name.to_owned(), 5, saved)
}

fn run_of(session: &Session, lens: LensKind) -> RunRequest {
    RunRequest {
        id: RunId(1),
        prompt: session.info().saved_run.clone().unwrap().prompt,
        lens,
        ..RunRequest::default()
    }
}

fn columns(session: &mut Session, lens: LensKind) -> Vec<Column> {
    let run = run_of(session, lens);
    session.complete(run).unwrap().1
}

#[test]
fn the_grid_of_saved_states_is_the_one_that_pytorch_reads_from_them() {
    for name in NAMES {
        let golden = Golden::of(name);
        let mut session = session(name, &of_vllm(name)).unwrap();
        let columns = columns(&mut session, LensKind::Normed);
        assert_eq!(columns.len(), golden.tokens.len(), "{name}");
        for (step, (column, rows)) in columns.iter().zip(&golden.states).enumerate() {
            assert_eq!(column.token.0, golden.tokens[step], "{name}");
            for (l, golden) in rows.iter().enumerate() {
                let place = format!("{name} step {step} L{l}");
                let cell = column.cell(Row::Layer(Layer(l))).expect(&place);
                assert_same(cell, golden, &place);
            }
        }
        let notes = session.info().notes.join("\n");
        let all = golden.tokens.len();
        let agreement = format!("{all} of {all} next tokens");
        assert!(notes.contains(&agreement), "{name}: {notes}");
    }
}

#[test]
fn fitted_lenses_read_saved_states_as_they_read_the_models_own() {
    let mut of_states = session("llama", &of_vllm("llama")).unwrap();
    for lens in [LensKind::Tuned, LensKind::Jacobian] {
        of_states.read_lens(lens, &lens_of("llama", lens)).unwrap();
        let golden = Golden::of("llama");
        let golden = match lens {
            LensKind::Tuned => golden.tuned,
            _ => golden.jacobian,
        };
        for (column, rows) in columns(&mut of_states, lens).iter().zip(&golden) {
            for (l, golden) in rows.iter().rev().enumerate().take(3) {
                let row = Row::Layer(Layer(3 - l));
                assert_same(column.cell(row).unwrap(), golden, &format!("{lens} {row}"));
            }
        }
    }
}

#[test]
fn without_the_answer_the_last_token_is_not_known() {
    let golden = Golden::of("llama");
    let prompt = golden.prompt_ids.len();
    let path = folder("llama").join("states.safetensors");
    let mut session = session("llama", &file(path, PromptEnd::Tokens(prompt))).unwrap();
    let columns = columns(&mut session, LensKind::Normed);
    assert_eq!(columns.len(), golden.tokens.len() - 1);
}

#[test]
fn questions_that_need_the_model_say_so_and_the_others_are_answered() {
    let mut session = session("llama", &of_vllm("llama")).unwrap();
    let run = run_of(&session, LensKind::Normed);
    let other = RunRequest {
        prompt: "Another prompt".into(),
        ..run.clone()
    };
    let error = session.begin(other).unwrap_err().to_string();
    assert!(error.contains("needs the model itself"), "{error}");
    let columns = session.complete(run).unwrap().1;
    let at = Position(Golden::of("llama").prompt_ids.len());
    let question = |ask| Question {
        run: RunId(1),
        lens: LensKind::Normed,
        rows: Rows::Layers,
        ask,
    };
    let target = Target {
        token: columns[0].token,
        minus: None,
    };
    let attribution = session.answer(&question(Ask::Attribution { at, target }));
    assert!(matches!(attribution, Err(ModelError::HeadOnly)));
    let predictions = session.answer(&question(Ask::Predictions { at, top_k: 3 }));
    assert!(matches!(predictions, Ok(Answer::Predictions(_))));
    let prompt = session.answer(&question(Ask::PromptColumns));
    assert!(matches!(prompt, Ok(Answer::PromptColumns { .. })));
}

/// The tensors of vLLM's file.
fn tensors(name: &str) -> HashMap<String, Tensor> {
    let path = folder(name).join("states.safetensors");
    candle_core::safetensors::load(path, &Device::Cpu).unwrap()
}

/// A file of states that were changed.
fn changed(path: &Path, change: impl FnOnce(Tensor) -> Tensor) -> StatesFile {
    let mut tensors = tensors("llama");
    let states = tensors.remove("hidden_states").unwrap();
    tensors.insert("hidden_states".into(), change(states));
    candle_core::safetensors::save(&tensors, path).unwrap();
    StatesFile {
        path: path.to_owned(),
        ..of_vllm("llama")
    }
}

#[test]
fn layers_that_were_not_asked_for_are_rows_without_values() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("states.safetensors");
    let golden = Golden::of("llama");
    // Without the embedding there is one a layer, and nothing has to be said.
    let mut few = changed(&path, |all| all.narrow(1, 1, 4).unwrap());
    for (layers, there) in [
        (None, [false, true, true, true, true]),
        (Some(vec![1, 4]), [false, true, false, false, true]),
    ] {
        if let Some(ids) = &layers {
            let ids: Vec<u32> = ids.iter().map(|id| *id as u32).collect();
            let ids = Tensor::new(ids, &Device::Cpu).unwrap();
            few = changed(&path, |all| all.index_select(&ids, 1).unwrap());
        }
        few.layers = layers;
        let mut session = session("llama", &few).unwrap();
        for (column, golden) in columns(&mut session, LensKind::Normed)
            .iter()
            .zip(&golden.states)
        {
            let found: Vec<bool> = std::iter::once(column.embedding.is_some())
                .chain(column.layers.iter().map(|cell| cell.is_some()))
                .collect();
            assert_eq!(found, there);
            for (l, cell) in column.layers.iter().enumerate() {
                if let Some(cell) = cell {
                    assert_same(cell, &golden[l], &format!("L{l}"));
                }
            }
        }
    }
}

#[test]
fn states_of_half_precision_are_read_and_said_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("states.safetensors");
    for (dtype, name) in [(DType::BF16, "BF16"), (DType::F16, "F16")] {
        let half = changed(&path, |all| all.to_dtype(dtype).unwrap());
        let mut session = session("llama", &half).unwrap();
        let notes = session.info().notes.join("\n");
        assert!(notes.contains(name) && notes.contains("rounded"), "{notes}");
        assert_eq!(columns(&mut session, LensKind::Normed).len(), 6);
    }
}

#[test]
fn states_of_another_model_are_refused_by_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("states.safetensors");
    let nan = |all: Tensor| {
        let mut values = all.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        values[32 * 5 * 2 + 32 + 3] = f32::NAN;
        Tensor::from_vec(values, all.dims(), &Device::Cpu).unwrap()
    };
    type Change<'c> = Box<dyn Fn(Tensor) -> Tensor + 'c>;
    let cases: [(Change<'_>, Option<Vec<usize>>, &str); 8] = [
        (
            Box::new(|all| all.narrow(1, 0, 2).unwrap()),
            None,
            "--layers",
        ),
        (
            Box::new(|all| all.narrow(2, 0, 16).unwrap()),
            None,
            "width 16",
        ),
        (
            Box::new(|all| all.narrow(0, 0, 5).unwrap()),
            None,
            "states of 5 tokens",
        ),
        (
            Box::new(|all| all.get(0).unwrap()),
            None,
            "expected [tokens, layers, 32]",
        ),
        (Box::new(nan), None, "first of token 2 at L0"),
        (Box::new(|all| all), Some(vec![0, 4]), "lists 2"),
        (Box::new(|all| all), Some(vec![0, 1, 2, 3, 9]), "layer 9"),
        (
            Box::new(|all| all.narrow(1, 0, 4).unwrap()),
            Some(vec![0, 1, 2, 3]),
            "lacks layer 4",
        ),
    ];
    for (change, layers, reason) in cases {
        let mut file = changed(&path, change);
        file.layers = layers;
        let error = session("llama", &file).expect_err(reason).to_string();
        assert!(error.contains(reason), "{error}\nexpected: {reason}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
    let bytes = fs::read(of_vllm("llama").path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 10]).unwrap();
    let cut = StatesFile {
        path,
        ..of_vllm("llama")
    };
    let error = session("llama", &cut).unwrap_err().to_string();
    assert!(error.contains("truncated"), "{error}");
}

#[test]
fn an_answer_to_another_request_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("response.json");
    for (text, reason) in [
        (r#"{"choices": [{"text": " is"}]}"#, "return_token_ids"),
        (
            r#"{"prompt_token_ids": [1, 2], "choices": [{"token_ids": [3]}]}"#,
            "their tokens differ",
        ),
        (
            r#"{"prompt_token_ids": [1, 999999], "choices": [{"token_ids": [3]}]}"#,
            "999999",
        ),
        ("{", "is no JSON"),
    ] {
        fs::write(&path, text).unwrap();
        let file = StatesFile {
            prompt: PromptEnd::Response(path.clone()),
            ..of_vllm("llama")
        };
        let error = session("llama", &file).expect_err(reason).to_string();
        assert!(error.contains(reason), "{error}\nexpected: {reason}");
    }
}

/// What `examples/save_states.py` writes: `states`, `tokens`, `prompt_ids`.
#[test]
fn a_last_row_that_went_through_the_norm_already_does_not_go_through_it_again() {
    for name in NAMES {
        let golden = Golden::of(name);
        let plain = of_vllm(name).read(&head(name)).unwrap();
        let prompt = golden.prompt_ids.len();
        let ids = |ids: &[u32]| {
            let ids: Vec<i64> = ids.iter().map(|id| i64::from(*id)).collect();
            Tensor::new(ids, &Device::Cpu).unwrap()
        };
        let of_steps: Vec<Tensor> = plain.states[prompt - 1..]
            .iter()
            .map(|states| states.rows().clone())
            .collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("own.safetensors");
        let write = |states: &[Tensor], last_row: &str| {
            let tensors = HashMap::from([
                ("states".to_owned(), Tensor::stack(states, 0).unwrap()),
                ("tokens".to_owned(), ids(&golden.tokens)),
                ("prompt_ids".to_owned(), ids(&golden.prompt_ids)),
            ]);
            let header = HashMap::from([("last_row".to_owned(), last_row.to_owned())]);
            safetensors::serialize_to_file(&tensors, Some(header), &path).unwrap();
        };
        let read = || {
            let mut session = session(name, &file(path.clone(), PromptEnd::Unsaid)).unwrap();
            columns(&mut session, LensKind::Normed)
        };
        write(&of_steps, "raw");
        let raw = read();
        let normed: Vec<Tensor> = of_steps
            .iter()
            .map(|rows| {
                let below = rows.narrow(0, 0, 4).unwrap();
                let last = rows.narrow(0, 4, 1).unwrap();
                Tensor::cat(&[below, final_norm(name, &last)], 0).unwrap()
            })
            .collect();
        write(&normed, "normed");
        for (column, raw) in read().iter().zip(&raw) {
            for l in 0..4 {
                let (found, raw) = (&column.layers[l].score, &raw.layers[l].score);
                assert_eq!(found.rank, raw.rank, "{name} L{l}");
                reference::close(found.logit, raw.logit, 1e-4, name);
            }
        }
    }
}

/// The model's final norm, written down once more.
fn final_norm(name: &str, x: &Tensor) -> Tensor {
    let tensors = crate::made::tensors(name);
    let (weight, bias, offset, eps) = match name {
        "gpt2" => ("ln_f.weight", Some("ln_f.bias"), 0.0, 1e-5),
        "gemma2" => ("norm.weight", None, 1.0, 1e-6),
        _ => ("norm.weight", None, 0.0, 1e-5),
    };
    let find = |wanted: &str| {
        let found = tensors.iter().find(|(name, _)| {
            let name = name
                .trim_start_matches("model.")
                .trim_start_matches("transformer.");
            name == wanted
        });
        found.unwrap().1.to_dtype(DType::F32).unwrap()
    };
    let centred = match bias {
        Some(_) => x.broadcast_sub(&x.mean_keepdim(1).unwrap()).unwrap(),
        None => x.clone(),
    };
    let size = (centred.sqr().unwrap().mean_keepdim(1).unwrap() + eps).unwrap();
    let normed = centred.broadcast_div(&size.sqrt().unwrap()).unwrap();
    let normed = normed
        .broadcast_mul(&(find(weight) + offset).unwrap())
        .unwrap();
    match bias {
        Some(bias) => normed.broadcast_add(&find(bias)).unwrap(),
        None => normed,
    }
}

#[test]
fn of_a_checkpoint_in_shards_those_of_the_blocks_may_be_missing() {
    let copy = crate::made::Copy::without_weights("llama");
    let all = crate::made::tensors("llama");
    let (blocks, ends): (HashMap<_, _>, HashMap<_, _>) = all
        .into_iter()
        .partition(|(name, _)| name.contains("layers."));
    let entries = blocks.keys().map(|name| (name, "blocks.safetensors"));
    let entries = entries.chain(ends.keys().map(|name| (name, "ends.safetensors")));
    let map: HashMap<&String, &str> = entries.collect();
    let index = serde_json::json!({ "weight_map": map }).to_string();
    copy.write("model.safetensors.index.json", index.as_bytes());
    candle_core::safetensors::save(&ends, copy.path().join("ends.safetensors")).unwrap();
    let files = CheckpointFiles::Folder(copy.path().to_owned());
    let model = model::load_head(&files, &Device::Cpu, Dtype::Auto).unwrap();
    let saved = of_vllm("llama").read(&model).unwrap();
    let mut few = Session::of_saved(model, "llama".into(), 5, saved).unwrap();
    let mut whole = session("llama", &of_vllm("llama")).unwrap();
    let normed = LensKind::Normed;
    assert_eq!(columns(&mut few, normed), columns(&mut whole, normed));
    let error = model::load(&files, &Device::Cpu, Dtype::Auto, &|_, _| {}).unwrap_err();
    assert!(error.to_string().contains("blocks.safetensors"), "{error}");
}
