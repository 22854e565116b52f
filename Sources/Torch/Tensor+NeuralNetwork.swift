extension Tensor {
    /// x W^T + b. x [..., inputs], weight [outputs, inputs], bias [outputs].
    package func linear(_ weight: Tensor, _ bias: Tensor?) throws(TorchError) -> Tensor {
        try dispatch("aten::linear", "", .tensor(self), .tensor(weight), .optional(bias))
    }

    /// x * sigmoid(x).
    package func silu() throws(TorchError) -> Tensor { try dispatch("aten::silu", "", .tensor(self)) }

    /// x * Phi(x), with the error function.
    package func gelu() throws(TorchError) -> Tensor {
        try dispatch("aten::gelu", "", .tensor(self), .string("none"))
    }

    /// x / sqrt(mean(x^2) + epsilon) * weight over the last dimension.
    package func rmsNorm(_ weight: Tensor, epsilon: Double) throws(TorchError) -> Tensor {
        try dispatch(
            "aten::rms_norm", "", .tensor(self), .ints(weight.shape), .optional(weight), .some(.double(epsilon)))
    }

    /// (x - mean) / sqrt(variance + epsilon) over the last dimension, then weight and bias if there are any.
    package func layerNorm(_ weight: Tensor?, _ bias: Tensor?, epsilon: Double) throws(TorchError) -> Tensor {
        try dispatch(
            "aten::layer_norm", "", .tensor(self), .ints([size(-1)]), .optional(weight), .optional(bias),
            .double(epsilon), .bool(true))
    }

    /// Normalises `groups` groups of channels of x [B, C, H, W].
    package func groupNorm(
        _ groups: Int, _ weight: Tensor, _ bias: Tensor, epsilon: Double
    ) throws(TorchError) -> Tensor {
        try dispatch(
            "aten::group_norm", "", .tensor(self), .int(groups), .optional(weight), .optional(bias),
            .double(epsilon), .bool(true))
    }

    /// x [B, C, H, W], weight [outputs, C, kernel, kernel]; `padding` is rows of zeros above and below, columns left and
    /// right.
    package func convolved(
        _ weight: Tensor, _ bias: Tensor?, stride: Int, padding: (rows: Int, columns: Int)
    ) throws(TorchError) -> Tensor {
        try dispatch(
            "aten::conv2d", "", .tensor(self), .tensor(weight), .optional(bias), .ints([stride, stride]),
            .ints([padding.rows, padding.columns]), .ints([1, 1]), .int(1))
    }

    /// softmax(q k^T * scale + mask) v. q [B, H, L, D], k and v [B, H or fewer, S, D]; a bool mask is true where
    /// attention is allowed.
    package func attention(
        _ key: Tensor, _ value: Tensor, mask: Tensor? = nil, causal: Bool = false, scale: Double? = nil
    ) throws(TorchError) -> Tensor {
        try dispatch(
            "aten::scaled_dot_product_attention", "", .tensor(self), .tensor(key), .tensor(value), .optional(mask),
            .double(0), .bool(causal), .optional(scale), .bool(key.size(1) != size(1)))
    }

    /// Rows of this [entries, D] table. indices int64 of any shape.
    package func embedding(_ indices: Tensor) throws(TorchError) -> Tensor {
        try dispatch(
            "aten::embedding", "", .tensor(self), .tensor(indices), .int(-1), .bool(false), .bool(false))
    }

    /// x [B, C, H, W] at another size, each pixel copied.
    package func nearestUpsampled(height: Int, width: Int) throws(TorchError) -> Tensor {
        try dispatch("aten::upsample_nearest2d", "", .tensor(self), .ints([height, width]), .none, .none)
    }

    /// x [B, C, H, W] at another size; corners are not aligned, as `F.interpolate(mode="bilinear")`.
    package func bilinearResized(height: Int, width: Int) throws(TorchError) -> Tensor {
        try dispatch(
            "aten::upsample_bilinear2d", "", .tensor(self), .ints([height, width]), .bool(false), .none, .none)
    }
}
