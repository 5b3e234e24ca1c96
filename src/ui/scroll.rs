//! Which lines of a list are in view.

/// The first line in view so that `selected` is among the `visible` ones of `len`, more of which
/// are to come.
///
/// While the selected line is among the newest, these are in view, and the view moves by a quarter
/// of its lines with them rather than line by line, since each moved line is sent again. Further up
/// it stays where it is, whatever comes.
#[must_use]
pub fn first_of_growing(selected: usize, len: usize, visible: usize) -> usize {
    let newest = by_blocks(len.saturating_sub(1), len, visible, visible / 4);
    from_the_end(selected, newest, len, visible)
}

/// The same when all have come: no room is left behind the last one.
#[must_use]
pub fn first_of_grown(selected: usize, len: usize, visible: usize) -> usize {
    from_the_end(selected, len.saturating_sub(visible), len, visible)
}

fn from_the_end(selected: usize, newest: usize, len: usize, visible: usize) -> usize {
    match selected >= newest {
        true => newest,
        false => by_blocks(selected, len, visible, visible * 3 / 4),
    }
}

/// The first of the `visible` lines of `len`, so many blocks of lines on that `selected` is among
/// them.
fn by_blocks(selected: usize, len: usize, visible: usize, block: usize) -> usize {
    if visible == 0 || len <= visible {
        return 0;
    }
    let block = block.max(1);
    let over = (selected + 1).saturating_sub(visible);
    over.div_ceil(block) * block
}

/// The first line in view of a list that is complete and read from its beginning.
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
    fn the_selected_line_is_in_view_of_what_grows_and_of_what_has_grown() {
        for visible in 1..20 {
            for len in 1..60 {
                for selected in 0..len {
                    for first_of in [first_of_growing, first_of_grown] {
                        let first = first_of(selected, len, visible);
                        assert!(first <= selected && selected < first + visible);
                    }
                    assert!(first_of_grown(selected, len, visible) + visible <= len.max(visible));
                }
            }
        }
    }

    #[test]
    fn what_is_looked_at_further_up_stays_where_it_is() {
        let visible = 12;
        let first = first_of_growing(20, 40, visible);
        for len in 40..80 {
            assert_eq!(first_of_growing(20, len, visible), first);
        }
        // One line up from the newest, nothing moves.
        assert_eq!(
            first_of_growing(199, 200, visible),
            first_of_growing(195, 200, visible)
        );
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
