#ifndef KERNELS_MATRIX_H
#define KERNELS_MATRIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Products Y[M, N] = epilogue(X[M, K] W[N, K]^T) with weights that were packed once. M is `rows`, N `outputs`,
// K `inputs`. Sums are float32 (int8: exact int32), and Y is rounded once, after the epilogue.

enum kernels_format {
    /// Weights, X and Y float32.
    KERNELS_FLOAT32,
    /// Weights, X and Y bfloat16. With AVX-512 and AMX, numbers of X and W and sums below 2^-126 count as 0, as the machine's
    /// instruction has it.
    KERNELS_BFLOAT16,
    /// Weights -127...127 with a scale for each output. X and Y bfloat16; each row of X is rounded to -127...127 of its
    /// largest magnitude, but of at least 2^-120. A row of X with NaN or infinity gives NaN.
    KERNELS_INT8,
    /// Weights -8...7 times a whole number -15...15 for each output and group of inputs: numbers of int8 in half the memory,
    /// with all that `KERNELS_INT8` says of the rest.
    KERNELS_INT4,
    /// What `KERNELS_BFLOAT16` is, bit for bit, in 12 bits a number; see `kernels_compact`.
    KERNELS_COMPACT_BFLOAT16,
};

/// A packed weight, of at least one output and input: 64 outputs a panel, in the order in which a kernel reads them, the
/// same on every path.
struct kernels_weight {
    enum kernels_format format;
    ptrdiff_t outputs;
    ptrdiff_t inputs;
    /// Inputs that share a multiple (int4): a divisor of `inputs` that 4 divides, or all of them. Otherwise ignored.
    ptrdiff_t group;
    /// Two matrices of [outputs, inputs], gate G and up U, for silu(X G^T + bias) * (X U^T + bias).
    bool swiglu;
    /// int8 and int4: weights were mixed by `kernels_rotate` before they were rounded. X is mixed too then.
    bool rotated;
    /// `kernels_packed_size` bytes, aligned to 64.
    void *packed;
};

/// The same numbers of a weight with `swiglu` as those of one matrix: of each 64 outputs the first 32 are the next of the
/// gate's, the others the next of the up's. There are as many as fill the panels; what is beyond the last output is 0.
struct kernels_weight kernels_ungated(const struct kernels_weight *weight);

/// Which matrix of a weight is packed. Gate and up are those of a weight with `swiglu`.
enum kernels_part { KERNELS_WHOLE, KERNELS_GATE, KERNELS_UP };

/// Bytes of a packed weight, a multiple of 64.
size_t kernels_packed_size(const struct kernels_weight *weight);

/// Writes a packed weight of bfloat16 to the memory of a compact one of the same sizes, on all threads. Of each panel 16
/// exponents, 0 and the 15 in a row that are most frequent, are kept as 4 bits and others apart, for which there is room for one
/// in 256 numbers: false, and `compact` is undefined, where there are more.
bool kernels_compact(const struct kernels_weight *weight, const struct kernels_weight *compact);

/// Packs rows first..<first + rows of W[outputs, inputs], the first of them at `values`, `stride` elements apart:
/// float, bfloat16 bits, or int8_t for int8 and int4; no compact ones. int8 and int4 take `scales[rows]`, int4 also
/// `multiples[rows, inputs / group]`. Every row of every part must be packed once, in any order. Threads may pack at once
/// what they have split at multiples of 64 rows, with `swiglu` of 32.
void kernels_pack(const struct kernels_weight *weight, enum kernels_part part, ptrdiff_t first, ptrdiff_t rows,
                  const void *values, ptrdiff_t stride, const float *scales, const int8_t *multiples);

/// Rounds W[rows, inputs] from bfloat16, rows `stride` elements apart, to values[rows, inputs] of -127...127 of the
/// largest magnitude of a row, as `scales[rows]` has it. What is not finite counts as 0.
void kernels_quantise_int8(int8_t *values, float *scales, const uint16_t *weights, ptrdiff_t stride, ptrdiff_t rows,
                           ptrdiff_t inputs);

