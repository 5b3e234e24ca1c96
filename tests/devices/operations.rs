//! Every operation that a model or a lens uses gives on a device what it gives on the CPU, for
//! inputs that are contiguous and for the views that occur.

use std::borrow::Cow;

use candle_core::quantized::{GgmlDType, QStorage, QTensor};
use candle_core::{D, DType, Device, Result, Tensor};
use candle_nn::{ops, rotary_emb};

use super::device;

/// What is done with a matrix, `[6, 64]`.
type Operation = fn(&Tensor) -> Result<Tensor>;

const ON_MATRICES: &[(&str, Operation)] = &[
    ("add", |x| x + x),
    ("sub", |x| x - x.affine(0.5, 1.0)?),
    ("mul", |x| x * x),
    ("affine", |x| x.affine(-1.5, 0.25)),
    ("scale", |x| x * 0.0),
    ("exp", Tensor::exp),
    ("sqr", Tensor::sqr),
    ("sqrt", |x| x.sqr()?.sqrt()),
    ("tanh", Tensor::tanh),
    ("silu", Tensor::silu),
    ("gelu", Tensor::gelu),
    ("gelu_erf", Tensor::gelu_erf),
    ("relu", Tensor::relu),
    ("abs", Tensor::abs),
    ("sigmoid", ops::sigmoid),
    ("minimum", |x| x.minimum(0.5)),
    ("clamp", |x| x.clamp(-0.5, 0.5)),
    ("where", |x| x.gt(0.0)?.where_cond(x, &x.affine(2.0, 0.0)?)),
    ("greater", |x| {
        x.broadcast_gt(&x.narrow(1, 3, 1)?.contiguous()?)?
            .to_dtype(DType::F32)
    }),
    ("equal", |x| {
        x.broadcast_eq(&x.narrow(1, 3, 1)?.contiguous()?)?
            .to_dtype(DType::F32)
    }),
    ("bfloat16", |x| {
        x.to_dtype(DType::BF16)?.to_dtype(DType::F32)
    }),
    ("float16", |x| x.to_dtype(DType::F16)?.to_dtype(DType::F32)),
    ("sum", |x| x.sum_keepdim(D::Minus1)),
    ("sum of rows", |x| x.sum_keepdim(0)),
    ("mean", |x| x.mean_keepdim(D::Minus1)),
    ("max", |x| x.max_keepdim(1)),
    ("max of blocks", |x| {
        x.contiguous()?.reshape((6, 8, 8))?.max(D::Minus1)
    }),
    ("sum of blocks", |x| {
        x.contiguous()?.reshape((6, 8, 8))?.sum(D::Minus1)
    }),
    ("rows minus columns", |x| {
        x.broadcast_sub(&x.mean_keepdim(1)?)
    }),
    ("rows over columns", |x| {
        x.broadcast_div(&x.sqr()?.affine(1.0, 1.0)?.narrow(1, 0, 1)?)
    }),
    ("times a row", |x| x.broadcast_mul(&x.narrow(0, 2, 1)?)),
    ("plus a vector", |x| x.broadcast_add(&x.get(1)?)),
    ("product", |x| x.matmul(&x.t()?)),
    ("product of one row", |x| {
        x.narrow(0, 1, 1)?.contiguous()?.matmul(&x.t()?)
    }),
    ("heads", |x| {
        x.reshape((6, 4, 16))?.transpose(0, 1)?.contiguous()
    }),
    ("batched product", |x| {
        let heads = x.reshape((6, 4, 16))?.transpose(0, 1)?.contiguous()?;
        heads.matmul(&heads.t()?)
    }),
    ("product with a cache", |x| {
        let heads = x.reshape((6, 4, 16))?.transpose(0, 1)?.contiguous()?;
        let room = Tensor::zeros((4, 10, 16), DType::F32, x.device())?;
        room.slice_set(&heads, 1, 2)?;
        let seen = room.narrow(1, 0, 8)?;
        heads.matmul(&seen.t()?)?.matmul(&seen)
    }),
    ("softmax", |x| ops::softmax_last_dim(&x.contiguous()?)),
    ("RMS norm", |x| {
        let weight = x.get(0)?.contiguous()?;
        ops::rms_norm(&x.contiguous()?, &weight, 1e-5)
    }),
    ("rotation", |x| {
        let heads = x.reshape((1, 4, 6, 16))?.contiguous()?;
        let table = x.narrow(1, 0, 8)?.contiguous()?;
        rotary_emb::rope(&heads, &table.cos()?, &table.sin()?)
    }),
    ("rows by number", |x| {
        let rows = Tensor::new(&[5_u32, 0, 5], x.device())?;
        x.contiguous()?.index_select(&rows, 0)
    }),
    ("rows added", |x| {
        let rows = Tensor::new(&[4_u32, 1], x.device())?;
        x.contiguous()?
            .index_add(&rows, &x.narrow(0, 2, 2)?.contiguous()?, 0)
    }),
    ("one below the other", |x| {
        Tensor::cat(&[x, &x.narrow(0, 1, 3)?], 0)
    }),
    ("side by side", |x| {
        Tensor::cat(&[&x.narrow(1, 8, 8)?, x], 1)
    }),
    ("stacked", |x| Tensor::stack(&[x, x], 1)),
    ("part copied", |x| x.narrow(1, 5, 9)?.force_contiguous()),
    ("zeros", Tensor::zeros_like),
    ("row", |x| x.get(3)),
];

