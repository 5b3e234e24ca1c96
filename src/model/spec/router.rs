//! What chooses the experts of a mixture, as data.

use super::Bias;

/// What chooses the experts of each token and weighs their outputs. The default is that of Mixtral
/// but for the sum: a softmax over all experts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RouterSpec {
    /// How logits become weights.
    pub score: RouterScore,
    /// The bias of the projection that gives the logits.
    pub bias: Bias,
    /// Learned numbers that are added to the scores where experts are chosen, and not where they
    /// are weighed (Wang et al. 2024).
    pub correction: Bias,
    /// Experts are chosen of a few groups only.
    pub groups: Option<Groups>,
    /// What the weights of the chosen experts add up to.
    pub sum: Sum,
    /// The weights are multiplied by it, at last.
    pub scale: f64,
    /// Of a norm of its own, through which it reads the stream.
    pub own_norm: Option<OwnNorm>,
}

/// How a router reads the stream through an RMSNorm of its own, as in Gemma 4; each expert then has
/// a learned number by which its weight is multiplied at last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OwnNorm {
    /// Added to the mean square before the root.
    pub eps: f64,
    /// The norm's weights are multiplied by it.
    pub scale: f64,
}

impl Default for RouterSpec {
    fn default() -> Self {
        Self {
            score: RouterScore::Softmax,
            bias: Bias::Absent,
            correction: Bias::Absent,
            groups: None,
            sum: Sum::AsScored,
            scale: 1.0,
            own_norm: None,
        }
    }
}

/// How the router's logits become the weights of the experts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RouterScore {
    /// A softmax over all experts.
    Softmax,
    /// A softmax over the chosen ones, those of the largest logits.
    SoftmaxOfChosen,
    /// The sigmoid of each.
    Sigmoid,
    /// SparseMixer-v2 (Liu et al. 2024): the two of the largest logits, one after the other, each
    /// weighed by a softmax over those not yet chosen whose logits are not much smaller.
    SparseMixer {
        /// Half of how much smaller, as a share.
        jitter: f64,
    },
}

/// Groups of experts that stand one behind the other, all of one size. Those are used whose few
/// best experts score most together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Groups {
    /// How many there are.
    pub count: usize,
    /// How many are used for a token.
    pub used: usize,
    /// How many of its best experts' scores a group is weighed by, together.
    pub best: usize,
}

/// What the weights of the chosen experts add up to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sum {
    /// To what their scores do.
    AsScored,
    /// To one: they are divided by their sum, to which `more` is added first and which then counts
    /// as `least` where it is smaller.
    One {
        /// Added to the sum.
        more: f64,
        /// The smallest divisor.
        least: f64,
    },
}

impl Sum {
    /// One, whatever the scores are.
    pub const ONE: Self = Self::One {
        more: 0.0,
        least: 0.0,
    };
}