/// The same to -8...7 times multiples[rows, inputs / group] of `scales[rows]`. A multiple is one with which its group loses
/// least, by the sum of squared errors, of several that are tried. Groups of numbers below 2^-120 become 0. False when
/// memory is short.
bool kernels_quantise_int4(int8_t *values, int8_t *multiples, float *scales, const uint16_t *weights, ptrdiff_t stride,
                           ptrdiff_t rows, ptrdiff_t inputs, ptrdiff_t group);

/// Mixes the numbers of each row of x[rows, inputs], rows `stride` elements apart, by an orthonormal matrix that depends
/// on `inputs` alone: products of rows that were mixed alike are what they were, but a few large numbers do not set the
/// scale of a row any more. A number is spread over some hundred others, fewer if `inputs` has few factors up to 7, none
/// if it has none. Numbers above 2^120 may become infinite.
void kernels_rotate(float *x, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t inputs);

/// `kernels_quantise_int8` and `kernels_quantise_int4` of rows that were mixed as by `kernels_rotate`, for a weight that
/// is `rotated`. False when memory is short.
bool kernels_quantise_rotated_int8(int8_t *values, float *scales, const uint16_t *weights, ptrdiff_t stride,
                                   ptrdiff_t rows, ptrdiff_t inputs);
bool kernels_quantise_rotated_int4(int8_t *values, int8_t *multiples, float *scales, const uint16_t *weights,
                                   ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t inputs, ptrdiff_t group);

/// Rounds W[rows, inputs], float, `stride` elements apart and mixed already for a weight that is `rotated`, to int4 so
/// that products with inputs of known second moments lose little: columns are rounded in their order, and the error of
/// each is made up for by the following ones as far as their inputs go together. `factor`, rows `factor_stride` apart, is
/// the upper Cholesky factor U[inputs, inputs] of the inverse second moments, U^T U = (X^T X)^-1, with a positive
/// diagonal; what is below it is not read. With an identity matrix the result is that of `kernels_quantise_int4`.
/// Numbers have to be finite. Threads may round rows of a matrix at once, some 200 each. False when memory is short.
bool kernels_quantise_compensated_int4(
    int8_t *values, int8_t *multiples, float *scales, const float *weights, ptrdiff_t stride, ptrdiff_t rows,
    ptrdiff_t inputs, ptrdiff_t group, const float *factor, ptrdiff_t factor_stride);

/// Adds X^T X to sums[inputs, inputs], on and above the diagonal, of bfloat16 rows; where `rotated`, of the rows that
/// are mixed, and rounded to bfloat16 again. False, and nothing is added, when memory is short.
bool kernels_second_moments(float *sums, ptrdiff_t sums_stride, const uint16_t *x, ptrdiff_t x_stride, ptrdiff_t rows,
                            ptrdiff_t inputs, bool rotated);

/// What is done with the sums before they are rounded; all that is NULL is left out. S being X W^T + bias, or with
/// `swiglu` silu(X G^T + bias) * (X U^T + bias), it is Y = residual + gate * S.
struct kernels_epilogue {
    /// [outputs]; with `swiglu` [2 * outputs], those of the gate matrix first.
    const float *bias;
    /// [rows, outputs] in the type of Y, `residual_stride` elements from row to row. May be Y itself.
    const void *residual;
    ptrdiff_t residual_stride;
    /// [outputs], or [any, outputs] with `gate_stride` elements from row to row.
    const float *gate;
    ptrdiff_t gate_stride;
    /// [rows]: the row of `gate` that a row of Y takes; all take the first without.
    const int32_t *gate_row;
};

/// Computes Y[rows, outputs] of X[rows, inputs], in the types of the weight's format, rows `y_stride` and `x_stride`
/// elements apart. Needs no alignment beyond that of an element. Y may not overlap X. `epilogue` may be NULL.
/// A row of Y is the same, to the bit, whatever rows are beside it and however many threads there are.
/// False, and Y is undefined, when memory for intermediate values is short.
bool kernels_matmul(void *y, ptrdiff_t y_stride, const void *x, ptrdiff_t x_stride, ptrdiff_t rows,
                    const struct kernels_weight *weight, const struct kernels_epilogue *epilogue);

#endif
