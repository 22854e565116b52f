// The transforms of a convolution, compiled once for each instruction set; see vector16.h.
#include "convolution.h"
#include "matrix_tile.h"
#include "vector16.h"

#define UNROLLED _Pragma("clang loop unroll(full)")

INLINE int lanes_left(ptrdiff_t channels) { return channels < LANES ? (int)channels : LANES; }

INLINE int side_of(bool doubled) { return doubled ? DOUBLED_SIDE : MOST_SIDE; }

/// A transform, compiled for each type of elements, of pictures that are doubled and that are not.
#define FOR_ALL_KINDS(name)                                      \
    static void name(const struct convolution_##name *job) {     \
        if (job->half && job->doubled) {                         \
            name##_any(job, true, true);                         \
        } else if (job->half) {                                  \
            name##_any(job, false, true);                        \
        } else if (job->doubled) {                               \
            name##_any(job, true, false);                        \
        } else {                                                 \
            name##_any(job, false, false);                       \
        }                                                        \
    }

/// Points of pixels in a row or a column. If they are doubled they stand for x0, x1, x1, x2, and the third point is 0.
INLINE void points_of_pixels(const floats x[MOST_SIDE], const bool doubled, floats points[MOST_SIDE]) {
    if (doubled) {
        points[0] = x[0] - x[1];
        points[1] = x[1] + x[1];
        points[2] = x[1] - x[2];
    } else {
        points[0] = x[0] - x[2];
        points[1] = x[1] + x[2];
        points[2] = x[2] - x[1];
        points[3] = x[1] - x[3];
    }
}

/// Pixels of a row or a column of a tile from sums of products of points.
INLINE void pixels_of_sums(const floats sums[MOST_SIDE], const bool doubled, floats pixels[TILE_SIDE]) {
    pixels[0] = doubled ? sums[0] + sums[1] : sums[0] + sums[1] + sums[2];
    pixels[1] = doubled ? sums[1] - sums[2] : sums[1] - sums[2] - sums[3];
}

/// Points of three weights in a row or a column.
INLINE void points_of_weights(const floats w[KERNEL_SIDE], const bool doubled, floats points[MOST_SIDE]) {
    const floats outer = (w[0] + w[2]) * 0.5f, inner = w[1] * 0.5f;
    points[0] = w[0];
    points[1] = outer + inner;
    points[2] = doubled ? w[2] : outer - inner;
    points[3] = w[2];
}

/// Channels of the inputs' pixels that are transformed at once.
struct lanes {
    ptrdiff_t channel;
    int count;
    /// In the points of a tile.
    ptrdiff_t place;
    bool normed;
    floats scale, shift;
};

