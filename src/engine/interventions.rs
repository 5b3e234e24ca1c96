//! Resolves a run's interventions against kept states: which parts are ablated, which activations
//! of other runs are patched in.

use super::Session;
use super::kv_session::KvSession;
use crate::model::ModelError;
use crate::model::intervention::{Interventions, Patch};
use crate::run::{Intervention, RunId};
use crate::trace::{AblatedPart, Ablation, TokenId};

impl Session {
    /// Puts the network into the state that a run asks for.
    pub(super) fn intervene(&mut self, interventions: &[Intervention]) -> Result<(), ModelError> {
        if self.kv_session.interventions() != interventions {
            let resolved = self.resolved(interventions)?;
            self.kv_session.intervene(interventions, resolved);
        }
        Ok(())
    }

    /// Lets `ask` use the decoder for a question about `tokens` of a run, in the network as that
    /// run has it. This is the only way for a question to the decoder: the run under way goes on
    /// as if nothing had been asked.
    pub(super) fn aside<T>(
        &mut self,
        run: RunId,
        tokens: &[TokenId],
        ask: impl FnOnce(&mut KvSession) -> Result<T, ModelError>,
    ) -> Result<T, ModelError> {
        let interventions = self.run_state(run)?.run.interventions.clone();
        let resolved = self.resolved(&interventions)?;
        self.kv_session.aside(tokens, &interventions, resolved, ask)
    }

    /// Interventions with the states that they need; an error where the model or a run has no
    /// such part.
    pub(super) fn resolved(
        &self,
        interventions: &[Intervention],
    ) -> Result<Interventions, ModelError> {
        let mut resolved = Interventions::default();
        for intervention in interventions {
            match intervention {
                Intervention::Ablation(ablation) => {
                    self.check(*ablation)?;
                    resolved.ablations.push(*ablation);
                }
                Intervention::Patch(_) if self.model().spec.streams.is_some() => {
                    let what = "no state can be patched into it";
                    return Err(ModelError::NotOfStreams { what });
                }
                Intervention::Patch(patch) => {
                    let states = self.states(patch.from_run)?;
                    let position = patch.from.0;
                    let states = states
                        .get(position)
                        .ok_or(ModelError::NoSuchPosition { position })?;
                    resolved.patches.push(Patch {
                        row: patch.row,
                        position: patch.into.0,
                        state: states.row(patch.row)?,
                    });
                }
            }
        }
        Ok(resolved)
    }

    /// Whether the model has that part.
    fn check(&self, ablation: Ablation) -> Result<(), ModelError> {
        let blocks = &self.model().spec.blocks;
        let Some(block) = blocks.get(ablation.layer.0) else {
            return Err(ModelError::NoSuchLayer {
                layer: ablation.layer,
                n_layers: blocks.len(),
            });
        };
        match ablation.part {
            AblatedPart::Head(head) if head >= block.heads().count => Err(ModelError::NoSuchHead {
                layer: ablation.layer,
                head,
                n_heads: block.heads().count,
            }),
            _ => Ok(()),
        }
    }
}
