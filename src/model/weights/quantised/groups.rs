//! Columns of a matrix of integers that share a scale and a zero point: side by side, or those that
//! an index names (GPTQ's `act_order`). In the latter case the columns are sorted by their group, so
//! that blocks have one scale each, and the products meet them in that order.

use crate::model::weight::{Codes, Line, Rows, Scaled};

/// The groups of a matrix.
pub(super) struct Groups {
    scaled: Scaled,
    /// The column of each place of a row, where they are not the same.
    order: Option<Vec<u32>>,
    /// The group of each run, where they are not the same.
    of_run: Option<Vec<usize>>,
}

/// What is read of a matrix.
pub(super) struct Matrix<C, S, Z> {
    /// The code of a row and a column.
    pub code: C,
    /// The scale of a row and a group.
    pub scale: S,
    /// The zero point of a row and a group.
    pub zero: Z,
}

impl Groups {
    /// The groups of `width` columns, each of `size`, of which the scales have `count`. `index` has
    /// the group of each column.
    ///
    /// # Errors
    /// When the index is not of so many columns, or names a group that is not there.
    pub(super) fn new(
        codes: Codes,
        width: usize,
        size: usize,
        count: usize,
        index: Option<&[usize]>,
    ) -> Result<Self, String> {
        let plain = Self {
            scaled: Scaled::new(codes, width, size),
            order: None,
            of_run: None,
        };
        let Some(index) = index else {
            return Ok(plain);
        };
        if index.len() != width || index.iter().any(|group| *group >= count) {
            return Err(format!(
                "has an index of {} columns, expected {width} with groups below {count}",
                index.len()
            ));
        }
        let group = |column: u32| index.get(column as usize).copied().unwrap_or_default();
        let mut order: Vec<u32> = (0..u32::try_from(width).unwrap_or(u32::MAX)).collect();
        order.sort_by_key(|column| group(*column));
        let mut places = order.iter().enumerate();
        let is_side_by_side = places.all(|(place, column)| group(*column) == place / size.max(1));
        if !is_side_by_side {
            // Groups of other sizes: each column has a scale of its own.
            return Ok(Self {
                scaled: Scaled::new(codes, width, 1),
                order: None,
                of_run: Some(index.to_vec()),
            });
        }
        let is_sorted = order.is_sorted();
        Ok(Self {
            order: (!is_sorted).then_some(order),
            ..plain
        })
    }

    /// `count` rows; `None` where they have no width.
    pub(super) fn rows<C, S, Z>(&self, count: usize, matrix: &Matrix<C, S, Z>) -> Option<Rows>
    where
        C: Fn(usize, usize) -> u8 + Sync,
        S: Fn(usize, usize) -> f32 + Sync,
        Z: Fn(usize, usize) -> u16 + Sync,
    {
        let fill = |row: usize, line: Line<'_>| {
            match &self.order {
                None => {
                    for (column, to) in line.codes.iter_mut().enumerate() {
                        *to = (matrix.code)(row, column);
                    }
                }
                Some(order) => {
                    for (column, to) in order.iter().zip(line.codes.iter_mut()) {
                        *to = (matrix.code)(row, *column as usize);
                    }
                }
            }
            let of_run = |run: usize| match &self.of_run {
                None => run,
                Some(groups) => groups.get(run).copied().unwrap_or_default(),
            };
            let runs = line.scales.iter_mut().zip(line.zeros.iter_mut());
            for (run, (scale, zero)) in runs.enumerate() {
                *scale = (matrix.scale)(row, of_run(run));
                *zero = (matrix.zero)(row, of_run(run));
            }
        };
        let rows = self.scaled.rows(count, fill)?;
        match &self.order {
            None => Some(rows),
            Some(order) => rows.in_columns(order.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn rows(index: Option<&[usize]>, width: usize, size: usize) -> Rows {
        let groups = Groups::new(Codes::Int4, width, size, 100, index).unwrap();
        let matrix = Matrix {
            code: |row: usize, column: usize| ((row + column) % 16) as u8,
            scale: |row: usize, group: usize| (1 + row + group) as f32,
            zero: |_: usize, group: usize| (group % 9) as u16,
        };
        groups.rows(3, &matrix).unwrap()
    }

    fn expected(row: usize, index: &[usize]) -> Vec<f32> {
        let weight = |(column, group): (usize, &usize)| {
            let code = ((row + column) % 16) as f32;
            (code - (group % 9) as f32) * (1 + row + group) as f32
        };
        index.iter().enumerate().map(weight).collect()
    }

    #[test]
    fn a_column_has_the_scale_of_its_group_in_whatever_order_they_stand() {
        let side_by_side: Vec<usize> = (0..160).map(|column| column / 64).collect();
        let mixed: Vec<usize> = (0..160).map(|column| (column * 37 % 160) / 64).collect();
        let uneven: Vec<usize> = (0..160).map(|column| column * column % 7).collect();
        for index in [&side_by_side, &mixed, &uneven] {
            let rows = rows(Some(index), 160, 64);
            for row in 0..3 {
                assert_eq!(rows.dequantised(row, 1), expected(row, index));
            }
            let order = rows.reordered(&[2, 0]);
            assert_eq!(order.dequantised(0, 1), expected(2, index));
            assert_eq!(rows.part(1, 1).dequantised(0, 1), expected(1, index));
        }
        assert_eq!(
            rows(None, 160, 64).dequantised(1, 1),
            expected(1, &side_by_side)
        );
    }

    #[test]
    fn an_index_that_does_not_fit_is_refused() {
        let refused = |index: &[usize]| Groups::new(Codes::Int4, 4, 2, 2, Some(index)).is_err();
        assert!(refused(&[0, 0, 1]));
        assert!(refused(&[0, 0, 1, 2]));
        assert!(!refused(&[0, 1, 1, 0]));
    }
}
