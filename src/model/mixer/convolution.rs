//! A causal convolution of each channel with itself over the last few positions, which many mixers
//! begin with.

/// Weights of a causal convolution of each channel with itself.
#[derive(Debug)]
pub(super) struct Convolution {
    channels: usize,
    /// Those for the earliest position first: `[kernel, channels]`.
    weights: Vec<f32>,
    /// `[channels]`.
    bias: Option<Vec<f32>>,
}

impl Convolution {
    /// A convolution over `kernel` positions whose `weights` are `[channels, kernel]`.
    pub(super) fn new(
        channels: usize,
        kernel: usize,
        weights: &[f32],
        bias: Option<Vec<f32>>,
    ) -> Self {
        let of_channels = || weights.chunks_exact(kernel.max(1));
        let weights = (0..kernel).flat_map(|tap| {
            let of_tap = of_channels().filter_map(move |weights| weights.get(tap).copied());
            of_tap.take(channels)
        });
        Self {
            channels,
            weights: weights.collect(),
            bias,
        }
    }

    /// How many numbers it keeps of the last positions: all it convolves but the newest.
    pub(super) fn kept(&self) -> usize {
        self.weights.len().saturating_sub(self.channels)
    }

    /// `[rows, channels]` → the same, where `kept` are the positions before, and those before the
    /// next ones when it is over.
    pub(super) fn forward(&self, x: &[f32], kept: &mut [f32]) -> Vec<f32> {
        let channels = self.channels.max(1);
        let all = [&*kept, x].concat();
        let out = all.windows(self.weights.len().max(1)).step_by(channels);
        let out = out.flat_map(|window| {
            let mut sum = match &self.bias {
                Some(bias) => bias.clone(),
                None => vec![0.0; channels],
            };
            let taps = window.chunks_exact(channels);
            for (x, weights) in taps.zip(self.weights.chunks_exact(channels)) {
                for ((sum, x), weight) in sum.iter_mut().zip(x).zip(weights) {
                    *sum += x * weight;
                }
            }
            sum
        });
        let out = out.collect();
        let newest = all.len().saturating_sub(kept.len());
        kept.copy_from_slice(all.get(newest..).unwrap_or_default());
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_channel_sees_its_own_last_positions() {
        // The last position as it is, the one before it times 10 or 100.
        let convolution = Convolution::new(2, 2, &[10.0, 1.0, 100.0, 1.0], None);
        let mut kept = vec![0.0; convolution.kept()];
        let together = convolution.forward(&[1.0, 2.0, 3.0, 4.0], &mut kept);
        assert_eq!(together, [1.0, 2.0, 13.0, 204.0]);
        assert_eq!(kept, [3.0, 4.0]);
        let next = convolution.forward(&[5.0, 6.0], &mut kept);
        assert_eq!(next, [35.0, 406.0]);
    }

    #[test]
    fn it_may_have_a_bias() {
        let convolution = Convolution::new(1, 1, &[2.0], Some(vec![0.5]));
        assert_eq!(convolution.forward(&[1.0, 3.0], &mut []), [2.5, 6.5]);
    }
}