#if defined(VECTOR16_BFLOAT16)
/// silu to 1e-4, for what is rounded to bfloat16.
INLINE floats short_silu_of(floats x) {
    const floats power = x * -1.4426950408889634f;
    const floats whole = (floats)_mm512_roundscale_ps((__m512)power, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    const floats rest = power - whole;
    floats y = rest * 9.618489071726799e-3f + 5.550328642129898e-2f;
    y = y * rest + 0.24022646248340607f;
    y = y * rest + 0.6931471824645996f;
    y = y * rest + 1.0f;
    return x * (floats)_mm512_rcp14_ps((__m512)(1.0f + (floats)_mm512_scalef_ps((__m512)y, (__m512)whole)));
}
#else
INLINE floats short_silu_of(floats x) { return silu_of(x); }
#endif

INLINE floats pixel(const struct convolution_inputs *job, int row, ptrdiff_t column, const struct lanes *lanes,
                    const bool half) {
    if (!job->rows[row] || column < 0 || column >= job->width) {
        return all(0);
    }
    const floats x = loaded(job->rows[row], column * job->channels + lanes->channel, lanes->count, half);
    if (!lanes->normed) {
        return x;
    }
    const floats normed = x * lanes->scale + lanes->shift;
    return half ? short_silu_of(normed) : silu_of(normed);
}

/// The points of a column of a window.
INLINE void column_points(const struct convolution_inputs *job, ptrdiff_t column, const struct lanes *lanes,
                          const bool doubled, const bool half, floats points[MOST_SIDE]) {
    floats x[MOST_SIDE];
    UNROLLED for (int row = 0; row < side_of(doubled); row++) {
        x[row] = pixel(job, row, column, lanes, half);
    }
    points_of_pixels(x, doubled, points);
}

/// Some channels of the tiles first..<end.
INLINE void transform_lanes(const struct convolution_inputs *job, ptrdiff_t first, ptrdiff_t end,
                            const struct lanes *lanes, const bool doubled, const bool half) {
    const int side = side_of(doubled), fresh = side - 2;
    const ptrdiff_t left = job->first_tile * fresh - 1;
    // [column, point]; two columns are also those of the next tile.
    floats columns[MOST_SIDE][MOST_SIDE];
    UNROLLED for (int column = 0; column < 2; column++) {
        column_points(job, left + first * fresh + column, lanes, doubled, half, columns[column]);
    }
    for (ptrdiff_t tile = first; tile < end; tile++) {
        UNROLLED for (int column = 2; column < side; column++) {
            column_points(job, left + tile * fresh + column, lanes, doubled, half, columns[column]);
        }
        const ptrdiff_t index = job->before + tile;
        char *first_point = job->points + index / SIXTEEN * job->sixteen_bytes + index % SIXTEEN * job->tile_bytes
            + lanes->place;
        UNROLLED for (int down = 0; down < side; down++) {
            floats across[MOST_SIDE], result[MOST_SIDE];
            UNROLLED for (int column = 0; column < side; column++) {
                across[column] = columns[column][down];
            }
            points_of_pixels(across, doubled, result);
            UNROLLED for (int point = 0; point < side; point++) {
                store(first_point + (down * side + point) * job->point_bytes, 0, lanes->count, result[point], half);
            }
        }
        UNROLLED for (int column = 0; column < 2; column++) {
            UNROLLED for (int point = 0; point < side; point++) {
                columns[column][point] = columns[column + fresh][point];
            }
        }
    }
}

INLINE void transform_channels(const struct convolution_inputs *job, ptrdiff_t first, ptrdiff_t end, ptrdiff_t channel,
                               const bool doubled, const bool half) {
    const int count = lanes_left(job->channels - channel);
    const ptrdiff_t byte = channel * (half ? 2 : 4);
    struct lanes lanes = {
        .channel = channel, .count = count, .place = byte / LINE_BYTES * job->line_bytes + byte % LINE_BYTES,
        .normed = job->scale != 0};
    if (job->scale) {
        lanes.scale = loaded(job->scale, channel, count, false);
        lanes.shift = loaded(job->shift, channel, count, false);
    }
    if (count == LANES) {
        lanes.count = LANES; // A constant now.
        transform_lanes(job, first, end, &lanes, doubled, half);
    } else {
        transform_lanes(job, first, end, &lanes, doubled, half);
    }
}

/// So many tiles at once that their lines stay in the first cache until they are full.
INLINE void inputs_any(const struct convolution_inputs *job, const bool doubled, const bool half) {
    const ptrdiff_t line_channels = LINE_BYTES / (half ? 2 : 4);
    const ptrdiff_t at_once = line_channels > LANES ? SIXTEEN : job->tiles;
    for (ptrdiff_t line = 0; line < job->channels; line += line_channels) {
        for (ptrdiff_t first = 0; first < job->tiles; first += at_once) {
            const ptrdiff_t left = job->tiles - first, end = first + (left < at_once ? left : at_once);
            for (ptrdiff_t channel = line; channel < line + line_channels && channel < job->channels; channel += LANES) {
                transform_channels(job, first, end, channel, doubled, half);
            }
        }
    }
}

FOR_ALL_KINDS(inputs)

/// Some channels of a tile.
INLINE void store_tile(const struct convolution_outputs *job, ptrdiff_t tile, int channel, const bool doubled,
                       const bool half) {
    const int side = side_of(doubled), count = lanes_left(job->channels - channel);
    floats rows[MOST_SIDE][TILE_SIDE];
    UNROLLED for (int point = 0; point < side; point++) {
        floats down[MOST_SIDE];
        UNROLLED for (int index = 0; index < side; index++) {
            const ptrdiff_t place = ((index * side + point) * job->sums_tiles + tile) * PANEL_OUTPUTS + channel;
            down[index] = loaded(job->sums, place, LANES, false);
        }
        pixels_of_sums(down, doubled, rows[point]);
    }
    const floats bias = loaded(job->bias, channel, count, false);
    UNROLLED for (int row = 0; row < TILE_SIDE; row++) {
        floats across[MOST_SIDE], pixels[TILE_SIDE];
        UNROLLED for (int point = 0; point < side; point++) {
            across[point] = rows[point][row];
        }
        pixels_of_sums(across, doubled, pixels);
        UNROLLED for (int column = 0; column < TILE_SIDE; column++) {
            const ptrdiff_t place = TILE_SIDE * tile + column;
            if (!job->y[row] || place >= job->columns) {
                continue;
            }
            floats value = pixels[column] + bias;
            if (job->residual[row]) {
                value += loaded(job->residual[row], place * job->pixel_stride + channel, count, half);
            }
            store(job->y[row], place * job->pixel_stride + channel, count, value, half);
        }
    }
}

INLINE void outputs_any(const struct convolution_outputs *job, const bool doubled, const bool half) {
    for (ptrdiff_t tile = 0; tile < job->tiles; tile++) {
        for (int channel = 0; channel < job->channels; channel += LANES) {
            store_tile(job, tile, channel, doubled, half);
        }
    }
}

FOR_ALL_KINDS(outputs)

/// Points of the weights of an input; 0 beyond the last.
INLINE void input_points(const struct convolution_weights *job, ptrdiff_t input, const bool doubled, const bool half,
                         floats points[MOST_SIDE][MOST_SIDE]) {
    enum { TAPS = KERNEL_SIDE * KERNEL_SIDE };
    float taps[TAPS][LANES] = {};
    for (int output = 0; output < job->outputs && input < job->inputs; output++) {
        const ptrdiff_t first = (output * job->inputs + input) * TAPS;
        UNROLLED for (int tap = 0; tap < TAPS; tap++) {
            if (half) {
                const uint32_t bits = (uint32_t)((const uint16_t *)job->weights)[first + tap] << 16;
                memcpy(&taps[tap][output], &bits, sizeof bits);
            } else {
                taps[tap][output] = ((const float *)job->weights)[first + tap];
            }
        }
    }
    floats w[KERNEL_SIDE][KERNEL_SIDE], rows[KERNEL_SIDE][MOST_SIDE];
    memcpy(w, taps, sizeof taps);
    UNROLLED for (int row = 0; row < KERNEL_SIDE; row++) {
        points_of_weights(w[row], doubled, rows[row]);
    }
    UNROLLED for (int across = 0; across < side_of(doubled); across++) {
        const floats down[KERNEL_SIDE] = {rows[0][across], rows[1][across], rows[2][across]};
        floats result[MOST_SIDE];
        points_of_weights(down, doubled, result);
        UNROLLED for (int index = 0; index < side_of(doubled); index++) {
            points[index][across] = result[index];
        }
    }
}

/// A step is an input of float32, two of bfloat16.
INLINE void weights_any(const struct convolution_weights *job, const bool doubled, const bool half) {
    const int side = side_of(doubled), step_inputs = half ? 2 : 1;
    for (ptrdiff_t step = 0; step * step_inputs < job->inputs; step++) {
        floats first[MOST_SIDE][MOST_SIDE], second[MOST_SIDE][MOST_SIDE];
        input_points(job, step * step_inputs, doubled, half, first);
        if (half) {
            input_points(job, step * step_inputs + 1, doubled, half, second);
        }
        UNROLLED for (int point = 0; point < side * side; point++) {
            const floats one = first[point / side][point % side];
            words line = (words)one;
            if (half) {
                line = rounded_bits(one) >> 16 | (rounded_bits(second[point / side][point % side]) & 0xffff0000);
            }
            memcpy(job->points + point * job->point_bytes + step * PANEL_STEP_BYTES, &line, sizeof line);
        }
    }
}

FOR_ALL_KINDS(weights)
