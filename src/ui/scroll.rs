//! Which lines of a list are in view.

/// The first line in view so that `selected` is among the `visible` ones of `len`.
///
/// The view moves by a quarter of its lines rather than line by line, since each moved line is sent
/// again; so much room there may be for lines to come.
#[must_use]
pub fn first_of_growing(selected: usize, len: usize, visible: usize) -> usize {
    by_blocks(selected, len, visible, visible / 4)
}

fn by_blocks(selected: usize, len: usize, visible: usize, block: usize) -> usize {
    if visible == 0 || len <= visible {
        return 0;
    }
    let block = block.max(1);
    let over = (selected + 1).saturating_sub(visible);
    over.div_ceil(block) * block
}

/// The same for a list that is complete: no room is left behind its last line.
#[must_use]
pub fn first_of(selected: usize, len: usize, visible: usize) -> usize {
    by_blocks(selected, len, visible, visible * 3 / 4).min(len.saturating_sub(visible))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_grows_leaves_a_quarter_of_the_room_empty_at_most() {
        for visible in 1..20 {
            for len in 1..60 {
                let first = first_of_growing(len - 1, len, visible);
                assert!(first < len && len <= first + visible);
                let empty = first + visible - len;
                assert!(len < visible || empty <= visible / 4, "{visible} {len}");
            }
        }
    }

    #[test]
    fn the_selected_line_is_in_view_and_no_room_is_left() {
        for visible in 1..20 {
            for len in 1..40 {
                for selected in 0..len {
                    let first = first_of(selected, len, visible);
                    assert!(first <= selected && selected < first + visible);
                    assert!(first + visible <= len.max(visible));
                }
            }
        }
    }
}