/// Matrices of `[6, 64]`: whole, as columns of a wider one, and as the transpose of one.
fn views(device: &Device, values: &Tensor) -> Result<Vec<(&'static str, Tensor)>> {
    let all = values.to_device(device)?;
    Ok(vec![
        (
            "contiguous",
            all.narrow(0, 0, 6)?.narrow(1, 0, 64)?.contiguous()?,
        ),
        ("columns", all.narrow(0, 1, 6)?.narrow(1, 5, 64)?),
        (
            "rows",
            all.narrow(0, 3, 6)?
                .narrow(1, 0, 64)?
                .contiguous()?
                .narrow(0, 0, 6)?,
        ),
        ("transposed", all.narrow(1, 2, 6)?.narrow(0, 0, 64)?.t()?),
    ])
}

fn close(found: &Tensor, expected: &Tensor, what: &str) {
    assert_eq!(found.dims(), expected.dims(), "{what}");
    let values = |x: &Tensor| {
        let x = x.to_device(&Device::Cpu).unwrap().flatten_all().unwrap();
        x.to_vec1::<f32>().unwrap()
    };
    for (found, expected) in values(found).iter().zip(values(expected)) {
        let allowed = 1e-5 * expected.abs().max(1.0);
        assert!(
            (found - expected).abs() <= allowed,
            "{what}: {found}, not {expected}"
        );
    }
}

#[test]
fn operations_on_matrices() {
    let values = Tensor::randn(0.0_f32, 1.0, (70, 80), &Device::Cpu).unwrap();
    let on_cpu = views(&Device::Cpu, &values).unwrap();
    let on_device = views(device().device(), &values).unwrap();
    for (name, operation) in ON_MATRICES {
        for ((view, there), (_, here)) in on_device.iter().zip(&on_cpu) {
            let what = format!("{name} of {view}");
            // What candle refuses of a view it refuses on each device.
            match (operation(there), operation(here)) {
                (Ok(found), Ok(expected)) => close(&found, &expected, &what),
                (Err(_), Err(_)) => assert_ne!(*view, "contiguous", "{what}"),
                (found, expected) => panic!("{what}: {found:?}, on the CPU {expected:?}"),
            }
        }
    }
}

#[test]
fn quantised_matrices_are_dequantised_and_their_rows_gathered() {
    let device = device();
    let values = Tensor::randn(0.0_f32, 1.0, (8, 512), &Device::Cpu).unwrap();
    for dtype in [
        GgmlDType::Q4_0,
        GgmlDType::Q4_1,
        GgmlDType::Q5_0,
        GgmlDType::Q5_1,
        GgmlDType::Q8_0,
        GgmlDType::Q2K,
        GgmlDType::Q3K,
        GgmlDType::Q4K,
        GgmlDType::Q5K,
        GgmlDType::Q6K,
    ] {
        let here = QTensor::quantize(&values, dtype).unwrap();
        let bytes = here.data().unwrap().to_vec();
        let storage = QStorage::from_data(Cow::Owned(bytes), device.device(), dtype).unwrap();
        let there = QTensor::new(storage, (8, 512)).unwrap();
        let expected = here.dequantize(&Device::Cpu).unwrap();
        let found = there.dequantize(device.device()).unwrap();
        close(&found, &expected, &format!("{dtype:?}"));
        let rows = |on: &Device| Tensor::new(&[7_u32, 0, 3], on).unwrap();
        let found = there.embedding(&rows(device.device())).unwrap();
        let expected = expected.index_select(&rows(&Device::Cpu), 0).unwrap();
        close(&found, &expected, &format!("rows of {dtype:?}"));
    }
}
