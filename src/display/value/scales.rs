//! The scales that are the same for every model.

use crate::display::scale::{Diverging, Order, Scale, Sequential};

/// Of probabilities.
pub fn probabilities() -> Scale {
    Scale::Sequential(Sequential {
        bounds: [0.5, 0.2, 0.1, 0.03, 0.01, 0.001],
        order: Order::HighFirst,
        last: None,
        write: |bound| format!("≥{}", bound.to_string().trim_start_matches('0')),
    })
}

/// Of their natural logarithms.
pub fn log_probabilities() -> Scale {
    Scale::Sequential(Sequential {
        bounds: [-0.5, -1.0, -2.0, -4.0, -7.0, -10.0],
        order: Order::HighFirst,
        last: None,
        write: |bound| format!("≥{bound}"),
    })
}

/// Of changes of a logit.
pub fn logit_changes() -> Scale {
    Scale::Diverging(Diverging::new([0.5, 2.0, 5.0], |bound| {
        format!("{bound:+}")
    }))
}

/// Of entropies, in nats.
pub fn entropies() -> Scale {
    Scale::Sequential(Sequential {
        bounds: [0.5, 1.0, 2.0, 4.0, 6.0, 8.0],
        order: Order::LowFirst,
        last: None,
        write: |bound| format!("≤{bound}"),
    })
}

/// Of divergences from the last layer, in nats.
pub fn divergences() -> Scale {
    Scale::Sequential(Sequential {
        bounds: [0.1, 0.3, 1.0, 3.0, 6.0, 10.0],
        order: Order::LowFirst,
        last: None,
        write: |bound| format!("≤{bound}"),
    })
}
